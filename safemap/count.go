package safemap

import (
	"runtime"
	"sync/atomic"
)

// stripe is a counter alone on its line of the cache.
type stripe struct {
	n atomic.Int64
	_ [128 - 8]byte
}

// maxStripes bounds the memory of a map's counters: 8 KiB.
const maxStripes = 64

// stripesFor is the number of stripes that the processors keep apart, four
// for each so that two goroutines rarely meet on one.
func stripesFor() int {
	n := 4
	for n < 4*runtime.GOMAXPROCS(0) && n < maxStripes {
		n *= 2
	}
	return n
}

// counter counts the entries of one succession of tables. Small tables count
// in one word; stripes are there once a table has more than wideBuckets.
type counter struct {
	n    atomic.Int64
	wide atomic.Pointer[[]stripe]
}

const wideBuckets = 64

// add counts d entries and returns a number that passes through all residues,
// by which callers look at the sum now and then.
func (c *counter) add(d int64) int64 {
	if w := c.wide.Load(); w != nil {
		return stripeOf(*w).n.Add(d)
	}
	return c.n.Add(d)
}

// sum is the number of entries, exact while nobody writes.
func (c *counter) sum() int64 {
	n := c.n.Load()
	if w := c.wide.Load(); w != nil {
		for i := range *w {
			n += (*w)[i].n.Load()
		}
	}
	return n
}

// widen adds the stripes.
func (c *counter) widen() {
	if c.wide.Load() == nil {
		w := make([]stripe, stripesFor())
		c.wide.CompareAndSwap(nil, &w)
	}
}
