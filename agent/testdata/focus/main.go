// Focus uses maps that a test names to be watched, in the way that its first argument
// says, until its time is over.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

type table struct {
	mu   sync.Mutex
	rows map[int]int
}

var (
	words = map[string]int{"a": 1}
	other = map[int]int{1: 1}
	tab   table // its rows are at a constant address
	spent atomic.Uint32
	sink  atomic.Int64
	end   time.Time
)

//go:noinline
func setWord(i int) { words["a"] = i }

//go:noinline
func getWord() int { return words["a"] }

//go:noinline
func setOther(i int) { other[1] = i }

//go:noinline
func (t *table) set(k, v int) { t.rows[k] = v }

//go:noinline
func (t *table) get(k int) int { return t.rows[k] }

//go:noinline
func (t *table) drop(k int) { delete(t.rows, k) }

//go:noinline
func (t *table) sum() (n int) {
	for _, v := range t.rows {
		n += v
	}
	return n
}

//go:noinline
func (t *table) print() { json.NewEncoder(io.Discard).Encode(t.rows) }

type cleared struct{ m map[string]bool }

//go:noinline
func (c *cleared) reset() { clear(c.m); c.m["a"] = true }

//go:noinline
func (c *cleared) has() bool { return c.m["a"] }

func filled(n int) *table {
	t := &table{rows: map[int]int{}}
	for i := range n {
		t.rows[i] = i
	}
	return t
}

// work is what a goroutine does between two uses of a map.
func work(n int) (x uint32) {
	x = uint32(n) | 1
	for range n {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
	}
	return x
}

var pinned atomic.Int32

// pin gives a goroutine a thread of its own, and the threads their processors in turn: two
// that share one are never in two operations at once.
func pin() {
	runtime.LockOSThread()
	set := [16]uint64{1 << (int(pinned.Add(1)) % runtime.NumCPU() & 63)}
	syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(set), uintptr(unsafe.Pointer(&set)))
}

// both does the two again and again, one or two milliseconds apart.
func both(fs ...func(i int)) {
	for n, f := range fs {
		go func() {
			pin()
			for i := 0; time.Now().Before(end); i++ {
				spent.Add(work(600_000 + 100_000*n + i*7919%500_000))
				f(i)
			}
		}()
	}
}

// race does so after one goroutine alone did it all, until another byte comes.
func race(fs ...func(i int)) {
	var later atomic.Bool
	done := make(chan bool)
	go func() {
		for i := 0; !later.Load(); i++ {
			spent.Add(work(300_000))
			fs[i%len(fs)](i)
		}
		close(done)
	}()
	os.Stdin.Read(make([]byte, 1))
	later.Store(true)
	<-done
	both(fs...)
}

// cost is what a call of f takes, in ns: the median of many short runs, so far from each
// other that no budget is used up.
func cost(f func(i int), limit time.Duration) float64 {
	const n = 1000
	var took []time.Duration
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		began := time.Now()
		for i := range n {
			f(i)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return float64(took[len(took)/2].Nanoseconds()) / n
}

func locked(mu *sync.Mutex, f func(i int)) func(i int) {
	return func(i int) { mu.Lock(); f(i); mu.Unlock() }
}

func main() {
	limit, err := time.ParseDuration(os.Args[2])
	if err != nil {
		panic(err)
	}
	small, large := filled(4), filled(1000)
	tab.rows = filled(8).rows
	c := &cleared{m: map[string]bool{}}
	os.Stdout.WriteString("ready\n")
	in := make([]byte, 1)
	os.Stdin.Read(in) // until whoever watches is ready, too
	end = time.Now().Add(limit)
	switch os.Args[1] {
	case "global":
		race(setWord, func(int) { sink.Add(int64(getWord())) })
	case "small":
		race(func(i int) { small.set(i&3, i) }, func(i int) { sink.Add(int64(small.get(i & 3))) })
	case "large":
		race(func(i int) { large.set(i%1000, i) }, func(i int) { sink.Add(int64(large.get(i % 1000))) })
	case "writes":
		race(func(i int) { large.set(i%1000, i) }, func(i int) { large.drop(i % 500); large.set(i%500, i) })
	case "iterate":
		race(func(i int) { small.set(i&3, i) }, func(int) { sink.Add(int64(small.sum())) })
	case "json":
		race(func(i int) { tab.set(i&3, i) }, func(int) { tab.print() })
	case "clear":
		race(func(int) { c.reset() }, func(int) {
			if c.has() {
				sink.Add(1)
			}
		})
	case "grow":
		grow := filled(0)
		go func() {
			for i := 0; time.Now().Before(end); i++ {
				grow.set(i%10_000_000, i)
			}
		}()
	case "mutex":
		both(locked(&small.mu, func(i int) { small.set(i&3, i) }), locked(&small.mu, func(i int) { sink.Add(int64(small.get(i & 3))) }),
			locked(&tab.mu, func(i int) { tab.set(i&63, i) }), locked(&tab.mu, func(i int) { tab.drop(i & 31); sink.Add(int64(tab.get(i))) }),
			locked(&tab.mu, func(i int) { setWord(i) }), locked(&tab.mu, func(i int) { sink.Add(int64(getWord())) }))
	case "other":
		both(func(i int) { setWord(i); setOther(i) }, setOther)
	case "reuse":
		for id := range 8 {
			both(func(i int) {
				for range 20 {
					own := filled(12)
					own.set(i, id)
					if own.get(i) != id {
						panic("another goroutine wrote here")
					}
				}
				if i&31 == id {
					runtime.GC()
				}
			})
		}
	case "assigned":
		both(func(int) { sink.Add(1) })
		os.Stdin.Read(in)
		words = map[string]int{"a": 2}
		both(setWord, setWord)
	case "threads":
		var later atomic.Bool
		var mu sync.Mutex // it is to live
		both(locked(&mu, func(i int) {
			if !later.Load() {
				large.set(i%1000, i)
			}
		}))
		os.Stdin.Read(in)
		later.Store(true)
		for range 8 { // more than there are threads
			both(locked(&mu, func(i int) { large.drop(i % 10) }))
		}
	case "tight":
		for i := 0; i&1023 != 0 || time.Now().Before(end); i++ {
			setWord(i)
		}
	case "cost":
		fmt.Printf("%.2f %.2f\n", cost(func(i int) { other[i&7] = i }, limit/2), cost(setWord, limit/2))
		return
	default:
		fmt.Fprintln(os.Stderr, "focus: no such shape:", os.Args[1])
		os.Exit(2)
	}
	time.Sleep(limit)
}
