// Package sync stands in for the standard library's in code that is run by
// schedules: each operation is a step, and who waits is not chosen. There is no
// Map: what a map rests on here is to be seen by the scheduler.
package sync

import (
	"sync"
	"sync/atomic"

	"github.com/mapsan/mapsan/safemap/proof/sched"
)

type Locker = sync.Locker

// A Mutex holds a real one, so that goroutines that are not scheduled keep to it, too.
type Mutex struct{ mu sync.Mutex }

func (m *Mutex) Lock() {
	if !sched.Step(sched.Lock) {
		m.mu.Lock()
		return
	}
	for !m.mu.TryLock() {
		sched.Lower()
		sched.Wait(m.free)
	}
}

func (m *Mutex) free() bool {
	if m.mu.TryLock() {
		m.mu.Unlock()
		return true
	}
	return false
}

func (m *Mutex) TryLock() bool {
	sched.Step(sched.TryLock)
	if m.mu.TryLock() {
		return true
	}
	sched.Lower()
	return false
}

func (m *Mutex) Unlock() {
	sched.Step(sched.Unlock)
	m.mu.Unlock()
}

// A RWMutex lets no reader in while a writer waits, like the real one.
type RWMutex struct {
	mu      sync.RWMutex
	writers atomic.Int32 // that wait
}

func (m *RWMutex) Lock() {
	if !sched.Step(sched.Lock) {
		m.mu.Lock()
		return
	}
	m.writers.Add(1)
	for !m.mu.TryLock() {
		sched.Lower()
		sched.Wait(func() bool {
			if m.mu.TryLock() {
				m.mu.Unlock()
				return true
			}
			return false
		})
	}
	m.writers.Add(-1)
}

func (m *RWMutex) TryLock() bool {
	sched.Step(sched.TryLock)
	if m.mu.TryLock() {
		return true
	}
	sched.Lower()
	return false
}

func (m *RWMutex) Unlock() {
	sched.Step(sched.Unlock)
	m.mu.Unlock()
}

func (m *RWMutex) RLock() {
	if !sched.Step(sched.RLock) {
		m.mu.RLock()
		return
	}
	for !m.rlock() {
		sched.Lower()
		sched.Wait(func() bool {
			if m.rlock() {
				m.mu.RUnlock()
				return true
			}
			return false
		})
	}
}

func (m *RWMutex) rlock() bool { return m.writers.Load() == 0 && m.mu.TryRLock() }

func (m *RWMutex) TryRLock() bool {
	sched.Step(sched.TryRLock)
	if m.rlock() {
		return true
	}
	sched.Lower()
	return false
}

func (m *RWMutex) RUnlock() {
	sched.Step(sched.RUnlock)
	m.mu.RUnlock()
}

func (m *RWMutex) RLocker() Locker { return (*rlocker)(m) }

type rlocker RWMutex

func (r *rlocker) Lock()   { (*RWMutex)(r).RLock() }
func (r *rlocker) Unlock() { (*RWMutex)(r).RUnlock() }
