package edges

import (
	"runtime"
	"testing"
	"time"

	"corpus/order"
)

func TestOK_Go_Start(t *testing.T) {
	m := map[int]int{}
	m[1] = 1
	var turn order.Turn
	go func() {
		m[1] = 2
		turn.Set(1)
	}()
	turn.Wait(1)
}

// want: assign/assign
func TestRace_Go_AfterStart(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	go func() {
		turn.Wait(1)
		m[1] = 2
		turn.Set(2)
	}()
	m[1] = 1
	turn.Set(1)
	turn.Wait(2)
}

func TestOK_Go_EndAndChannel(t *testing.T) {
	m := map[int]int{}
	done := make(chan bool)
	go func() {
		m[1] = 1
		done <- true
	}()
	<-done
	m[1] = 2
}

// The end of a goroutine orders nothing.
//
// want: assign/assign
func TestRace_Go_End(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	before := runtime.NumGoroutine()
	go func() {
		m[1] = 1
		turn.Set(1)
	}()
	turn.Wait(1)
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
	m[1] = 2
}

// want: lookup/assign
func TestRace_Go_Gosched(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	go func() {
		m[1] = 1
		turn.Set(1)
	}()
	turn.Wait(1)
	for range 100 {
		runtime.Gosched()
	}
	_ = m[1]
}

// want: lookup/assign
func TestRace_Go_Sleep(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	go func() {
		m[1] = 1
		time.Sleep(time.Millisecond)
		turn.Set(1)
	}()
	turn.Wait(1)
	time.Sleep(5 * time.Millisecond)
	_ = m[1]
}

func TestOK_Go_Grandchild(t *testing.T) {
	m := map[int]int{1: 1}
	var turn order.Turn
	go func() {
		m[2] = 2
		go func() {
			m[3] = 3
			turn.Set(1)
		}()
	}()
	turn.Wait(1)
}

// want: assign/assign
func TestRace_Go_Siblings(t *testing.T) {
	m := map[int]int{}
	order.Sequence(func() { m[1] = 1 }, func() { m[2] = 2 })
}

type counter struct{ hits map[string]int }

func (c *counter) add(k string) { c.hits[k]++ }

// want: assign/assign
func TestRace_Go_Method(t *testing.T) {
	c := &counter{hits: map[string]int{}}
	order.Sequence(func() { c.add("a") }, func() { c.add("b") })
}

// A go statement with arguments starts a wrapper.
//
// want: assign/assign
func TestRace_Go_MethodStatement(t *testing.T) {
	c := &counter{hits: map[string]int{}}
	before := runtime.NumGoroutine()
	go c.add("a")
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
	c.add("b")
}

// want: delete/assign
func TestRace_Go_Defer(t *testing.T) {
	m := map[int]int{}
	order.Sequence(
		func() { defer func() { m[1] = 1 }() },
		func() { defer delete(m, 1) },
	)
}

// want: assign/assign
func TestRace_Go_Goexit(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	go func() {
		defer turn.Set(1)
		defer func() { m[1] = 1 }()
		runtime.Goexit()
	}()
	turn.Wait(1)
	m[1] = 2
}

// want: assign/assign
func TestRace_Go_Panic(t *testing.T) {
	m := map[int]int{}
	order.Sequence(func() {
		defer func() {
			_ = recover()
			m[1] = 1
		}()
		panic("recovered")
	}, func() { m[1] = 2 })
}

func deep(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deep(n-1, f)
}

// want: assign/assign
func TestRace_Go_DeepStack(t *testing.T) {
	m := map[int]int{}
	order.Sequence(func() { deep(40, func() { m[1] = 1 }) }, func() { deep(40, func() { m[1] = 2 }) })
}

// Many goroutines that use maps come and go between the two accesses: what is
// known of the first must not be lost with its place.
//
// want: assign/assign
func TestRace_Go_LongAgo(t *testing.T) {
	m := map[int]int{}
	order.Sequence(func() { m[1] = 1 })
	for range 300 {
		done := make(chan bool)
		for range 10 {
			go func() {
				own := map[int]int{}
				own[1]++
				done <- true
			}()
		}
		for range 10 {
			<-done
		}
	}
	order.Sequence(func() { m[1] = 2 })
}

func TestOK_Go_LongAgo(t *testing.T) {
	m := map[int]int{}
	for i := range 3000 {
		done := make(chan bool)
		go func() {
			m[i%10]++
			close(done)
		}()
		<-done
	}
}
