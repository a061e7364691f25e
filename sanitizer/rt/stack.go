package rt

import "unsafe"

// A stackTable keeps each distinct call stack once. An id is a word offset
// into its chunks; 0 is the empty stack.
type stackTable struct {
	mu     spin
	chunks [stackChunks]uintptr
	next   uint32 // the id of the next stack
	used   uint32
	index  uintptr // of ids by hash: the mask, then mask+1 ids
	deep   [maxFrames]uintptr
}

const (
	stackChunk  = 1 << 15 // words
	stackChunks = 1 << 10 // 256 MiB of stacks in all
	maxFrames   = 512     // of a deeper stack the innermost are kept
	shallow     = 128     // frames that most stacks have fewer than
)

var stacks stackTable

// A Stack is a call stack as return addresses, innermost first.
type Stack struct {
	_       notInHeap
	hash    uint32
	n       uint16
	partial uint16 // not 0 if the walk ended before the goroutine's first frame
	pcs     [1]uintptr
}

// stackHead is the size of a Stack before its pcs, in words.
const stackHead = 1

func (t *stackTable) init() {
	t.index = newIndex(1<<12 - 1)
	t.chunks[0] = uintptr(SysAlloc(stackChunk * 8))
	t.next = 1
}

func newIndex(mask uint32) uintptr {
	x := (*uint32)(SysAlloc(8 + uintptr(mask)*4))
	*x = mask
	return uintptr(unsafe.Pointer(x))
}

// indexSlot returns the address of the i-th id of an index, counted round.
func indexSlot(index uintptr, i uint32) *uint32 {
	mask := *(*uint32)(at(index))
	return (*uint32)(at(index + 4 + uintptr(i&mask)*4))
}

// StackAt returns the stack of an id from [PutStack], nil for 0.
func StackAt(id uint32) *Stack {
	if id == 0 {
		return nil
	}
	return (*Stack)(at(ldptr(&stacks.chunks[id/stackChunk]) + uintptr(id%stackChunk)*8))
}

// Len returns the number of frames.
func (s *Stack) Len() int { return int(s.n) }

// PC returns the i-th return address.
func (s *Stack) PC(i int) uintptr { return *s.pc(i) }

// Partial reports whether frames are missing at the outer end.
func (s *Stack) Partial() bool { return s.partial != 0 }

func (s *Stack) pc(i int) *uintptr {
	return (*uintptr)(unsafe.Add(unsafe.Pointer(&s.pcs), uintptr(i)*8))
}

// A Walk goes up a chain of frame pointers: each points to its caller's, with
// the return address in the word above.
type Walk struct {
	FP     uintptr
	Lo, Hi uintptr // the bounds of the stack
	// Resume is where the walk goes on when the chain leaves the stack, as
	// it does where C calls back into Go; 0 if that is the end.
	Resume uintptr
}

// ResumeNowhere is the Resume of a stack that is whole where its chain leaves it.
const ResumeNowhere = 1

func (w *Walk) valid() bool { return w.FP >= w.Lo && w.FP+16 <= w.Hi && w.FP&7 == 0 }

func (w *Walk) next() (pc uintptr, ok bool) {
	if !w.valid() {
		return 0, false
	}
	pc = *(*uintptr)(at(w.FP + 8))
	up := *(*uintptr)(at(w.FP))
	// A caller's frame is further up. What is not is another stack's, or garbage.
	w.Lo = w.FP + 8
	w.FP = up
	if up != 0 && !w.valid() && w.Resume != 0 {
		w.FP, w.Resume = w.Resume, 0
		if w.FP == ResumeNowhere {
			w.FP = 0
		}
	}
	return pc, pc != 0
}

// collect goes up to the end, or as far as pcs has room, and returns what it put there.
func (w *Walk) collect(pcs []uintptr) []uintptr {
	n := 0
	for n < len(pcs) {
		pc, ok := w.next()
		if !ok {
			break
		}
		pcs[n] = pc
		n++
	}
	return pcs[:n]
}

// PutStack returns the id of the stack that w gives, 0 if there is no room for
// one more. The stack that was last seen from such a place is tried first.
func PutStack(w Walk) uint32 {
	if !w.valid() {
		return 0
	}
	last := &recent[hintOf(w)%uintptr(len(recent))]
	if id := ld32(last); id != 0 && StackAt(id).matches(&w) {
		return id
	}
	var room [shallow]uintptr
	up := w
	pcs := up.collect(room[:])
	id := uint32(0)
	switch {
	case len(pcs) == shallow && up.FP != 0:
		id = stacks.putDeep(w)
	case len(pcs) > 0:
		id = stacks.put(pcs, up.FP != 0)
	}
	st32(last, id)
	return id
}

// putDeep is put for a stack that is too deep for the room that the system stack
// has for its frames.
func (t *stackTable) putDeep(w Walk) uint32 {
	t.mu.lock()
	pcs := w.collect(t.deep[:])
	h, partial := hashOf(pcs), w.FP != 0
	id := t.find(h, pcs, partial)
	if id == 0 {
		id = t.add(h, pcs, partial)
	}
	t.mu.unlock()
	return id
}

// recent holds ids of stacks by the place where they were taken. Goroutines
// that run the same code find each other's.
var recent [4096]uint32

// hintOf tells places apart by how deep they are and by their innermost
// frames, of which the first two are the detector's and the map's.
func hintOf(w Walk) uintptr {
	hint := w.Hi - w.FP
	for i := 0; i < 4 && w.valid(); i++ {
		hint = hint*31 + *(*uintptr)(at(w.FP + 8))
		w.FP = *(*uintptr)(at(w.FP))
	}
	return hint ^ hint>>12
}

// matches reports whether w gives s, and then ends.
func (s *Stack) matches(w *Walk) bool {
	if s.partial != 0 || w.Resume != 0 {
		return false
	}
	fp, room := w.FP, w.Hi-16
	for p, end := s.pc(0), s.pc(int(s.n)); p != end; p = (*uintptr)(unsafe.Add(unsafe.Pointer(p), 8)) {
		if fp-w.Lo > room-w.Lo || *(*uintptr)(at(fp + 8)) != *p {
			return false
		}
		fp = *(*uintptr)(at(fp))
	}
	return fp == 0
}

func hashOf(pcs []uintptr) uint32 {
	h := uint32(len(pcs))
	for _, pc := range pcs {
		h = (h ^ uint32(pc)) * 0x01000193
	}
	return h ^ h>>15
}

func (t *stackTable) put(pcs []uintptr, partial bool) uint32 {
	h := hashOf(pcs)
	if id := t.find(h, pcs, partial); id != 0 {
		return id
	}
	t.mu.lock()
	id := t.find(h, pcs, partial)
	if id == 0 {
		id = t.add(h, pcs, partial)
	}
	t.mu.unlock()
	return id
}

func (t *stackTable) find(h uint32, pcs []uintptr, partial bool) uint32 {
	index := ldptr(&t.index)
	for i := h; ; i++ {
		id := ld32(indexSlot(index, i))
		if id == 0 {
			return 0
		}
		if s := StackAt(id); s.hash == h && s.Partial() == partial && s.equals(pcs) {
			return id
		}
	}
}

func (s *Stack) equals(pcs []uintptr) bool {
	if int(s.n) != len(pcs) {
		return false
	}
	for i, pc := range pcs {
		if pc != s.PC(i) {
			return false
		}
	}
	return true
}

func (t *stackTable) add(h uint32, pcs []uintptr, partial bool) uint32 {
	words := uint32(len(pcs) + stackHead)
	if t.next%stackChunk+words > stackChunk {
		t.next += stackChunk - t.next%stackChunk
	}
	c := t.next / stackChunk
	if c == stackChunks {
		return 0
	}
	if t.chunks[c] == 0 {
		stptr(&t.chunks[c], uintptr(SysAlloc(stackChunk*8)))
	}
	id := t.next
	t.next += words
	s := StackAt(id)
	s.hash, s.n = h, uint16(len(pcs))
	if partial {
		s.partial = 1
	}
	for i, pc := range pcs {
		*s.pc(i) = pc
	}
	if t.used++; t.used > *(*uint32)(at(t.index))/2 {
		t.grow()
	}
	insertStack(t.index, h, id)
	return id
}

func insertStack(index uintptr, h, id uint32) {
	for i := h; ; i++ {
		if p := indexSlot(index, i); *p == 0 {
			st32(p, id)
			return
		}
	}
}

// grow doubles the index. Readers of the old one, which stays as it is, at
// worst do not find a stack and look again with the lock.
func (t *stackTable) grow() {
	mask := *(*uint32)(at(t.index))
	next := newIndex(2*mask + 1)
	for i := uint32(0); i <= mask; i++ {
		if id := *indexSlot(t.index, i); id != 0 {
			insertStack(next, StackAt(id).hash, id)
		}
	}
	stptr(&t.index, next)
}
