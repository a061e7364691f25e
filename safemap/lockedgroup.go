package safemap

import (
	"sync"
	"sync/atomic"
)

// lockedOp is what a write does to its entry.
type lockedOp uint8

const (
	lockedStore lockedOp = iota
	lockedSwap
	lockedLoadOrStore
	lockedDelete
	lockedCompareAndSwap
	lockedCompareAndDelete
)

// lockedGroup is the writers that wait for another writer of a Locked. The
// first to come, the leader, waits at the lock; the others wait for the
// leader, who does all their writes in its critical section. An acquisition
// of the lock, and a wait for the readers, is paid for once by the group.
//
// Waiting writers neither spin nor help: on a write of 20 ns, a waiter that
// watches for its turn costs the holder of the lock more cache misses than
// the group saves.
type lockedGroup[K comparable, V any] struct {
	waiting atomic.Pointer[lockedWrite[K, V]] // the last to come; nil: no leader
	pool    sync.Pool                         // of *lockedWrite[K, V]
}

// lockedWrite is one write that waits. It belongs to its writer, except from
// when it is in waiting until done is unlocked.
type lockedWrite[K comparable, V any] struct {
	next       *lockedWrite[K, V] // came before; nil: this is the leader's
	op         lockedOp
	key        K
	value, old V
	result     V
	ok         bool
	// done is held but for the moment between the leader's unlock and the
	// writer's lock: a semaphore. A channel would belong to the synctest
	// bubble that made it, and the pool may hand it to another.
	done sync.Mutex
}

// write does one write, by itself if the lock is free, else in a group.
func (m *Locked[K, V]) write(op lockedOp, key K, value, old V) (V, bool) {
	if m.mu.TryLock() {
		defer m.mu.Unlock()
		return m.apply(op, key, value, old)
	}
	return m.join(op, key, value, old)
}

// join does one write in the group of the writers that wait.
func (m *Locked[K, V]) join(op lockedOp, key K, value, old V) (V, bool) {
	if m.group.waiting.Load() == nil && m.mu.TryRLock() {
		// Only readers are in the way. Whoever waits for them holds up all
		// later ones: groups that form behind short reads, and end together,
		// would make a convoy of readers and writers that does not dissolve.
		m.mu.RUnlock()
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.apply(op, key, value, old)
	}
	// A key that cannot be hashed must panic here, not in the leader.
	_ = map[K]V(nil)[key]

	w, _ := m.group.pool.Get().(*lockedWrite[K, V])
	if w == nil {
		w = new(lockedWrite[K, V])
		w.done.Lock()
	}
	w.op, w.key, w.value, w.old = op, key, value, old
	for {
		w.next = m.group.waiting.Load()
		if m.group.waiting.CompareAndSwap(w.next, w) {
			break
		}
	}
	if w.next == nil {
		m.lead(w)
	} else {
		w.done.Lock()
	}
	result, ok := w.result, w.ok
	var noKey K
	var none V
	w.key, w.value, w.old, w.result, w.next = noKey, none, none, none, nil
	m.group.pool.Put(w)
	return result, ok
}

// lead does the writes of the group that own leads. Nothing in it panics:
// each writer has tried its key and what it compares with.
func (m *Locked[K, V]) lead(own *lockedWrite[K, V]) {
	m.mu.Lock()
	group := m.group.waiting.Swap(nil)
	for w := group; w != nil; w = w.next {
		w.result, w.ok = m.apply(w.op, w.key, w.value, w.old)
	}
	m.mu.Unlock()
	for w := group; w != own; {
		next := w.next // w is its writer's once it is told
		w.done.Unlock()
		w = next
	}
}

// apply does one write and returns what its method returns. The lock is held
// for writing.
func (m *Locked[K, V]) apply(op lockedOp, key K, value, old V) (result V, ok bool) {
	if op == lockedStore {
		m.store(key, value)
		return result, false
	}
	result, ok = m.m[key]
	switch op {
	case lockedSwap:
		m.store(key, value)
	case lockedLoadOrStore:
		if !ok {
			m.store(key, value)
			result = value
		}
	case lockedDelete:
		delete(m.m, key)
	case lockedCompareAndSwap:
		if ok = ok && any(result) == any(old); ok {
			m.m[key] = value
		}
	case lockedCompareAndDelete:
		if ok = ok && any(result) == any(old); ok {
			delete(m.m, key)
		}
	}
	return result, ok
}
