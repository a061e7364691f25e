package drive

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/subject"
)

// One writer makes the same writes in the same order each time, so each moment
// is one number, how many writes were made, and what a snapshot must hold
// follows from it. That scales to maps on which no search for an order ends.
//
//	n writes    store the keys 0 to n-1, of generation 1
//	n writes    store them again, of generation 2
//	2n writes   in turn store the next key, of generation 1, and delete the oldest
//	n writes    delete the rest, oldest first

// A moment is a map as it is after some of these writes: keys from lo to hi, of
// which those before second are of generation 2.
type moment struct{ lo, hi, second int32 }

func momentAt(n, writes int32) moment {
	switch {
	case writes <= n:
		return moment{0, writes, 0}
	case writes <= 2*n:
		return moment{0, n, writes - n}
	case writes <= 4*n:
		w := writes - 2*n
		return moment{w / 2, n + (w+1)/2, n}
	}
	return moment{writes - 3*n, 2 * n, n}
}

// when returns after how many writes a map looks like m, if it ever does.
func (m moment) when(n int32) (int32, bool) {
	var w int32
	switch {
	case m.lo == m.hi:
		return 0, true // or at the end: both have nothing
	case m.lo == 0 && m.hi <= n:
		w = m.hi + min(m.second, n)
	case m.hi == 2*n && m.lo >= n:
		w = 3*n + m.lo
	default:
		w = n + m.lo + m.hi
	}
	is := momentAt(n, w)
	if is.second = min(max(is.second, is.lo), is.hi); is.second <= is.lo {
		is.second = m.second // none is of generation 2: as before the first
	}
	return w, is == m
}

// A prefix is one run.
type prefix[K comparable, V any] struct {
	s    subject.Subject[K, V]
	kind subject.Kind[K, V]
	n    int32

	readers     sync.WaitGroup // done when each has made a snapshot
	begun, done atomic.Int32   // writes
	snapshots   atomic.Int32

	mu sync.Mutex
	h  *history.History // guarded by mu
}

func (p *prefix[K, V]) problem(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.h.Problem(format, args...)
}

// generation is the value of a key: never 0.
func generation(key, g int32) int32 { return 2*key + g }

func (p *prefix[K, V]) write() {
	write := func(f func(K, V), key, g int32) {
		// Readers get their turns, but of a large map fewer, which take long.
		if p.begun.Add(1)%max(64, p.n/100) == 0 {
			runtime.Gosched()
		}
		f(p.kind.Key(key), p.kind.Value(generation(key, g)))
		p.done.Add(1)
	}
	remove := func(k K, _ V) { p.s.Delete(k) }
	p.readers.Wait()
	for k := range p.n {
		write(p.s.Store, k, 1)
	}
	for k := range p.n {
		write(p.s.Store, k, 2)
	}
	for k := range p.n {
		write(p.s.Store, p.n+k, 1)
		write(remove, k, 0)
	}
	for k := range p.n {
		write(remove, p.n+k, 0)
	}
}

// look reads all of a snapshot and says at which moment it was made.
func (p *prefix[K, V]) look(v subject.View[K, V]) (moment, string) {
	m := moment{lo: 2 * p.n}
	count, seconds, firstOf1 := int32(0), int32(0), 2*p.n
	for k, v := range v.All {
		key := p.kind.KeyNumber(k)
		count++
		m.lo, m.hi = min(m.lo, key), max(m.hi, key+1)
		switch p.kind.Number(v) {
		case generation(key, 1):
			firstOf1 = min(firstOf1, key)
		case generation(key, 2):
			seconds++
			m.second = max(m.second, key+1)
		default:
			return m, fmt.Sprintf("has %v for the key %v, which nobody stored", v, k)
		}
	}
	if count == 0 {
		m.lo = 0
	}
	switch {
	case count != m.hi-m.lo:
		return m, fmt.Sprintf("has %d keys from %d to %d", count, m.lo, m.hi-1)
	case int(count) != v.Len():
		return m, fmt.Sprintf("has %d keys, and its Len is %d", count, v.Len())
	case seconds > 0 && (seconds != m.second-m.lo || firstOf1 < m.second):
		return m, fmt.Sprintf("has key %d of generation 1 and key %d of 2, which was stored later", firstOf1, m.second-1)
	}
	return m, ""
}

// read makes snapshots until the writer is done.
func (p *prefix[K, V]) read(rng *rand.Rand) {
	ready := sync.OnceFunc(p.readers.Done)
	defer ready()
	type old struct {
		view subject.View[K, V]
		m    moment
	}
	var kept []old
	var last int32
	var version uint64
	end := 5 * p.n
	for p.done.Load() < end {
		from := p.done.Load()
		v := p.s.Snapshot()
		to := p.begun.Load()
		p.snapshots.Add(1)
		ready()
		m, why := p.look(v)
		if why != "" {
			p.problem("a snapshot made after %d to %d writes %s", from, to, why)
			return
		}
		w, ok := m.when(p.n)
		if !ok {
			p.problem("a snapshot made after %d to %d writes has the keys from %d to %d, and generation 2 before %d: so it was never", from, to, m.lo, m.hi-1, m.second)
			return
		}
		if w == 0 && to == end {
			w = end
		}
		if w < from || w > to || w < last {
			p.problem("a snapshot made after %d to %d writes shows %d; an earlier one showed %d", from, to, w, last)
			return
		}
		if v.Version() < version {
			p.problem("a snapshot of version %d was made after one of version %d", v.Version(), version)
			return
		}
		last, version = w, v.Version()
		for range 8 {
			key := rng.Int32N(2 * p.n)
			if _, ok := v.Load(p.kind.Key(key)); ok != (key >= m.lo && key < m.hi) {
				p.problem("Load(%v) = %t of a snapshot that has the keys from %d to %d", p.kind.Key(key), ok, m.lo, m.hi-1)
				return
			}
		}
		if len(kept) < 4 {
			kept = append(kept, old{v, m})
		} else if rng.IntN(4) == 0 {
			kept[rng.IntN(4)] = old{v, m}
		}
		runtime.Gosched()
	}
	for _, k := range kept {
		if m, why := p.look(k.view); why != "" || m != k.m {
			p.problem("a snapshot read again has changed: it had %v and has %v %s", k.m, m, why)
		}
	}
}

// prefixOf makes one run of n keys with two who make snapshots.
func prefixOf[K comparable, V any](s subject.Subject[K, V], kind subject.Kind[K, V], n int, rng *rand.Rand, h *history.History) (snapshots int) {
	p := &prefix[K, V]{s: s, kind: kind, n: int32(n), h: h}
	var wg sync.WaitGroup
	guard := func(f func()) {
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					p.problem("panic: %v", r)
					p.done.Store(5 * p.n)
				}
			}()
			f()
		})
	}
	p.readers.Add(2)
	for range 2 {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
		guard(func() { p.read(rng) })
	}
	guard(p.write)
	wg.Wait()
	if s.Len != nil && len(h.Problems) == 0 && s.Len() != 0 {
		h.Problem("Len() = %d of a map from which all was deleted", s.Len())
	}
	return int(p.snapshots.Load())
}

// NewPrefix returns the case of one writer and of maps that open makes.
func NewPrefix[K comparable, V any](name string, kind subject.Kind[K, V], n int, open func() subject.Subject[K, V]) Case {
	c := Case{Family: Prefix, Name: name}
	number := 0
	c.Drop = func() {}
	c.Make = func(seed uint64, i int, _ history.Clock) *history.History {
		number++
		h := &history.History{Case: c.String(), Map: number, Number: i, Whole: true}
		prefixOf(open(), kind, n, rand.New(rand.NewPCG(seed, uint64(i))), h)
		return h
	}
	return c
}
