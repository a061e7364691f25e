package oracle

import (
	"math/rand/v2"
	"slices"
)

// weights says how often each kind is tried. Accesses are frequent, or the
// program would have few pairs to judge; what starts a wait is tried more
// often than it succeeds.
var weights = [kinds]int{
	Go: 6, End: 2,
	Read: 40, Write: 25,
	Lock: 12, Unlock: 20, TryFail: 1,
	WLock: 6, WUnlock: 10, RLock: 10, RUnlock: 14,
	Send: 20, Recv: 20, Close: 2, RecvClosed: 4, Poll: 1,
	Load: 8, Store: 6, Swap: 3, Add: 5, CAS: 3, CASFail: 2,
	GroupAdd: 4, GroupDone: 6, GroupWait: 4,
	OnceBegin: 2, OnceEnd: 4, OnceSkip: 5,
	CondWait: 8, Signal: 12,
	Park: 20,
}

var parkable = []Kind{Lock, WLock, RLock, Send, Recv, GroupWait, OnceSkip}

// Generate returns a random program of about n events.
func Generate(seed uint64, shape Shape, n int) *Program {
	rnd := rand.New(rand.NewPCG(seed, 0))
	total := 0
	for _, w := range weights {
		total += w
	}
	// A program that lacks some sorts of events goes deeper into the others.
	var off [kinds]bool
	for k := range off {
		off[k] = Kind(k) != Go && Kind(k) != Read && Kind(k) != Write && rnd.IntN(4) == 0
	}
	st := newState(shape)
	p := &Program{Shape: shape}
	for tries := 0; len(p.Events) < n && tries < 50*n; tries++ {
		if st.next != nil {
			e := *st.next
			st.step(e)
			p.Events = append(p.Events, e)
			continue
		}
		k := pick(rnd, total)
		if off[k] {
			continue
		}
		if e := st.candidate(rnd, k); st.step(e) {
			p.Events = append(p.Events, e)
		}
	}
	if st.next != nil {
		e := *st.next
		st.step(e)
		p.Events = append(p.Events, e)
	}
	p.endWaits(st)
	return p
}

func pick(rnd *rand.Rand, total int) Kind {
	n := rnd.IntN(total)
	for k, w := range weights {
		if n < w {
			return Kind(k)
		}
		n -= w
	}
	panic("unreachable")
}

// candidate returns an event of kind k that may or may not be possible.
func (st *state) candidate(rnd *rand.Rand, k Kind) Event {
	e := Event{G: rnd.IntN(len(st.gs)), Kind: k}
	if k == Park {
		e.Aux = int(parkable[rnd.IntN(len(parkable))])
	}
	if n := st.count(k, e.Aux); n > 1 {
		e.Obj = rnd.IntN(n)
	}
	switch k {
	case Go:
		e.Aux = len(st.gs)
	case Read:
		e.Aux = rnd.IntN(Reads)
	case Write:
		// Empty maps make iterations short, so clear is rare.
		if e.Aux = rnd.IntN(Writes); e.Aux == Clear {
			e.Aux = rnd.IntN(Writes)
		}
	case Send, Recv:
		if e.Obj < len(st.chans) && st.shape.Chans[e.Obj] == 0 {
			e.Aux = st.chans[e.Obj].waiter
		}
	case Signal:
		if e.Obj < len(st.conds) {
			e.Aux = st.conds[e.Obj]
		}
	}
	return e
}

// endWaits removes the waits that nobody ends.
func (p *Program) endWaits(st *state) {
	for g := range st.gs {
		if !st.gs[g].parked {
			continue
		}
		i := len(p.Events) - 1
		for p.Events[i].G != g {
			i--
		}
		if p.Events[i].Kind == Park {
			p.Events = slices.Delete(p.Events, i, i+1)
			continue
		}
		// A CondWait: others may hold the mutex since.
		obj := p.Events[i].Obj
		p.Events[i].Kind = Unlock
		for j := range p.Events[i:] {
			if e := &p.Events[i+j]; e.Kind == Signal && e.Obj == obj && e.Aux == g {
				e.Aux = nobody
			}
		}
	}
}
