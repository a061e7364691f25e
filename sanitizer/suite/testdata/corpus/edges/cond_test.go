package edges

import (
	"sync"
	"testing"

	"corpus/order"
)

// waiting starts a goroutine that waits for c and then calls f, and returns
// when it waits and its lock is free.
func waiting(c *sync.Cond, turn *order.Turn, f func()) {
	ready := make(chan bool)
	go func() {
		c.L.Lock()
		ready <- true
		c.Wait()
		c.L.Unlock()
		f()
		turn.Set(1)
	}()
	<-ready
	// The lock can be had only when Wait has let it go.
	c.L.Lock()
	c.L.Unlock()
}

func TestOK_Cond_Signal(t *testing.T) {
	m := map[int]int{}
	c := sync.NewCond(new(sync.Mutex))
	var turn order.Turn
	waiting(c, &turn, func() { m[1] = 2 })
	c.L.Lock()
	m[1] = 1
	c.Signal()
	c.L.Unlock()
	turn.Wait(1)
}

// Signal is before the Wait that it unblocks, with the lock or without.
func TestOK_Cond_SignalWithoutLock(t *testing.T) {
	m := map[int]int{}
	c := sync.NewCond(new(sync.Mutex))
	var turn order.Turn
	waiting(c, &turn, func() { m[1] = 2 })
	m[1] = 1
	c.Signal()
	turn.Wait(1)
}

func TestOK_Cond_BroadcastWithoutLock(t *testing.T) {
	m := map[int]int{}
	c := sync.NewCond(new(sync.Mutex))
	var a, b order.Turn
	waiting(c, &a, func() { _ = m[1] })
	waiting(c, &b, func() { _ = m[1] })
	m[1] = 1
	c.Broadcast()
	a.Wait(1)
	b.Wait(1)
}

// want: assign/assign
func TestRace_Cond_WriteAfterSignal(t *testing.T) {
	m := map[int]int{}
	c := sync.NewCond(new(sync.Mutex))
	var turn order.Turn
	waiting(c, &turn, func() { m[1] = 1 })
	c.Signal()
	turn.Wait(1)
	m[1] = 2
}

// Who is woken tells the one who woke nothing, and nothing to the others.
//
// want: assign/assign
func TestRace_Cond_WokenTogether(t *testing.T) {
	m := map[int]int{}
	c := sync.NewCond(new(sync.Mutex))
	var a, b order.Turn
	waiting(c, &a, func() { m[1] = 1 })
	waiting(c, &b, func() { a.Wait(1); m[1] = 2 })
	c.Broadcast()
	b.Wait(1)
}

// A signal that nobody waits for is lost.
//
// want: assign/assign
func TestRace_Cond_Nobody(t *testing.T) {
	m := map[int]int{}
	c := sync.NewCond(new(sync.Mutex))
	order.Sequence(func() { m[1] = 1; c.Signal() }, func() { c.Broadcast(); m[1] = 2 })
}

func TestOK_Cond_ReadLock(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	c := sync.NewCond(mu.RLocker())
	ready := make(chan bool)
	var turn order.Turn
	go func() {
		c.L.Lock()
		ready <- true
		c.Wait()
		_ = m[1]
		c.L.Unlock()
		turn.Set(1)
	}()
	<-ready
	mu.Lock()
	m[1] = 1
	mu.Unlock()
	c.Broadcast()
	turn.Wait(1)
}
