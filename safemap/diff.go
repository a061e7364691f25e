package safemap

import (
	"iter"
	"sync/atomic"
)

// Change is what became of a key from one snapshot to a later one.
type Change[V any] struct {
	Old, New V    // zero where the key is absent
	Was, Is  bool // whether the key is present in the old and in the new one
}

// Diff iterates over the keys whose values differ between two snapshots of
// one map, in no particular order. Chains of buckets that were not written in
// between are passed over without reading them, unless the map grew or shrank.
func Diff[K, V comparable](old, new Snapshot[K, V]) iter.Seq2[K, Change[V]] {
	return DiffFunc(old, new, func(a, b V) bool { return a == b })
}

// DiffFunc is [Diff] for values that == does not compare.
func DiffFunc[K comparable, V any](old, new Snapshot[K, V], equal func(a, b V) bool) iter.Seq2[K, Change[V]] {
	return func(yield func(K, Change[V]) bool) {
		if old.core == new.core {
			return
		}
		for k, c := range differing(old, new) {
			if c.Was && c.Is && equal(c.Old, c.New) {
				continue
			}
			if !yield(k, c) {
				return
			}
		}
	}
}

// differing iterates over the keys of both snapshots, each once, except those
// of chains that are known to be the same.
func differing[K comparable, V any](old, new Snapshot[K, V]) iter.Seq2[K, Change[V]] {
	return func(yield func(K, Change[V]) bool) {
		if !old.alike(new) {
			for k, v := range old.All() {
				n, is := new.Load(k)
				if !yield(k, Change[V]{Old: v, New: n, Was: true, Is: is}) {
					return
				}
			}
			for k, v := range new.All() {
				if _, was := old.Load(k); !was {
					if !yield(k, Change[V]{New: v, Is: true}) {
						return
					}
				}
			}
			return
		}
		g := old.core.kept[0]
		var a, b [4 * slotsPerBucket]entry
		for i := range g.buckets() {
			if new.core.unchangedSince(old.core, i) {
				continue
			}
			was, is := old.core.entries(0, i, a[:0]), new.core.entries(0, i, b[:0])
			for _, e := range was {
				k := keyOf[K](&g.layout, e.key)
				c := Change[V]{Old: valueOf[V](&g.layout, e.val), Was: true}
				if j := indexKey(&g.layout, is, k); j >= 0 {
					c.New, c.Is = valueOf[V](&g.layout, is[j].val), true
				}
				if !yield(k, c) {
					return
				}
			}
			for _, e := range is {
				k := keyOf[K](&g.layout, e.key)
				if indexKey(&g.layout, was, k) >= 0 {
					continue
				}
				if !yield(k, Change[V]{New: valueOf[V](&g.layout, e.val), Is: true}) {
					return
				}
			}
		}
	}
}

// alike reports whether two snapshots are of the same buckets.
func (s Snapshot[K, V]) alike(o Snapshot[K, V]) bool {
	return s.core != nil && o.core != nil && s.core.kept[0].same(&o.core.kept[0].geometry)
}

func indexKey[K comparable](l *layout, in []entry, k K) int {
	for i, e := range in {
		if keyOf[K](l, e.key) == k {
			return i
		}
	}
	return -1
}

// unchangedSince reports whether bucket i of the first table is known to have
// in c what it had in the older core o.
func (c *core) unchangedSince(o *core, i uint64) bool {
	if o.id > c.id {
		c, o = o, c
	}
	b := c.kept[0].bucket(i)
	if e := atomic.LoadUint64(epochAt(b)); e <= o.id && atomic.LoadUint64(ctrlAt(b))&moved == 0 {
		// Written last before o was taken, if it still says so.
		return atomic.LoadUint64(epochAt(b)) <= o.id
	}
	v := o.kept[0].find(i)
	return v != nil && v == c.kept[0].find(i)
}
