package edges

import (
	"sync"
	"testing"

	"corpus/order"
)

func TestOK_Mutex(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	order.Sequence(
		func() { mu.Lock(); m[1] = 1; mu.Unlock() },
		func() { mu.Lock(); defer mu.Unlock(); m[1] = 2 },
	)
}

// want: assign/assign
func TestRace_Mutex_TwoLocks(t *testing.T) {
	m := map[int]int{}
	var a, b sync.Mutex
	order.Sequence(
		func() { a.Lock(); m[1] = 1; a.Unlock() },
		func() { b.Lock(); m[1] = 2; b.Unlock() },
	)
}

// want: lookup/assign
func TestRace_Mutex_ReadWithout(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	order.Sequence(
		func() { mu.Lock(); m[1] = 1; mu.Unlock() },
		func() { _ = m[1] },
	)
}

// want: assign/lookup
func TestRace_Mutex_WriteWithout(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	order.Sequence(
		func() { mu.Lock(); _ = m[1]; mu.Unlock() },
		func() { m[1] = 1 },
	)
}

// want: assign/assign
func TestRace_Mutex_AfterUnlock(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	order.Sequence(
		func() { mu.Lock(); mu.Unlock(); m[1] = 1 },
		func() { mu.Lock(); m[1] = 2; mu.Unlock() },
	)
}

// A lock that is taken and given back again and again without news in between
// must not become the place where an access gets lost.
//
// want: assign/assign
func TestRace_Mutex_AfterManyUnlocks(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	order.Sequence(
		func() {
			for range 3 {
				mu.Lock()
				m[1] = 1
				mu.Unlock()
			}
			m[1] = 2
		},
		func() { mu.Lock(); m[1] = 3; mu.Unlock() },
	)
}

func TestOK_Mutex_TryLock(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	order.Sequence(
		func() { mu.Lock(); m[1] = 1; mu.Unlock() },
		func() {
			if !mu.TryLock() {
				t.Error("the lock is free")
			}
			m[1] = 2
			mu.Unlock()
		},
	)
}

// want: assign/assign
func TestRace_Mutex_TryLockFails(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	order.Sequence(
		func() { m[1] = 1; mu.Lock() },
		func() {
			if mu.TryLock() {
				t.Error("the lock is taken")
			}
			m[1] = 2
		},
	)
}

func TestOK_Mutex_Waiting(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	var turn order.Turn
	mu.Lock()
	go func() {
		turn.Set(1)
		mu.Lock()
		m[1] = 2
		mu.Unlock()
		turn.Set(2)
	}()
	turn.Wait(1)
	order.Blocked()
	m[1] = 1
	mu.Unlock()
	turn.Wait(2)
}

// What the lock's waiter did before it began to wait is no news for the holder.
//
// want: assign/assign
func TestRace_Mutex_BeforeWaiting(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	var turn order.Turn
	mu.Lock()
	go func() {
		m[1] = 1
		turn.Set(1)
		mu.Lock()
		mu.Unlock()
		turn.Set(2)
	}()
	turn.Wait(1)
	order.Blocked()
	mu.Unlock()
	turn.Wait(2)
	m[1] = 2
}

func TestOK_Mutex_UnlockedByAnother(t *testing.T) {
	m := map[int]int{}
	var mu sync.Mutex
	mu.Lock()
	order.Sequence(
		func() { m[1] = 1; mu.Unlock() },
		func() { mu.Lock(); m[1] = 2 },
	)
}

func TestOK_Mutex_Chain(t *testing.T) {
	m := map[int]int{}
	var a, b sync.Mutex
	order.Sequence(
		func() { m[1] = 1; a.Lock(); a.Unlock() },
		func() { a.Lock(); a.Unlock(); b.Lock(); b.Unlock() },
		func() { b.Lock(); b.Unlock(); m[1] = 2 },
	)
}

// want: assign/assign
func TestRace_Mutex_BrokenChain(t *testing.T) {
	m := map[int]int{}
	var a, b sync.Mutex
	order.Sequence(
		func() { m[1] = 1; a.Lock(); a.Unlock() },
		func() { b.Lock(); b.Unlock(); a.Lock(); a.Unlock() },
		func() { b.Lock(); b.Unlock(); m[1] = 2 },
	)
}

type shard struct {
	sync.Mutex
	m map[string]int
}

func (s *shard) add(k string) {
	s.Lock()
	defer s.Unlock()
	s.m[k]++
}

func TestOK_Mutex_Sharded(t *testing.T) {
	var shards [4]shard
	for i := range shards {
		shards[i].m = map[string]int{}
	}
	add := func() {
		for i := range shards {
			shards[i].add("k")
		}
	}
	order.Sequence(add, add, add)
}

// The lock of the wrong shard.
//
// want: assign/assign
func TestRace_Mutex_WrongShard(t *testing.T) {
	var shards [4]shard
	for i := range shards {
		shards[i].m = map[string]int{}
	}
	order.Sequence(func() { shards[1].add("k") }, func() {
		shards[2].Lock()
		defer shards[2].Unlock()
		shards[1].m["k"]++
	})
}
