package oracle

import "slices"

// A clock says of each goroutine up to which of its times all is known.
type clock []int

func (c clock) join(d clock) {
	for i, t := range d {
		c[i] = max(c[i], t)
	}
}

// clocks holds the knowledge of all goroutines and objects.
type clocks struct {
	shape Shape
	gs    []clock
	mus   []clock
	rws   []struct{ writer, readers clock }
	chans []chanClock
	atoms []clock
	wgs   []clock
	onces []clock
	skip  bool // the next event was done together with the last
}

type chanClock struct {
	slots      []clock // what was left in each place of the buffer
	sent, rcvd int
	closed     clock
}

func many(n, size int) []clock {
	cs := make([]clock, n)
	for i := range cs {
		cs[i] = make(clock, size)
	}
	return cs
}

func newClocks(s Shape) *clocks {
	n := s.Goroutines
	c := &clocks{
		shape: s, gs: many(n, n), mus: many(s.Mutexes, n), atoms: many(s.Atomics, n),
		wgs: many(s.Groups, n), onces: many(s.Onces, n),
	}
	for range s.RWMutexes {
		c.rws = append(c.rws, struct{ writer, readers clock }{make(clock, n), make(clock, n)})
	}
	for _, size := range s.Chans {
		c.chans = append(c.chans, chanClock{slots: many(size, n), closed: make(clock, n)})
	}
	c.gs[0][0] = 1
	return c
}

// tick ends the time of g: what it does next is not part of what it released.
func (c *clocks) tick(g int) { c.gs[g][g]++ }

func (c *clocks) acquire(g int, from clock) { c.gs[g].join(from) }

func (c *clocks) release(g int, to clock) {
	copy(to, c.gs[g])
	c.tick(g)
}

func (c *clocks) merge(g int, to clock) {
	to.join(c.gs[g])
	c.tick(g)
}

// pass moves e through the clocks.
func (c *clocks) pass(e Event) {
	if c.skip {
		c.skip = false
		return
	}
	g := e.G
	switch e.Kind {
	case Go:
		copy(c.gs[e.Aux], c.gs[g])
		c.gs[e.Aux][e.Aux] = 1
		c.tick(g)
	case Lock, CondWake:
		c.acquire(g, c.mus[e.Obj])
	case Unlock, CondWait:
		c.release(g, c.mus[e.Obj])
	case Signal:
		if e.Aux >= 0 {
			c.merge(g, c.gs[e.Aux])
		}
	case WLock:
		c.acquire(g, c.rws[e.Obj].writer)
		c.acquire(g, c.rws[e.Obj].readers)
	case WUnlock:
		c.release(g, c.rws[e.Obj].writer)
	case RLock:
		c.acquire(g, c.rws[e.Obj].writer)
	case RUnlock:
		c.merge(g, c.rws[e.Obj].readers)
	case Send, Recv:
		c.message(e)
	case Close:
		c.release(g, c.chans[e.Obj].closed)
	case RecvClosed:
		c.acquire(g, c.chans[e.Obj].closed)
	case Load, CASFail:
		c.acquire(g, c.atoms[e.Obj])
	case Store:
		c.release(g, c.atoms[e.Obj])
	case Swap, Add, CAS:
		c.acquire(g, c.atoms[e.Obj])
		c.release(g, c.atoms[e.Obj])
	case GroupDone:
		c.merge(g, c.wgs[e.Obj])
	case GroupWait:
		c.acquire(g, c.wgs[e.Obj])
	case OnceEnd:
		c.release(g, c.onces[e.Obj])
	case OnceSkip:
		c.acquire(g, c.onces[e.Obj])
	}
}

// message passes a send or a receive. A send is before the receive of its
// value, and a receive before the end of the send that reuses its place in
// the buffer; without a buffer both hold for the two at once.
func (c *clocks) message(e Event) {
	ch := &c.chans[e.Obj]
	if len(ch.slots) == 0 {
		mine := slices.Clone(c.gs[e.G])
		c.gs[e.G].join(c.gs[e.Aux])
		c.gs[e.Aux].join(mine)
		c.tick(e.G)
		c.tick(e.Aux)
		c.skip = true
		return
	}
	n := &ch.sent
	if e.Kind == Recv {
		n = &ch.rcvd
	}
	slot := ch.slots[*n%len(ch.slots)]
	*n++
	left := slices.Clone(slot)
	copy(slot, c.gs[e.G])
	c.gs[e.G].join(left)
	c.tick(e.G)
}
