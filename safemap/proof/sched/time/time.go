// Package time stands in for the standard library's in code that is run by
// schedules: who sleeps lets the others go on.
package time

import (
	"time"

	"github.com/mapsan/mapsan/safemap/proof/sched"
)

type Duration = time.Duration

const (
	Nanosecond  = time.Nanosecond
	Microsecond = time.Microsecond
	Millisecond = time.Millisecond
	Second      = time.Second
)

// Sleep is asked for by who waits for others; no time passes.
func Sleep(Duration) {
	sched.Lower()
	sched.Step(sched.Gosched)
}
