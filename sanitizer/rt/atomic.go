package rt

// Atomic operations. The value and the record must change together, or a
// loader could see the value of one store and learn from another: a lost edge
// is a false alarm. So stores and read-modify-writes happen while the record
// is locked; loads check that the record did not change around them.
//
// An object without a record needs no clock while those who use it have nothing
// to tell. But whether it has one must hold until the operation is done, or a
// goroutine would learn of a release that came after its own operation. A
// stripe, a lock for several addresses, sees to that: who finds no record and
// who makes one hold it.

// Loaded reports whether what a load by g after r was found may be used as it
// is: g knows the content of r, of name n. The caller loads, and compares n
// with [Record.Name] once more.
func (g *G) Loaded(n Epoch) bool {
	return g.knowsName(n)
}

// Name returns the name of r's content, with a bit set that makes it unequal
// to any other while r is being changed.
func (r *Record) Name() Epoch { return Epoch(ld64(&r.state)) }

// Lock keeps others out of r and returns its name, for [G.AtomicEnd].
func (r *Record) Lock() Epoch { return r.lock() }

// Find is [Find], faster for what g's name went to last.
func (g *G) Find(key uintptr) *Record {
	if r := g.pub; r.key == key {
		return r
	}
	return Find(key)
}

// LockCurrent locks r and reports true if g has nothing to add to it and
// nothing to learn from it.
func (g *G) LockCurrent(r *Record) bool {
	n := g.name
	return g.cur == 0 && n != 0 && cas64(&r.state, uint64(n), uint64(n)|lockBit)
}

// UnlockCurrent ends what LockCurrent began.
func (g *G) UnlockCurrent(r *Record) { r.unlock(g.name) }

// Unlock ends what Lock began, without change.
func (r *Record) Unlock(n Epoch) { r.unlock(n) }

// Mute reports whether g has nothing to tell that not everybody knows, so that
// an object without a record needs none.
func (g *G) Mute() bool { return g.mute() }

// Current reports whether n is g's own name and g has nothing new to tell.
func (g *G) Current(n Epoch) bool { return n == g.name && g.cur == 0 && n != 0 }

// A Stripe is held where the addresses that it is for get no record.
type Stripe struct {
	mu spin
	_  [60]byte // a cache line each
}

var stripes [256]Stripe

func stripeOf(key uintptr) *Stripe { return &stripes[hash(key)>>56] }

// LockAbsent makes sure that key has no record until the Stripe that it returns
// is unlocked. It returns nil if there is one.
func LockAbsent(key uintptr) *Stripe {
	s := stripeOf(key)
	s.mu.lock()
	if Find(key) != nil {
		s.mu.unlock()
		return nil
	}
	return s
}

// Unlock ends what LockAbsent began.
func (s *Stripe) Unlock() { s.mu.unlock() }

// CreateLocked returns the record of key, locked, and its name, making it if
// need be; nil if key cannot have one.
func CreateLocked(key uintptr) (*Record, Epoch) {
	s := stripeOf(key)
	s.mu.lock()
	r := create(key)
	s.mu.unlock()
	if r == nil {
		return nil, 0
	}
	return r, r.lock()
}

// AtomicEnd does the clock's half of an atomic operation by g on the object
// of r, which the caller has locked, with the result n.
func (g *G) AtomicEnd(r *Record, n Epoch, acquire, release bool) {
	m := n
	if acquire && r.teach(g, n) {
		g.note(EventAcquire, r.key, n)
	}
	if release && !r.same(g, n) {
		m = r.set(g)
		g.note(EventRelease, r.key, m)
	}
	r.unlock(m)
}
