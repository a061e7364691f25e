package safemap

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestSnapshotsWhileShrinking lets snapshots close the gate while writers hold
// the successor's buckets and others move entries there: nobody may wait for a
// bucket inside the gate. A snapshot taken then shows no entry twice.
func TestSnapshotsWhileShrinking(t *testing.T) {
	const large, small = 6000, 600
	var m Map[int, int]
	for k := range small {
		m.Store(k, k)
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				m.Store(i%small, i)
			}
		})
	}
	wg.Go(func() {
		for !stop.Load() {
			s := m.Snapshot()
			count := map[int]int{}
			for k := range s.All() {
				count[k]++
			}
			if len(count) != s.Len() {
				t.Errorf("%d keys, Len is %d", len(count), s.Len())
			}
			for k := range small {
				if count[k] != 1 {
					t.Errorf("key %d is there %d times", k, count[k])
				}
			}
		}
	})
	for range scale(200) {
		for k := small; k < large; k++ {
			m.Store(k, k)
		}
		for k := large - 1; k >= small; k-- {
			m.Delete(k)
		}
	}
	stop.Store(true)
	wg.Wait()
}

// TestGrowBesideClear: a Clear may take away the table that Grow was about to
// replace.
func TestGrowBesideClear(t *testing.T) {
	for range scale(400) {
		var m Map[int, int]
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range 50 {
				m.Store(i, i)
				m.Clear()
			}
		})
		for range 2 {
			wg.Go(func() { m.Grow(2000) })
		}
		wg.Wait()
		if n := m.root.Load().buckets(); n < bucketsFor(2000) {
			// A Clear that had read the bound before: the next Grow sees to it.
			m.Grow(2000)
		}
		if n := m.root.Load().buckets(); n < bucketsFor(2000) {
			t.Fatalf("%d buckets after Grow", n)
		}
	}
}
