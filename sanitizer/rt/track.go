package rt

import "unsafe"

// The records and cells of a memory span hang in two lists, whose heads the
// runtime keeps with the span, so that sweeping it can drop those of dead
// objects before the memory is used again.

// push puts the thing at addr, with its link, on the list of head.
func push(head *uintptr, addr uintptr, link *uintptr) {
	h := (*uint64)(unsafe.Pointer(head))
	for {
		old := ld64(h)
		*link = uintptr(old)
		if cas64(h, old, uint64(addr)) {
			return
		}
	}
}

func take(head *uintptr) uintptr {
	h := (*uint64)(unsafe.Pointer(head))
	for {
		old := ld64(h)
		if old == 0 || cas64(h, old, 0) {
			return uintptr(old)
		}
	}
}

// SweepRecords drops the records in the list of head whose object is dead.
func SweepRecords(head *uintptr, dead func(addr uintptr) bool) {
	for a := take(head); a != 0; {
		r := (*Record)(at(a))
		next := r.span
		prefetch(next)
		if dead(r.key &^ keyBits) {
			r.remove()
		} else {
			push(head, a, &r.span)
		}
		a = next
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
