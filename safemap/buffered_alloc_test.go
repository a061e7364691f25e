//go:build !race

package safemap

import "testing"

// Load does not allocate, wherever the value is.
func TestBufferedAllocs(t *testing.T) {
	type key struct {
		a string
		b int
	}
	inMap, inBuffer, inFlush, nowhere := key{"a", 1}, key{"b", 2}, key{"c", 3}, key{"d", 4}
	m := New[key, int](Options[key]{})
	b := NewBuffered(m, BufferedOptions{MaxDelay: never})
	m.Store(inMap, 1000)
	// The Map's own share, which is not this test's matter.
	share := testing.AllocsPerRun(200, func() { m.Load(inMap) })
	b.Store(inFlush, 1000)
	b.log.Store(newWriteLog(0, b.log.Load()))
	b.Store(inBuffer, 1000)
	for _, k := range []key{inMap, nowhere, inBuffer, inFlush} {
		if allocs := testing.AllocsPerRun(200, func() { b.Load(k) }); allocs > share {
			t.Errorf("Load of %v: %v allocations, want %v", k, allocs, share)
		}
	}
}
