// Package planted is a map of one bucket, small enough to be understood as a
// whole: what schedules must find is planted in it, edit by edit, by the tests
// of the command.
//
// Writers hold a lock. A reader holds none: it must not return what it read of a
// slot that was given to another key meanwhile.
package planted

import (
	"sync"
	"sync/atomic"
)

// Slots is how many keys there can be.
const Slots = 3

type Map struct {
	mu    sync.Mutex
	reuse atomic.Int64 // increased when a slot loses its key
	slots [Slots]struct {
		key   atomic.Int64 // the key and one; 0 when the slot is free
		value atomic.Int64
	}
}

func (m *Map) Load(key int) (int, bool) {
	for {
		reuse := m.reuse.Load()
		value, ok := int64(0), false
		for i := range m.slots {
			if m.slots[i].key.Load() == int64(key)+1 {
				value, ok = m.slots[i].value.Load(), true
				break
			}
		}
		if m.reuse.Load() == reuse {
			return int(value), ok
		}
	}
}

func (m *Map) Store(key, value int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	free := -1
	for i := range m.slots {
		switch m.slots[i].key.Load() {
		case int64(key) + 1:
			m.slots[i].value.Store(int64(value))
			return
		case 0:
			free = i
		}
	}
	slot := &m.slots[free]
	slot.value.Store(int64(value))
	slot.key.Store(int64(key) + 1)
}

func (m *Map) Delete(key int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.slots {
		if m.slots[i].key.Load() == int64(key)+1 {
			m.slots[i].key.Store(0)
			m.reuse.Add(1)
		}
	}
}
