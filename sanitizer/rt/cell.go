package rt

// An Op is the kind of a map access.
type Op uint8

// The accesses, reads first.
const (
	OpLookup Op = iota + 1
	OpLen
	OpIterate
	OpClone
	OpAssign
	OpDelete
	OpClear
)

// Write reports whether op modifies the map.
func (op Op) Write() bool { return op >= OpAssign }

// An Access is one access to a map by a goroutine, as a cell remembers it.
type Access struct {
	Epoch  Epoch
	who    uint64 // goroutine id << 8 | Op
	Stack  uint32
	Origin uint32
}

// Op returns what the access did.
func (a *Access) Op() Op { return Op(a.who & 0xff) }

// Goid returns the id of the goroutine that did it.
func (a *Access) Goid() uint64 { return a.who >> 8 }

// A Cell is the shadow of a map: its last write, and the reads since that are
// not ordered before one another.
type Cell struct {
	_    notInHeap
	next uint32 // the next cell in addr's span, or in the free list
	more uint32 // index of the readSet with the reads that r has no room for; cellLock
	addr uintptr
	w, r Access
}

const cellLock = 1 << 31

// A readSet holds reads by goroutines that do not know of each other.
type readSet struct {
	_    notInHeap
	next uint32
	n    uint32
	a    [readSetLen]Access
}

const (
	readSetLen = 7
	// maxReadSets bounds the memory of one cell, at some hundred readers that
	// never synchronise; beyond it new reads displace old ones.
	maxReadSets = 16
)

var cells, reads arena

// LinkCell puts cell i on the list of its map's span.
func LinkCell(head *uint32, i uint32) { pushIndex(head, i, &CellAt(i).next) }

// CellAt returns the cell of an index from [NewCell].
func CellAt(i uint32) *Cell { return (*Cell)(cells.at(i)) }

func (c *Cell) free(i uint32) {
	c.dropReads()
	c.w, c.r = Access{}, Access{}
	cells.put(i)
}

func setAt(i uint32) *readSet { return (*readSet)(reads.at(i)) }

func (c *Cell) lock() {
	for i := 0; ; i++ {
		m := ld32(&c.more)
		if m&cellLock == 0 && cas32(&c.more, m, m|cellLock) {
			return
		}
		relax(i)
	}
}

func (c *Cell) unlock() { st32(&c.more, ld32(&c.more)&^cellLock) }

func (c *Cell) set(i uint32) { st32(&c.more, i|cellLock) }

// Seen reports whether c already holds all that an access by g would add.
func (c *Cell) Seen(g *G, write bool) bool {
	e := g.cur
	if e == 0 {
		return false
	}
	if write {
		return c.w.Epoch == e && c.r.Epoch == 0
	}
	return c.w.Epoch == e || c.r.Epoch == e
}

// SeenShared is Seen for a read that is one of many.
func (c *Cell) SeenShared(g *G) bool {
	if g.cur == 0 {
		return false
	}
	for i := ld32(&c.more) &^ cellLock; i != 0; {
		s := setAt(i)
		for j := range s.a {
			if s.a[j].Epoch == g.cur {
				return true
			}
		}
		i = s.next
	}
	return false
}

// Access puts an access by g into c, which h leads to. If an earlier access conflicts with it
// and is not ordered before it, Access copies it to prior and reports true.
func (c *Cell) Access(h *Head, g *G, op Op, stack uint32, prior *Access) bool {
	g.open()
	me := Access{Epoch: g.cur, who: g.ID<<8 | uint64(op), Stack: stack, Origin: g.Origin}
	c.lock()
	raced := c.w.Epoch != 0 && !g.ordered(c.w.Epoch)
	if raced {
		*prior = c.w
	}
	if op.Write() {
		if !raced {
			raced = c.unorderedRead(g, prior)
		}
		c.w = me
		c.r = Access{}
		c.dropReads()
	} else {
		c.addRead(g, &me)
	}
	h.note(g, op)
	c.unlock()
	return raced
}

func (c *Cell) unorderedRead(g *G, prior *Access) bool {
	if c.r.Epoch != 0 && !g.ordered(c.r.Epoch) {
		*prior = c.r
		return true
	}
	for i := c.more &^ cellLock; i != 0; {
		s := setAt(i)
		for j := uint32(0); j < s.n; j++ {
			if !g.ordered(s.a[j].Epoch) {
				*prior = s.a[j]
				return true
			}
		}
		i = s.next
	}
	return false
}

func (c *Cell) dropReads() {
	i := c.more &^ cellLock
	c.set(0)
	for i != 0 {
		next := setAt(i).next
		reads.put(i)
		i = next
	}
}

// addRead adds me, and drops the reads that g knows: whoever races with one of
// those races with me too.
func (c *Cell) addRead(g *G, me *Access) {
	if c.r.Epoch == 0 || g.ordered(c.r.Epoch) {
		c.r = *me
		me = nil
	}
	head := c.more &^ cellLock
	last, sets := uint32(0), 0
	for i := head; i != 0; sets++ {
		s := setAt(i)
		for j := uint32(0); j < s.n; {
			if !g.ordered(s.a[j].Epoch) {
				j++
			} else if me != nil {
				s.a[j] = *me
				me = nil
				j++
			} else {
				s.n--
				s.a[j] = s.a[s.n]
				s.a[s.n] = Access{}
			}
		}
		next := s.next
		if s.n == 0 && next == 0 && last == 0 {
			c.set(0)
			reads.put(i)
			head = 0
		}
		last, i = i, next
	}
	if me == nil {
		return
	}
	for i := head; i != 0; i = setAt(i).next {
		if s := setAt(i); s.n < readSetLen {
			s.a[s.n] = *me
			s.n++
			return
		}
	}
	if sets < maxReadSets {
		if i := reads.get(); i != 0 {
			s := setAt(i)
			s.next, s.n, s.a[0] = head, 1, *me
			c.set(i)
			return
		}
	}
	if head != 0 {
		setAt(head).a[uint64(me.Epoch)%readSetLen] = *me
	}
}

// eachSlot calls f for each slot that a cell refers to.
func (a *arena) eachSlot(f func(slot uint32)) {
	for i := uint32(1); i <= ld32(&a.n); i++ {
		c := (*Cell)(a.at(i))
		f(c.w.Epoch.Slot())
		f(c.r.Epoch.Slot())
		for j := ld32(&c.more) &^ cellLock; j != 0; {
			s := setAt(j)
			for k := range s.a {
				f(s.a[k].Epoch.Slot())
			}
			j = s.next
		}
	}
}
