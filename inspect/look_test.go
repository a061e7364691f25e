package inspect

import (
	"errors"
	"testing"
	"time"
)

// tries is a process whose threads stop as busy machines let them.
type tries struct {
	source
	missing []int // by each try; -1 is an error
	n       int
	caught  func(int)
}

func (s *tries) stopped(func([]thread)) (time.Duration, int, error) {
	m := s.missing[s.n]
	s.n++
	if m < 0 {
		return time.Millisecond, 0, errors.New("refused")
	}
	s.caught(s.n)
	return time.Millisecond, m, nil
}

// TestStopAgain: as often as threads are missing, and what the best try caught counts.
func TestStopAgain(t *testing.T) {
	for _, c := range []struct {
		missing       []int
		n, left, best int
		failed        bool
	}{
		{[]int{0}, 1, 0, 1, false},
		{[]int{2, 0}, 2, 0, 2, false},
		{[]int{2, 1, 3, 1}, 4, 1, 2, false},
		{[]int{1, 1, 1, 1}, 4, 1, 1, false},
		{[]int{2, -1, 1, 0}, 4, 0, 4, false},
		{[]int{-1}, 1, 0, 0, true},
	} {
		s := &tries{missing: c.missing}
		l := &look{p: &Process{src: s}}
		s.caught = func(n int) { l.caught = append(l.caught, caught{g: goroutine{id: uint64(n)}}) }
		took, missing, err := l.stop()
		if s.n != c.n || missing != c.left || (err != nil) != c.failed || took != time.Duration(c.n)*time.Millisecond {
			t.Errorf("%v: %d tries, %d missing, %v, %v", c.missing, s.n, missing, took, err)
		}
		best := 0
		if len(l.caught) > 0 {
			best = int(l.caught[0].g.id)
		}
		if best != c.best || len(l.caught) > 1 {
			t.Errorf("%v: caught by try %d, %d times; want %d", c.missing, best, len(l.caught), c.best)
		}
	}
}
