package safemap

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"sync"
	"sync/atomic"
)

// Locked is a native map behind an RWMutex, for maps that are small, written
// often, or changed several keys at a time: [Locked.View] and [Locked.Update]
// see and change the whole map in one critical section, which [Map] does not
// offer. Its readers share a lock, so that many of them on many cores are
// slower than those of a Map, and a writer waits for those who read.
//
// The zero value is an empty map. A Locked must not be copied after first use
// (go vet tells).
//
// All methods may be called concurrently and are linearizable: each takes
// effect at one moment between its call and its return, which its comment
// names. "Its critical section" there means that the lock is held for
// writing by this call or, when several writers wait for the lock, by the one
// of them that writes for all.
//
// Callbacks run with the lock held. One that calls a method of the same map
// waits for itself, forever; built with -race or with -tags safemap_debug,
// the call panics and says so. A callback that panics, or ends its goroutine,
// leaves the map unlocked and usable.
type Locked[K comparable, V any] struct {
	guard lockedGuard

	mu sync.RWMutex
	m  map[K]V // guarded by mu; nil until the first write
	// plain reports that m exists and that hashing a K cannot panic, so that
	// a lookup needs no deferred unlock. Guarded by mu.
	plain bool
	room  int // the number of entries m was last made for; guarded by mu

	undo    []lockedUndo[K, V] // of the Update that runs; guarded by mu
	nans    bool               // undo has the entries that cannot be looked up
	session lockedSession      // of the Update that runs

	group lockedGroup[K, V]
}

// makeLocked makes m.m with room for n entries. The lock is held for writing.
func (m *Locked[K, V]) makeLocked(n int) {
	m.m = make(map[K]V, n)
	m.plain = hashNeverPanics(reflect.TypeFor[K]())
	m.room = n
}

// hashNeverPanics reports whether every value of the comparable type t can be
// hashed: an interface may hold a slice, a map or a function.
func hashNeverPanics(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return false
	case reflect.Array:
		return hashNeverPanics(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if !hashNeverPanics(f.Type) {
				return false
			}
		}
	}
	return true
}

// Load returns the value of key and whether there is one. It does not
// allocate.
//
// Linearization point: the lookup, under the read lock.
func (m *Locked[K, V]) Load(key K) (value V, ok bool) {
	m.guard.check(m, "Load")
	return m.load(key)
}

func (m *Locked[K, V]) load(key K) (value V, ok bool) {
	m.mu.RLock()
	if !m.plain {
		return m.lookup(key)
	}
	value, ok = m.m[key]
	m.mu.RUnlock()
	return value, ok
}

// lookup ends load for a key that may panic: the deferred unlock would slow
// the others down.
func (m *Locked[K, V]) lookup(key K) (value V, ok bool) {
	defer m.mu.RUnlock()
	value, ok = m.m[key]
	return value, ok
}

// Store sets the value of key.
//
// Linearization point: the assignment, in its critical section.
func (m *Locked[K, V]) Store(key K, value V) {
	m.guard.check(m, "Store")
	if !m.mu.TryLock() {
		m.join(lockedStore, key, value, value)
		return
	}
	if m.plain {
		m.m[key] = value
		m.mu.Unlock()
		return
	}
	defer m.mu.Unlock()
	m.store(key, value)
}

func (m *Locked[K, V]) store(key K, value V) {
	if m.m == nil {
		m.makeLocked(0)
	}
	m.m[key] = value
}

// Swap sets the value of key and returns the one before, and whether there
// was one.
//
// Linearization point: the assignment, in its critical section.
func (m *Locked[K, V]) Swap(key K, value V) (previous V, loaded bool) {
	m.guard.check(m, "Swap")
	return m.write(lockedSwap, key, value, value)
}

// LoadOrStore returns the value of key if there is one, else stores value and
// returns it. loaded reports which.
//
// Linearization point: the lookup under the read lock if it finds the key,
// else the second lookup, in its critical section.
func (m *Locked[K, V]) LoadOrStore(key K, value V) (actual V, loaded bool) {
	m.guard.check(m, "LoadOrStore")
	if actual, loaded = m.load(key); loaded {
		return actual, true
	}
	return m.write(lockedLoadOrStore, key, value, value)
}

// LoadOrCompute returns the value of key if there is one, else stores what f
// returns and returns it. loaded reports which. Of concurrent calls for a
// missing key one calls f. If f panics, nothing is stored.
//
// f runs with the lock held: it must not call a method of m, and all others
// wait for it.
//
// Linearization point: as of LoadOrStore.
func (m *Locked[K, V]) LoadOrCompute(key K, f func() V) (actual V, loaded bool) {
	m.guard.check(m, "LoadOrCompute")
	if actual, loaded = m.load(key); loaded {
		return actual, true
	}
	defer m.guard.leave(m.guard.enter(m, inLoadOrCompute))
	m.mu.Lock()
	defer m.mu.Unlock()
	if actual, loaded = m.m[key]; loaded {
		return actual, true
	}
	actual = f()
	m.store(key, actual)
	return actual, false
}

// Delete removes key.
//
// Linearization point: the removal, in its critical section.
func (m *Locked[K, V]) Delete(key K) {
	m.guard.check(m, "Delete")
	var none V
	if !m.mu.TryLock() {
		m.join(lockedDelete, key, none, none)
		return
	}
	if m.plain {
		delete(m.m, key)
		m.mu.Unlock()
		return
	}
	defer m.mu.Unlock()
	m.apply(lockedDelete, key, none, none)
}

// LoadAndDelete removes key and returns the value it had, and whether it had
// one.
//
// Linearization point: the removal, in its critical section.
func (m *Locked[K, V]) LoadAndDelete(key K) (value V, loaded bool) {
	m.guard.check(m, "LoadAndDelete")
	var none V
	return m.write(lockedDelete, key, none, none)
}

// CompareAndSwap sets the value of key to new if it is old, and reports
// whether it was. It panics if old is of a type that == does not compare.
//
// Linearization point: the comparison, in its critical section.
func (m *Locked[K, V]) CompareAndSwap(key K, old, new V) (swapped bool) {
	mustCompare("CompareAndSwap", old)
	m.guard.check(m, "CompareAndSwap")
	_, swapped = m.write(lockedCompareAndSwap, key, new, old)
	return swapped
}

// CompareAndDelete removes key if its value is old, and reports whether it
// was. It panics if old is of a type that == does not compare.
//
// Linearization point: the comparison, in its critical section.
func (m *Locked[K, V]) CompareAndDelete(key K, old V) (deleted bool) {
	mustCompare("CompareAndDelete", old)
	m.guard.check(m, "CompareAndDelete")
	_, deleted = m.write(lockedCompareAndDelete, key, old, old)
	return deleted
}

// mustCompare panics if old == old does. A value found in the map makes the
// comparison panic only if its type is that of old, so that nothing can fail
// later, when the lock is held.
func mustCompare[V any](method string, old V) {
	defer func() {
		if recover() != nil {
			panic(fmt.Sprintf("safemap: Locked.%s: a value of type %T cannot be compared: compare in Compute, or store a pointer to it", method, old))
		}
	}()
	_ = any(old) == any(old)
}

// Compute calls f with the value of key and whether there is one, and does
// what f asks for: [Keep] leaves the entry as it is, [Set] sets it to the
// value that f returned, [Remove] removes it. It returns the entry that is
// there afterwards. If f panics, the entry is as before.
//
// f runs once, with the lock held: it must not call a method of m, and all
// others wait for it.
//
// Linearization point: the change, or the lookup if there is none, in its
// critical section.
func (m *Locked[K, V]) Compute(key K, f func(old V, loaded bool) (V, Op)) (actual V, ok bool) {
	defer m.guard.leave(m.guard.enter(m, inCompute))
	m.mu.Lock()
	defer m.mu.Unlock()
	old, loaded := m.m[key]
	value, op := f(old, loaded)
	switch op {
	case Keep:
		return old, loaded
	case Set:
		m.store(key, value)
		return value, true
	case Remove:
		delete(m.m, key)
		return actual, false
	}
	panic(fmt.Sprintf("safemap: Locked.Compute: f returned the Op %v: return Keep, Set or Remove", op))
}

// Clear removes all entries. The memory of the map is kept for later ones.
//
// Linearization point: the removal, in its critical section.
func (m *Locked[K, V]) Clear() {
	m.guard.check(m, "Clear")
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.m)
}

// Grow makes room for n more entries, so that they can be added without
// rehashing while others wait. It copies the map, if it has not that room. A
// negative n panics.
//
// It changes no entry, so that it has no linearization point.
func (m *Locked[K, V]) Grow(n int) {
	if n < 0 {
		panic(fmt.Sprintf("safemap: Locked.Grow: %d entries: n must not be negative", n))
	}
	m.guard.check(m, "Grow")
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.m)+n <= m.room {
		return
	}
	old := m.m
	m.makeLocked(len(old) + n)
	maps.Copy(m.m, old)
}

// Len returns the number of entries.
//
// Linearization point: the look at the map, under the read lock.
func (m *Locked[K, V]) Len() int {
	m.guard.check(m, "Len")
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.m)
}

// Snapshot returns a copy of the map, which is the caller's. The map is
// locked for reading while it is copied.
//
// Linearization point: the copy, under the read lock.
func (m *Locked[K, V]) Snapshot() map[K]V {
	m.guard.check(m, "Snapshot")
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.m == nil {
		return make(map[K]V)
	}
	return maps.Clone(m.m)
}

// All returns an iterator over the entries, in no order. Each range over it
// copies the entries first and holds no lock while it yields, so that the
// loop may call methods of m; it does not see what they change.
//
// Linearization point: the copy, under the read lock, when the range starts.
func (m *Locked[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		type entry struct {
			key   K
			value V
		}
		for _, e := range lockedCopy(m, func(k K, v V) entry { return entry{k, v} }) {
			if !yield(e.key, e.value) {
				return
			}
		}
	}
}

// Keys returns an iterator over the keys, of the kind of All.
//
// Linearization point: as of All.
func (m *Locked[K, V]) Keys() iter.Seq[K] {
	return func(yield func(K) bool) {
		for _, k := range lockedCopy(m, func(k K, _ V) K { return k }) {
			if !yield(k) {
				return
			}
		}
	}
}

// Values returns an iterator over the values, of the kind of All.
//
// Linearization point: as of All.
func (m *Locked[K, V]) Values() iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, v := range lockedCopy(m, func(_ K, v V) V { return v }) {
			if !yield(v) {
				return
			}
		}
	}
}

// lockedCopy returns what pick makes of each entry. A slice costs a fraction
// of a clone of the map.
func lockedCopy[K comparable, V, E any](m *Locked[K, V], pick func(K, V) E) []E {
	m.guard.check(m, "All")
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := make([]E, 0, len(m.m))
	for k, v := range m.m {
		s = append(s, pick(k, v))
	}
	return s
}

// lockedSession tells a handle whether the callback it was made for runs:
// calls counts those that have returned.
type lockedSession struct {
	calls atomic.Uint64
}

// lockedCallback is a method that calls its caller back with the lock held.
type lockedCallback uint8

const (
	inView lockedCallback = iota + 1
	inUpdate
	inCompute
	inLoadOrCompute
)
