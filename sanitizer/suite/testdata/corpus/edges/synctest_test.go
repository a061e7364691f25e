package edges

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"corpus/order"
)

// Wait is after all that made the other goroutines of the bubble wait.
func TestOK_Synctest_Wait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := map[int]int{}
		go func() { m[1] = 1 }()
		synctest.Wait()
		m[1] = 2
	})
}

func TestOK_Synctest_Blocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, c := map[int]int{}, make(chan bool)
		go func() {
			m[1] = 1
			<-c
			m[1] = 3
			close(c)
		}()
		synctest.Wait()
		m[1] = 2
		c <- true
		<-c
		m[1] = 4
	})
}

// want: assign/assign
func TestRace_Synctest_Siblings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := map[int]int{}
		var turn order.Turn
		go func() { m[1] = 1; turn.Set(1) }()
		go func() { turn.Wait(1); m[1] = 2 }()
		synctest.Wait()
	})
}

// want: assign/assign
func TestRace_Synctest_NoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := map[int]int{}
		var turn order.Turn
		go func() { m[1] = 1; turn.Set(1) }()
		turn.Wait(1)
		m[1] = 2
	})
}

func TestOK_Synctest_Time(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := map[int]int{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		time.AfterFunc(time.Minute, func() { m[1] = 1 })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		m[2] = 2
		var wg sync.WaitGroup
		wg.Go(func() { <-ctx.Done(); m[3] = 3 })
		wg.Wait()
		m[4] = 4
	})
}

func TestOK_Synctest_Test(t *testing.T) {
	m := map[int]int{}
	m[1] = 1
	synctest.Test(t, func(t *testing.T) { go func() { m[1] = 2 }() })
	m[1] = 3
}
