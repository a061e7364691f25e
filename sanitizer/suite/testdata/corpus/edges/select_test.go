package edges

import (
	"reflect"
	"testing"

	"corpus/order"
)

func TestOK_Select_Recv(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int, 1), make(chan int)
	order.Sequence(func() { m[1] = 1; a <- 1 }, func() {
		select {
		case <-a:
		case <-b:
		}
		m[1] = 2
	})
}

// want: assign/assign
func TestRace_Select_OtherCase(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int, 1), make(chan int, 1)
	order.Sequence(func() { b <- 1 }, func() { m[1] = 1 }, func() {
		select {
		case <-a:
		case <-b:
		}
		m[1] = 2
	})
}

func TestOK_Select_Send(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int, 1), make(chan int)
	order.Sequence(func() {
		m[1] = 1
		select {
		case a <- 1:
		case <-b:
		}
	}, func() { <-a; m[1] = 2 })
}

// want: assign/assign
func TestRace_Select_WriteAfterSend(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int, 1), make(chan int)
	order.Sequence(func() {
		select {
		case a <- 1:
		case <-b:
		}
		m[1] = 1
	}, func() { <-a; m[1] = 2 })
}

func TestOK_Select_NonBlocking(t *testing.T) {
	m, c := map[int]int{}, make(chan int, 1)
	order.Sequence(func() {
		m[1] = 1
		select {
		case c <- 1:
		default:
			t.Error("the channel is full")
		}
	}, func() {
		select {
		case <-c:
		default:
			t.Error("the channel is empty")
		}
		m[1] = 2
	})
}

// want: assign/assign
func TestRace_Select_DefaultOfRecv(t *testing.T) {
	m, c := map[int]int{}, make(chan int)
	order.Sequence(func() {
		m[1] = 1
		select {
		case c <- 1:
		default:
		}
	}, func() {
		select {
		case <-c:
		default:
		}
		m[1] = 2
	})
}

// want: assign/assign
func TestRace_Select_DefaultOfMany(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int, 1), make(chan int, 1)
	a <- 0
	b <- 0
	order.Sequence(func() {
		m[1] = 1
		select {
		case a <- 1:
		case b <- 1:
		default:
		}
	}, func() {
		select {
		case a <- 1:
		case b <- 1:
		default:
		}
		m[1] = 2
	})
}

// Both sides wait in a select, one at a time.
func TestOK_Select_Waiting(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int), make(chan int)
	var turn order.Turn
	go func() {
		turn.Set(1)
		select {
		case <-a:
		case <-b:
		}
		m[1] = 2
		turn.Set(2)
		select {
		case a <- 1:
		case b <- 1:
		}
	}()
	turn.Wait(1)
	order.Blocked()
	m[1] = 1
	b <- 1
	turn.Wait(2)
	order.Blocked()
	<-a
	m[1] = 3
}

func TestOK_Select_Closed(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int), make(chan int)
	order.Sequence(func() { m[1] = 1; close(a) }, func() {
		select {
		case <-a:
		case <-b:
		}
		m[1] = 2
	})
}

func TestOK_Select_CloseWakes(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int), make(chan int)
	var turn order.Turn
	go func() {
		turn.Set(1)
		select {
		case <-a:
		case <-b:
		}
		m[1] = 2
		turn.Set(2)
	}()
	turn.Wait(1)
	order.Blocked()
	m[1] = 1
	close(b)
	turn.Wait(2)
}

func TestOK_Select_Reflect(t *testing.T) {
	m, a, b := map[int]int{}, make(chan int, 1), make(chan int)
	order.Sequence(func() {
		m[1] = 1
		reflect.ValueOf(a).Send(reflect.ValueOf(1))
	}, func() {
		reflect.Select([]reflect.SelectCase{
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(a)},
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(b)},
		})
		m[1] = 2
		reflect.ValueOf(a).TrySend(reflect.ValueOf(2))
	}, func() {
		reflect.ValueOf(a).Recv()
		m[1] = 3
		reflect.ValueOf(a).Close()
	}, func() {
		reflect.ValueOf(a).TryRecv()
		m[1] = 4
	})
}

// want: assign/assign
func TestRace_Select_ReflectDefault(t *testing.T) {
	m, c := map[int]int{}, make(chan int)
	order.Sequence(func() {
		m[1] = 1
		reflect.ValueOf(c).TrySend(reflect.ValueOf(1))
	}, func() {
		reflect.Select([]reflect.SelectCase{
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)},
			{Dir: reflect.SelectDefault},
		})
		m[1] = 2
	})
}
