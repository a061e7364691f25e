package explain

import (
	"fmt"

	"github.com/mapsan/mapsan/finding"
)

// A Holder is a goroutine from whose stack the map could be reached when the
// process died.
type Holder struct {
	Goroutine uint64 // id
	Func      string // of the frame
	// Object is what the frame points to and what holds the map, 0 if the
	// frame has the map's own address.
	Object uint64
	// Far: Object leads to the map only by way of another object.
	Far bool
}

// weighHolders weighs a goroutine by what the core shows of its stack. One that has
// this map's address and goes round a site that writes such a map is shown to be a
// writer of this one; one that has it not, while others have, is of another map.
func (r *Report) weighHolders(c *Candidate) {
	if len(r.opts.Holders) == 0 || c.Grade == finding.Proved {
		return
	}
	for _, h := range r.opts.Holders {
		if h.Goroutine != c.Goroutine.ID {
			continue
		}
		if h.Far {
			// A weak hint: much of a program is within reach of much else.
			c.Why += fmt.Sprintf("; in the core, its frame of %s leads to the map", finding.ShortFunc(h.Func))
			return
		}
		c.score += holdsMap
		if c.Grade == finding.Inferred && c.round {
			c.Grade = finding.Shown
		}
		c.Header = r.opts.Header
		what := fmt.Sprintf("the map's own address, 0x%x", r.opts.Header)
		if h.Object != 0 {
			what = fmt.Sprintf("what holds the map, 0x%x", h.Object)
		}
		c.Why += fmt.Sprintf("; in the core, its frame of %s has %s", finding.ShortFunc(h.Func), what)
		return
	}
	if r.othersHold() {
		c.score += holdsNone
		c.Grade = finding.Guessed
		c.Why += "; but nothing on its stack leads to the map in the core"
	}
}

// othersHold reports whether more goroutines than the one that noticed hold the
// map: else it is likely reached through a global, which no stack shows.
func (r *Report) othersHold() bool {
	for _, h := range r.opts.Holders {
		if !h.Far && (r.Noticed.Goroutine == nil || h.Goroutine != r.Noticed.Goroutine.ID) {
			return true
		}
	}
	return false
}
