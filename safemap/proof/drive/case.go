// Package drive makes histories: goroutines that work on one map and write down
// what they did.
package drive

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/model"
	"github.com/mapsan/mapsan/safemap/proof/subject"
)

// The families of cases.
const (
	PerKey = "perkey" // operations of one key on three keys, while others come and go
	Whole  = "whole"  // Snapshot, Clear and Len, too, while no other keys come
	Grown  = "grown"  // Snapshot beside operations of one key, while others come and go
	Batch  = "batch"  // Apply and Snapshot beside operations of one key
	Prefix = "prefix" // one writer, and snapshots that must be what it had written
)

// A Case makes one history after the other of one kind of map.
type Case struct {
	Family string
	Name   string // of the types and options
	Make   func(seed uint64, number int, clock history.Clock) *history.History
	// Drop makes the next history one of a fresh map.
	Drop func()
}

func (c Case) String() string { return c.Family + "/" + c.Name }

// A shape is what the clients of a history do.
type shape struct {
	whole     bool // the history is checked as a whole
	keys      int  // watched keys
	clients   int
	ops, more int // per client: so many, and up to so many more
	weights   [model.Fill + 1]int
	others    int   // keys that are there from the beginning, at most, until a Clear
	burst     int   // keys that come or go at once, at most; none: 0
	often     int   // of so many operations, one comes after a burst
	stride    int32 // values that one client can store
}

// Weights of operations. Those that make something last long (Range) or empty
// (Clear) are rare, or there would be little else to see.
func shapeOf(family string, burst int) shape {
	one := [model.Fill + 1]int{
		model.Load: 12, model.Store: 8, model.Delete: 6, model.LoadOrStore: 6, model.LoadOrCompute: 4,
		model.LoadAndDelete: 5, model.Swap: 5, model.CompareAndSwap: 6, model.CompareAndDelete: 4, model.Compute: 8,
	}
	s := shape{whole: true, keys: model.Keys, clients: model.Clients, ops: 8, more: 8, weights: one, often: 16, stride: 512}
	switch family {
	case PerKey:
		s.whole, s.keys, s.ops, s.more, s.burst = false, 3, 40, 20, burst
		s.weights[model.Range] = 1
	case Whole:
		s.others = burst
		s.weights[model.Snapshot], s.weights[model.Len], s.weights[model.Clear] = 14, 8, 3
	// What a snapshot holds is read several times, so it must not be too much.
	case Grown:
		s.weights[model.Snapshot], s.burst = 14, (burst+3)/4
	case Batch:
		s.weights[model.Snapshot], s.weights[model.Write], s.burst = 20, 16, (burst+3)/4
	default:
		panic("drive: no shape of family " + family)
	}
	return s
}

// New returns the case of a family over maps that open makes. At most burst
// keys that are not watched come and go at once, in the families that have them.
// The operations in without are left out.
func New[K comparable, V any](family, name string, kind subject.Kind[K, V], burst int, without []model.Op,
	open func() subject.Subject[K, V]) Case {

	c := Case{Family: family, Name: name}
	shape := shapeOf(family, burst)
	var t *trial[K, V]
	maps := 0
	c.Drop = func() { t = nil }
	c.Make = func(seed uint64, number int, clock history.Clock) *history.History {
		rng := rand.New(rand.NewPCG(seed, uint64(number)))
		// A map lives for some histories: one that has grown and shrunk again
		// has other things to get wrong than a fresh one.
		if t == nil || rng.IntN(12) == 0 {
			maps++
			t = &trial[K, V]{subject: open().Without(without), kind: kind, shape: shape}
			t.prepare()
		}
		h := &history.History{Case: c.String(), Map: maps, Number: number, Whole: shape.whole}
		t.make(h, rng, clock)
		return h
	}
	return c
}

// A trial is one map and what its clients keep from history to history.
type trial[K comparable, V any] struct {
	subject subject.Subject[K, V]
	kind    subject.Kind[K, V]
	shape   shape
	fillers [model.Clients]filler
	values  []V // by number; those of pointers must be the same pointer each time
}

// prepare makes what the clients share.
func (t *trial[K, V]) prepare() {
	for i := range t.fillers {
		t.fillers[i].owner = int32(i)
	}
	t.values = make([]V, (model.Clients+1)*t.shape.stride+1)
	for n := range t.values[1:] {
		t.values[n+1] = t.kind.Value(int32(n + 1))
	}
}

func (t *trial[K, V]) make(h *history.History, rng *rand.Rand, clock history.Clock) {
	first := t.client(t.shape.clients, clock, 0)
	t.begin(first, rng)
	if len(first.h.Problems) > 0 {
		t.gather(h, []*client[K, V]{first}, clock)
		return
	}
	h.Events = append(h.Events, first.h.Events...)
	clients := make([]*client[K, V], t.shape.clients)
	for i := range clients {
		clients[i] = t.client(i, clock, rng.Uint64())
	}
	var arrived atomic.Int32
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			defer c.recovered()
			c.h.Events = make([]history.Event, 0, 64)
			// All start together, or the first is done before the last begins.
			for arrived.Add(1); arrived.Load() < int32(len(clients)); {
				runtime.Gosched()
			}
			c.work(t.shape.ops + c.rng.IntN(t.shape.more+1))
		})
	}
	wg.Wait()
	t.gather(h, clients, clock)
}

// begin makes the map ready for a history.
func (t *trial[K, V]) begin(first *client[K, V], rng *rand.Rand) {
	defer first.recovered()
	for k := range t.shape.keys {
		t.subject.Delete(t.kind.Key(int32(k)))
	}
	if t.subject.Clear != nil && t.shape.others > 0 {
		// Often none: then a Clear is of a small map, too.
		first.fill(max(0, rng.IntN(2*t.shape.others)-t.shape.others), 0)
	}
}

// gather makes one history of what the clients wrote down, and looks at the map.
func (t *trial[K, V]) gather(h *history.History, clients []*client[K, V], clock history.Clock) {
	for _, c := range clients {
		h.Events = append(h.Events, c.h.Events...)
		for _, p := range c.h.Problems {
			h.Problem("client %d: %s", c.id, p)
		}
	}
	if len(h.Problems) == 0 {
		t.after(h, clients, clock)
	}
}

// after looks at the map when its clients are done: an update that was lost, or
// a key that is there twice, shows at the latest now.
func (t *trial[K, V]) after(h *history.History, clients []*client[K, V], clock history.Clock) {
	last := t.client(t.shape.clients, clock, 0)
	defer func() {
		last.recovered()
		h.Events = append(h.Events, last.h.Events...)
		for _, p := range last.h.Problems {
			h.Problem("afterwards: %s", p)
		}
	}()
	n := 0
	for k := range t.shape.keys {
		last.do(model.Load, k)
		if last.h.Events[len(last.h.Events)-1].Out.OK {
			n++
		}
	}
	for i := range t.fillers {
		n += t.fillers[i].size()
	}
	switch {
	case t.subject.Len == nil:
	case t.shape.others > 0:
		last.do(model.Len, 0) // what a Clear has left, the model knows
	default:
		if got := t.subject.Len(); got != n {
			last.h.Problem("Len() = %d when nobody works on the map, and it has %d keys", got, n)
		}
	}
	if t.shape.whole && t.subject.Snapshot != nil {
		last.do(model.Snapshot, 0)
	}
	t.reread(h, append(clients, last))
}

// recovered notes a panic of the map: a history of its own kind.
func (c *client[K, V]) recovered() {
	if p := recover(); p != nil {
		stack := make([]byte, 4096)
		c.h.Problem("panic: %v\n%s", p, stack[:runtime.Stack(stack, false)])
	}
}
