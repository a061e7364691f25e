package safemap_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/mapsan/mapsan/safemap"
)

// mustPanic calls f, which must panic, and returns what with.
func mustPanic(t *testing.T, f func()) (with any) {
	t.Helper()
	defer func() {
		if with = recover(); with == nil {
			t.Error("did not panic")
		}
	}()
	f()
	return nil
}

func TestPanicsLeaveTheMapUsable(t *testing.T) {
	for name, call := range map[string]func(m *safemap.Map[int, int]){
		"Compute":        func(m *safemap.Map[int, int]) { m.Compute(1, func(int, bool) (int, safemap.Op) { panic("p") }) },
		"Compute absent": func(m *safemap.Map[int, int]) { m.Compute(9, func(int, bool) (int, safemap.Op) { panic("p") }) },
		"LoadOrCompute":  func(m *safemap.Map[int, int]) { m.LoadOrCompute(9, func() int { panic("p") }) },
		"All": func(m *safemap.Map[int, int]) {
			for range m.All() {
				panic("p")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, snapshots := range []bool{false, true} {
				m := safemap.New[int, int](safemap.Options[int]{Snapshots: snapshots})
				m.Store(1, 1)
				mustPanic(t, func() { call(m) })
				// In one bucket or another: all must be unlocked.
				for i := range 100 {
					m.Store(i, i)
				}
				if v, ok := m.Load(9); v != 9 || !ok || m.Snapshot().Len() != 100 {
					t.Errorf("key 9 has %d, %v; %d entries", v, ok, m.Len())
				}
			}
		})
	}
}

func TestGoexitInCompute(t *testing.T) {
	var m safemap.Map[int, int]
	var wg sync.WaitGroup
	wg.Go(func() { m.Compute(1, func(int, bool) (int, safemap.Op) { runtime.Goexit(); return 0, safemap.Set }) })
	wg.Wait()
	m.Store(1, 2)
	if v, _ := m.Load(1); v != 2 {
		t.Errorf("key 1 has %d", v)
	}
}

func TestUnhashableKeys(t *testing.T) {
	var m safemap.Map[any, int]
	m.Store("a", 1)
	for _, f := range []func(){
		func() { m.Load([]int{1}) },
		func() { m.Store([]int{1}, 1) },
		func() { m.Delete(map[int]int{}) },
		func() { m.Compute(func() {}, func(int, bool) (int, safemap.Op) { return 0, safemap.Set }) },
		func() {
			var b safemap.Batch[any, int]
			b.Store("b", 2)
			b.Store([]int{}, 3)
			m.Apply(&b)
		},
	} {
		if msg, ok := mustPanic(t, f).(error); !ok || !strings.Contains(msg.Error(), "unhashable") {
			t.Errorf("panicked with %v, want the runtime's error", msg)
		}
	}
	if m.Len() != 1 {
		t.Errorf("%d entries, want 1", m.Len())
	}
}

// TestPanickingEquality: with a hasher of the user's, == is what panics, and
// under the bucket's lock.
func TestPanickingEquality(t *testing.T) {
	m := safemap.New[any, int](safemap.Options[any]{Hasher: func(any) uint64 { return 1 }})
	m.Store([1]any{"a"}, 1) // never compared so far
	type fn = [1]any
	mustPanic(t, func() { m.Store(fn{[]int{}}, 1); m.Store(fn{[]int{}}, 1) })
	done := make(chan bool)
	go func() { m.Store("b", 2); close(done) }()
	<-done
	if v, _ := m.Load("b"); v != 2 {
		t.Errorf("b has %d", v)
	}
}

func TestPanickingHasher(t *testing.T) {
	bad := false
	m := safemap.New[int, int](safemap.Options[int]{Hasher: func(k int) uint64 {
		if bad {
			panic("hasher")
		}
		return uint64(k)
	}})
	for i := range 10 {
		m.Store(i, i)
	}
	bad = true
	mustPanic(t, func() { m.Load(1) })
	mustPanic(t, func() { m.Store(1, 1) })
	mustPanic(t, func() { m.Delete(1) })
	bad = false
	for i := range 10000 { // grows: nothing of the user's may run meanwhile
		m.Store(i, i)
	}
	if m.Len() != 10000 {
		t.Errorf("%d entries", m.Len())
	}
}

func TestCompareNeedsComparable(t *testing.T) {
	var m safemap.Map[int, []int]
	m.Store(1, []int{1})
	mustPanic(t, func() { m.CompareAndSwap(1, nil, nil) })
	mustPanic(t, func() { m.CompareAndDelete(1, nil) })
	m.Store(1, nil)
}
