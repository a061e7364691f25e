package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// beside times reads while another goroutine overwrites.
func (u *unit) beside() {
	s, d, w := u.full(), lookups(u.n, u.rand), overwrites(u.n, u.rand)
	h := new(histogram)
	u.begin(u.job.name, 10*time.Second+20*u.Time)
	besides(func(i int) { s.mix(w, i, besideOps) }, func() {
		repeat(0, u.Time/2, func(i, ops int) { s.timeReads(d, i, ops, new(histogram)) })
		repeat(0, 2*u.Time, func(i, ops int) { s.timeReads(d, i, ops, h) })
	})
	u.emit("/p50", nanoseconds(h.quantile(0.5)))
	u.emit("/p99", nanoseconds(h.quantile(0.99)))
	u.emit("/p999", nanoseconds(h.quantile(0.999)))
}

// besideOps are the operations of a call to other, below.
const besideOps = 512

// besides runs f while another goroutine calls other again and again, with the
// number of the next draw.
func besides(other func(i int), f func()) {
	clock() // measured alone
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var stop, started atomic.Bool
	var done sync.WaitGroup
	done.Go(func() {
		for i := 0; !stop.Load(); i += besideOps {
			other(i)
			started.Store(true)
		}
	})
	for !started.Load() {
		runtime.Gosched()
	}
	f()
	stop.Store(true)
	done.Wait()
}

// nanoseconds converts a measured number of ticks, without the clock's own.
func nanoseconds(t int64) float64 {
	perNS, own := clock()
	return max(0, float64(t)-own) / perNS
}

// growth inserts into an empty map. The second time nothing is timed but the
// whole, in memory that the process already has.
func (u *unit) growth() {
	h := new(histogram)
	clock()
	u.begin(u.job.name, time.Minute)
	runtime.GOMAXPROCS(2) // maps that grow with help may have it
	u.subject(0).timeInserts(0, u.n, h)
	u.emit("/worst", nanoseconds(h.max)/1e6)
	u.emit("/p50", nanoseconds(h.quantile(0.5)))
	u.emit("/p99", nanoseconds(h.quantile(0.99)))
	u.emit("/p9999", nanoseconds(h.quantile(0.9999)))
	runtime.GC()
	s, begin := u.subject(0), time.Now()
	s.insert(0, u.n)
	u.emit("/insert", float64(time.Since(begin))/float64(u.n))
}

// snapshots measures what snapshots cost, those who take them and all others.
func (u *unit) snapshots() {
	s := newsafeInt(u.n, u.ints)
	s.insert(0, u.n)
	d, w := lookups(u.n, u.rand), overwrites(u.n, u.rand)
	read := func(i, ops int) { s.read(same, d, i, ops) }
	write := func(i, ops int) { s.mix(w, i, ops) }
	u.time("/write/unarmed", 1, write)
	u.time("/read/unarmed", 1, read)

	u.begin("the first snapshot", time.Minute)
	clock()
	start := ticks()
	held := s.m.Snapshot()
	u.emit("/first", nanoseconds(ticks()-start)/1e3)
	s.insert(0, u.n) // save all that the snapshot shows, so that it is not part of what follows
	u.time("/write/armed", 1, write)
	u.time("/read/armed", 1, read)

	u.begin("later snapshots", 10*time.Second+20*u.Time)
	later := func() float64 {
		h := new(histogram)
		for i, begin := 0, time.Now(); i < 5 || time.Since(begin) < u.Time; i++ {
			s.insert(i%u.n, i%u.n+1)
			start := ticks()
			held = s.m.Snapshot()
			h.add(ticks() - start)
		}
		return nanoseconds(h.quantile(0.5)) / 1e3
	}
	later()
	runtime.GC()
	u.emit("/later", later())

	// Few of the map, so that most are the first in their part of it.
	few := max(16, min(1000, u.n/20))
	sum, writes := 0.0, 0
	for begin := time.Now(); writes == 0 || time.Since(begin) < 2*u.Time; writes += few {
		held = s.m.Snapshot()
		start := ticks()
		s.mix(w, writes, few)
		sum += nanoseconds(ticks() - start)
	}
	u.emit("/write/copying", sum/float64(writes))

	runtime.GC()
	u.begin("snapshots beside a writer", 10*time.Second+20*u.Time)
	besides(func(i int) { write(i, besideOps) }, func() { u.emit("/beside", later()) })
	runtime.GC()
	u.begin("reads beside snapshots", 10*time.Second+20*u.Time)
	besides(func(int) { s.m.Snapshot() }, func() {
		ops, took := repeat(0, u.Time, read)
		u.emit("/read/beside", float64(took)/float64(ops))
	})
	runtime.KeepAlive(held)
}

// allocations counts what operations allocate.
func (u *unit) allocations() {
	s := u.subject(u.n)
	d := new(draws)
	for i := range d {
		d[i] = uint32(i % u.n)
	}
	count := func(op string, f func()) {
		u.begin(op, time.Minute)
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		u.emit("/"+op, float64(after.Mallocs-before.Mallocs)/float64(u.n))
		u.emit("/"+op+"/bytes", float64(after.TotalAlloc-before.TotalAlloc)/float64(u.n))
	}
	count("insert", func() { s.insert(0, u.n) })
	count("load", func() { s.read(same, d, 0, u.n) })
	count("overwrite", func() { s.insert(0, u.n) })
	count("delete", func() { s.remove(0, u.n) })
}

// memory weighs the map.
func (u *unit) memory() {
	u.begin(u.job.name, time.Minute)
	weigh := func(size int) (s subject, bytes, objects float64) {
		before := heap()
		s = u.subject(size)
		s.insert(0, u.n)
		after := heap()
		n := float64(u.n)
		return s, (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / n, (float64(after.HeapObjects) - float64(before.HeapObjects)) / n
	}
	s, grown, _ := weigh(0)
	runtime.KeepAlive(s)
	s, bytes, objects := weigh(u.n)
	u.emit("/bytes", bytes)
	u.emit("/grown", grown)
	u.emit("/objects", objects)

	s.forget()
	u.ints, u.strings = nil, nil
	runtime.GC()
	runtime.GOMAXPROCS(2)
	var costs []float64
	for range 5 {
		cpu := cpuTime()
		runtime.GC()
		costs = append(costs, float64(cpuTime()-cpu)/1e6)
	}
	u.emit("/gc", median(costs))
	runtime.KeepAlive(s)
}

// heap returns the memory in use when all garbage is gone.
func heap() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	runtime.ReadMemStats(&m)
	return m
}
