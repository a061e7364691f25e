// Package order makes goroutines act one after another without a
// happens-before edge between them: by plain variables, which the sanitizer
// does not watch (and -race is told not to). So a race happens at every run, in the order it was written.
package order

import (
	"runtime"
	"time"
)

// A Turn is a number that goroutines wait for.
type Turn struct{ n int }

// Wait returns when the turn has come to n.
//
//go:noinline
//go:norace
func (t *Turn) Wait(n int) {
	for t.n < n {
		runtime.Gosched()
	}
}

// Set moves the turn to n.
//
//go:noinline
//go:norace
func (t *Turn) Set(n int) { t.n = n }

// Sequence runs each function in a goroutine of its own, one after another,
// and returns when the last is done. All goroutines start before the first
// function does, so none knows of another, and the caller knows of none.
//
// The stacks of two calls of Sequence differ, so that the same race in two of
// them is not taken for one.
func Sequence(fs ...func()) {
	var t Turn
	sequences++
	for i, f := range fs {
		go step(&t, i, sequences, f)
	}
	t.Wait(len(fs))
}

var sequences int

func step(t *Turn, i, id int, f func()) {
	t.Wait(i)
	called(id, f)
	t.Set(i + 1)
}

// called calls f by a chain of calls that spells id.
//
//go:noinline
func called(id int, f func()) {
	switch {
	case id == 0:
		f()
	case id%2 == 0:
		called(id/2, f)
	default:
		called(id/2, f)
	}
}

// Blocked gives another goroutine the time to block in what it is about to do.
// No verdict depends on it, but which way through the runtime is taken.
func Blocked() {
	for start := time.Now(); time.Since(start) < time.Millisecond; {
		runtime.Gosched()
	}
}
