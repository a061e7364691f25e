package safemap

import (
	"sync"
	"sync/atomic"
	"weak"
)

// gate lets a snapshot find an instant in which no writer is half done. A
// writer that holds its bucket's lock enters, writes, and leaves; a snapshot
// closes the gate, waits until nobody is inside, and opens it with the next
// epoch. Until the first snapshot writers read one word and pass.
//
// Whoever waits for the gate may hold the lock of a bucket, so who holds it
// closed waits for no bucket, and neither does who is inside. A batch takes many locks, one after the other,
// in one epoch: it keeps batches read-locked, which is waited for before the
// gate is closed.
type gate struct {
	epoch   atomic.Uint64 // 0 until armed, then the number of the epoch times two, plus closed
	stripes atomic.Pointer[[]stripe]
	dirty   atomic.Bool // something was written since the latest snapshot

	batches sync.RWMutex // before mu
	mu      sync.Mutex   // held while the gate is closed, tables are exchanged or a table gets a successor

	latest weak.Pointer[core] // guarded by mu: the latest snapshot
}

const closed = 1

// enter returns the epoch that the caller may write in, until it takes its one
// from the stripe again.
func (g *gate) enter() (*stripe, uint64) {
	st := stripeOf(*g.stripes.Load())
	for {
		st.n.Add(1)
		if e := g.epoch.Load(); e&closed == 0 {
			return st, e >> 1
		}
		st.n.Add(-1)
		g.awaitOpen()
	}
}

func (g *gate) awaitOpen() {
	g.mu.Lock()
	defer g.mu.Unlock()
}

// close waits until no writer is inside and returns the number of the epoch
// that ends. batches and mu are held.
func (g *gate) close() (epoch uint64) {
	e := g.epoch.Load()
	g.epoch.Store(e | closed)
	for i := range *g.stripes.Load() {
		st := &(*g.stripes.Load())[i]
		var w waiter
		for st.n.Load() != 0 {
			w.wait()
		}
	}
	return e >> 1
}

func (g *gate) open(epoch uint64) { g.epoch.Store(epoch << 1) }

// arm makes writers use the gate, and waits for those that began before: they
// hold the lock of a bucket of t or its successor. The gate stays open, since
// one of them may wait for it with that lock. mu is held.
func (g *gate) arm(t *table) {
	if g.epoch.Load() != 0 {
		return
	}
	s := make([]stripe, stripesFor())
	g.stripes.Store(&s)
	g.open(1)
	for ; t != nil; t = t.next.Load() {
		for i := range t.buckets() {
			if !t.reserved(i) {
				continue
			}
			if b := t.bucket(i); atomic.LoadUint64(seqAt(b))&lockBit != 0 {
				unlock(b, lock(b))
			}
		}
	}
}

// quiet runs f at an instant in which no writer is inside, and opens the gate
// with the epoch that f returns.
func (s *shared) quiet(f func(t *table, epoch uint64) (next uint64)) {
	s.batches.Lock()
	defer s.batches.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.root.Load()
	s.arm(t)
	e := s.close()
	s.open(f(t, e))
}
