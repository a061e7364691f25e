package drive

import (
	"math/rand/v2"
	"slices"

	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/model"
	"github.com/mapsan/mapsan/safemap/proof/subject"
)

// A Program is a small history that waits for somebody to run it: the bodies,
// each in a goroutine or a task of its own, and then End.
type Program struct {
	Bodies []func()
	End    func() *history.History
}

// A Maker makes small programs on maps of one kind.
type Maker struct {
	Family string
	Name   string
	// Make makes a program on a fresh map, in which fill keys are stored, after
	// more had been and were deleted again. What the bodies do follows from the
	// seed; before each operation, and where a callback might wait, they call pause.
	Make func(seed uint64, fill, more int, clock history.Clock, pause func()) *Program
	// Fill stores n keys in a fresh map, like Make, and then deletes them; it
	// calls each after each key.
	Fill func(n int, each func(deleting bool, keys int))
	Most int // keys to fill a map with
}

func (m Maker) String() string { return m.Family + "/" + m.Name }

// NewMaker returns the maker of a family over maps that open makes, whose hash
// must be the same in each process. No map is filled with more than most keys.
func NewMaker[K comparable, V any](family, name string, kind subject.Kind[K, V], most int, without []model.Op,
	open func() subject.Subject[K, V]) Maker {

	m := Maker{Family: family, Name: name, Most: most}
	base := shapeOf(family, 0)
	switch {
	case most == 0:
	case family == Whole:
		base.others = most
	default:
		base.burst = 10
	}
	m.Make = func(seed uint64, fill, more int, clock history.Clock, pause func()) *Program {
		rng := rand.New(rand.NewPCG(seed, 2))
		s := base
		s.small(rng)
		t := &trial[K, V]{subject: open().Without(without), kind: kind, shape: s}
		t.prepare()
		h := &history.History{Case: m.String(), Whole: s.whole}
		clients := make([]*client[K, V], s.clients)
		for i := range clients {
			clients[i] = t.client(i, clock, rng.Uint64())
			clients[i].hook = pause
			clients[i].keep(rng.IntN(3))
		}
		// What the map holds when it begins, and whether somebody has a
		// snapshot of it, changes what writers must do.
		first := t.client(s.clients, clock, rng.Uint64())
		if s.burst > 0 {
			t.fill(fill, more)
		} else if s.others > 0 && t.subject.Clear != nil {
			first.fill(fill, more)
		}
		for k := range s.keys {
			if rng.IntN(2) == 0 {
				first.do(model.Store, k)
			}
		}
		if t.subject.Snapshot != nil && rng.IntN(2) == 0 {
			first.do(model.Snapshot, 0)
		}
		p := &Program{}
		for _, c := range clients {
			n := s.ops + rng.IntN(s.more+1)
			p.Bodies = append(p.Bodies, func() { c.work(n) })
		}
		p.End = func() *history.History {
			t.gather(h, append(clients, first), clock)
			return h
		}
		return p
	}
	m.Fill = func(n int, each func(bool, int)) {
		t := &trial[K, V]{subject: open().Without(without), kind: kind, shape: base}
		t.prepare()
		f := &t.fillers[0]
		for f.size() < n {
			t.storeNext(f)
			each(false, f.size())
		}
		for f.size() > 0 {
			t.deleteFirst(f)
			each(true, f.size())
		}
	}
	return m
}

// small cuts a shape down to what can be looked at from all sides.
func (s *shape) small(rng *rand.Rand) {
	s.keys = 1 + rng.IntN(2)
	s.clients = 2 + rng.IntN(2)
	s.ops, s.more = 1, 3
	s.stride = 16
	s.often = 3
	// Most programs do few different things: those that matter together meet.
	if rng.IntN(3) > 0 {
		for op := range s.weights {
			if model.Op(op) < model.Range && rng.IntN(2) == 0 {
				s.weights[op] = 0
			}
		}
		s.weights[model.Load] = 6
	}
}

// keep leaves a client with one role in three only operations that change
// nothing, with another only those that change something: a reader that meets
// just the wrong writes is what most defects take.
func (c *client[K, V]) keep(role int) {
	if role == 0 {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(c.ops), func(op model.Op) bool {
		reads := op == model.Load || op == model.Range || op == model.Len || op == model.Snapshot
		return reads != (role == 1)
	})
	if len(kept) > 0 {
		c.ops = kept
	}
}

func (t *trial[K, V]) fill(n, more int) {
	f := &t.fillers[0]
	for f.size() < n+more {
		t.storeNext(f)
	}
	for f.size() > n {
		t.deleteFirst(f)
	}
	for i := range t.fillers {
		t.fillers[i].base = t.fillers[i].size()
	}
}
