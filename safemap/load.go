package safemap

import (
	"sync/atomic"
	"unsafe"
)

// Load returns the value of the key.
//
// The linearization point is the load of the value word, or, where the key is
// absent, of the tags that lack it.
func (m *Map[K, V]) Load(key K) (value V, ok bool) {
	t := m.root.Load()
	if t == nil {
		return value, false
	}
	// The first slot that has the tag, for the common forms of keys; the rest
	// is loadSlow's.
	var h uint64
	switch {
	case unsafe.Sizeof(key) <= 8 && unsafe.Sizeof(value) <= 8 && t.scalars:
		w := scalar(key)
		h = hashWord(w, t.seed)
		b := t.head(h)
		seq := atomic.LoadUint64(seqAt(b))
		ctrl := atomic.LoadUint64(ctrlAt(b))
		if match := matches(ctrl, tagOf(h)); match != 0 {
			s := firstSlot(b, match)
			if loadScalar(s) == w {
				v := loadScalar(unsafe.Add(s, offValue))
				if unchanged(b, seq) {
					return unscalar[V](v), true
				}
			}
		} else if ctrl&(hasNext|moved) == 0 {
			return value, false
		}
	case unsafe.Sizeof(key) == unsafe.Sizeof("") && t.key == formString:
		k := asText(key)
		h = hashText(k, &t.layout)
		head := t.head(h)
		seq := atomic.LoadUint64(seqAt(head))
		ctrl := atomic.LoadUint64(ctrlAt(head))
		if match := matches(ctrl, tagOf(h)); match != 0 {
			w := loadText(head, match)
			if w.u != uint64(min(len(k), longText)) {
				break
			}
			if w.p != unsafe.Pointer(unsafe.StringData(k)) && (!unchanged(head, seq) || textOf(w) != k) {
				break
			}
			s := firstSlot(head, match)
			if unsafe.Sizeof(value) <= 8 && t.val == formScalar {
				v := loadScalar(unsafe.Add(s, offValue))
				if unchanged(head, seq) {
					return unscalar[V](v), true
				}
				break
			}
			p := loadPointer(unsafe.Add(s, offValue))
			if unchanged(head, seq) {
				return pointerValue[V](&t.layout, p), true
			}
		} else if ctrl&(hasNext|moved) == 0 {
			return value, false
		}
	default:
		h = hashKey(&t.layout, key, m.hasher)
	}
	return m.loadSlow(t, key, h)
}

// unchanged reports whether the version of the chain at head is still that of
// seq: no key was removed meanwhile, and so no slot has another one.
func unchanged(head unsafe.Pointer, seq uint64) bool {
	return (atomic.LoadUint64(seqAt(head))^seq)>>versionShift == 0
}

// maxTries bounds how often a reader looks again because deletions came
// between; then it takes the lock.
const maxTries = 3

// loadSlow is Load for chains, tag collisions, all forms of keys, and tables
// whose entries move.
func (m *Map[K, V]) loadSlow(t *table, key K, h uint64) (value V, ok bool) {
	for tries := 0; tries < maxTries; {
		w, ok, sure := lookup(t, key, h)
		switch {
		case sure && ok:
			return valueOf[V](&t.layout, w), true
		case sure:
			return value, false
		case ok: // moved
			t = t.next.Load()
		default:
			tries++
		}
	}
	var c cursor
	c.lockChain(t, h)
	defer c.end()
	find(&c, key)
	if c.slot == nil {
		return value, false
	}
	return valueOf[V](&c.t.layout, c.value()), true
}

// lookup looks for the key without the lock. It is not sure where the entries
// have moved to the next table, then ok is set, or where a removal came
// between.
func lookup[K comparable](t *table, key K, h uint64) (val word, ok, sure bool) {
	b := t.head(h)
	seq := atomic.LoadUint64(seqAt(b))
	ctrl := atomic.LoadUint64(ctrlAt(b))
	if ctrl&moved != 0 {
		return val, true, false
	}
	tag := tagOf(h)
	for at := b; ; {
		for match := matches(ctrl, tag); match != 0; match &= match - 1 {
			k := loadKey(&t.layout, at, first(match))
			if t.key == formString && !unchanged(b, seq) {
				return val, false, false // pointer and length may be of two keys
			}
			if sameKey(&t.layout, k, key) {
				val = loadWord(unsafe.Add(firstSlot(at, match), offValue), t.valIsPointer())
				ok = unchanged(b, seq)
				return val, ok, ok
			}
		}
		// Where the chain went on, it may have lost a bucket meanwhile, which
		// is another chain's by now.
		if ctrl&hasNext == 0 {
			return val, false, at == b || unchanged(b, seq)
		}
		next := nextOf(at)
		if next == 0 || at != b && !unchanged(b, seq) {
			return val, false, false
		}
		at = t.over.at(next)
		ctrl = atomic.LoadUint64(ctrlAt(at))
	}
}
