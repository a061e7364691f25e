package safemap

import (
	"iter"
	"runtime"
	"unsafe"
	"weak"
)

// Snapshot is a map as it was at one instant. It may be read by any number of
// goroutines, while the map is written; writers never wait for it. It costs
// memory only for what is written after it was taken, and gives that back when
// the last copy of the Snapshot is dropped. The zero Snapshot is empty.
type Snapshot[K comparable, V any] struct {
	core *core
	hash func(K) uint64
}

// Snapshot returns the map as it is at one instant between its call and its
// return. It takes the same time whatever the map holds: a writer that is
// inside its critical section is waited for, and writers that come meanwhile
// wait. The first call on a map that was not made with Options.Snapshots
// prepares it, in time proportional to its size; from then on each write costs
// some nanoseconds more.
//
// The linearization point is the instant in which no writer is inside.
func (m *Map[K, V]) Snapshot() Snapshot[K, V] {
	var c *core
	m.init().shared.quiet(func(t *table, epoch uint64) uint64 {
		s := t.shared
		if c = s.latest.Value(); c != nil && !s.dirty.Load() {
			return epoch
		}
		c = &core{id: epoch, length: int(t.counts.sum()), kept: []*kept{t.keepFrom(epoch)}}
		if next := t.next.Load(); next != nil {
			c.kept = append(c.kept, next.keepFrom(epoch))
		}
		runtime.AddCleanup(c, dropped, c.kept)
		s.latest = weak.Make(c)
		s.dirty.Store(false)
		return epoch + 1
	})
	return Snapshot[K, V]{c, m.hasher}
}

// Version grows with each snapshot of a map that differs from the one before.
// Two snapshots of one map with the same version are the same.
func (s Snapshot[K, V]) Version() uint64 {
	if s.core == nil {
		return 0
	}
	return s.core.id
}

// Len returns the number of entries.
func (s Snapshot[K, V]) Len() int {
	if s.core == nil {
		return 0
	}
	return s.core.length
}

// Load returns the value that the key had.
func (s Snapshot[K, V]) Load(key K) (value V, ok bool) {
	if s.core == nil {
		return value, false
	}
	l := &s.core.kept[0].layout
	h := hashKey(l, key, s.hash)
	var w word
	for n := 0; ; n++ {
		g := s.core.kept[n]
		if s.core.chain(n, g.index(h), func(ch chain) { w, ok = search(l, ch, h, key) }) {
			break
		}
	}
	if ok {
		value = valueOf[V](l, w)
	}
	return value, ok
}

// search looks for the key of hash h in a chain, or gives up where that was
// written meanwhile.
func search[K comparable](l *layout, ch chain, h uint64, key K) (val word, ok bool) {
	for ; ch.b != nil; ch.next() {
		m := matches(ch.ctrl, tagOf(h))
		if ch.ctrl&moved != 0 {
			m = usedOnce(ch.ctrl)
		}
		for ; m != 0; m &= m - 1 {
			k := loadKey(l, ch.b, first(m))
			if l.key == formString && ch.stale() {
				return word{}, false // pointer and length may be of two keys
			}
			if sameKey(l, k, key) {
				return loadWord(unsafe.Add(firstSlot(ch.b, m), offValue), l.valIsPointer()), true
			}
		}
	}
	return word{}, false
}

// All iterates over the entries, in an order that is the same each time for
// one snapshot.
func (s Snapshot[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if s.core == nil {
			return
		}
		k := s.core.kept[0]
		l := &k.layout
		var buf [4 * slotsPerBucket]entry
		for i := range k.buckets() {
			es, ok := k.single(i, s.core.id, buf[:0])
			if !ok {
				es = s.core.entries(0, i, buf[:0])
			}
			for j := range es {
				if !yield(keyOf[K](l, es[j].key), valueOf[V](l, es[j].val)) {
					return
				}
			}
		}
	}
}

// Keys iterates over the keys, in the order of All.
func (s Snapshot[K, V]) Keys() iter.Seq[K] { return keys(s.All()) }

// Values iterates over the values, in the order of All.
func (s Snapshot[K, V]) Values() iter.Seq[V] { return values(s.All()) }

func keys[K, V any](all iter.Seq2[K, V]) iter.Seq[K] {
	return func(yield func(K) bool) {
		for k := range all {
			if !yield(k) {
				return
			}
		}
	}
}

func values[K, V any](all iter.Seq2[K, V]) iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, v := range all {
			if !yield(v) {
				return
			}
		}
	}
}
