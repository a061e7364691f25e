package subject

import (
	"sync"

	"github.com/alphadose/haxmap"
	cmap "github.com/orcaman/concurrent-map/v2"
	"github.com/puzpuzpuz/xsync/v4"

	"github.com/mapsan/mapsan/safemap/proof/model"
)

// pair is an entry that a Range saw.
type pair[K comparable, V any] struct {
	k K
	v V
}

// ranged is a Range seen as a snapshot.
func ranged[K comparable, V any](each func(func(K, V) bool)) func() View[K, V] {
	return func() View[K, V] {
		var all []pair[K, V]
		each(func(k K, v V) bool { all = append(all, pair[K, V]{k, v}); return true })
		return View[K, V]{All: func(yield func(K, V) bool) {
			for _, p := range all {
				if !yield(p.k, p.v) {
					return
				}
			}
		}}
	}
}

// SyncMap opens a sync.Map.
func SyncMap[K comparable, V any]() Subject[K, V] {
	m := new(sync.Map)
	as := func(v any, ok bool) (V, bool) {
		if v == nil {
			var none V
			return none, ok
		}
		return v.(V), ok
	}
	each := func(yield func(K, V) bool) {
		m.Range(func(k, v any) bool { return yield(k.(K), v.(V)) })
	}
	return Subject[K, V]{
		Load:             func(k K) (V, bool) { return as(m.Load(k)) },
		Store:            func(k K, v V) { m.Store(k, v) },
		Delete:           func(k K) { m.Delete(k) },
		LoadOrStore:      func(k K, v V) (V, bool) { return as(m.LoadOrStore(k, v)) },
		LoadAndDelete:    func(k K) (V, bool) { return as(m.LoadAndDelete(k)) },
		Swap:             func(k K, v V) (V, bool) { return as(m.Swap(k, v)) },
		CompareAndSwap:   func(k K, old, v V) bool { return m.CompareAndSwap(k, old, v) },
		CompareAndDelete: func(k K, old V) bool { return m.CompareAndDelete(k, old) },
		Range:            each,
		Clear:            m.Clear,
		Snapshot:         ranged(each),
	}
}

// XSync opens an xsync.Map.
func XSync[K comparable, V any]() Subject[K, V] {
	m := xsync.NewMap[K, V]()
	decisions := [...]xsync.ComputeOp{model.Keep: xsync.CancelOp, model.Set: xsync.UpdateOp, model.Remove: xsync.DeleteOp}
	return Subject[K, V]{
		Load:        m.Load,
		Store:       m.Store,
		Delete:      m.Delete,
		LoadOrStore: m.LoadOrStore,
		LoadOrCompute: func(k K, f func() V) (V, bool) {
			return m.LoadOrCompute(k, func() (V, bool) { return f(), false })
		},
		LoadAndDelete: m.LoadAndDelete,
		Swap:          func(k K, v V) (V, bool) { return zeroed(m.LoadAndStore(k, v)) },
		Compute: func(k K, f func(V, bool) (V, model.Do)) (V, bool) {
			return m.Compute(k, func(old V, loaded bool) (V, xsync.ComputeOp) {
				v, do := f(old, loaded)
				return v, decisions[do]
			})
		},
		Range:    m.Range,
		Clear:    m.Clear,
		Len:      m.Size,
		Snapshot: ranged(m.Range),
	}
}

// zeroed: beside false some maps return the value that was there, or the one
// that was stored, and say so or leave it open.
func zeroed[V any](v V, loaded bool) (V, bool) {
	if !loaded {
		var none V
		return none, false
	}
	return v, true
}

// HaxMap opens a haxmap.Map. Its Swap does nothing where there is no key, so it
// is another operation than ours.
func HaxMap() Subject[int, int] {
	m := haxmap.New[int, int]()
	return Subject[int, int]{
		Load:           func(k int) (int, bool) { return zeroed(m.Get(k)) },
		Store:          m.Set,
		Delete:         func(k int) { m.Del(k) },
		LoadOrStore:    m.GetOrSet,
		LoadOrCompute:  m.GetOrCompute,
		LoadAndDelete:  func(k int) (int, bool) { return zeroed(m.GetAndDel(k)) },
		CompareAndSwap: m.CompareAndSwap,
		Range:          m.ForEach,
		Clear:          m.Clear,
		Len:            func() int { return int(m.Len()) },
		Grow:           func(n int) { m.Grow(uintptr(n)) },
		Snapshot:       ranged(m.ForEach),
	}
}

// CMap opens a ConcurrentMap. What its callbacks decide under the lock of a
// shard makes up for the operations that it does not have by name.
func CMap[V any]() Subject[string, V] {
	m := cmap.New[V]()
	upsert := func(k string, f func(old V, loaded bool) V) V {
		var none V
		return m.Upsert(k, none, func(loaded bool, old, _ V) V {
			if !loaded {
				old = none
			}
			return f(old, loaded)
		})
	}
	loadOrCompute := func(k string, f func() V) (actual V, loaded bool) {
		actual = upsert(k, func(old V, was bool) V {
			if loaded = was; was {
				return old
			}
			return f()
		})
		return actual, loaded
	}
	each := func(yield func(string, V) bool) {
		for t := range m.IterBuffered() {
			if !yield(t.Key, t.Val) {
				return
			}
		}
	}
	return Subject[string, V]{
		Load:          m.Get,
		Store:         m.Set,
		Delete:        m.Remove,
		LoadOrStore:   func(k string, v V) (V, bool) { return loadOrCompute(k, func() V { return v }) },
		LoadOrCompute: loadOrCompute,
		LoadAndDelete: m.Pop,
		Swap: func(k string, v V) (prev V, loaded bool) {
			upsert(k, func(old V, was bool) V { prev, loaded = old, was; return v })
			return prev, loaded
		},
		Range:    each,
		Clear:    m.Clear,
		Len:      m.Count,
		Snapshot: ranged(each),
	}
}
