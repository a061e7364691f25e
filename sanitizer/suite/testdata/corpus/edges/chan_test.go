package edges

import (
	"testing"

	"corpus/order"
)

func TestOK_Chan_SendRecv(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 1)
	order.Sequence(func() { m[1] = 1; c <- 1 }, func() { <-c; m[1] = 2 })
}

// want: assign/assign
func TestRace_Chan_WriteAfterSend(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 1)
	order.Sequence(func() { c <- 1; m[1] = 1 }, func() { <-c; m[1] = 2 })
}

// want: assign/assign
func TestRace_Chan_WriteBeforeRecv(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 1)
	order.Sequence(func() { m[1] = 1; c <- 1 }, func() { m[1] = 2; <-c })
}

// The receiver waits first and is given the value by the sender.
func TestOK_Chan_WaitingReceiver(t *testing.T) {
	for _, size := range []int{0, 1} {
		m, c := map[int]int{}, make(chan int, size)
		var turn order.Turn
		go func() {
			turn.Set(1)
			<-c
			m[1] = 2
			turn.Set(2)
		}()
		turn.Wait(1)
		order.Blocked()
		m[1] = 1
		c <- 1
		turn.Wait(2)
	}
}

// The sender waits first: for a receiver, or for room.
func TestOK_Chan_WaitingSender(t *testing.T) {
	for _, size := range []int{0, 1} {
		m, c := map[int]int{}, make(chan int, size)
		for range size {
			c <- 0
		}
		var turn order.Turn
		go func() {
			m[1] = 1
			turn.Set(1)
			c <- 1
			turn.Set(2)
		}()
		turn.Wait(1)
		order.Blocked()
		for range size + 1 {
			<-c
		}
		m[1] = 2
		turn.Wait(2)
	}
}

// Without a buffer the receive is before the end of the send.
func TestOK_Chan_UnbufferedBack(t *testing.T) {
	m, c := map[int]int{}, make(chan int)
	var turn order.Turn
	go func() {
		m[1] = 1
		turn.Set(1)
		<-c
	}()
	turn.Wait(1)
	c <- 1
	m[1] = 2
}

// want: assign/assign
func TestRace_Chan_BufferedBack(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 1)
	var turn order.Turn
	go func() {
		m[1] = 1
		turn.Set(1)
		<-c
		turn.Set(2)
	}()
	turn.Wait(1)
	c <- 1
	turn.Wait(2)
	m[1] = 2
}

// The first receive is before the end of the send that takes its place.
func TestOK_Chan_Capacity(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 2)
	c <- 1
	c <- 2
	order.Sequence(func() { m[1] = 1; <-c }, func() { c <- 3; m[1] = 2 })
}

// The second place of the buffer was free all the time.
//
// want: assign/assign
func TestRace_Chan_Capacity(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 2)
	c <- 1
	order.Sequence(func() { m[1] = 1; <-c }, func() { c <- 2; m[1] = 2 })
}

// Two who receive from one buffer learn nothing of each other.
//
// want: assign/assign
func TestRace_Chan_TwoReceivers(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 2)
	c <- 1
	c <- 2
	order.Sequence(func() { <-c; m[1] = 1 }, func() { <-c; m[1] = 2 })
}

func TestOK_Chan_Semaphore(t *testing.T) {
	m, c := map[int]int{}, make(chan struct{}, 1)
	use := func() { c <- struct{}{}; m[1]++; <-c }
	order.Sequence(use, use, use)
}

// A semaphore for two protects nothing.
//
// want: assign/assign
func TestRace_Chan_SemaphoreOfTwo(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 2)
	order.Sequence(func() { c <- 1; m[1]++ }, func() { c <- 1; m[1]++ })
}

func TestOK_Chan_Close(t *testing.T) {
	m, c := map[int]int{}, make(chan int)
	order.Sequence(func() { m[1] = 1; close(c) }, func() { <-c; m[1] = 2 })
}

// want: assign/assign
func TestRace_Chan_WriteAfterClose(t *testing.T) {
	m, c := map[int]int{}, make(chan int)
	order.Sequence(func() { close(c); m[1] = 1 }, func() { <-c; m[1] = 2 })
}

func TestOK_Chan_CloseWakes(t *testing.T) {
	m, c := map[int]int{}, make(chan int)
	var turn order.Turn
	for range 2 {
		go func() {
			<-c
			_ = m[1]
			turn.Set(1)
		}()
	}
	order.Blocked()
	m[1] = 1
	close(c)
	turn.Wait(1)
}

func TestOK_Chan_Range(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 4)
	order.Sequence(func() {
		c <- 1
		c <- 2
		m[1] = 1
		close(c)
	}, func() {
		for range c {
		}
		m[1] = 2
	})
}

// A value that was sent before the close says nothing of the close.
//
// want: assign/assign
func TestRace_Chan_ValueBeforeClose(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 1)
	order.Sequence(func() {
		c <- 1
		m[1] = 1
		close(c)
	}, func() {
		<-c
		m[1] = 2
	})
}

// want: assign/assign
func TestRace_Chan_Len(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 1)
	order.Sequence(func() { m[1] = 1; c <- 1 }, func() {
		if len(c) == 1 {
			m[1] = 2
		}
	})
}

func TestOK_Chan_Relay(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int, 1), make(chan int, 1)
	order.Sequence(func() { m[1] = 1; a <- 1 }, func() { b <- <-a }, func() { <-b; m[1] = 2 })
}

// want: assign/assign
func TestRace_Chan_OtherChannel(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int, 1), make(chan int, 1)
	order.Sequence(func() { m[1] = 1; a <- 1 }, func() { b <- 1 }, func() { <-b; m[1] = 2 })
}

func TestOK_Chan_MapSent(t *testing.T) {
	c := make(chan map[int]int, 1)
	order.Sequence(
		func() { m := map[int]int{}; m[1] = 1; c <- m },
		func() { m := <-c; m[1] = 2; c <- m },
		func() { m := <-c; delete(m, 1) },
	)
}

// The sender keeps what it gave away.
//
// want: assign/lookup
func TestRace_Chan_MapKept(t *testing.T) {
	c, m := make(chan map[int]int, 1), map[int]int{}
	order.Sequence(func() { c <- m }, func() { _ = (<-c)[1] }, func() {}, func() { m[1] = 2 })
}
