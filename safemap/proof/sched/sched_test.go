package sched_test

import (
	"fmt"
	"strings"
	stdsync "sync"
	stdatomic "sync/atomic"
	"testing"
	"unsafe"

	"github.com/mapsan/mapsan/safemap/proof/sched"
	"github.com/mapsan/mapsan/safemap/proof/sched/atomic"
	"github.com/mapsan/mapsan/safemap/proof/sched/runtime"
	"github.com/mapsan/mapsan/safemap/proof/sched/sync"
)

var strategies = []sched.Strategy{sched.Random, {Depth: 1}, {Depth: 2}, {Depth: 3}}

func each(t *testing.T, n int, f func(t *testing.T, c sched.Config)) {
	for _, s := range strategies {
		t.Run(s.String(), func(t *testing.T) {
			for seed := range uint64(n) {
				f(t, sched.Config{Strategy: s, Seed: seed, Length: 20})
			}
		})
	}
}

// increments is lost when two add by a load and a store.
func increments(c sched.Config) (int64, sched.Result) {
	var n atomic.Int64
	add := func() { n.Store(n.Load() + 1) }
	r := sched.Run(c, add, add)
	return n.Load(), r
}

func TestLostUpdate(t *testing.T) {
	for _, s := range strategies {
		lost := 0
		for seed := range uint64(200) {
			n, r := increments(sched.Config{Strategy: s, Seed: seed, Length: 4})
			if r.Fault != "" {
				t.Fatal(r)
			}
			if n == 1 {
				lost++
			}
		}
		// pct1 never takes the processor from a task that can go on.
		if want := s.Depth != 1; (lost > 0) != want {
			t.Errorf("%s: an update is lost in %d of 200 schedules, want some: %t", s, lost, want)
		}
	}
}

func TestSameSeedSameSchedule(t *testing.T) {
	hashes := map[uint64]bool{}
	each(t, 50, func(t *testing.T, c sched.Config) {
		c.Trace = true
		_, a := increments(c)
		_, b := increments(c)
		if a.Hash != b.Hash || fmt.Sprint(a.Trace) != fmt.Sprint(b.Trace) {
			t.Errorf("seed %d: %v, then %v", c.Seed, a, b)
		}
		hashes[a.Hash] = true
		if len(a.Trace) != 4 || !strings.Contains(a.Trace[0].Place, "sched_test.go") {
			t.Errorf("seed %d: trace %v", c.Seed, a.Trace)
		}
	})
	if len(hashes) < 4 {
		t.Errorf("%d schedules differ: want more", len(hashes))
	}
}

func TestMutex(t *testing.T) {
	each(t, 200, func(t *testing.T, c sched.Config) {
		var mu sync.Mutex
		var n atomic.Int64
		add := func() {
			mu.Lock()
			defer mu.Unlock()
			n.Store(n.Load() + 1)
		}
		if r := sched.Run(c, add, add, add); r.Fault != "" || n.Load() != 3 {
			t.Fatalf("seed %d: %d, %+v", c.Seed, n.Load(), r)
		}
	})
}

func TestRWMutex(t *testing.T) {
	each(t, 200, func(t *testing.T, c sched.Config) {
		var mu sync.RWMutex
		var a, b atomic.Int64
		write := func() {
			mu.Lock()
			a.Add(1)
			b.Add(1)
			mu.Unlock()
		}
		read := func() {
			mu.RLock()
			if a.Load() != b.Load() {
				panic("read in the middle of a write")
			}
			mu.RUnlock()
		}
		if r := sched.Run(c, write, read, write, read); r.Fault != "" {
			t.Fatalf("seed %d: %+v", c.Seed, r)
		}
	})
}

// TestSpin: a loop that waits by looking does not keep the one it waits for out.
func TestSpin(t *testing.T) {
	for name, wait := range map[string]func(){"with Gosched": runtime.Gosched, "without": func() {}} {
		t.Run(name, func(t *testing.T) {
			each(t, 50, func(t *testing.T, c sched.Config) {
				var ready atomic.Bool
				r := sched.Run(c, func() {
					for !ready.Load() {
						wait()
					}
				}, func() { ready.Store(true) })
				if r.Fault != "" || r.Steps > 2000 {
					t.Fatalf("seed %d: %+v", c.Seed, r)
				}
			})
		})
	}
}

func TestDeadlock(t *testing.T) {
	stuck := 0
	for seed := range uint64(100) {
		var a, b sync.Mutex
		both := func(x, y *sync.Mutex) func() {
			return func() {
				x.Lock()
				defer x.Unlock()
				y.Lock()
				defer y.Unlock()
			}
		}
		r := sched.Run(sched.Config{Strategy: sched.Strategy{Depth: 2}, Seed: seed, Length: 8}, both(&a, &b), both(&b, &a))
		switch r.Fault {
		case sched.Deadlock:
			stuck++
		case "":
		default:
			t.Fatal(r)
		}
		if r = sched.Run(sched.Config{Seed: seed}, both(new(sync.Mutex), &b)); stuck == 0 && r.Fault != "" {
			t.Fatal(r)
		}
	}
	if stuck == 0 || stuck == 100 {
		t.Errorf("%d of 100 schedules are stuck: want some", stuck)
	}
}

func TestFaults(t *testing.T) {
	var never atomic.Bool
	r := sched.Run(sched.Config{MaxSteps: 1000}, func() {
		for !never.Load() {
		}
	})
	if r.Fault != sched.Endless || r.Steps > 1001 {
		t.Errorf("an endless loop: %+v", r)
	}
	r = sched.Run(sched.Config{}, func() { panic("so it is") })
	if r.Fault != sched.Panic || !strings.Contains(r.Detail, "so it is") {
		t.Errorf("a panic: %+v", r)
	}
	if r = sched.Run(sched.Config{}, func() {}); r.Fault != "" {
		t.Errorf("a schedule after failed ones: %+v", r)
	}
}

// TestOthersPass: goroutines that are no tasks take no part, and may hold what a
// task waits for.
func TestOthersPass(t *testing.T) {
	var mu sync.Mutex
	var n atomic.Int64
	mu.Lock()
	others := make(chan bool)
	r := sched.Run(sched.Config{}, func() {
		go func() {
			for range 100 {
				n.Add(1)
			}
			mu.Unlock()
			others <- true
		}()
		mu.Lock()
		defer mu.Unlock()
	})
	<-others
	if r.Fault != "" || r.Steps > 3 {
		t.Errorf("%+v", r)
	}
}

func TestCond(t *testing.T) {
	each(t, 200, func(t *testing.T, c sched.Config) {
		var mu sync.Mutex
		cond := sync.NewCond(&mu)
		full := 0
		take := func() {
			mu.Lock()
			for full == 0 {
				cond.Wait()
			}
			full--
			mu.Unlock()
		}
		put := func() {
			mu.Lock()
			full++
			mu.Unlock()
			cond.Signal()
		}
		if r := sched.Run(c, take, put, take, put); r.Fault != "" || full != 0 {
			t.Fatalf("seed %d: %d, %+v", c.Seed, full, r)
		}
	})
}

func TestGroupOncePool(t *testing.T) {
	each(t, 100, func(t *testing.T, c sched.Config) {
		var wg sync.WaitGroup
		var once sync.Once
		var n, made atomic.Int64
		pool := sync.Pool{New: func() any { made.Add(1); return new(int) }}
		r := sched.Run(c, func() {
			for range 3 {
				wg.Go(func() {
					once.Do(func() { n.Add(100) })
					if n.Load() < 100 {
						panic("Do returned before it was done")
					}
					v := pool.Get()
					n.Add(1)
					pool.Put(v)
				})
			}
			wg.Wait()
			if n.Load() != 103 {
				panic("Wait did not wait")
			}
		})
		if r.Fault != "" || made.Load() < 1 || made.Load() > 3 {
			t.Fatalf("seed %d: %d made, %+v", c.Seed, made.Load(), r)
		}
	})
}

// TestLayout: code that casts between its own memory and these types finds them
// as large as the originals.
func TestLayout(t *testing.T) {
	for name, sizes := range map[string][4]uintptr{
		"Int32":   {unsafe.Sizeof(atomic.Int32{}), unsafe.Sizeof(stdatomic.Int32{}), unsafe.Alignof(atomic.Int32{}), unsafe.Alignof(stdatomic.Int32{})},
		"Uint64":  {unsafe.Sizeof(atomic.Uint64{}), unsafe.Sizeof(stdatomic.Uint64{}), unsafe.Alignof(atomic.Uint64{}), unsafe.Alignof(stdatomic.Uint64{})},
		"Pointer": {unsafe.Sizeof(atomic.Pointer[int]{}), unsafe.Sizeof(stdatomic.Pointer[int]{}), unsafe.Alignof(atomic.Pointer[int]{}), unsafe.Alignof(stdatomic.Pointer[int]{})},
		"Mutex":   {unsafe.Sizeof(sync.Mutex{}), unsafe.Sizeof(stdsync.Mutex{}), unsafe.Alignof(sync.Mutex{}), unsafe.Alignof(stdsync.Mutex{})},
	} {
		if sizes[0] != sizes[1] || sizes[2] != sizes[3] {
			t.Errorf("%s: %v", name, sizes)
		}
	}
}

// TestExplorer: as many schedules as can be counted by hand, none twice.
func TestExplorer(t *testing.T) {
	for _, test := range []struct{ bound, schedules, lost int }{
		{0, 2, 0}, // one after the other
		{1, 4, 2}, // either interrupted before its store
		{9, 6, 4}, // all orders of two and two steps
	} {
		e := &sched.Explorer{Bound: test.bound}
		seen := map[uint64]bool{}
		lost, n := 0, 0
		for e.Next() {
			v, r := increments(sched.Config{Explorer: e})
			if r.Fault != "" {
				t.Fatal(r)
			}
			n++
			seen[r.Hash] = true
			if v == 1 {
				lost++
			}
		}
		if n != test.schedules || len(seen) != n || lost != test.lost || e.Differs() {
			t.Errorf("bound %d: %d schedules, %d of them different, %d lose an update: want %d, %d", test.bound, n, len(seen), lost, test.schedules, test.lost)
		}
	}
}

func BenchmarkSwitch(b *testing.B) {
	var n atomic.Int64
	f := func() {
		for range b.N {
			n.Add(1)
		}
	}
	sched.Run(sched.Config{MaxSteps: 3*b.N + 10}, f, f)
}
