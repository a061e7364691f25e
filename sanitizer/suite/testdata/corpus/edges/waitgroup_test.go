package edges

import (
	"sync"
	"testing"

	"corpus/order"
)

func TestOK_WaitGroup(t *testing.T) {
	ms := make([]map[int]int, 8)
	var wg sync.WaitGroup
	for i := range ms {
		wg.Add(1)
		go func() {
			defer wg.Done()
			ms[i] = map[int]int{}
			ms[i][1] = i
		}()
	}
	wg.Wait()
	for _, m := range ms {
		m[1]++
	}
}

// want: assign/assign
func TestRace_WaitGroup_WriteAfterDone(t *testing.T) {
	m := map[int]int{}
	var wg sync.WaitGroup
	wg.Add(1)
	order.Sequence(func() { wg.Done(); m[1] = 1 }, func() { wg.Wait(); m[1] = 2 })
}

// want: assign/assign
func TestRace_WaitGroup_WriteBeforeWait(t *testing.T) {
	m := map[int]int{}
	var wg sync.WaitGroup
	wg.Add(1)
	order.Sequence(func() { m[1] = 1; wg.Done() }, func() { m[1] = 2; wg.Wait() })
}

// Those who are done learn nothing of each other.
//
// want: assign/assign
func TestRace_WaitGroup_Siblings(t *testing.T) {
	m := map[int]int{}
	var wg sync.WaitGroup
	wg.Add(2)
	order.Sequence(func() { m[1] = 1; wg.Done() }, func() { m[1] = 2; wg.Done() })
	wg.Wait()
}

// want: assign/assign
func TestRace_WaitGroup_DoneThenWrite(t *testing.T) {
	m := map[int]int{}
	var wg sync.WaitGroup
	wg.Add(2)
	order.Sequence(func() { m[1] = 1; wg.Done() }, func() { wg.Done(); m[1] = 2 })
}

func TestOK_WaitGroup_Go(t *testing.T) {
	m := map[int]int{}
	var wg sync.WaitGroup
	m[0] = 0
	wg.Go(func() { m[1] = 1 })
	wg.Wait()
	m[2] = 2
}

// want: assign/assign
func TestRace_WaitGroup_Go(t *testing.T) {
	m := map[int]int{}
	var wg sync.WaitGroup
	var turn order.Turn
	wg.Go(func() { m[1] = 1; turn.Set(1) })
	wg.Go(func() { turn.Wait(1); m[2] = 2 })
	wg.Wait()
}

func TestOK_WaitGroup_ManyWaiters(t *testing.T) {
	m := map[int]int{}
	var wg, all sync.WaitGroup
	wg.Add(2)
	for range 3 {
		all.Go(func() { wg.Wait(); _ = m[1] })
	}
	order.Blocked()
	var mu sync.Mutex
	for range 2 {
		go func() {
			mu.Lock()
			m[1]++
			mu.Unlock()
			wg.Done()
		}()
	}
	all.Wait()
	m[1]++
}

func TestOK_WaitGroup_Reuse(t *testing.T) {
	m := map[int]int{}
	var wg sync.WaitGroup
	for range 5 {
		wg.Add(1)
		go func() { m[1]++; wg.Done() }()
		wg.Wait()
		m[1]++
	}
}

// Add orders nothing.
//
// want: assign/assign
func TestRace_WaitGroup_Add(t *testing.T) {
	m := map[int]int{}
	var wg sync.WaitGroup
	wg.Add(1)
	order.Sequence(func() { m[1] = 1; wg.Add(1) }, func() { wg.Add(1); m[1] = 2 })
}

func TestOK_WaitGroup_Nested(t *testing.T) {
	m := map[int]int{}
	var outer sync.WaitGroup
	outer.Go(func() {
		var inner sync.WaitGroup
		inner.Go(func() { m[1] = 1 })
		inner.Wait()
	})
	outer.Wait()
	m[1] = 2
}
