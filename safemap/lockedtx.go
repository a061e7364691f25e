package safemap

import (
	"fmt"
	"iter"
	"sync"
)

// View is the whole of a [Locked] at one moment, for the callback of
// [Locked.View]. Its methods panic once the callback has returned: what was
// read may be kept, the View may not.
type View[K comparable, V any] struct {
	m    *Locked[K, V]
	s    *lockedSession
	call uint64 // s.calls while the callback runs
}

// Tx is a View that can write, for the callback of [Locked.Update]. What it
// writes it also reads. It must not be used by two goroutines at a time. A
// function that only reads can take its field View, and so serve both.
type Tx[K comparable, V any] struct {
	View[K, V]
}

// lockedUndo is how an entry was before a write of an Update.
type lockedUndo[K comparable, V any] struct {
	key   K
	value V
	was   lockedWas
}

type lockedWas uint8

const (
	wasAbsent lockedWas = iota
	wasPresent
	// wasNaNs stands before the first store of a key that is not equal to
	// itself: later entries of such keys go, as none of them can be found.
	// Those from before are in the log.
	wasNaNs
)

// maxKeptUndo bounds the undo log that is kept for the next Update.
const maxKeptUndo = 1024

// lockedSessions is for Views, which are many at a time.
var lockedSessions = sync.Pool{New: func() any { return new(lockedSession) }}

// View calls f with a handle on the whole map, which nobody writes until f
// returns. f must not call a method of m.
//
// Linearization point: any moment while f runs, as the map does not change.
func (m *Locked[K, V]) View(f func(v View[K, V])) {
	defer m.guard.leave(m.guard.enter(m, inView))
	s := lockedSessions.Get().(*lockedSession)
	m.mu.RLock()
	defer func() {
		s.calls.Add(1)
		m.mu.RUnlock()
		lockedSessions.Put(s)
	}()
	f(View[K, V]{m, s, s.calls.Load()})
}

// Update calls f with a handle on the whole map, which nobody else reads or
// writes until f returns. f must not call a method of m.
//
// Update is all or nothing: if f panics, or ends its goroutine, what it wrote
// is undone before anyone can see it, and the panic goes on. For that each
// write in f looks its key up first, and so costs about two.
//
// Linearization point: the return of f, in its critical section.
func (m *Locked[K, V]) Update(f func(tx Tx[K, V])) {
	defer m.guard.leave(m.guard.enter(m, inUpdate))
	m.mu.Lock()
	returned := false
	defer func() {
		if !returned {
			m.rollback()
		}
		if cap(m.undo) > maxKeptUndo {
			m.undo = nil
		}
		clear(m.undo)
		m.undo, m.nans = m.undo[:0], false
		m.session.calls.Add(1)
		m.mu.Unlock()
	}()
	f(Tx[K, V]{View[K, V]{m, &m.session, m.session.calls.Load()}})
	returned = true
}

// rollback undoes what the Update wrote, the last write first. The lock is
// held for writing.
func (m *Locked[K, V]) rollback() {
	for i := len(m.undo) - 1; i >= 0; i-- {
		switch u := m.undo[i]; u.was {
		case wasAbsent:
			delete(m.m, u.key)
		case wasPresent:
			m.store(u.key, u.value)
		case wasNaNs:
			old := m.m
			m.makeLocked(len(old))
			for k, v := range old {
				if k == k {
					m.m[k] = v
				}
			}
		}
	}
}

func (v View[K, V]) check(method string) {
	if v.s == nil || v.s.calls.Load() != v.call {
		v.stale(method)
	}
}

func (v View[K, V]) stale(method string) {
	if v.s == nil {
		panic(fmt.Sprintf("safemap: %s of a handle that no View or Update made: use the one that the callback is given", method))
	}
	panic(fmt.Sprintf("safemap: %s of a handle on a %T, after the View or Update that gave it has returned: others may write now; keep what was read, not the handle, or call View or Update again", method, v.m))
}

// Load returns the value of key and whether there is one.
func (v View[K, V]) Load(key K) (value V, ok bool) {
	v.check("Load")
	value, ok = v.m.m[key]
	return value, ok
}

// Len returns the number of entries.
func (v View[K, V]) Len() int {
	v.check("Len")
	return len(v.m.m)
}

// All returns an iterator over the entries, in no order, for use in the
// callback. Writes of a Tx in the loop have the effect they have in a loop
// over a native map.
func (v View[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		v.check("All")
		for key, value := range v.m.m {
			if !yield(key, value) {
				return
			}
			v.check("All")
		}
	}
}

// Store sets the value of key.
func (tx Tx[K, V]) Store(key K, value V) {
	tx.check("Store")
	if !tx.log(key) && key != key {
		tx.logNaNs()
	}
	tx.m.store(key, value)
}

// Delete removes key.
func (tx Tx[K, V]) Delete(key K) {
	tx.check("Delete")
	if tx.log(key) {
		delete(tx.m.m, key)
	}
}

// Clear removes all entries.
func (tx Tx[K, V]) Clear() {
	tx.check("Clear")
	m := tx.m
	for key, value := range m.m {
		m.undo = append(m.undo, lockedUndo[K, V]{key, value, wasPresent})
	}
	clear(m.m)
}

// log notes how the entry of key is, and reports whether there is one.
func (tx Tx[K, V]) log(key K) bool {
	m := tx.m
	value, ok := m.m[key]
	was := wasAbsent
	if ok {
		was = wasPresent
	}
	m.undo = append(m.undo, lockedUndo[K, V]{key, value, was})
	return ok
}

// logNaNs notes, once in an Update, all entries whose keys are not equal to
// themselves.
func (tx Tx[K, V]) logNaNs() {
	m := tx.m
	if m.nans {
		return
	}
	m.nans = true
	for key, value := range m.m {
		if key != key {
			m.undo = append(m.undo, lockedUndo[K, V]{key, value, wasPresent})
		}
	}
	m.undo = append(m.undo, lockedUndo[K, V]{was: wasNaNs})
}
