package safemap

import "sync/atomic"

// Map is a map that any number of goroutines may use at once. Its zero value
// is empty and ready for use; it must not be copied after that.
//
// Every method is linearizable: it takes effect at one instant between its
// call and its return, which its comment names. All, Keys and Values are not
// one operation but many; a [Snapshot] is one.
//
// Load neither locks nor stores nor allocates. Writers lock one bucket of six
// entries. A growing map never stops: each writer that comes by moves a few
// buckets.
type Map[K comparable, V any] struct {
	_      noCopy
	root   atomic.Pointer[table]
	hasher func(K) uint64
}

// noCopy makes vet's copylocks report copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// Options are the choices for [New]; the zero value is what the zero Map has.
type Options[K comparable] struct {
	// Size is the number of entries to have room for from the start. The map
	// never shrinks below it.
	Size int
	// Hasher replaces the built-in hash, which is seeded for each map. It
	// must give equal keys equal hashes. The keys of such a map are kept in
	// boxes of their own: an insertion allocates.
	Hasher func(K) uint64
	// Snapshots prepares the map for [Map.Snapshot] and [Map.Len] while it is
	// empty; else the first of them does it, in time proportional to its size.
	Snapshots bool

	_ struct{}
}

// New returns an empty map.
func New[K comparable, V any](o Options[K]) *Map[K, V] {
	m := &Map[K, V]{hasher: o.Hasher}
	t := newTables(layoutOf[K, V](m.hasher != nil), bucketsFor(uint64(max(o.Size, 0))), &shared{root: &m.root})
	t.shared.min.Store(t.buckets())
	if o.Snapshots {
		t.shared.arm(t)
	}
	m.root.Store(t)
	return m
}

// init returns the table, and makes the first one of a zero Map.
func (m *Map[K, V]) init() *table {
	if t := m.root.Load(); t != nil {
		return t
	}
	s := &shared{root: &m.root}
	s.min.Store(minBuckets)
	m.root.CompareAndSwap(nil, newTables(layoutOf[K, V](false), minBuckets, s))
	return m.root.Load()
}

// Clear removes all entries, in time that does not depend on their number but
// on Options.Size.
//
// The linearization point is the exchange of the table; a write that is in
// progress comes before it.
func (m *Map[K, V]) Clear() {
	t := m.root.Load()
	if t == nil {
		return
	}
	s := t.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	m.root.Store(newTables(t.layout, s.min.Load(), s))
	s.dirty.Store(true)
}

// Len returns the number of entries. It waits for writers as [Map.Snapshot]
// does, and its first call prepares the map in the same way.
//
// The linearization point is the instant in which no writer is inside.
func (m *Map[K, V]) Len() (n int) {
	if m.root.Load() == nil {
		return 0
	}
	m.root.Load().shared.quiet(func(t *table, epoch uint64) uint64 {
		n = int(t.counts.sum())
		return epoch
	})
	return n
}

// Grow makes room for n entries in all, so that inserting them moves nothing,
// and keeps it: see [Options].
func (m *Map[K, V]) Grow(n int) {
	want := bucketsFor(uint64(max(n, 0)))
	s := m.init().shared
	for o := s.min.Load(); o < want && !s.min.CompareAndSwap(o, want); {
		o = s.min.Load()
	}
	for {
		t := m.root.Load()
		if t.next.Load() == nil {
			if t.buckets() >= want {
				return
			}
			t.succeed(want)
			continue // unless a Clear came between, to help
		}
		t.help()
		if t.claim.Load() >= t.buckets() {
			var w waiter
			for m.root.Load() == t {
				w.wait()
			}
		}
	}
}
