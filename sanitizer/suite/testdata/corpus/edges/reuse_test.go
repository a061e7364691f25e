package edges

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"corpus/order"
)

// A new map may be where one was that another goroutine wrote.
func TestOK_Reuse_Map(t *testing.T) {
	seen := map[uintptr]bool{}
	reused := 0
	for round := 0; round < 200 && reused < 20; round++ {
		var m map[int]int
		order.Sequence(func() {
			m = make(map[int]int, 4)
			m[1] = 1
		})
		// The word in a map variable is the address of its header.
		addr := *(*uintptr)(unsafe.Pointer(&m))
		if seen[addr] {
			reused++
		}
		seen[addr] = true
		m = nil
		if round%10 == 9 {
			runtime.GC()
		}
	}
	if reused == 0 {
		t.Fatal("no map was ever at the address of another")
	}
}

// stale has two writes that are ordered only if acquire, of a new object, sees
// what a dead one at its address was told.
func stale[T any](t *testing.T, release, acquire func(*T)) {
	m := map[int]int{}
	told := map[uintptr]bool{}
	order.Sequence(func() {
		m[1] = 1
		for range 2000 {
			x := new(T)
			release(x)
			told[uintptr(unsafe.Pointer(x))] = true
		}
	})
	var found *T
	for round := 0; found == nil && round < 100; round++ {
		runtime.GC()
		for range 2000 {
			if x := new(T); told[uintptr(unsafe.Pointer(x))] {
				found = x
				break
			}
		}
	}
	if found == nil {
		t.Skip("no object came where another had been")
	}
	order.Sequence(func() { acquire(found); m[1] = 2 })
}

// A new mutex knows nothing of the dead one at its address.
//
// want: assign/assign
func TestRace_Reuse_Mutex(t *testing.T) {
	stale(t, func(mu *sync.Mutex) { mu.Lock(); mu.Unlock() }, func(mu *sync.Mutex) { mu.Lock(); mu.Unlock() })
}

// want: assign/assign
func TestRace_Reuse_RWMutex(t *testing.T) {
	stale(t, func(mu *sync.RWMutex) { mu.RLock(); mu.RUnlock() }, func(mu *sync.RWMutex) { mu.Lock(); mu.Unlock() })
}

// want: assign/assign
func TestRace_Reuse_Atomic(t *testing.T) {
	type word struct {
		n   atomic.Int64
		pad [3]int64
	}
	stale(t, func(w *word) { w.n.Store(1) }, func(w *word) { w.n.Load() })
}

// want: assign/assign
func TestRace_Reuse_WaitGroup(t *testing.T) {
	type group struct {
		wg  sync.WaitGroup
		pad [3]int64
	}
	stale(t, func(g *group) { g.wg.Add(1); g.wg.Done() }, func(g *group) { g.wg.Wait() })
}
