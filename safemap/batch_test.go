package safemap

import "testing"

// TestBatchWhileMoving applies batches at each step of a table that shrinks,
// and of one that grows: the keys of one bucket of the successor come from
// several, some of which have moved and some not.
func TestBatchWhileMoving(t *testing.T) {
	const large, small = 20_000, 20
	for seed := range 8 {
		var m Map[int, int]
		var b Batch[int, int]
		want := 0
		// check overwrites keys 0 to n by a batch, and says what went wrong.
		check := func(n int) {
			t.Helper()
			want++
			b.Reset()
			for k := range n {
				b.Store(k, want)
			}
			m.Apply(&b)
			for k := range n {
				if v, ok := m.Load(k); v != want || !ok {
					t.Fatalf("round %d: Load(%d) = %d, %v, want %d", seed, k, v, ok, want)
				}
			}
			count := map[int]int{}
			for k := range m.Snapshot().All() {
				if count[k]++; count[k] > 1 {
					t.Fatalf("round %d: key %d is there twice", seed, k)
				}
			}
		}
		for k := range large {
			m.Store(k, 0)
		}
		moving := 0
		for k := large - 1; k >= small; k-- {
			m.Delete(k)
			if m.root.Load().next.Load() != nil {
				moving++
				check(k)
			}
		}
		if moving == 0 {
			t.Error("no batch met a table that shrinks")
		}
		moving = 0
		for k := small; k < large; k++ {
			m.Store(k, want)
			if m.root.Load().next.Load() != nil {
				moving++
				check(k)
			}
		}
		if moving == 0 {
			t.Error("no batch met a table that grows")
		}
	}
}
