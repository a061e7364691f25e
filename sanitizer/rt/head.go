package rt

// A Head is the shadow of a map in its header. Most maps are only ever
// touched by one goroutine and many die young: their last access fits in here,
// so that they need no [Cell], and their shadow dies with them.
//
// While the map is its owner's alone, the index holds headOwned, the op and the
// stack of the access. Any access that does not fit moves what is here into a
// Cell, and the index then holds that one's. In either form last tells who
// accessed the map last, so that the same goroutine going on needs to look no
// further.
type Head struct {
	last Epoch  // with lastWrite if the access was a write
	who  uint64 // while owned: goroutine id << 28 | stack of its go statement
}

const lastWrite = lockBit

// The forms of a head's index, a word that the runtime keeps in the padding of
// the map header.
const (
	headOwned = 1 << 31
	headBusy  = 1 << 30 // somebody changes the head
	headOp    = 26      // the shift of the op; 3 bits
	headStack = 1<<headOp - 1
	maxCell   = 1<<29 - 1

	originBits = 28
)

// SeenRead reports whether the shadow already holds all that a read by g would
// add. It may say no where [Cell.Seen] would say yes, and for a nil g.
func (h *Head) SeenRead(g *G) bool { return g != nil && h.last&^lastWrite == g.cur && g.cur != 0 }

// SeenWrite is SeenRead for a modification.
func (h *Head) SeenWrite(g *G) bool { return g != nil && h.last == g.cur|lastWrite && g.cur != 0 }

// note makes op by g the last access.
func (h *Head) note(g *G, op Op) {
	last := g.cur
	if op.Write() {
		last |= lastWrite
	}
	st64((*uint64)(&h.last), uint64(last))
}

// CellOf returns the cell that index names, nil if it names none.
func CellOf(index uint32) *Cell {
	if index-1 >= maxCell {
		return nil
	}
	return CellAt(index)
}

func (h *Head) lock(index *uint32) uint32 {
	for i := 0; ; i++ {
		v := ld32(index)
		if v != headBusy && (v-1 < maxCell || cas32(index, v, headBusy)) {
			return v
		}
		relax(i)
	}
}

// Access puts an access by g into the shadow of the map at addr, and reports
// whether it races, as [Cell.Access] does. link is called with a new cell.
func (h *Head) Access(index *uint32, addr uintptr, g *G, op Op, stack uint32, prior *Access, link func(cell uint32)) bool {
	v := h.lock(index)
	if c := CellOf(v); c != nil {
		return c.Access(h, g, op, stack, prior)
	}
	g.open()
	if h.fits(v, g, op, stack) {
		h.note(g, op)
		h.who = g.ID<<originBits | uint64(g.Origin)
		st32(index, headOwned|uint32(op)<<headOp|stack)
		return false
	}
	i := cells.get()
	if i == 0 {
		st32(index, v) // out of cells: this access goes unseen
		return false
	}
	c := CellAt(i)
	c.addr = addr
	if h.last != 0 {
		a := Access{
			Epoch: h.last &^ lastWrite, who: h.who>>originBits<<8 | uint64(v>>headOp&7),
			Stack: v & headStack, Origin: uint32(h.who & (1<<originBits - 1)),
		}
		if a.Op().Write() {
			c.w = a
		} else {
			c.r = a
		}
	}
	link(i)
	raced := c.Access(h, g, op, stack, prior)
	st32(index, i)
	return raced
}

// fits reports whether an access can be the only one that the head remembers:
// it is the first, or the owner's and no write is forgotten for a read.
func (h *Head) fits(v uint32, g *G, op Op, stack uint32) bool {
	if stack > headStack || g.ID >= 1<<(64-originBits) {
		return false
	}
	if h.last == 0 {
		return true
	}
	return g.owns(h.last&^lastWrite) && (op.Write() || h.last&lastWrite == 0)
}
