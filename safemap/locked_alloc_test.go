//go:build !race && !safemap_debug

package safemap

import "testing"

// Neither reads nor overwrites allocate. The builds that look for misuse do.
func TestLockedAllocs(t *testing.T) {
	type key struct {
		a string
		b int
	}
	k := key{"a", 1}
	m := lockedOf(map[key]int{k: 1000, {"b", 2}: 2000})
	n, sum := 1000, 3000
	calls := map[string]func(){
		"Load":           func() { m.Load(k) },
		"Len":            func() { m.Len() },
		"View":           func() { m.View(func(v View[key, int]) { n, _ = v.Load(k) }) },
		"View.All":       func() { m.View(func(v View[key, int]) { sum = sumOf(v) }) },
		"Store":          func() { m.Store(k, 1000) },
		"Swap":           func() { m.Swap(k, 1000) },
		"LoadOrStore":    func() { m.LoadOrStore(k, 5) },
		"LoadOrCompute":  func() { m.LoadOrCompute(k, func() int { return 5 }) },
		"Delete, Store":  func() { m.Delete(k); m.Store(k, 1000) },
		"CompareAndSwap": func() { m.CompareAndSwap(k, 1000, 1000) },
		"Compute":        func() { m.Compute(k, func(old int, _ bool) (int, Op) { return old, Set }) },
		"Update":         func() { m.Update(func(tx Tx[key, int]) { tx.Store(k, 1000) }) },
	}
	for name, call := range calls {
		if allocs := testing.AllocsPerRun(200, call); allocs != 0 {
			t.Errorf("%s: %v allocations, want 0", name, allocs)
		}
	}
	if n != 1000 || sum != 3000 {
		t.Errorf("a View loads %d, and a sum of %d; want 1000, 3000", n, sum)
	}
}
