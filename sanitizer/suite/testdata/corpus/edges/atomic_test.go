package edges

import (
	"sync/atomic"
	"testing"

	"corpus/order"
)

type operation struct {
	name string
	of   func(w word) func()
}

var (
	load   = operation{"Load", func(w word) func() { return w.load }}
	store  = operation{"Store", func(w word) func() { return w.store }}
	swap   = operation{"Swap", func(w word) func() { return w.swap }}
	add    = operation{"Add", func(w word) func() { return w.add }}
	and    = operation{"And", func(w word) func() { return w.and }}
	or     = operation{"Or", func(w word) func() { return w.or }}
	cas    = operation{"CAS", func(w word) func() { return w.cas }}
	failed = operation{"failed CAS", func(w word) func() { return w.fail }}

	releases = []operation{store, swap, add, and, or, cas}
	acquires = []operation{load, swap, add, and, or, cas, failed}
)

// eachPair runs test for all words and all pairs of operations that they have.
func eachPair(t *testing.T, first, second []operation, test func(w word, first, second func())) {
	for _, fresh := range words {
		for _, a := range first {
			for _, b := range second {
				w := fresh()
				f, g := a.of(w), b.of(w)
				if f != nil && g != nil {
					t.Run(w.name+"/"+a.name+" then "+b.name, func(*testing.T) { test(w, f, g) })
				}
			}
		}
	}
}

func TestOK_Atomic(t *testing.T) {
	eachPair(t, releases, acquires, func(_ word, release, acquire func()) {
		m := map[int]int{}
		order.Sequence(func() { m[1] = 1; release() }, func() { acquire(); m[1] = 2 })
	})
}

// What is done after the release is not in it.
//
// each: assign/assign
func TestRace_Atomic_WriteAfterRelease(t *testing.T) {
	eachPair(t, releases, []operation{load}, func(_ word, release, acquire func()) {
		m := map[int]int{}
		order.Sequence(func() { release(); m[1] = 1 }, func() { acquire(); m[1] = 2 })
	})
}

// What is done before the acquire does not wait for it.
//
// each: assign/assign
func TestRace_Atomic_WriteBeforeAcquire(t *testing.T) {
	eachPair(t, []operation{store}, acquires, func(_ word, release, acquire func()) {
		m := map[int]int{}
		order.Sequence(func() { m[1] = 1; release() }, func() { m[1] = 2; acquire() })
	})
}

// A load, or a compare-and-swap that fails, tells nobody anything.
//
// each: assign/assign
func TestRace_Atomic_NoRelease(t *testing.T) {
	eachPair(t, []operation{load, failed}, acquires, func(_ word, nothing, acquire func()) {
		m := map[int]int{}
		order.Sequence(func() { m[1] = 1; nothing() }, func() { acquire(); m[1] = 2 })
	})
}

// A store learns nothing from what it overwrites.
//
// each: assign/assign
func TestRace_Atomic_NoAcquire(t *testing.T) {
	eachPair(t, releases, []operation{store}, func(_ word, release, store func()) {
		m := map[int]int{}
		order.Sequence(func() { m[1] = 1; release() }, func() { store(); m[1] = 2 })
	})
}

// Whoever loads the second value learns nothing of who stored the first.
//
// each: assign/assign
func TestRace_Atomic_Overwritten(t *testing.T) {
	eachPair(t, releases, []operation{store}, func(w word, release, store func()) {
		m := map[int]int{}
		order.Sequence(func() { m[1] = 1; release() }, store, func() { w.load(); m[1] = 2 })
	})
}

// A read-modify-write hands on what it read.
func TestOK_Atomic_Chain(t *testing.T) {
	eachPair(t, releases, []operation{swap, add, and, or, cas}, func(w word, release, modify func()) {
		m := map[int]int{}
		order.Sequence(func() { m[1] = 1; release() }, modify, func() { w.load(); m[1] = 2 })
	})
}

// Two words, one for each direction.
//
// each: assign/assign
func TestRace_Atomic_OtherWord(t *testing.T) {
	for _, fresh := range words {
		a, b := fresh(), fresh()
		t.Run(a.name, func(*testing.T) {
			m := map[int]int{}
			order.Sequence(func() { m[1] = 1; a.store() }, b.store, func() { b.load(); m[1] = 2 })
		})
	}
}

func TestOK_Atomic_SpinLock(t *testing.T) {
	m := map[int]int{}
	var lock atomic.Int32
	use := func() {
		for !lock.CompareAndSwap(0, 1) {
		}
		m[1]++
		lock.Store(0)
	}
	order.Sequence(use, use, use)
}

func TestOK_Atomic_Flag(t *testing.T) {
	var ready atomic.Bool
	var m map[int]int
	go func() {
		m = map[int]int{}
		m[1] = 1
		ready.Store(true)
	}()
	for !ready.Load() {
		order.Blocked()
	}
	m[1] = 2
}

// Whoever counts down to zero has learnt of all others.
func TestOK_Atomic_LastOneOut(t *testing.T) {
	m := map[int]int{}
	var left atomic.Int32
	left.Store(4)
	maps := [4]map[int]int{{}, {}, {}, {}}
	var fs []func()
	for i := range 4 {
		fs = append(fs, func() {
			maps[i][1] = 1
			if left.Add(-1) == 0 {
				for _, own := range maps {
					m[1] += own[1]
					own[1] = 0
				}
			}
		})
	}
	order.Sequence(fs...)
}

// Counting by load and store instead loses all but the last.
//
// want: assign/assign
func TestRace_Atomic_LastOneOutByStore(t *testing.T) {
	a, b := map[int]int{}, map[int]int{}
	var left atomic.Int32
	left.Store(3)
	leave := func() { left.Store(left.Load() - 1) }
	order.Sequence(func() { a[1] = 1; leave() }, func() { left.Store(1) }, func() {
		if b[1] = 1; left.Load() == 1 {
			a[1] = 2
		}
	})
}

func TestOK_Atomic_CopyOnWrite(t *testing.T) {
	var p atomic.Pointer[map[int]int]
	p.Store(&map[int]int{1: 1})
	order.Sequence(func() {
		next := map[int]int{2: 2}
		next[1] = (*p.Load())[1]
		p.Store(&next)
	}, func() { _ = (*p.Load())[1] }, func() { _ = (*p.Load())[2] })
}

// Published, and then written after all.
//
// want: assign/lookup
func TestRace_Atomic_WriteInPlace(t *testing.T) {
	var p atomic.Pointer[map[int]int]
	p.Store(&map[int]int{1: 1})
	order.Sequence(func() { _ = (*p.Load())[1] }, func() { (*p.Load())[1] = 2 })
}
