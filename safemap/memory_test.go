package safemap_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mapsan/mapsan/safemap"
)

func heap() int {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int(s.HeapAlloc)
}

func TestAllocations(t *testing.T) {
	ints := safemap.New[int, int](safemap.Options[int]{Size: 1000})
	texts := safemap.New[string, *int](safemap.Options[string]{Size: 1000, Snapshots: true})
	arrays := safemap.New[[64]byte, [4]int](safemap.Options[[64]byte]{Size: 1000})
	keys := make([]string, 1000)
	for i := range 1000 {
		keys[i] = fmt.Sprint("key ", i)
		ints.Store(i, i)
		texts.Store(keys[i], new(int))
		arrays.Store([64]byte{byte(i), byte(i >> 8)}, [4]int{i})
	}
	p := new(int)
	i := 0
	next := func() int { i = (i + 7) % 1000; return i }
	for name, f := range map[string]func(){
		"Load int":            func() { ints.Load(next()) },
		"Load string":         func() { texts.Load(keys[next()]) },
		"Load array":          func() { k := next(); arrays.Load([64]byte{byte(k), byte(k >> 8)}) },
		"overwrite int":       func() { ints.Store(next(), i) },
		"overwrite pointer":   func() { texts.Store(keys[next()], p) },
		"Swap":                func() { ints.Swap(next(), 3) },
		"CompareAndSwap":      func() { ints.CompareAndSwap(next(), 3, 4) },
		"LoadOrStore present": func() { texts.LoadOrStore(keys[next()], p) },
		"Delete and insert":   func() { k := next(); ints.Delete(k); ints.Store(k, k) },
		"Delete absent":       func() { texts.Delete("none") },
		"Compute":             func() { ints.Compute(next(), func(v int, _ bool) (int, safemap.Op) { return v + 1, safemap.Set }) },
		"All": func() {
			for range ints.All() {
				break
			}
		},
	} {
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestMemory(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n /= 8 // as full a table
	}
	before := heap()
	var m safemap.Map[uint64, int]
	for i := range n {
		m.Store(uint64(i)*0x9e3779b97f4a7c1, i)
	}
	if per := float64(heap()-before) / float64(n); per > 40 {
		t.Errorf("%.1f bytes for an entry of two words, want at most 40", per)
	}
	for i := range n - 1000 {
		m.Delete(uint64(i) * 0x9e3779b97f4a7c1)
	}
	if after := heap() - before; after > 1<<20 {
		t.Errorf("%d bytes are left after all but 1000 entries were deleted", after)
	}
	runtime.KeepAlive(&m)
}

// TestChurn: entries come and go for long, and the chains do not grow.
func TestChurn(t *testing.T) {
	const n = 20_000
	var m safemap.Map[int, int]
	for i := range n {
		m.Store(i, i)
	}
	before := heap()
	for i := range 40 * n {
		m.Store(n+i, i)
		m.Delete(i)
	}
	if grown := heap() - before; grown > n*40 {
		t.Errorf("%d bytes more after %d insertions and deletions", grown, 40*n)
	}
	if m.Len() != n {
		t.Errorf("%d entries, want %d", m.Len(), n)
	}
}

// collected counts what the collector has taken.
type collected struct{ n atomic.Int64 }

func (c *collected) watch(p *[4]int) *[4]int {
	runtime.AddCleanup(p, func(c *collected) { c.n.Add(1) }, c)
	return p
}

func (c *collected) reach(t *testing.T, want int64) {
	t.Helper()
	for range 50 {
		runtime.GC()
		if c.n.Load() >= want {
			break
		}
	}
	if got := c.n.Load(); got != want {
		t.Errorf("%d of the values were collected, want %d", got, want)
	}
}

func TestCollection(t *testing.T) {
	var m safemap.Map[int, *[4]int]
	var c collected
	const n = 3000
	for i := range n {
		m.Store(i, c.watch(&[4]int{i}))
	}
	c.reach(t, 0)
	for i := range n {
		if v, _ := m.Load(i); v == nil || v[0] != i {
			t.Fatalf("key %d has %v", i, v)
		}
	}
	for i := range 1000 {
		m.Delete(i)
	}
	c.reach(t, 1000)
	s := m.Snapshot()
	for i := range 1000 {
		m.Store(1000+i, nil)
	}
	c.reach(t, 1000) // the snapshot has them
	if v, _ := s.Load(1500); v == nil || v[0] != 1500 {
		t.Errorf("the snapshot's key 1500 has %v", v)
	}
	s = safemap.Snapshot[int, *[4]int]{}
	m.Snapshot() // dropped at once
	c.reach(t, 2000)
	m.Clear()
	c.reach(t, n)
	runtime.KeepAlive(&m)
}

// TestSnapshotsAreReleased: an old snapshot that is kept does not keep the
// tables that the map had since.
func TestSnapshotsAreReleased(t *testing.T) {
	var m safemap.Map[int, int]
	m.Store(1, 1)
	s := m.Snapshot()
	before := heap()
	n := 100_000
	if testing.Short() {
		n = 20_000
	}
	for range 20 {
		for i := range n {
			m.Store(i, i)
		}
		m.Snapshot()
		for i := range n {
			m.Delete(i)
		}
		m.Snapshot()
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("%d bytes are kept by a snapshot of one entry", grown)
	}
	if v, ok := s.Load(1); v != 1 || !ok || s.Len() != 1 {
		t.Errorf("the old snapshot has %d, %v", v, ok)
	}
}

// TestHeldSnapshot: a snapshot that is held does not keep what is only in those
// that came and went after it, and still has what it had.
func TestHeldSnapshot(t *testing.T) {
	const n = 20_000
	var m safemap.Map[int, int]
	for i := range n {
		m.Store(i, i)
	}
	s := m.Snapshot()
	before := heap()
	for round := range 300 {
		for i := range 500 {
			m.Store((round*7919+i*31)%n, -round)
		}
		newer := m.Snapshot()
		if round%50 == 0 {
			runtime.GC() // takes the dropped ones, some at a time
		}
		runtime.KeepAlive(newer)
	}
	grown := heap() - before
	for range 200 { // what was dropped is merged after the collection, some time
		if grown < 2<<20 {
			break
		}
		time.Sleep(10 * time.Millisecond)
		grown = heap() - before
	}
	if grown > 2<<20 { // each bucket once is a quarter of that
		t.Errorf("%d bytes more are kept", grown)
	}
	if s.Len() != n {
		t.Errorf("the snapshot has %d entries, want %d", s.Len(), n)
	}
	for k, v := range s.All() {
		if k != v {
			t.Fatalf("the snapshot's key %d has %d", k, v)
		}
	}
	runtime.KeepAlive(&m)
}

func TestHostileHashes(t *testing.T) {
	for name, h := range map[string]func(int) uint64{
		"constant": func(int) uint64 { return 42 },
		"two bits": func(i int) uint64 { return uint64(i & 3) },
		"high":     func(i int) uint64 { return uint64(i) << 52 },
	} {
		t.Run(name, func(t *testing.T) {
			const n = 3000
			m := safemap.New[int, int](safemap.Options[int]{Hasher: h})
			before := heap()
			for i := range n {
				m.Store(i, i)
			}
			if per := (heap() - before) / n; per > 300 {
				t.Errorf("%d bytes an entry: growing ran away", per)
			}
			for i := range n {
				if v, ok := m.Load(i); !ok || v != i {
					t.Fatalf("key %d has %d, %v", i, v, ok)
				}
			}
			for i := range n - 10 {
				m.Delete(i)
			}
			if m.Len() != 10 {
				t.Errorf("%d entries, want 10", m.Len())
			}
		})
	}
}
