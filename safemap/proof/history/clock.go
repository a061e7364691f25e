package history

import (
	"fmt"
	"sync/atomic"
	"time"
)

// A Clock gives the times of calls and returns: strictly before, on the clock,
// must mean before, in the world, or a correct map could be called wrong.
//
// Counter is one shared counter, increased by each reading. What it says of the
// order is right by construction, on every machine. Its price is that all
// goroutines meet at one cache line: two operations whose calls come right after
// each other are held apart by it, and each reading is a full fence, which may
// hide what only shows without.
//
// Monotonic is the clock of time.Now. It has nothing shared, so operations meet
// more closely; but that two processors agree on it to the nanosecond is a
// promise of the machine and not of Go. An illegal history on it alone is worth
// a look at the machine first.
type Clock func() int64

// NewClock returns the clock of that name: counter or monotonic.
func NewClock(name string) (Clock, error) {
	switch name {
	case "counter":
		var c struct {
			_   [64]byte // the counter shares its cache line with nothing
			now atomic.Int64
			_   [64]byte
		}
		return func() int64 { return c.now.Add(1) }, nil
	case "monotonic":
		start := time.Now()
		return func() int64 { return int64(time.Since(start)) }, nil
	}
	return nil, fmt.Errorf("clock %q: want counter or monotonic", name)
}
