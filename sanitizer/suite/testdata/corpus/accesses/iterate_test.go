package accesses

import (
	"testing"

	"corpus/order"
)

// iterating starts an iteration over m in a goroutine and calls f after its
// first step; the other steps come after f.
func iterating(m map[int]int, f func()) {
	var turn order.Turn
	begun := make(chan bool)
	go func() {
		first := true
		for k := range m {
			use(k)
			if first {
				first = false
				begun <- true
				turn.Wait(1)
			}
		}
		turn.Set(2)
	}()
	<-begun
	f()
	turn.Set(1)
	turn.Wait(2)
}

func filled(n int) map[int]int {
	m := map[int]int{}
	for i := range n {
		m[i] = i
	}
	return m
}

// The write is after the start of the iteration and its first step, and beside
// the steps that follow.
//
// want: iterate/assign
func TestRace_IterateStep(t *testing.T) {
	m := filled(3)
	iterating(m, func() { m[1] = 2 })
}

// want: iterate/assign
func TestRace_IterateStepLarge(t *testing.T) {
	m := filled(1000)
	iterating(m, func() { m[1] = 2 })
}

// want: iterate/delete
func TestRace_IterateStepDelete(t *testing.T) {
	m := filled(100)
	iterating(m, func() { delete(m, 50) })
}

// want: iterate/clear
func TestRace_IterateStepClear(t *testing.T) {
	m := filled(100)
	iterating(m, func() { clear(m) })
}

func TestOK_IterateStep(t *testing.T) {
	m := filled(100)
	iterating(m, func() { use(m[1]) })
}

func TestOK_IterateAndModify(t *testing.T) {
	m := filled(100)
	for k := range m {
		m[k]++
		delete(m, k+1)
		m[1000+k] = k
		if len(m) > 500 {
			break
		}
	}
}

// The iteration is handed from one goroutine to another.
func TestOK_IterateHandedOn(t *testing.T) {
	m := filled(10)
	c := make(chan int)
	go func() {
		defer close(c)
		for k := range m {
			c <- k
		}
	}()
	for k := range c {
		use(k)
	}
	m[1] = 2
}

// The elements are handed on, and their receiver writes to the map meanwhile.
//
// want: iterate/assign
func TestRace_IterateHandedOn(t *testing.T) {
	m := filled(10)
	c := make(chan int)
	var turn order.Turn
	go func() {
		defer close(c)
		for k := range m {
			c <- k
			turn.Wait(1)
		}
	}()
	m[<-c] = 1
	turn.Set(1)
	for range c {
	}
}

// want: assign/iterate
func TestRace_IterateBreak(t *testing.T) {
	m := filled(10)
	order.Sequence(func() {
		for range m {
			break
		}
	}, func() { m[1] = 1 })
}

// want: assign/iterate
func TestRace_IterateNested(t *testing.T) {
	m := map[string]map[int]int{"a": filled(3)}
	order.Sequence(func() {
		for _, inner := range m {
			for k := range inner {
				use(k)
			}
		}
	}, func() { m["a"][1] = 1 })
}
