package safemap

import (
	"iter"
	"sync/atomic"
)

// All iterates over the entries as they are when it comes to them: a key that
// is there all the time is met exactly once, one that comes or goes meanwhile
// at most once, and the whole is no instant of the map's. A [Snapshot] is.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		t := m.root.Load()
		if t == nil {
			return
		}
		var buf [4 * slotsPerBucket]entry
		for i := range t.buckets() {
			for _, e := range t.entries(i, buf[:0]) {
				if !yield(keyOf[K](&t.layout, e.key), valueOf[V](&t.layout, e.val)) {
					return
				}
			}
		}
	}
}

// Keys iterates over the keys; see [Map.All].
func (m *Map[K, V]) Keys() iter.Seq[K] { return keys(m.All()) }

// Values iterates over the values; see [Map.All].
func (m *Map[K, V]) Values() iter.Seq[V] { return values(m.All()) }

// entries appends the entries of bucket i, wherever they have moved to.
func (t *table) entries(i uint64, to []entry) []entry {
	if !t.reserved(i) {
		return to
	}
	b := t.bucket(i)
	start := len(to)
	for tries := 0; ; tries++ {
		seq := atomic.LoadUint64(seqAt(b))
		ch := t.chain(b)
		if ch.ctrl&moved != 0 {
			break
		}
		to = collect(&t.layout, ch, to[:start])
		if unchanged(b, seq) {
			return to
		}
		if tries == maxTries {
			seq := lock(b)
			if ch := t.chain(b); ch.ctrl&moved == 0 {
				to = collect(&t.layout, ch, to[:start])
				unlock(b, seq)
				return to
			}
			unlock(b, seq)
			break
		}
	}
	next := t.next.Load()
	to = to[:start]
	for j := i & (next.buckets() - 1); j < next.buckets(); j += t.buckets() {
		to = next.entries(j, to)
	}
	return t.only(i, to, start)
}
