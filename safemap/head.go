package safemap

import (
	"sync/atomic"
	"unsafe"
)

// storeScalar is store for scalars, all in one piece: an overwrite is three
// locked instructions and little else.
func (t *table) storeScalar(key, h, val uint64) bool {
	if t.next.Load() != nil {
		return false
	}
	b := t.head(h)
	seq := atomic.LoadUint64(seqAt(b))
	if seq&lockBit != 0 || !atomic.CompareAndSwapUint64(seqAt(b), seq, seq|lockBit) {
		seq = lockSlow(seqAt(b))
	}
	ctrl := atomic.LoadUint64(ctrlAt(b))
	for match := matches(ctrl, tagOf(h)); match != 0; match &= match - 1 {
		s := firstSlot(b, match)
		if loadScalar(s) != key {
			continue
		}
		if t.shared.epoch.Load() == 0 {
			atomic.StoreUint64((*uint64)(unsafe.Add(s, offValue)), val)
			unlock(b, seq)
			return true
		}
		st := t.beginArmed(b, h)
		atomic.StoreUint64((*uint64)(unsafe.Add(s, offValue)), val)
		unlock(b, seq)
		st.n.Add(-1)
		return true
	}
	room := free(ctrl)
	if room == 0 || ctrl&(hasNext|moved) != 0 {
		unlock(b, seq)
		return false
	}
	st := t.begin(b, h)
	s := firstSlot(b, room)
	atomic.StoreUint64((*uint64)(s), key)
	atomic.StoreUint64((*uint64)(unsafe.Add(s, offValue)), val)
	atomic.StoreUint64(ctrlAt(b), setTag(ctrl, first(room), h))
	t.leave(b, seq, st, 1)
	return true
}

// storeText is store for strings that are not long, with scalar values.
func (t *table) storeText(key string, val uint64) bool {
	if len(key) >= longText || t.next.Load() != nil {
		return false
	}
	k := textWord(key)
	h := hashText(key, &t.layout)
	b := t.head(h)
	seq := lock(b)
	ctrl := atomic.LoadUint64(ctrlAt(b))
	for match := matches(ctrl, tagOf(h)); match != 0; match &= match - 1 {
		if w := loadText(b, match); w.u != k.u || w.p != k.p && textOf(w) != key {
			continue
		}
		st := t.begin(b, h)
		atomic.StoreUint64((*uint64)(unsafe.Add(firstSlot(b, match), offValue)), val)
		unlock(b, seq)
		if st != nil {
			st.n.Add(-1)
		}
		return true
	}
	room := free(ctrl)
	if room == 0 || ctrl&(hasNext|moved) != 0 {
		unlock(b, seq)
		return false
	}
	st := t.begin(b, h)
	i := first(room)
	seq = storeKey(&t.layout, b, seq, b, i, k)
	atomic.StoreUint64((*uint64)(unsafe.Add(slotAt(b, i), offValue)), val)
	atomic.StoreUint64(ctrlAt(b), setTag(ctrl, i, h))
	t.leave(b, seq, st, 1)
	return true
}

// store sets or inserts a key whose chain is one bucket with room, the common
// case, without a cursor. It reports whether it did. The key is not in a box.
func store[K comparable](t *table, key K, h uint64, v word) bool {
	if t.next.Load() != nil {
		return false
	}
	b := t.head(h)
	seq := lock(b)
	ctrl := atomic.LoadUint64(ctrlAt(b))
	for match := matches(ctrl, tagOf(h)); match != 0; match &= match - 1 {
		if !sameKey(&t.layout, loadKey(&t.layout, b, first(match)), key) {
			continue
		}
		st := t.begin(b, h)
		storeWord(unsafe.Add(firstSlot(b, match), offValue), t.valIsPointer(), v)
		unlock(b, seq)
		if st != nil {
			st.n.Add(-1)
		}
		return true
	}
	room := free(ctrl)
	if room == 0 || ctrl&(hasNext|moved) != 0 {
		unlock(b, seq)
		return false
	}
	st := t.begin(b, h)
	i := first(room)
	seq = storeKey(&t.layout, b, seq, b, i, newKey(&t.layout, key, h))
	storeWord(unsafe.Add(slotAt(b, i), offValue), t.valIsPointer(), v)
	atomic.StoreUint64(ctrlAt(b), setTag(ctrl, i, h))
	t.leave(b, seq, st, 1)
	return true
}

// remove removes a key that is in the first bucket of its chain, and returns
// the value that it had. It is not sure where the chain goes on or has moved:
// there a cursor must look. The key is not in a box.
func remove[K comparable](t *table, key K, h uint64) (old word, removed, sure bool) {
	b := t.head(h)
	ctrl := atomic.LoadUint64(ctrlAt(b))
	if ctrl&(hasNext|moved) == 0 && matches(ctrl, tagOf(h)) == 0 {
		return old, false, true
	}
	if t.next.Load() != nil {
		return old, false, false
	}
	seq := lock(b)
	ctrl = atomic.LoadUint64(ctrlAt(b))
	for match := matches(ctrl, tagOf(h)); match != 0; match &= match - 1 {
		if !sameKey(&t.layout, loadKey(&t.layout, b, first(match)), key) {
			continue
		}
		st := t.begin(b, h)
		s := firstSlot(b, match)
		old = loadWord(unsafe.Add(s, offValue), t.valIsPointer())
		seq = t.vacate(b, b, s, clearTag(ctrl, first(match)), seq)
		t.leave(b, seq, st, -1)
		return old, true, true
	}
	unlock(b, seq)
	return old, false, ctrl&(hasNext|moved) == 0
}

// vacate takes a slot out of bucket b of the locked chain at head, by storing
// ctrl, without its tag, which is what readers see. It returns the seq to
// unlock with: a reader that matched the tag before finds another version once
// the slot is cleared or used again.
func (t *table) vacate(head, b, slot unsafe.Pointer, ctrl, seq uint64) uint64 {
	atomic.StoreUint64(ctrlAt(b), ctrl)
	seq += seqStep
	if t.scalars {
		return seq
	}
	atomic.StoreUint64(seqAt(head), seq|lockBit)
	if t.keyIsPointer() {
		storeWord(slot, true, word{})
	}
	if t.valIsPointer() {
		storeWord(unsafe.Add(slot, offValue), true, word{})
	}
	return seq
}

// leave counts d entries, unlocks the chain at head and leaves the gate. Now
// and then it looks whether the table wants another size.
func (t *table) leave(head unsafe.Pointer, seq uint64, st *stripe, d int64) {
	n := t.counts.add(d)
	unlock(head, seq)
	if st != nil {
		st.n.Add(-1)
	}
	if n&15 == 0 {
		t.resize()
	}
}
