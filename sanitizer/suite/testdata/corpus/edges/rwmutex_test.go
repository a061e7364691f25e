package edges

import (
	"sync"
	"testing"

	"corpus/order"
)

func TestOK_RWMutex_Readers(t *testing.T) {
	m := map[int]int{1: 1}
	var mu sync.RWMutex
	read := func() { mu.RLock(); _ = m[1]; mu.RUnlock() }
	order.Sequence(read, read, read, func() { mu.Lock(); m[1] = 2; mu.Unlock() }, read, read)
}

// want: assign/lookup
func TestRace_RWMutex_WriteUnderRLock(t *testing.T) {
	m := map[int]int{1: 1}
	var mu sync.RWMutex
	order.Sequence(
		func() { mu.RLock(); _ = m[1]; mu.RUnlock() },
		func() { mu.RLock(); m[1] = 2; mu.RUnlock() },
	)
}

// want: lookup/assign
func TestRace_RWMutex_ReadAfterWriteUnderRLock(t *testing.T) {
	m := map[int]int{1: 1}
	var mu sync.RWMutex
	order.Sequence(
		func() { mu.RLock(); m[1] = 2; mu.RUnlock() },
		func() { mu.RLock(); _ = m[1]; mu.RUnlock() },
	)
}

// Only the second of the readers is forgotten by the writer.
//
// want: assign/lookup
func TestRace_RWMutex_OneReaderWithout(t *testing.T) {
	m := map[int]int{1: 1}
	var mu sync.RWMutex
	order.Sequence(
		func() { mu.RLock(); _ = m[1]; mu.RUnlock() },
		func() { _ = m[1] },
		func() { mu.RLock(); _ = m[1]; mu.RUnlock() },
		func() { mu.Lock(); m[1] = 2; mu.Unlock() },
	)
}

// want: lookup/assign
func TestRace_RWMutex_ReadWithout(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	order.Sequence(
		func() { mu.Lock(); m[1] = 1; mu.Unlock() },
		func() { _ = m[1] },
	)
}

// One reader's release is nothing that another reader acquires.
//
// want: assign/assign
func TestRace_RWMutex_ReaderToReader(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	order.Sequence(
		func() { m[1] = 1; mu.RLock(); mu.RUnlock() },
		func() { mu.RLock(); mu.RUnlock(); m[1] = 2 },
	)
}

func TestOK_RWMutex_ReaderToWriter(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	order.Sequence(
		func() { m[1] = 1; mu.RLock(); mu.RUnlock() },
		func() { mu.Lock(); mu.Unlock(); m[1] = 2 },
	)
}

// Through a writer in the middle, readers do learn of each other.
func TestOK_RWMutex_ReaderWriterReader(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	order.Sequence(
		func() { m[1] = 1; mu.RLock(); mu.RUnlock() },
		func() { mu.Lock(); mu.Unlock() },
		func() { mu.RLock(); mu.RUnlock(); m[1] = 2 },
	)
}

func TestOK_RWMutex_Waiting(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	var turn order.Turn
	mu.RLock()
	go func() {
		turn.Set(1)
		mu.Lock()
		m[1] = 2
		turn.Set(2)
		order.Blocked()
		mu.Unlock()
	}()
	turn.Wait(1)
	order.Blocked()
	_ = m[1]
	mu.RUnlock()
	turn.Wait(2)
	mu.RLock()
	_ = m[1]
	mu.RUnlock()
}

func TestOK_RWMutex_Try(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	order.Sequence(
		func() {
			if mu.TryLock() {
				m[1] = 1
				mu.Unlock()
			}
		},
		func() {
			if mu.TryRLock() {
				_ = m[1]
				mu.RUnlock()
			}
		},
		func() {
			if mu.TryLock() {
				m[1] = 2
				mu.Unlock()
			}
		},
	)
}

// want: lookup/assign
func TestRace_RWMutex_TryRLockFails(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	order.Sequence(
		func() { mu.Lock(); m[1] = 1 },
		func() {
			if mu.TryRLock() {
				t.Error("the lock is taken")
			}
			_ = m[1]
		},
	)
}

// want: assign/assign
func TestRace_RWMutex_TryLockFails(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	order.Sequence(
		func() { m[1] = 1; mu.RLock() },
		func() {
			if mu.TryLock() {
				t.Error("the lock is taken")
			}
			m[1] = 2
		},
	)
}

func TestOK_RWMutex_RLocker(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	l := mu.RLocker()
	order.Sequence(
		func() { mu.Lock(); m[1] = 1; mu.Unlock() },
		func() { l.Lock(); _ = m[1]; l.Unlock() },
		func() { mu.Lock(); m[1] = 2; mu.Unlock() },
	)
}

// want: assign/assign
func TestRace_RWMutex_WriteUnderRLocker(t *testing.T) {
	m := map[int]int{}
	var mu sync.RWMutex
	write := func() { mu.RLocker().Lock(); m[1]++; mu.RLocker().Unlock() }
	order.Sequence(write, write)
}
