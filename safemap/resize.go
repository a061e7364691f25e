package safemap

import (
	"sync/atomic"
	"unsafe"
)

// moveStride is how many buckets a writer moves that finds its table growing
// or shrinking: some microseconds of work, so that a table of a million
// entries is moved within four thousand writes.
const moveStride = 64

// resize gives the table a successor if it is too full or too empty, and
// begins to move entries to it.
func (t *table) resize() {
	if t.next.Load() != nil || t.root.Load() != t {
		return
	}
	n := t.buckets()
	sum := uint64(max(t.counts.sum(), 0))
	limit := n * growNum / growDen
	switch {
	case sum > limit:
		t.succeed(n * 2)
	case sum < limit/shrinkFactor && n > t.shared.min.Load():
		t.succeed(max(2*bucketsFor(sum), t.shared.min.Load()))
	}
}

// succeed gives the table a successor of n buckets, if it has none, and moves
// the first entries.
func (t *table) succeed(n uint64) {
	t.shared.mu.Lock()
	if t.root.Load() == t && t.next.Load() == nil && n != t.buckets() {
		if n > wideBuckets {
			t.counts.widen()
		}
		t.next.Store(newTable(t.layout, n, t.shared, t.counts))
	}
	t.shared.mu.Unlock()
	if t.next.Load() != nil {
		t.help()
	}
}

// help moves some entries to the successor; the last to be done makes it the
// map's table.
func (t *table) help() {
	n := min(moveStride, t.buckets())
	from := t.claim.Load()
	for {
		if from >= t.buckets() {
			return
		}
		if t.claim.CompareAndSwap(from, from+n) {
			break
		}
		from = t.claim.Load()
	}
	next := t.next.Load()
	// Whoever finds a moved bucket goes to those that share its lower bits,
	// also where no entry went. A stride lies within a chunk.
	for i := from & (next.buckets() - 1); i < next.buckets(); i += t.buckets() {
		next.reserve(i)
	}
	for i := from; i < from+n; i++ {
		t.move(next, i)
	}
	if t.done.Add(n) == t.buckets() {
		t.root.CompareAndSwap(t, next)
	}
}

// move copies the entries of bucket i to the successor and marks the bucket.
// Readers that are in it find another version, or what it held before the
// first write to the copy.
func (t *table) move(next *table, i uint64) {
	var c cursor
	c.t, c.head, c.h = t, t.bucket(i), i*bucketSize
	c.seq = lock(c.head)
	// A larger successor gets the entries of its buckets from this one alone,
	// and nobody looks there before the mark. In a smaller one they all go to
	// one bucket, which others use. Its lock is taken before the gate, inside
	// of which nobody may wait for a bucket.
	alone := next.span > t.span
	if !alone {
		to := next.head(c.h)
		lock(to)
		defer func() { unlock(to, atomic.LoadUint64(seqAt(to))&^lockBit) }()
	}
	if t.shared.epoch.Load() != 0 {
		var e uint64
		c.stripe, e = t.shared.enter()
		t.keep(c.head, i, e, true)
	}
	vals := t.valIsPointer()
	for ch := t.chain(c.head); ch.b != nil; ch.next() {
		for m := used(ch.ctrl); m != 0; m &= m - 1 {
			i := first(m)
			k := loadKey(&t.layout, ch.b, i)
			next.adopt(hashStored(&t.layout, k), k, loadWord(unsafe.Add(slotAt(ch.b, i), offValue), vals), alone)
		}
	}
	atomic.StoreUint64(ctrlAt(c.head), movedCtrl(atomic.LoadUint64(ctrlAt(c.head))))
	c.seq += seqStep
	c.end()
}

// adopt adds an entry that comes from the predecessor. The bucket that it goes
// to is locked, unless nobody else can reach it yet. Of an overflow bucket that
// cannot be known: a reader may still be in it from when it was another chain's.
func (t *table) adopt(h uint64, key, val word, alone bool) {
	head := t.head(h)
	for b := head; ; b = t.over.at(nextOf(b)) {
		ctrl := atomic.LoadUint64(ctrlAt(b))
		if f := free(ctrl); f != 0 {
			i := first(f)
			s := slotAt(b, i)
			if alone {
				setKey(&t.layout, b, i, key)
				setWord(unsafe.Add(s, offValue), t.valIsPointer(), val)
				*ctrlAt(b) = setTag(ctrl, i, h)
				return
			}
			storeKey(&t.layout, head, 0, b, i, key)
			storeWord(unsafe.Add(s, offValue), t.valIsPointer(), val)
			atomic.StoreUint64(ctrlAt(b), setTag(ctrl, i, h))
			return
		}
		if ctrl&hasNext == 0 {
			next, _ := t.over.take()
			setNext(b, next)
			atomic.StoreUint64(ctrlAt(b), ctrl|hasNext)
		}
		alone = false
	}
}

// chain walks the buckets of a chain: in a table through the overflow, in a
// saved copy one after the other.
type chain struct {
	b    unsafe.Pointer // nil at the end
	ctrl uint64
	over *overflow // nil for a saved copy

	epoch *uint64 // nil where nobody writes; else the chain is that of epoch id, or stale
	id    uint64
}

// stale reports whether the chain was written since it was taken for a snapshot.
func (c *chain) stale() bool { return c.epoch != nil && atomic.LoadUint64(c.epoch) > c.id }

func (g *geometry) chain(b unsafe.Pointer) chain {
	return chain{b: b, ctrl: atomic.LoadUint64(ctrlAt(b)), over: g.over}
}

func (c *chain) next() {
	switch {
	case c.ctrl&hasNext == 0:
		c.b = nil
		return
	case c.over == nil:
		c.b = unsafe.Add(c.b, bucketSize)
	default:
		n := nextOf(c.b)
		if n == 0 {
			c.b = nil // unlinked meanwhile; the reader looks again
			return
		}
		c.b = c.over.at(n)
	}
	c.ctrl = atomic.LoadUint64(ctrlAt(c.b))
}
