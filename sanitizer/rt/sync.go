package rt

// Each operation comes twice: the Fast form answers from what it reads whether
// anything is to be done, and does it if it is one store; the other form does
// the work, and is to be called where the stack is large and not preempted.

// AcquireFast reports whether g knows all that the object of key tells.
func (g *G) AcquireFast(key uintptr) bool {
	r := Find(key)
	if r == nil {
		return true
	}
	return g.knowsName(Epoch(ld64(&r.state)))
}

// Acquire makes g learn what the object of key tells.
func (g *G) Acquire(key uintptr) {
	r := Find(key)
	if r == nil {
		return
	}
	n := r.lock()
	learnt := r.teach(g, n)
	r.unlock(n)
	if learnt {
		g.note(EventAcquire, r.key, n)
	}
}

// AcquireExclusiveFast is [G.AcquireFast] for a lock that keeps everybody else
// from acquiring and releasing until g releases it.
//
// If g was the last to release it, nobody learnt that name, and it went
// nowhere else, then what g does now can be told under the same name: as if
// the lock had never been released. An uncontended lock around a map then
// moves no time, which is what makes it cheap.
func (g *G) AcquireExclusiveFast(key uintptr) bool {
	if r := g.pub; r.key == key && Epoch(ld64(&r.state)) == g.name {
		if r.flags&flagTaught == 0 && g.slot != 0 {
			g.cur = g.name
		}
		return true
	}
	return g.AcquireFast(key)
}

// ReopenShared does for a reader what [G.AcquireExclusiveFast] does for the
// holder of a lock. readers is the key that readers release and the next
// writer acquires; g holds the lock for reading.
func (g *G) ReopenShared(readers uintptr) {
	if r := g.pub; r.key == readers && g.cur == 0 && g.slot != 0 && r.flags&flagTaught == 0 && r.holds(g) {
		g.cur = g.name
	}
}

// AcquireClearFast is the Fast form of [G.AcquireClear].
func (g *G) AcquireClearFast(key uintptr) bool {
	r := Find(key)
	return r == nil || ld64(&r.state) == 0
}

// AcquireClear is [G.Acquire] of what readers released, by the writer that now
// owns the lock: the next one will learn it from this one.
func (g *G) AcquireClear(key uintptr) {
	r := Find(key)
	if r == nil {
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

// ReleaseFast reports whether the content of key is what g knows.
func (g *G) ReleaseFast(key uintptr) bool {
	if r := g.pub; r.key == key && Epoch(ld64(&r.state)) == g.name {
		g.cur = 0
		return true
	}
	r := Find(key)
	if r == nil {
		return g.mute()
	}
	return g.cur == 0 && Epoch(ld64(&r.state)) == g.name
}

// Release makes what g knows the content of key.
func (g *G) Release(key uintptr) {
	r := create(key)
	if r == nil {
		return
	}
	n := r.lock()
	if !r.same(g, n) {
		n = r.set(g)
		g.note(EventRelease, key, n)
	}
	r.unlock(n)
}

// ReleaseMergeFast reports whether the content of key includes what g knows.
func (g *G) ReleaseMergeFast(key uintptr) bool {
	if g.name == 0 && g.cur == 0 {
		return true
	}
	if r := g.pub; r.key == key && r.holds(g) {
		g.cur = 0
		return true
	}
	r := Find(key)
	if r == nil {
		return g.mute()
	}
	return g.cur == 0 && r.holds(g)
}

// ReleaseMerge adds what g knows to the content of key.
func (g *G) ReleaseMerge(key uintptr) {
	r := create(key)
	if r == nil {
		return
	}
	n := r.lock()
	m := r.merge(g, n)
	r.unlock(m)
	g.note(EventRelease, key, m)
}

// Exchanged reports whether g and o know all of each other and have nothing new to tell.
func Exchanged(g, o *G) bool {
	return g.cur == 0 && o.cur == 0 && (o.name == 0 || g.knowsName(o.name)) && (g.name == 0 || o.knowsName(g.name))
}

// Exchange makes g and o know what the other knew, as an unbuffered send does.
func Exchange(g, o *G) {
	n, k := o.name, retain(o.k)
	o.publishMany()
	Tell(g, o)
	if n != 0 && !g.knowsName(n) {
		g.learn(n, k)
		g.note(EventAcquire, 0, n)
	}
	release(k)
}

// Tell makes o know what g knows.
func Tell(g, o *G) {
	g.publishMany()
	if g.name != 0 && !o.knowsName(g.name) {
		o.learn(g.name, g.k)
		o.note(EventAcquire, 0, g.name)
	}
}
