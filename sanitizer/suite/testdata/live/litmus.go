package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A litmus is two operations that happen at the same moment, over and over.
// The first is done by a goroutine that has written to a map; the second tells
// by its outcome whether it came after the first. If it did, the map is the
// second goroutine's to use; if it did not, using it is a race. An operation
// and its clock that change one after the other fail here.
type litmus struct {
	name string
	// start returns the two operations, on new objects.
	start func() (first func(), second func() (after bool))
	// hidden: an outcome of false does not say that nothing was learnt.
	hidden bool
}

var litmuses = []litmus{
	{name: "atomic store, load", start: func() (func(), func() bool) {
		var x atomic.Int64
		return func() { x.Store(1) }, func() bool { return x.Load() == 1 }
	}},
	{name: "atomic add, load", start: func() (func(), func() bool) {
		var x atomic.Uint32
		return func() { x.Add(1) }, func() bool { return x.Load() == 1 }
	}},
	{name: "atomic store, swap", start: func() (func(), func() bool) {
		var x atomic.Int32
		return func() { x.Store(1) }, func() bool { return x.Swap(2) == 1 }
	}},
	{name: "atomic add, add", start: func() (func(), func() bool) {
		var x atomic.Int64
		return func() { x.Add(1) }, func() bool { return x.Add(1) == 2 }
	}},
	{name: "atomic or, and", start: func() (func(), func() bool) {
		var x uint32
		return func() { atomic.OrUint32(&x, 1) }, func() bool { return atomic.AndUint32(&x, 1) == 1 }
	}},
	{name: "compare-and-swap, both", start: func() (func(), func() bool) {
		var x atomic.Int64
		return func() { x.CompareAndSwap(0, 1) }, func() bool { return !x.CompareAndSwap(0, 2) }
	}},
	{name: "atomic pointer", start: func() (func(), func() bool) {
		var x atomic.Pointer[int]
		return func() { x.Store(new(int)) }, func() bool { return x.Load() != nil }
	}},
	{name: "atomic value", start: func() (func(), func() bool) {
		var x atomic.Value
		x.Store(0)
		return func() { x.Store(1) }, func() bool { return x.Load() == 1 }
	}},
	{name: "Mutex", start: func() (func(), func() bool) {
		var mu sync.Mutex
		mu.Lock()
		return mu.Unlock, mu.TryLock
	}},
	{name: "RWMutex, writer to reader", start: func() (func(), func() bool) {
		var mu sync.RWMutex
		mu.Lock()
		return mu.Unlock, mu.TryRLock
	}},
	{name: "RWMutex, reader to writer", start: func() (func(), func() bool) {
		var mu sync.RWMutex
		mu.RLock()
		return mu.RUnlock, mu.TryLock
	}},
	{name: "RWMutex, writer to writer", start: func() (func(), func() bool) {
		var mu sync.RWMutex
		mu.Lock()
		return mu.Unlock, mu.TryLock
	}},
	{name: "channel", start: func() (func(), func() bool) {
		c := make(chan int, 1)
		return func() { c <- 1 }, func() bool {
			select {
			case <-c:
				return true
			default:
				return false
			}
		}
	}},
	{name: "channel, capacity", start: func() (func(), func() bool) {
		c := make(chan int, 1)
		c <- 1
		return func() { <-c }, func() bool {
			select {
			case c <- 2:
				return true
			default:
				return false
			}
		}
	}},
	{name: "close", start: func() (func(), func() bool) {
		c, other := make(chan int), make(chan int)
		return func() { close(c) }, func() bool {
			select {
			case <-c:
				return true
			case <-other:
				return false
			default:
				return false
			}
		}
	}},
	{name: "context", hidden: true, start: func() (func(), func() bool) {
		ctx, cancel := context.WithCancel(context.Background())
		return cancel, func() bool { return ctx.Err() != nil }
	}},
	{name: "sync.Map", hidden: true, start: func() (func(), func() bool) {
		var m sync.Map
		return func() { m.Store(1, 1) }, func() bool { _, ok := m.Load(1); return ok }
	}},
	{name: "sync.Map, both store", hidden: true, start: func() (func(), func() bool) {
		var m sync.Map
		return func() { m.LoadOrStore(1, 1) }, func() bool { _, loaded := m.LoadOrStore(1, 2); return loaded }
	}},
	{name: "timer", hidden: true, start: func() (func(), func() bool) {
		t := time.NewTimer(time.Hour)
		return func() { t.Reset(0) }, func() bool {
			select {
			case <-t.C:
				return true
			default:
				return false
			}
		}
	}},
	{name: "once", start: func() (func(), func() bool) {
		var once sync.Once
		return func() { once.Do(func() {}) }, func() bool {
			mine := false
			once.Do(func() { mine = true })
			return !mine
		}
	}},
}

// runLitmus does each litmus n times and returns how many failed: by any false
// alarm, or by missing more than one race in a hundred. (An atomic operation on
// a variable that has no record yet changes its value and its clock one after
// the other, in the order that may see an edge too many but never one too few.)
func runLitmus(seed uint64, n int) (wrong int) {
	runtime.GOMAXPROCS(max(2, runtime.NumCPU()))
	rnd := rand.New(rand.NewPCG(seed, 0))
	for _, l := range litmuses {
		after, before, alarms, missed := 0, 0, 0, 0
		for range n {
			ordered, raced := l.once(rnd)
			switch {
			case ordered && raced:
				alarms++
			case !ordered && !raced && !l.hidden:
				missed++
			}
			if ordered {
				after++
			} else {
				before++
			}
		}
		fmt.Printf("litmus: %-28s %6d after, %6d not after, %d false alarms, %d missed\n", l.name, after, before, alarms, missed)
		if alarms > 0 || missed*100 > before {
			wrong++
		}
	}
	return wrong
}

// once does l once, with the two operations delayed by some turns of a loop.
func (l *litmus) once(rnd *rand.Rand) (ordered, raced bool) {
	first, second := l.start()
	m := map[int]int{}
	delays := [2]int{rnd.IntN(500), rnd.IntN(500)}
	var ready, done [2]bool
	sides := [2]func(){
		func() {
			m[1] = 1
			meet(&ready, 0)
			delay(delays[0])
			first()
			set(&done[0])
		},
		func() {
			meet(&ready, 1)
			delay(delays[1])
			ordered = second()
			wait(&done[0])
			before := mapsanRaw()
			m[1] = 2
			raced = mapsanRaw() > before
			set(&done[1])
		},
	}
	i := rnd.IntN(2) // whoever is started last tends to run first
	go sides[i]()
	go sides[1-i]()
	wait(&done[1])
	return ordered, raced
}

// meet returns when both sides have come, as far as one can tell without an edge.
func meet(ready *[2]bool, i int) {
	set(&ready[i])
	wait(&ready[1-i])
}

//go:noinline
func set(b *bool) { *b = true }

//go:noinline
func wait(b *bool) {
	for spin := 0; !*b; spin++ {
		if spin > 2000 {
			runtime.Gosched()
		}
	}
}

//go:noinline
func delay(n int) {
	for i := range n {
		use(i)
	}
}
