package oracle

import "fmt"

const nobody = -1

// A state is what decides who may do what next.
type state struct {
	shape Shape
	gs    []goroutine
	mus   []mutex
	rws   []rwmutex
	chans []channel
	wgs   []group
	onces []once
	conds []int // who waits for the signal
	next  *Event
}

type goroutine struct {
	ended  bool
	parked bool
	onces  []int // the functions it is in
}

type mutex struct {
	holder, waiter int
	wakes          bool // waiter returns from CondWait
}

type rwmutex struct {
	writer, waiter int
	readers        map[int]int
	waits          Kind
}

type channel struct {
	used   int
	closed bool
	waiter int
	waits  Kind
}

type group struct{ count, waiter int }

type once struct {
	holder, waiter int
	done           bool
}

func newState(s Shape) *state {
	st := &state{shape: s, gs: make([]goroutine, 1)}
	for range s.Mutexes {
		st.mus = append(st.mus, mutex{holder: nobody, waiter: nobody})
	}
	for range s.RWMutexes {
		st.rws = append(st.rws, rwmutex{writer: nobody, waiter: nobody, readers: map[int]int{}})
	}
	for range s.Chans {
		st.chans = append(st.chans, channel{waiter: nobody})
	}
	for range s.Groups {
		st.wgs = append(st.wgs, group{waiter: nobody})
	}
	for range s.Onces {
		st.onces = append(st.onces, once{holder: nobody, waiter: nobody})
	}
	for range s.Conds {
		st.conds = append(st.conds, nobody)
	}
	return st
}

// Check returns why p is not an interleaving that could happen, or nil.
func (p *Program) Check() error {
	st := newState(p.Shape)
	for i, e := range p.Events {
		if !st.step(e) {
			return fmt.Errorf("event %d cannot happen: %v", i, e)
		}
	}
	for g := range st.gs {
		if st.gs[g].parked {
			return fmt.Errorf("goroutine %d waits for good", g)
		}
	}
	return nil
}

// step does e and reports whether it could; when it could not, st is unchanged.
func (st *state) step(e Event) bool {
	if e.G < 0 || e.G >= len(st.gs) || st.gs[e.G].ended {
		return false
	}
	if st.next != nil {
		if e != *st.next {
			return false
		}
		st.next = nil
		st.gs[e.G].parked = false
		return true
	}
	if st.gs[e.G].parked || e.Obj < 0 || e.Obj >= st.count(e.Kind, e.Aux) {
		return false
	}
	switch e.Kind {
	case Go:
		if e.Aux != len(st.gs) || e.Aux >= st.shape.Goroutines {
			return false
		}
		st.gs = append(st.gs, goroutine{})
		return true
	case End:
		g := &st.gs[e.G]
		if e.G == 0 || len(g.onces) > 0 {
			return false
		}
		g.ended = true
		return true
	case Read:
		return e.Aux >= 0 && e.Aux < Reads
	case Write:
		return e.Aux >= 0 && e.Aux < Writes
	case Load, Store, Swap, Add, CAS, CASFail:
		return true
	case Lock, Unlock, TryFail, CondWait, Signal:
		return st.lock(e)
	case WLock, WUnlock, RLock, RUnlock:
		return st.rwlock(e)
	case Send, Recv, Close, RecvClosed, Poll:
		return st.channel(e)
	case GroupAdd, GroupDone, GroupWait:
		return st.group(e)
	case OnceBegin, OnceEnd, OnceSkip:
		return st.once(e)
	case Park:
		return st.park(e)
	}
	return false
}

// count returns how many objects there are of the sort that k is about.
func (st *state) count(k Kind, aux int) int {
	switch k {
	case Go, End:
		return 1
	case Read, Write:
		return st.shape.Maps
	case Lock, Unlock, TryFail:
		return st.shape.Mutexes
	case CondWait, CondWake, Signal:
		return st.shape.Conds
	case WLock, WUnlock, RLock, RUnlock:
		return st.shape.RWMutexes
	case Send, Recv, Close, RecvClosed, Poll:
		return len(st.shape.Chans)
	case Load, Store, Swap, Add, CAS, CASFail:
		return st.shape.Atomics
	case GroupAdd, GroupDone, GroupWait:
		return st.shape.Groups
	case OnceBegin, OnceEnd, OnceSkip:
		return st.shape.Onces
	case Park:
		return st.count(Kind(aux), 0)
	}
	return 0
}

// wake makes e, by a parked goroutine, the event that must come next.
func (st *state) wake(e Event) { st.next = &e }

func (st *state) lock(e Event) bool {
	m := &st.mus[e.Obj]
	switch e.Kind {
	case Lock:
		if m.holder != nobody || m.waiter != nobody {
			return false
		}
		m.holder = e.G
	case Unlock, CondWait:
		if m.holder != e.G || e.Kind == CondWait && (st.conds[e.Obj] != nobody || m.waiter != nobody) {
			return false
		}
		m.holder = nobody
		if e.Kind == CondWait {
			st.conds[e.Obj] = e.G
			st.gs[e.G].parked = true
		} else if m.waiter != nobody {
			k := Lock
			if m.wakes {
				k = CondWake
			}
			st.wake(Event{m.waiter, k, e.Obj, 0})
			m.holder, m.waiter, m.wakes = m.waiter, nobody, false
		}
	case TryFail:
		return m.holder != nobody
	case Signal:
		w := st.conds[e.Obj]
		if e.Aux != w || w != nobody && m.waiter != nobody {
			return false
		}
		if w == nobody {
			return true
		}
		st.conds[e.Obj] = nobody
		if m.holder == nobody {
			m.holder = w
			st.wake(Event{w, CondWake, e.Obj, 0})
		} else {
			m.waiter, m.wakes = w, true
		}
	}
	return true
}

func (st *state) rwlock(e Event) bool {
	m := &st.rws[e.Obj]
	switch e.Kind {
	case WLock:
		if m.writer != nobody || len(m.readers) > 0 || m.waiter != nobody {
			return false
		}
		m.writer = e.G
	case WUnlock:
		if m.writer != e.G {
			return false
		}
		m.writer = nobody
	case RLock:
		// A second read lock by one goroutine is a mistake that go vet does not see, but no wait.
		if m.writer != nobody || m.waiter != nobody {
			return false
		}
		m.readers[e.G]++
	case RUnlock:
		if m.readers[e.G] == 0 {
			return false
		}
		if m.readers[e.G]--; m.readers[e.G] == 0 {
			delete(m.readers, e.G)
		}
	}
	if m.waiter == nobody || m.writer != nobody || len(m.readers) > 0 {
		return true
	}
	st.wake(Event{m.waiter, m.waits, e.Obj, 0})
	if m.waits == WLock {
		m.writer = m.waiter
	} else {
		m.readers[m.waiter]++
	}
	m.waiter = nobody
	return true
}

func (st *state) channel(e Event) bool {
	c, size := &st.chans[e.Obj], st.shape.Chans[e.Obj]
	switch e.Kind {
	case Send:
		if c.closed {
			return false
		}
		if size == 0 {
			if c.waiter == nobody || c.waits != Recv || e.Aux != c.waiter {
				return false
			}
			st.wake(Event{c.waiter, Recv, e.Obj, e.G})
			c.waiter = nobody
			return true
		}
		if c.used == size || c.waiter != nobody && c.waits == Send || e.Aux != 0 {
			return false
		}
		if c.waiter != nobody {
			st.wake(Event{c.waiter, Recv, e.Obj, 0})
			c.waiter = nobody
			return true
		}
		c.used++
	case Recv:
		if size == 0 {
			if c.waiter == nobody || c.waits != Send || e.Aux != c.waiter {
				return false
			}
			st.wake(Event{c.waiter, Send, e.Obj, e.G})
			c.waiter = nobody
			return true
		}
		if c.used == 0 || e.Aux != 0 {
			return false
		}
		if c.waiter != nobody {
			st.wake(Event{c.waiter, Send, e.Obj, 0})
			c.waiter = nobody
			return true
		}
		c.used--
	case Close:
		if c.closed || c.waiter != nobody && c.waits == Send {
			return false
		}
		c.closed = true
		if c.waiter != nobody {
			st.wake(Event{c.waiter, RecvClosed, e.Obj, 0})
			c.waiter = nobody
		}
	case RecvClosed:
		return c.closed && c.used == 0
	case Poll:
		return !c.closed && c.used == 0 && c.waiter == nobody
	}
	return true
}

func (st *state) group(e Event) bool {
	w := &st.wgs[e.Obj]
	switch e.Kind {
	case GroupAdd:
		// A group may be used anew only when those who wait have gone.
		if w.waiter != nobody && w.count == 0 {
			return false
		}
		w.count++
	case GroupDone:
		if w.count == 0 {
			return false
		}
		if w.count--; w.count == 0 && w.waiter != nobody {
			st.wake(Event{w.waiter, GroupWait, e.Obj, 0})
			w.waiter = nobody
		}
	case GroupWait:
		return w.count == 0
	}
	return true
}

func (st *state) once(e Event) bool {
	o, g := &st.onces[e.Obj], &st.gs[e.G]
	switch e.Kind {
	case OnceBegin:
		if o.done || o.holder != nobody {
			return false
		}
		o.holder = e.G
		g.onces = append(g.onces, e.Obj)
	case OnceEnd:
		if n := len(g.onces); n == 0 || g.onces[n-1] != e.Obj {
			return false
		}
		g.onces = g.onces[:len(g.onces)-1]
		o.holder, o.done = nobody, true
		if o.waiter != nobody {
			st.wake(Event{o.waiter, OnceSkip, e.Obj, 0})
			o.waiter = nobody
		}
	case OnceSkip:
		return o.done
	}
	return true
}

// park is possible where the operation itself is not, and one goroutine waits for an object at most.
func (st *state) park(e Event) bool {
	set := func(waiter *int, could bool) bool {
		if !could || *waiter != nobody {
			return false
		}
		*waiter = e.G
		st.gs[e.G].parked = true
		return true
	}
	switch k := Kind(e.Aux); k {
	case Lock:
		m := &st.mus[e.Obj]
		return set(&m.waiter, m.holder != nobody && m.holder != e.G)
	case WLock, RLock:
		m := &st.rws[e.Obj]
		busy := m.writer != nobody && m.writer != e.G
		if k == WLock && len(m.readers) > 0 {
			busy = m.readers[e.G] == 0
		}
		if !set(&m.waiter, busy) {
			return false
		}
		m.waits = k
		return true
	case Send, Recv:
		c, size := &st.chans[e.Obj], st.shape.Chans[e.Obj]
		could := !c.closed && (k == Recv && c.used == 0 || k == Send && c.used == size)
		if !set(&c.waiter, could) {
			return false
		}
		c.waits = k
		return true
	case GroupWait:
		w := &st.wgs[e.Obj]
		return set(&w.waiter, w.count > 0)
	case OnceSkip:
		o := &st.onces[e.Obj]
		return set(&o.waiter, o.holder != nobody && o.holder != e.G)
	}
	return false
}
