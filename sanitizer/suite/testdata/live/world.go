package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
	_ "unsafe" // for go:linkname

	"github.com/mapsan/mapsan/sanitizer/suite/oracle"
)

// mapsanRaw returns how many racing accesses the runtime saw.
//
//go:linkname mapsanRaw runtime.mapsanRaw
func mapsanRaw() uint64

// liveShape returns the objects of the program of a seed: few of all sorts, or
// many of some.
func liveShape(seed uint64) oracle.Shape {
	s := oracle.DefaultShape()
	s.Maps, s.Atomics, s.Onces = len(tables), len(words), 2
	switch seed % 8 {
	case 5: // more goroutines than the detector has room for at first
		s.Goroutines = 40
	case 6:
		s.Goroutines, s.Mutexes, s.Conds, s.RWMutexes, s.Groups = 12, 6, 3, 4, 4
	case 7:
		s.Goroutines, s.Chans, s.Mutexes, s.RWMutexes = 8, []int{0, 0, 1, 1, 2, 3, 7}, 1, 0
		s.Conds, s.Atomics = 0, 1
	}
	return s
}

// A world runs one program with real goroutines and real objects. Plain
// variables, which the detector does not see, make the goroutines take turns.
type world struct {
	p     *oracle.Program
	next  [][]int // by goroutine: its events
	turn  int     // the event that may happen
	ended []bool
	got   []uint64 // by event: races that the runtime saw

	maps  []table
	mus   []*sync.Mutex
	rws   []*sync.RWMutex
	chans []chan int
	never chan int
	words []word
	wgs   []*sync.WaitGroup
	onces []*sync.Once
	conds []*sync.Cond
}

// A tally counts the outcome of programs.
type tally struct {
	accesses, races, repeats, bad int
	first                         string // the first disagreement
}

func (t *tally) add(u tally) {
	t.accesses += u.accesses
	t.races += u.races
	t.repeats += u.repeats
}

// run executes p and compares the runtime's verdicts with the oracle's.
func run(p *oracle.Program) (t tally) {
	w := newWorld(p)
	w.main()
	for i, v := range oracle.Judge(p) {
		if !p.Events[i].Access() {
			continue
		}
		t.accesses++
		saw := w.got[i] > 0
		switch {
		case saw && v.Race:
			t.races++
		case v.Race && v.Repeat:
			t.repeats++
		case saw != v.Race:
			if t.bad++; t.bad == 1 {
				t.first = fmt.Sprintf("event %d: the runtime saw a race: %v, the oracle: %v\n", i, saw, v.Race)
			}
		}
	}
	return t
}

func newWorld(p *oracle.Program) *world {
	w := &world{
		p: p, next: make([][]int, p.Goroutines), ended: make([]bool, p.Goroutines),
		got: make([]uint64, len(p.Events)), never: make(chan int),
	}
	for g := range w.ended {
		w.ended[g] = g > 0
	}
	for i, e := range p.Events {
		w.next[e.G] = append(w.next[e.G], i)
		if e.Kind == oracle.Go {
			w.ended[e.Aux] = false
		}
	}
	for i := range p.Maps {
		w.maps = append(w.maps, tables[i]())
	}
	for range p.Mutexes {
		w.mus = append(w.mus, new(sync.Mutex))
	}
	for range p.RWMutexes {
		w.rws = append(w.rws, new(sync.RWMutex))
	}
	for _, size := range p.Chans {
		w.chans = append(w.chans, make(chan int, size))
	}
	for i := range p.Atomics {
		w.words = append(w.words, words[i]())
	}
	for range p.Groups {
		w.wgs = append(w.wgs, new(sync.WaitGroup))
	}
	for range p.Onces {
		w.onces = append(w.onces, new(sync.Once))
	}
	for i := range p.Conds {
		w.conds = append(w.conds, sync.NewCond(&turnLocker{Mutex: w.mus[i], w: w}))
	}
	return w
}

func (w *world) main() {
	w.run(0)
	for g := range w.ended {
		for spin := 0; !w.ended[g]; spin++ {
			w.pause(spin)
		}
	}
}

// run does the events of goroutine g until its last, or until the end of the
// once function that it is in.
func (w *world) run(g int) {
	for len(w.next[g]) > 0 {
		i := w.take(g)
		w.wait(i)
		if w.p.Events[i].Kind == oracle.OnceEnd {
			return
		}
		w.do(g, i)
	}
	w.ended[g] = true
}

func (w *world) take(g int) int {
	i := w.next[g][0]
	w.next[g] = w.next[g][1:]
	return i
}

// wait returns when event i may happen.
func (w *world) wait(i int) {
	for spin := 0; w.turn != i; spin++ {
		w.pause(spin)
	}
}

// done lets the event after i happen.
func (w *world) done(i int) { w.turn = i + 1 }

func (w *world) pause(spin int) {
	runtime.Gosched()
	const often = 1 << 20
	if spin%often == often-1 && spin > 64*often {
		fmt.Printf("stuck at event %d after %v:\n%v", w.turn, time.Second, w.p)
		os.Exit(2)
	}
}

// A turnLocker tells the world when [sync.Cond.Wait] has let go of the mutex.
type turnLocker struct {
	*sync.Mutex
	w     *world
	event int
}

func (l *turnLocker) Unlock() {
	i := l.event
	l.Mutex.Unlock()
	l.w.done(i)
}
