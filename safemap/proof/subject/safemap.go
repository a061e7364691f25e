package subject

import (
	"github.com/mapsan/mapsan/safemap"

	"github.com/mapsan/mapsan/safemap/proof/model"
)

var decisions = [...]safemap.Op{model.Keep: safemap.Keep, model.Set: safemap.Set, model.Remove: safemap.Remove}

// Safemap opens a safemap.Map.
func Safemap[K comparable, V any](o safemap.Options[K]) Subject[K, V] {
	m := safemap.New[K, V](o)
	return Subject[K, V]{
		Load:             m.Load,
		Store:            m.Store,
		Delete:           m.Delete,
		LoadOrStore:      m.LoadOrStore,
		LoadOrCompute:    m.LoadOrCompute,
		LoadAndDelete:    m.LoadAndDelete,
		Swap:             m.Swap,
		CompareAndSwap:   m.CompareAndSwap,
		CompareAndDelete: m.CompareAndDelete,
		Compute: func(k K, f func(V, bool) (V, model.Do)) (V, bool) {
			return m.Compute(k, func(old V, loaded bool) (V, safemap.Op) {
				v, do := f(old, loaded)
				return v, decisions[do]
			})
		},
		Range: func(yield func(K, V) bool) { m.All()(yield) },
		Clear: m.Clear,
		Len:   m.Len,
		Grow:  m.Grow,
		Snapshot: func() View[K, V] {
			s := m.Snapshot()
			return View[K, V]{All: s.All(), Keys: s.Keys(), Values: s.Values(), Load: s.Load, Len: s.Len, Version: s.Version}
		},
		Apply: func(writes []Write[K, V]) {
			var b safemap.Batch[K, V]
			for _, w := range writes {
				if w.Delete {
					b.Delete(w.Key)
				} else {
					b.Store(w.Key, w.Value)
				}
			}
			m.Apply(&b)
		},
	}
}
