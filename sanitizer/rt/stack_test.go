package rt

import (
	"testing"
	"unsafe"
)

// chain builds frames as they lie on a stack, innermost lowest, and returns
// the first frame pointer and the bounds.
func chain(pcs ...uintptr) (fp, lo, hi uintptr, keep []uintptr) {
	words := make([]uintptr, 2*len(pcs))
	for i, pc := range pcs {
		if i+1 < len(pcs) {
			words[2*i] = uintptr(unsafe.Pointer(&words[2*i+2]))
		}
		words[2*i+1] = pc
	}
	lo = uintptr(unsafe.Pointer(&words[0]))
	return lo, lo, lo + uintptr(len(words))*8, words
}

// TestStacks fills several chunks and several sizes of the index.
func TestStacks(t *testing.T) {
	resetEngine()
	const n = 20000
	ids := map[uint32]bool{}
	for round := 0; round < 2; round++ {
		for i := uintptr(1); i <= n; i++ {
			fp, lo, hi, keep := chain(i, i*7, 3)
			id := PutStack(Walk{FP: fp, Lo: lo, Hi: hi})
			s := StackAt(id)
			if s == nil || s.Len() != 3 || s.PC(0) != i || s.PC(1) != i*7 || s.PC(2) != 3 || s.Partial() {
				t.Fatalf("stack %d came back as %v", i, s)
			}
			if ids[id] != (round == 1) {
				t.Fatalf("stack %d, round %d: id %d seen before: %v", i, round, id, ids[id])
			}
			ids[id] = true
			_ = keep[0]
		}
	}
}

// TestDeepStacks: what recursion piles up is kept up to maxFrames, and said to be
// partial beyond.
func TestDeepStacks(t *testing.T) {
	resetEngine()
	for _, n := range []int{shallow - 1, shallow, shallow + 1, maxFrames, maxFrames + 1} {
		pcs := make([]uintptr, n)
		for i := range pcs {
			pcs[i] = uintptr(1000 + i)
		}
		fp, lo, hi, keep := chain(pcs...)
		w := Walk{FP: fp, Lo: lo, Hi: hi}
		id := PutStack(w)
		s := StackAt(id)
		if want := min(n, maxFrames); s.Len() != want || s.PC(want-1) != pcs[want-1] || s.Partial() != (n > maxFrames) {
			t.Errorf("%d frames came back as %d, partial %v", n, s.Len(), s.Partial())
		}
		if again := PutStack(w); again != id {
			t.Errorf("%d frames: stack %d, and then %d", n, id, again)
		}
		_ = keep[0]
	}
}

// TestBrokenChain walks chains that leave the stack or turn back.
func TestBrokenChain(t *testing.T) {
	resetEngine()
	fp, lo, hi, words := chain(1, 2, 3, 4)
	words[4] = lo // the third frame says that the first called it
	if s := StackAt(PutStack(Walk{FP: fp, Lo: lo, Hi: hi})); s.Len() != 3 || !s.Partial() {
		t.Errorf("turning back: %d frames, partial %v", s.Len(), s.Partial())
	}
	words[4] = hi + 64
	if s := StackAt(PutStack(Walk{FP: fp, Lo: lo, Hi: hi})); s.Len() != 3 || !s.Partial() {
		t.Errorf("leaving the stack: %d frames, partial %v", s.Len(), s.Partial())
	}
	if PutStack(Walk{FP: hi + 8, Lo: lo, Hi: hi}) != 0 {
		t.Error("a frame pointer outside the stack gave a stack")
	}
}

// TestResume walks a stack on which C called back into Go.
func TestResume(t *testing.T) {
	resetEngine()
	fp, lo, hi, words := chain(1, 2, 3, 4)
	words[2] = hi + 64 // the second frame was called from another stack
	w := Walk{FP: fp, Lo: lo, Hi: hi, Resume: lo + 4*8}
	if s := StackAt(PutStack(w)); s.Len() != 4 || s.Partial() {
		t.Errorf("resumed: %d frames, partial %v", s.Len(), s.Partial())
	}
	w.Resume = ResumeNowhere
	if s := StackAt(PutStack(w)); s.Len() != 2 || s.Partial() {
		t.Errorf("a thread of C: %d frames, partial %v", s.Len(), s.Partial())
	}
}

// TestTable puts in and takes out more records than the table first holds.
func TestTable(t *testing.T) {
	resetEngine()
	const n = 50000
	for round := 0; round < 3; round++ {
		for i := uintptr(1); i <= n; i++ {
			if r := create(i << 4); r != Lookup(i<<4) {
				t.Fatalf("record %d is not found", i)
			}
		}
		for i := uintptr(1); i <= n; i++ {
			if i%8 != 0 {
				remove([]*Record{Lookup(i << 4)}, nil, nil)
			}
		}
		for i := uintptr(1); i <= n; i++ {
			if got := Lookup(i<<4) != nil; got != (i%8 == 0) {
				t.Fatalf("round %d: record %d found: %v", round, i, got)
			}
		}
	}
}

// TestTableChurn replaces records for as long as a server would, which must
// not make the table grow.
func TestTableChurn(t *testing.T) {
	resetEngine()
	const live, rounds = 1500, 300
	for i := uintptr(1); i <= live; i++ {
		create(i << 4)
	}
	for i := uintptr(1); i < live*rounds; i++ {
		remove([]*Record{Lookup(i << 4)}, nil, nil)
		create((i + live) << 4)
	}
	if b := table(tab).bits(); b > minTableBits+1 {
		t.Errorf("the table of %d records has grown to 2^%d entries", live, b)
	}
	if tabUsed > 2*live {
		t.Errorf("%d records take %d entries", live, tabUsed)
	}
}

// TestSweep frees some of a span's objects, round after round. What lives must
// stay known, and what is dead must be forgotten, with its place in the bag.
func TestSweep(t *testing.T) {
	resetEngine()
	bagParts.live, records.live = 0, 0
	var span uintptr
	Track = func(uintptr) (*uintptr, bool) { return &span, true }
	g := NewG(1)
	g.own()
	live := map[uintptr]bool{}
	for round := uintptr(0); round < 50; round++ {
		for i := uintptr(1); i <= 100; i++ {
			key := 0x1000 + i*8
			releaseTo(g, key)
			live[key] = true
		}
		SweepRecords(&span, func(addr uintptr) bool { return addr/8%7 == round%7 || round%10 == 9 })
		for key := range live {
			dead := key/8%7 == round%7 || round%10 == 9
			if got := Lookup(key) == nil; got != dead {
				t.Fatalf("round %d: record %#x is gone: %v, want %v", round, key, got, dead)
			}
			if dead {
				delete(live, key)
			}
		}
		if round%10 == 9 && span != 0 {
			t.Fatalf("round %d: an empty span has a bag", round)
		}
		if parts := bagParts.live; parts > records.live/6+3 {
			t.Fatalf("round %d: %d records lie in %d parts of bags", round, records.live, parts)
		}
	}
}

// TestLockAtOldAddress: a lock that was freed taught somebody a name; a new one
// at its address must not take that name for its own secret.
func TestLockAtOldAddress(t *testing.T) {
	resetEngine()
	var span uintptr
	Track = func(uintptr) (*uintptr, bool) { return &span, true }
	const lock = 0x100
	writer, reader := NewG(1), NewG(2)
	var m shadow
	var prior Access
	link := func(uint32) {}
	m.head.Access(&m.index, 1, writer, OpAssign, 0, &prior, link)
	releaseTo(writer, lock)
	acquire(reader, lock)
	SweepRecords(&span, func(uintptr) bool { return true })
	releaseTo(writer, lock) // the new lock's first Unlock
	if !writer.AcquireExclusiveFast(lock) {
		t.Fatal("the lock teaches its last holder something")
	}
	m.head.Access(&m.index, 1, writer, OpAssign, 0, &prior, link)
	if !m.head.Access(&m.index, 1, reader, OpLookup, 0, &prior, link) {
		t.Error("a write after the reader's lesson is taken to be part of it")
	}
}
