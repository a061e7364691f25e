package safemap

import (
	"sync/atomic"
	"unsafe"
)

// cursor is a writer at one key: it holds the lock of the key's chain.
type cursor struct {
	t    *table
	head unsafe.Pointer // the bucket whose lock is held, nil when it is not
	seq  uint64         // what unlocks it
	h    uint64

	at, slot unsafe.Pointer // the key's bucket and slot, nil where it is absent
	i        int            // the slot's number

	spare     unsafe.Pointer // the first bucket with a free slot, nil where the chain is full
	last      unsafe.Pointer // the last bucket of the chain, when the key is absent
	before    unsafe.Pointer // the bucket before at, nil for the head
	stripe    *stripe        // where the gate was entered, nil outside
	lookAtSum bool           // the table may want another size
}

// lockChain takes the lock of the chain for hash h, in the table where its
// entries are.
func (c *cursor) lockChain(t *table, h uint64) {
	if t.next.Load() != nil {
		t.help()
	}
	c.h = h
	for {
		c.t, c.head = t, t.head(h)
		c.seq = lock(c.head)
		if atomic.LoadUint64(ctrlAt(c.head))&moved == 0 {
			return
		}
		unlock(c.head, c.seq)
		t = t.next.Load()
	}
}

// find looks for the key in the locked chain.
func find[K comparable](c *cursor, key K) {
	c.at, c.slot, c.spare, c.before = nil, nil, nil, nil
	tag := tagOf(c.h)
	l := &c.t.layout
	var prev unsafe.Pointer
	for b := c.head; ; {
		ctrl := atomic.LoadUint64(ctrlAt(b))
		for m := matches(ctrl, tag); m != 0; m &= m - 1 {
			i := first(m)
			if sameKey(l, loadKey(l, b, i), key) {
				c.at, c.slot, c.i, c.before = b, slotAt(b, i), i, prev
				return
			}
		}
		if c.spare == nil && free(ctrl) != 0 {
			c.spare = b
		}
		c.last = b
		if ctrl&hasNext == 0 {
			return
		}
		prev, b = b, c.t.over.at(nextOf(b))
	}
}

// begin is called under the lock of the chain at head, for hash h, before the
// first write: it enters the gate, and keeps the chain as it is for the
// snapshots that need it. It returns where to leave, nil while there is no
// gate.
func (t *table) begin(head unsafe.Pointer, h uint64) *stripe {
	if t.shared.epoch.Load() == 0 {
		return nil
	}
	return t.beginArmed(head, h)
}

func (t *table) beginArmed(head unsafe.Pointer, h uint64) *stripe {
	st, e := t.shared.enter()
	if atomic.LoadUint64(epochAt(head)) != e {
		t.keep(head, t.index(h), e, false)
	}
	return st
}

func (c *cursor) begin() {
	if c.stripe == nil {
		c.stripe = c.t.begin(c.head, c.h)
	}
}

// end unlocks, and lets the table grow or shrink. It may be called twice.
func (c *cursor) end() {
	if c.head == nil {
		return
	}
	unlock(c.head, c.seq)
	c.head = nil
	if c.stripe != nil {
		c.stripe.n.Add(-1)
		c.stripe = nil
	}
	if c.lookAtSum {
		c.lookAtSum = false
		c.t.resize()
	}
}

// value is the word of the key's value; the key is present.
func (c *cursor) value() word {
	return loadWord(unsafe.Add(c.slot, offValue), c.t.valIsPointer())
}

// set replaces the value of a key that is present.
func (c *cursor) set(v word) {
	c.begin()
	storeWord(unsafe.Add(c.slot, offValue), c.t.valIsPointer(), v)
}

// insert adds a key that is absent. The store of the tag is what readers see.
func (c *cursor) insert(key, val word) {
	c.begin()
	b := c.spare
	var next uint32
	if b == nil {
		next, b = c.t.over.take()
		c.lookAtSum = true
	}
	ctrl := atomic.LoadUint64(ctrlAt(b))
	i := first(free(ctrl))
	c.seq = storeKey(&c.t.layout, c.head, c.seq, b, i, key)
	storeWord(unsafe.Add(slotAt(b, i), offValue), c.t.valIsPointer(), val)
	atomic.StoreUint64(ctrlAt(b), setTag(ctrl, i, c.h))
	if next != 0 {
		setNext(c.last, next)
		atomic.StoreUint64(ctrlAt(c.last), atomic.LoadUint64(ctrlAt(c.last))|hasNext)
	}
	c.count(1)
}

// remove deletes a key that is present.
func (c *cursor) remove() {
	c.begin()
	ctrl := clearTag(atomic.LoadUint64(ctrlAt(c.at)), c.i)
	c.seq = c.t.vacate(c.head, c.at, c.slot, ctrl, c.seq)
	if c.before != nil && ctrl&hasNext == 0 && used(ctrl) == 0 {
		atomic.StoreUint64(ctrlAt(c.before), atomic.LoadUint64(ctrlAt(c.before))&^hasNext)
		c.t.over.give(nextOf(c.before))
	}
	c.slot = nil
	c.count(-1)
}

// count counts d entries, and now and then asks for a look at the sum.
func (c *cursor) count(d int64) {
	if c.t.counts.add(d)&15 == 0 {
		c.lookAtSum = true
	}
}
