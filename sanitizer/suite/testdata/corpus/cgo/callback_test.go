package cgo

import (
	"sync"
	"testing"

	"corpus/order"
)

func TestOK_Cgo_SameGoroutine(t *testing.T) {
	m := map[int]int{}
	callbacks.Store(1, func() { m[1]++ })
	m[1]++
	call(1)
	m[1]++
}

// want: assign/assign
func TestRace_Cgo_TwoGoroutines(t *testing.T) {
	m := map[int]int{}
	callbacks.Store(2, func() { m[1]++ })
	order.Sequence(func() { m[1]++ }, func() { call(2) })
}

// A thread of C begins after the call that started it, and the call that
// waits for it ends after it.
func TestOK_Cgo_Thread(t *testing.T) {
	m := map[int]int{}
	callbacks.Store(3, func() { m[1]++ })
	m[1]++
	start(3)()
	m[1]++
}

// want: assign/assign
func TestRace_Cgo_Thread(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	callbacks.Store(4, func() {
		turn.Wait(1)
		m[1]++
		turn.Set(2)
	})
	join := start(4)
	m[1]++
	turn.Set(1)
	turn.Wait(2)
	join()
}

// want: assign/assign
func TestRace_Cgo_TwoThreads(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	callbacks.Store(5, func() { turn.Set(1); turn.Wait(2); m[1]++; turn.Set(3) })
	callbacks.Store(6, func() { turn.Wait(1); turn.Set(2); turn.Wait(3); m[1]++ })
	a, b := start(5), start(6)
	a()
	b()
}

func TestOK_Cgo_ThreadsAndMutex(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	callbacks.Store(7, func() { mu.Lock(); m[1]++; mu.Unlock() })
	var joins []func()
	for range 4 {
		joins = append(joins, start(7))
	}
	for _, join := range joins {
		join()
	}
}

// C code may synchronise by means that Go does not see, so every return from C
// is taken to be after every call of C before it, as with -race.
func TestBlind_Cgo_Calls(t *testing.T) {
	m := map[int]int{}
	order.Sequence(func() { m[1]++; nothing() }, func() { nothing(); m[1]++ })
}

func TestOK_Cgo_CallbackInCallback(t *testing.T) {
	m := map[int]int{}
	callbacks.Store(8, func() { m[1]++; call(9); m[1]++ })
	callbacks.Store(9, func() { m[1]++ })
	call(8)
}
