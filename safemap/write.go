package safemap

import "unsafe"

// at locks the chain of the key and looks for it there. The caller ends c.
func (m *Map[K, V]) at(c *cursor, key K) {
	t := m.init()
	m.atHash(c, t, key, hashKey(&t.layout, key, m.hasher))
}

// atHash is at for a key that was hashed for t.
func (m *Map[K, V]) atHash(c *cursor, t *table, key K, h uint64) {
	c.lockChain(t, h)
	if t.key != formBox {
		find(c, key)
		return
	}
	// Comparing keys with a hash of the user's may panic.
	compared := false
	defer func() {
		if !compared {
			c.end()
		}
	}()
	find(c, key)
	compared = true
}

// atPresent is atHash where the key is present, and else false, without the
// lock if that is sure.
func (m *Map[K, V]) atPresent(c *cursor, t *table, key K, h uint64) bool {
	if _, ok, sure := lookup(t, key, h); sure && !ok {
		return false
	}
	m.atHash(c, t, key, h)
	if c.slot == nil {
		c.end()
		return false
	}
	return true
}

// put sets or inserts, with the value's word v.
func put[K comparable](c *cursor, key K, v word) {
	if c.slot != nil {
		c.set(v)
	} else {
		c.insert(newKey(&c.t.layout, key, c.h), v)
	}
}

// Store sets the value of the key.
//
// The linearization point is the store of the value word, or, for a new key,
// of its tag.
func (m *Map[K, V]) Store(key K, value V) {
	if unsafe.Sizeof(key) <= 8 && unsafe.Sizeof(value) <= 8 {
		if t := m.root.Load(); t != nil && t.scalars {
			w := scalar(key)
			if t.storeScalar(w, hashWord(w, t.seed), scalar(value)) {
				return
			}
		}
	}
	if unsafe.Sizeof(key) == unsafe.Sizeof("") && unsafe.Sizeof(value) <= 8 {
		if t := m.root.Load(); t != nil && t.key == formString && t.val == formScalar && t.storeText(asText(key), scalar(value)) {
			return
		}
	}
	m.store(key, value)
}

func (m *Map[K, V]) store(key K, value V) {
	t := m.init()
	v := newValue(&t.layout, value)
	h := hashKey(&t.layout, key, m.hasher)
	if t.key != formBox && store(t, key, h, v) {
		return
	}
	var c cursor
	m.atHash(&c, t, key, h)
	put(&c, key, v)
	c.end()
}

// Swap sets the value of the key and returns the one before.
//
// The linearization point is that of [Map.Store].
func (m *Map[K, V]) Swap(key K, value V) (previous V, loaded bool) {
	v := newValue(&m.init().layout, value)
	var c cursor
	m.at(&c, key)
	if c.slot != nil {
		previous, loaded = valueOf[V](&c.t.layout, c.value()), true
	}
	put(&c, key, v)
	c.end()
	return previous, loaded
}

// LoadOrStore returns the value of the key if it is present, and stores the
// given one otherwise. loaded reports which.
//
// The linearization point is that of [Map.Load] if loaded, else that of
// [Map.Store].
func (m *Map[K, V]) LoadOrStore(key K, value V) (actual V, loaded bool) {
	if v, ok := m.Load(key); ok {
		return v, true
	}
	v := newValue(&m.init().layout, value)
	var c cursor
	m.at(&c, key)
	if c.slot != nil {
		value, loaded = valueOf[V](&c.t.layout, c.value()), true
	} else {
		put(&c, key, v)
	}
	c.end()
	return value, loaded
}

// LoadOrCompute returns the value of the key if it is present, and stores
// what f returns otherwise; f is called at most once. The bucket of the key is
// locked meanwhile: f must not use the map, and other writers of up to six
// keys wait for it. If f panics, nothing is stored.
//
// The linearization point is that of [Map.LoadOrStore].
func (m *Map[K, V]) LoadOrCompute(key K, f func() V) (actual V, loaded bool) {
	if v, ok := m.Load(key); ok {
		return v, true
	}
	return m.computeAbsent(key, f)
}

// Delete removes the key.
//
// The linearization point is that of [Map.LoadAndDelete].
func (m *Map[K, V]) Delete(key K) {
	t := m.root.Load()
	if t == nil {
		return
	}
	h := hashKey(&t.layout, key, m.hasher)
	if t.key != formBox {
		if _, _, sure := remove(t, key, h); sure {
			return
		}
	}
	var c cursor
	if m.atPresent(&c, t, key, h) {
		c.remove()
		c.end()
	}
}

// LoadAndDelete removes the key and returns the value that it had.
//
// The linearization point is the store that takes the key's tag away, or,
// where the key is absent, that of [Map.Load].
func (m *Map[K, V]) LoadAndDelete(key K) (value V, loaded bool) {
	t := m.root.Load()
	if t == nil {
		return value, false
	}
	h := hashKey(&t.layout, key, m.hasher)
	if t.key != formBox {
		v, removed, sure := remove(t, key, h)
		if removed {
			value = valueOf[V](&t.layout, v)
		}
		if sure {
			return value, removed
		}
	}
	var c cursor
	if m.atPresent(&c, t, key, h) {
		value, loaded = valueOf[V](&c.t.layout, c.value()), true
		c.remove()
		c.end()
	}
	return value, loaded
}

// Op says what [Map.Compute] does with the value that its function returns.
type Op int

const (
	Keep   Op = iota // nothing
	Set              // the key has it from now on
	Remove           // nothing; the key is removed
)

// Compute calls f with the value of the key, and whether it is present, and
// does what f says, all in one step. It returns the value that the key then
// has, and whether it is present. The bucket of the key is locked meanwhile: f
// must not use the map, and other writers of up to six keys wait for it. If f
// panics, nothing is changed.
//
// The linearization point is that of [Map.Store] for Set, that of
// [Map.LoadAndDelete] for Remove, and any instant of the call to f for Keep.
func (m *Map[K, V]) Compute(key K, f func(old V, loaded bool) (V, Op)) (actual V, ok bool) {
	var c cursor
	m.at(&c, key)
	defer c.end()
	var old V
	if ok = c.slot != nil; ok {
		old = valueOf[V](&c.t.layout, c.value())
	}
	v, op := f(old, ok)
	switch {
	case op == Set:
		put(&c, key, newValue(&c.t.layout, v))
		return v, true
	case op == Remove && ok:
		c.remove()
		return actual, false
	case op == Remove:
		return actual, false
	}
	return old, ok
}

// computeAbsent is the locked half of LoadOrCompute.
func (m *Map[K, V]) computeAbsent(key K, f func() V) (actual V, loaded bool) {
	var c cursor
	m.at(&c, key)
	defer c.end()
	if c.slot != nil {
		return valueOf[V](&c.t.layout, c.value()), true
	}
	v := f()
	put(&c, key, newValue(&c.t.layout, v))
	return v, false
}

// CompareAndSwap sets the value of the key to new if it is old. It panics if
// values of V cannot be compared.
//
// The linearization point is that of [Map.Store] if it swaps, else any instant
// under the bucket's lock.
func (m *Map[K, V]) CompareAndSwap(key K, old, new V) (swapped bool) {
	if m.root.Load() == nil {
		return false
	}
	v := newValue(&m.root.Load().layout, new)
	var c cursor
	m.at(&c, key)
	defer c.end()
	if c.slot == nil || any(valueOf[V](&c.t.layout, c.value())) != any(old) {
		return false
	}
	c.set(v)
	return true
}

// CompareAndDelete removes the key if its value is old. It panics if values of
// V cannot be compared.
//
// The linearization point is that of [Map.LoadAndDelete] if it removes, else
// any instant under the bucket's lock.
func (m *Map[K, V]) CompareAndDelete(key K, old V) (deleted bool) {
	if m.root.Load() == nil {
		return false
	}
	var c cursor
	m.at(&c, key)
	defer c.end()
	if c.slot == nil || any(valueOf[V](&c.t.layout, c.value())) != any(old) {
		return false
	}
	c.remove()
	return true
}
