package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A request is what one process is to measure: one job of one map.
type request struct {
	Job  string
	Map  string
	Seed uint64        // of keys and draws: all maps of a round get the same
	Time time.Duration // of one reading
	Most int           // entries, 0 for as many as the job says: for tests
	Only string        // if not empty, a row, of which Ops operations are done, and nothing else: for counting instructions
	Ops  int
}

// A reading is a line that the process prints.
type reading struct {
	Row    string  `json:",omitempty"`
	Value  float64 `json:",omitempty"`
	Failed string  `json:",omitempty"`
}

// A unit measures one job of one map.
type unit struct {
	request
	job     job
	n       int
	rand    *rand.Rand
	ints    *keys[int]
	strings *keys[string]
	out     *json.Encoder
	hung    func()
	alarm   *time.Timer
}

// runUnit measures and prints readings to out. If the map never comes back, it
// prints a reading that says so and calls hung, which should not return.
//
// The collector is off while something is timed, and what allocating costs is
// counted, what collecting the garbage costs is not. That favours the maps that
// allocate.
func runUnit(req request, out io.Writer, hung func()) error {
	all := jobs()
	at := slices.IndexFunc(all, func(j job) bool { return j.name == req.Job })
	if at < 0 {
		return fmt.Errorf("measure %s: no such job", req.Job)
	}
	u := &unit{request: req, job: all[at], n: all[at].size, rand: rand.New(rand.NewPCG(req.Seed, 1)), out: json.NewEncoder(out)}
	if req.Most > 0 {
		u.n = min(u.n, req.Most)
	}
	if !slices.Contains(u.job.maps, req.Map) {
		return fmt.Errorf("measure %s of %s: not measured of this map", req.Job, req.Map)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(2 << 30)) // sooner than the machine's
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))

	u.hung = hung
	u.begin("making the map", time.Minute)
	defer func() { u.alarm.Stop() }()
	if lookups := u.job.what == "reads"; u.job.kind == kindString {
		u.strings = newStrings(u.n, lookups, u.rand)
	} else {
		u.ints = newInts(u.n, lookups, u.rand)
	}
	switch u.job.what {
	case "reads":
		u.reads()
	case "mixed":
		u.mixed()
	case "beside":
		u.beside()
	case "growth":
		u.growth()
	case "snapshots":
		u.snapshots()
	case "iterate":
		u.iterate()
	case "allocations":
		u.allocations()
	case "memory":
		u.memory()
	}
	return nil
}

// begin says what is done next and how long it may take.
func (u *unit) begin(what string, most time.Duration) {
	if u.alarm != nil {
		u.alarm.Stop()
	}
	u.alarm = time.AfterFunc(most, func() {
		u.out.Encode(reading{Failed: "hung in " + what})
		u.hung()
	})
}

func (u *unit) emit(suffix string, value float64) {
	u.out.Encode(reading{Row: u.job.name + suffix, Value: value})
}

// subject returns the map, empty, with room for size entries.
func (u *unit) subject(size int) subject {
	return newSubject(u.Map, u.job.kind, size, u.ints, u.strings)
}

// full returns the map with all keys.
func (u *unit) full() subject {
	s := u.subject(u.n)
	s.insert(0, u.n)
	return s
}

// time emits the ns per operation of loop. It runs twice, so that the reading
// finds warm caches, and memory to allocate from that the system has already
// given: the first run's garbage.
func (u *unit) time(suffix string, procs int, loop func(i, ops int)) {
	if u.Only != "" {
		if u.Only == u.job.name+suffix {
			loop(0, u.Ops)
			os.Exit(0) // what else there is is not to be counted
		}
		return
	}
	u.begin(u.job.name+suffix, 10*time.Second+20*u.Time)
	runtime.GOMAXPROCS(procs)
	timed(procs, u.Time, loop)
	runtime.GC()
	u.emit(suffix, timed(procs, u.Time, loop))
	runtime.GOMAXPROCS(1)
}

func (u *unit) reads() {
	s, d := u.full(), lookups(u.n, u.rand)
	loop := func(from keySet) func(i, ops int) {
		return func(i, ops int) { s.read(from, d, i, ops) }
	}
	u.time("", 1, loop(same))
	if u.job.kind == kindString {
		u.time("/copied", 1, loop(copied))
	}
	u.time("/misses", 1, loop(absent))
	u.time("/2p", 2, loop(same))
}

func (u *unit) mixed() {
	s, d := u.subject(u.n), u.job.mix.draw(u.n, u.rand)
	s.insert(0, u.job.mix.present(u.n))
	loop := func(i, ops int) { s.mix(d, i, ops) }
	u.time("", 1, loop)
	u.time("/2p", 2, loop)
}

func (u *unit) iterate() {
	s := u.full()
	u.timeEach("", func() (n, sum int) { return s.iterate() })
	switch s := s.(type) {
	case *safeInt:
		u.timeEach("/snapshot", func() (n, sum int) {
			for _, v := range s.m.Snapshot().All() {
				n++
				sum += v
			}
			return n, sum
		})
	case *nativeInt:
		u.timeEach("/snapshot", func() (n, sum int) { return s.iterate() })
	}
}

// timeEach emits the CPU time per entry of an iteration.
func (u *unit) timeEach(suffix string, iterate func() (n, sum int)) {
	u.begin(u.job.name+suffix, 10*time.Second+20*u.Time)
	iterate()
	entries, begin, cpu := 0, time.Now(), cpuTime()
	for entries == 0 || time.Since(begin) < u.Time {
		n, _ := iterate()
		entries += max(n, 1)
	}
	u.emit(suffix, float64(cpuTime()-cpu)/float64(entries))
}

// timed runs loop on procs goroutines until d has passed. It returns the ns per
// operation: of CPU time for one goroutine, of wall time for more, since then
// waiting for another is part of the price.
func timed(procs int, d time.Duration, loop func(i, ops int)) float64 {
	if procs == 1 {
		cpu := cpuTime()
		ops, _ := repeat(0, d, loop)
		return float64(cpuTime()-cpu) / float64(ops)
	}
	var ready atomic.Int32
	var ops, ns atomic.Int64
	var all sync.WaitGroup
	for w := range procs {
		all.Go(func() {
			for ready.Add(1); int(ready.Load()) < procs; {
				runtime.Gosched()
			}
			n, took := repeat(w*drawCount/procs, d, loop)
			ops.Add(int64(n))
			ns.Add(int64(took))
		})
	}
	all.Wait()
	return float64(ns.Load()) / float64(ops.Load())
}

// repeat runs loop from draw i on until d has passed. It returns how many
// operations that were, and how long they took.
func repeat(i int, d time.Duration, loop func(i, ops int)) (ops int, took time.Duration) {
	const chunk = 2048 // operations between looks at the clock
	for begin := time.Now(); took < d; took = time.Since(begin) {
		loop(i+ops, chunk)
		ops += chunk
	}
	return ops, took
}
