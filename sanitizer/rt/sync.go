package rt

// Acquire makes g learn what the object of key tells.
func (g *G) Acquire(key uintptr) {
	r := Lookup(key)
	if r == nil {
		return
	}
	if n := Epoch(ld64(&r.state)); n != 0 && (uint64(n)&lockBit != 0 || !g.knowsName(n)) {
		g.acquireSlow(r)
	}
}

func (g *G) acquireSlow(r *Record) {
	n := r.lock()
	learnt := r.teach(g, n)
	r.unlock(n)
	if learnt {
		g.note(EventAcquire, r.key, n)
	}
}

// AcquireExclusive is Acquire for a lock that keeps everybody else from
// acquiring and releasing until g releases it.
//
// If g was the last to release it, nobody learnt that name, and it went
// nowhere else, then what g does now can be told under the same name: as if
// the lock had never been released. An uncontended lock around a map then
// moves no time, which is what makes it cheap.
func (g *G) AcquireExclusive(key uintptr) {
	r := Lookup(key)
	if r == nil {
		return
	}
	n := Epoch(ld64(&r.state))
	if n == g.name && g.pub == key {
		if r.flags&flagTaught == 0 && g.slot != 0 {
			g.cur = n
		}
		return
	}
	if n != 0 && (uint64(n)&lockBit != 0 || !g.knowsName(n)) {
		g.acquireSlow(r)
	}
}

// AcquireShared is [G.AcquireExclusive] for a reader: key is what writers
// release, readers what readers release for the next writer.
func (g *G) AcquireShared(key, readers uintptr) {
	g.Acquire(key)
	if g.pub != readers || g.cur != 0 || g.slot == 0 {
		return
	}
	if r := Lookup(readers); r != nil && r.flags&flagTaught == 0 && r.holds(g) {
		g.cur = g.name
	}
}

// AcquireClear is Acquire of what readers released, by the writer that now
// owns the lock: the next one will learn it from this one.
func (g *G) AcquireClear(key uintptr) {
	r := Lookup(key)
	if r == nil || ld64(&r.state) == 0 {
		return
	}
	n := r.lock()
	learnt := r.teach(g, n)
	release(r.k)
	r.k, r.flags = nil, 0
	if r.pairs != nil {
		r.dropPairs()
	}
	r.unlock(0)
	if learnt {
		g.note(EventAcquire, key, n)
	}
}

// Release makes what g knows the content of key.
func (g *G) Release(key uintptr) {
	r := Lookup(key)
	if r == nil {
		if g.mute() {
			return
		}
		if r = create(key); r == nil {
			return
		}
	} else if Epoch(ld64(&r.state)) == g.name && (g.cur == 0 || g.pub == key) {
		g.cur = 0
		return
	}
	n := r.lock()
	if !r.same(g, n) {
		n = r.set(g)
		g.note(EventRelease, key, n)
	}
	r.unlock(n)
}

// ReleaseMerge adds what g knows to the content of key.
func (g *G) ReleaseMerge(key uintptr) {
	r := Lookup(key)
	if r == nil {
		if g.mute() {
			return
		}
		if r = create(key); r == nil {
			return
		}
	} else if g.name == 0 && g.cur == 0 {
		return
	} else if (g.cur == 0 || g.pub == key) && r.holds(g) {
		g.cur = 0
		return
	}
	n := r.lock()
	m := r.merge(g, n)
	r.unlock(m)
	g.note(EventRelease, key, m)
}
