package safemap

import (
	"cmp"
	"math/bits"
	"slices"
)

// Batch is a list of writes that [Map.Apply] makes together. The zero Batch is
// empty. It belongs to one goroutine at a time.
type Batch[K comparable, V any] struct {
	writes []write[K, V]
	order  []turn // of the last Apply, kept for its memory
}

type write[K comparable, V any] struct {
	key    K
	value  V
	remove bool
}

// turn is a write's place in the order of the buckets.
type turn struct {
	reversed uint64 // the index's bits of the hash, low ones first: neighbours share buckets in a table of any size
	hash     uint64
	n        int
}

// Store adds a write of the key.
func (b *Batch[K, V]) Store(key K, value V) {
	b.writes = append(b.writes, write[K, V]{key: key, value: value})
}

// Delete adds a removal of the key.
func (b *Batch[K, V]) Delete(key K) {
	b.writes = append(b.writes, write[K, V]{key: key, remove: true})
}

// Len returns the number of writes.
func (b *Batch[K, V]) Len() int { return len(b.writes) }

// Reset empties the batch and keeps its memory.
func (b *Batch[K, V]) Reset() {
	clear(b.writes)
	b.writes = b.writes[:0]
}

// Apply makes the writes of the batch; of several to one key the last one
// wins. A [Snapshot], and [Map.Len], see all of them or none. Loads may see
// some before others: to them each is a write of its own, whose linearization
// point is that of [Map.Store] or [Map.Delete]. The lock of a bucket is taken
// once for all of its keys, unless entries are moving. Snapshots wait for a
// batch that has begun.
//
// If hashing a key panics, no write is made; if comparing two keys does, those
// that came before it in the order of the buckets are.
func (m *Map[K, V]) Apply(b *Batch[K, V]) {
	t := m.init()
	b.order = b.order[:0]
	for i := range b.writes {
		h := hashKey(&t.layout, b.writes[i].key, m.hasher)
		b.order = append(b.order, turn{bits.Reverse64(h / bucketSize), h, i})
	}
	slices.SortFunc(b.order, func(x, y turn) int {
		return cmp.Or(cmp.Compare(x.reversed, y.reversed), cmp.Compare(x.n, y.n))
	})
	s := t.shared
	s.batches.RLock()
	defer s.batches.RUnlock()
	var c cursor
	defer c.end()
	for _, o := range b.order {
		h := o.hash
		w := &b.writes[o.n]
		var v word
		if !w.remove {
			v = newValue(&t.layout, w.value)
		}
		// The keys of one bucket of a successor may be of several of t, and
		// not all of these moved.
		if c.head == nil || c.t != t || t.head(h) != c.head {
			c.end()
			if t.done.Load() == t.buckets() {
				t = t.next.Load()
			}
			c.lockChain(t, h)
		}
		c.h = h
		find(&c, w.key)
		switch {
		case !w.remove:
			put(&c, w.key, v)
		case c.slot != nil:
			c.remove()
		}
	}
}
