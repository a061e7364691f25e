package safemap

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// waiting returns the number of writers in the group that forms.
func (m *Locked[K, V]) waiting() int {
	n := 0
	for w := m.group.waiting.Load(); w != nil; w = w.next {
		n++
	}
	return n
}

// Every kind of write must do in a group what it does alone.
func TestLockedGroup(t *testing.T) {
	var m Locked[string, int]
	for _, k := range []string{"swap", "load", "delete", "take", "cas", "cas other", "cad", "cad other"} {
		m.Store(k, 1)
	}
	type result struct {
		value int
		ok    bool
	}
	writes := []struct {
		name string
		do   func() (int, bool)
		want result
	}{
		{"Store", func() (int, bool) { m.Store("store", 2); return 0, false }, result{}},
		{"Swap", func() (int, bool) { return m.Swap("swap", 2) }, result{1, true}},
		{"Swap/missing", func() (int, bool) { return m.Swap("swap none", 2) }, result{0, false}},
		{"LoadOrStore", func() (int, bool) { return m.write(lockedLoadOrStore, "load", 2, 0) }, result{1, true}},
		{"LoadOrStore/missing", func() (int, bool) { return m.write(lockedLoadOrStore, "load none", 2, 0) }, result{2, false}},
		{"Delete", func() (int, bool) { m.Delete("delete"); return 0, false }, result{}},
		{"LoadAndDelete", func() (int, bool) { return m.LoadAndDelete("take") }, result{1, true}},
		{"LoadAndDelete/missing", func() (int, bool) { return m.LoadAndDelete("take none") }, result{0, false}},
		{"CompareAndSwap", func() (int, bool) { return 0, m.CompareAndSwap("cas", 1, 2) }, result{0, true}},
		{"CompareAndSwap/other", func() (int, bool) { return 0, m.CompareAndSwap("cas other", 5, 2) }, result{0, false}},
		{"CompareAndDelete", func() (int, bool) { return 0, m.CompareAndDelete("cad", 1) }, result{0, true}},
		{"CompareAndDelete/other", func() (int, bool) { return 0, m.CompareAndDelete("cad other", 5) }, result{0, false}},
	}
	results := make([]result, len(writes))
	var wg sync.WaitGroup
	m.mu.Lock() // a writer at work
	for i, w := range writes {
		wg.Go(func() { results[i].value, results[i].ok = w.do() })
		for m.waiting() != i+1 {
			runtime.Gosched()
		}
	}
	m.mu.Unlock()
	wg.Wait()
	for i, w := range writes {
		if results[i] != w.want {
			t.Errorf("%s returned %v, want %v", w.name, results[i], w.want)
		}
	}
	wantEntries(t, &m, map[string]int{
		"store": 2, "swap": 2, "swap none": 2, "load": 1, "load none": 2,
		"cas": 2, "cas other": 1, "cad other": 1,
	})
	if m.waiting() != 0 {
		t.Errorf("%d writers wait when all is done", m.waiting())
	}
}

// A writer with a bad key panics itself, and its group does not notice.
func TestLockedGroupUnhashable(t *testing.T) {
	var m Locked[any, int]
	var wg sync.WaitGroup
	m.mu.Lock()
	wg.Go(func() { m.Store("good", 1) })
	for m.waiting() != 1 {
		runtime.Gosched()
	}
	panicked := make(chan string)
	go func() { panicked <- panicOf(func() { m.Store([]int{1}, 2) }) }()
	if text := <-panicked; !strings.Contains(text, "unhashable") {
		t.Errorf("the panic is %q", text)
	}
	m.mu.Unlock()
	wg.Wait()
	wantEntries(t, &m, map[any]int{"good": 1})
}

// A write that waits for readers only is done when they leave, and those that
// come behind it join.
func TestLockedGroupBehindReaders(t *testing.T) {
	var m Locked[int, int]
	const writers = 5
	var wg sync.WaitGroup
	m.View(func(v View[int, int]) {
		for w := range writers {
			wg.Go(func() { m.Store(w, w) })
			for w > 0 && m.waiting() != w || w == 0 && m.mu.TryRLock() {
				if w == 0 {
					m.mu.RUnlock()
				}
				runtime.Gosched()
			}
		}
		if v.Len() != 0 {
			t.Error("a write does not wait for a View")
		}
	})
	wg.Wait()
	wantEntries(t, &m, map[int]int{0: 0, 1: 1, 2: 2, 3: 3, 4: 4})
}

const (
	testWriters = 8
	testRounds  = 500
)

// hammer runs f in goroutines that get in each other's way: a reader that
// holds the lock for long lets groups form.
func hammer[K comparable, V any](m *Locked[K, V], f func(w, round int)) {
	var stop atomic.Bool
	var readers, writers sync.WaitGroup
	readers.Go(func() {
		for !stop.Load() {
			m.View(func(View[K, V]) { runtime.Gosched() })
			runtime.Gosched()
		}
	})
	for w := range testWriters {
		writers.Go(func() {
			for round := range testRounds {
				f(w, round)
			}
		})
	}
	writers.Wait()
	stop.Store(true)
	readers.Wait()
}

// Each value that was put in comes out once.
func TestLockedConcurrentSwap(t *testing.T) {
	var m Locked[string, int]
	var seen [testWriters*testRounds + 1]atomic.Int32
	hammer(&m, func(w, round int) {
		id := w*testRounds + round + 1
		if previous, loaded := m.Swap("key", id); loaded {
			seen[previous].Add(1)
		}
	})
	last, _ := m.LoadAndDelete("key")
	seen[last].Add(1)
	for id := range seen {
		if n := seen[id].Load(); id > 0 && n != 1 {
			t.Fatalf("value %d came out %d times, want 1", id, n)
		}
	}
}

// Of those who store or delete a key at the same time one is told that it did.
func TestLockedConcurrentOnce(t *testing.T) {
	var m Locked[int, int]
	var stored, deleted, computed, called [testRounds]atomic.Int32
	hammer(&m, func(w, round int) {
		if actual, loaded := m.LoadOrStore(round, w); !loaded {
			stored[round].Add(1)
		} else if actual < 0 || actual >= testWriters {
			t.Errorf("LoadOrStore returned %d, which nobody stored", actual)
		}
		if _, loaded := m.LoadOrCompute(testRounds+round, func() int { called[round].Add(1); return w }); !loaded {
			computed[round].Add(1)
		}
	})
	hammer(&m, func(w, round int) {
		if _, loaded := m.LoadAndDelete(round); loaded {
			deleted[round].Add(1)
		}
	})
	for i := range testRounds {
		if s, d, c, f := stored[i].Load(), deleted[i].Load(), computed[i].Load(), called[i].Load(); s != 1 || d != 1 || c != 1 || f != 1 {
			t.Fatalf("key %d: %d stored, %d deleted, %d computed with %d calls; want 1 each", i, s, d, c, f)
		}
	}
	if m.Len() != testRounds {
		t.Errorf("%d keys are left, want %d", m.Len(), testRounds)
	}
}

// No increment is lost, whichever method does it.
func TestLockedConcurrentCounter(t *testing.T) {
	var m Locked[string, int]
	m.Store("n", 0)
	hammer(&m, func(w, round int) {
		switch w % 3 {
		case 0:
			m.Compute("n", func(old int, _ bool) (int, Op) { return old + 1, Set })
		case 1:
			m.Update(func(tx Tx[string, int]) {
				n, _ := tx.Load("n")
				tx.Store("n", n+1)
			})
		case 2:
			for {
				n, _ := m.Load("n")
				if m.CompareAndSwap("n", n, n+1) {
					break
				}
			}
		}
		m.Store("other", round)
	})
	if n, _ := m.Load("n"); n != testWriters*testRounds {
		t.Errorf("counted to %d, want %d", n, testWriters*testRounds)
	}
}

// A goroutine reads what it has written, also if another wrote it for it, and
// a key goes forward only.
func TestLockedConcurrentOwnWrites(t *testing.T) {
	var m Locked[int, int]
	hammer(&m, func(w, round int) {
		m.Store(w, round)
		if got, ok := m.Load(w); got != round || !ok {
			t.Errorf("writer %d loads %d, %t after it stored %d", w, got, ok, round)
		}
		if round%10 == 9 {
			m.Delete(w)
			if got, ok := m.Load(w); ok {
				t.Errorf("writer %d loads %d after it deleted its key", w, got)
			}
		}
		if other, ok := m.Load((w + 1) % testWriters); ok {
			if again, ok := m.Load((w + 1) % testWriters); ok && again < other {
				t.Errorf("a key went from %d back to %d", other, again)
			}
		}
	})
}

// Transfers keep the sum, those that panic half-way, too, and nobody sees one
// that is half done.
func TestLockedConcurrentTransfers(t *testing.T) {
	const accounts, each = 10, 100
	var m Locked[int, int]
	for i := range accounts {
		m.Store(i, each)
	}
	check := func(who string, sum, n int) {
		if sum != accounts*each || n != accounts {
			t.Errorf("%s sees %d in %d accounts, want %d in %d", who, sum, n, accounts*each, accounts)
		}
	}
	hammer(&m, func(w, round int) {
		from, to := (w*7+round)%accounts, (w+round*3)%accounts
		failed := panicOf(func() {
			m.Update(func(tx Tx[int, int]) {
				a, _ := tx.Load(from)
				tx.Delete(from)
				runtime.Gosched()
				if round%5 == 0 {
					panic("half-way")
				}
				tx.Store(from, a-1)
				b, _ := tx.Load(to)
				tx.Store(to, b+1)
			})
		})
		if (failed != "") != (round%5 == 0) {
			t.Errorf("round %d: %q", round, failed)
		}
		switch w % 3 {
		case 0:
			m.View(func(v View[int, int]) { check("View", sumOf(v), v.Len()) })
		case 1:
			sum, n := 0, 0
			for _, x := range m.All() {
				sum, n = sum+x, n+1
			}
			check("All", sum, n)
		case 2:
			sum := 0
			s := m.Snapshot()
			for _, x := range s {
				sum += x
			}
			check("Snapshot", sum, len(s))
		}
	})
}
