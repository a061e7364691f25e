package rt

import "unsafe"

// The records and cells of a memory span are listed with it, so that sweeping
// it can drop those of dead objects before the memory is used again.

// A bag holds records, some to a cache line: they have long left the cache
// when they are looked through, and so several can be waited for at once.
type bag struct{ top *bagPart }

type bagPart struct {
	_    notInHeap
	next *bagPart
	n    uintptr
	r    [6]*Record
}

var bagParts = pool{size: unsafe.Sizeof(bagPart{})}

func (b *bag) push(r *Record) {
	p := b.top
	if p == nil || p.n == uintptr(len(p.r)) {
		p = (*bagPart)(bagParts.get())
		p.next, b.top = b.top, p
	}
	p.r[p.n] = r
	p.n++
}

// pop returns nil if b is empty.
func (b *bag) pop() *Record {
	p := b.top
	if p == nil {
		return nil
	}
	p.n--
	r := p.r[p.n]
	if p.n > 0 {
		prefetch(uintptr(unsafe.Pointer(p.r[p.n-1])))
		return r
	}
	b.top = p.next
	bagParts.put(unsafe.Pointer(p))
	if p = b.top; p != nil {
		prefetch(uintptr(unsafe.Pointer(p.r[p.n-1])))
	}
	return r
}

// SweepRecords drops the records in the bag at head whose object is dead.
func SweepRecords(head *uintptr, dead func(addr uintptr) bool) {
	b := (*bag)(unsafe.Pointer(head))
	tabMu.lock()
	all := *b
	b.top = nil
	tabMu.unlock()
	for p := all.top; p != nil; {
		next := p.next
		prefetch(uintptr(unsafe.Pointer(next)))
		for _, r := range p.r[:p.n] {
			prefetch(uintptr(unsafe.Pointer(r)))
		}
		n := uintptr(0) // of the dead, which go to the front
		for i, r := range p.r[:p.n] {
			if dead(r.key &^ keyBits) {
				prefetch(uintptr(unsafe.Pointer(table(ldptr(&tab)).first(r.key))))
				prefetch(uintptr(unsafe.Pointer(r.k)))
				p.r[i], p.r[n] = p.r[n], r
				n++
			}
		}
		remove(p.r[:n], p.r[n:p.n], b)
		bagParts.put(unsafe.Pointer(p))
		p = next
	}
}

// SweepCells drops the cells in the list of head whose map is dead.
func SweepCells(head *uint32, dead func(addr uintptr) bool) {
	for i := takeIndex(head); i != 0; {
		c := CellAt(i)
		next := c.next
		if dead(c.addr) {
			c.free(i)
		} else {
			pushIndex(head, i, &c.next)
		}
		i = next
	}
}

func pushIndex(head *uint32, i uint32, link *uint32) {
	for {
		old := ld32(head)
		*link = old
		if cas32(head, old, i) {
			return
		}
	}
}

func takeIndex(head *uint32) uint32 {
	for {
		old := ld32(head)
		if old == 0 || cas32(head, old, 0) {
			return old
		}
	}
}
