package sched

import (
	"fmt"
	"strconv"
	"strings"
)

// A Strategy is how the next task is chosen.
//
// The random walk chooses any, at each step. PCT (Burckhardt, Kothari, Musuvathi
// and Nagarakatte, 2010) gives the tasks random priorities and lets the highest
// go on, but lowers whoever runs at Depth-1 moments that it draws beforehand: a
// defect that takes Depth steps in a certain order shows with a probability that
// has a lower bound, however long the program.
type Strategy struct{ Depth int }

// Random is the random walk.
var Random = Strategy{}

// ParseStrategy reads random, pct1, pct2 and so on.
func ParseStrategy(s string) (Strategy, error) {
	if s == "random" {
		return Random, nil
	}
	if depth, ok := strings.CutPrefix(s, "pct"); ok {
		if d, err := strconv.Atoi(depth); err == nil && d >= 1 {
			return Strategy{Depth: d}, nil
		}
	}
	return Strategy{}, fmt.Errorf("strategy %q: want random, or pct and a depth, as pct3", s)
}

func (s Strategy) String() string {
	if s.Depth == 0 {
		return "random"
	}
	return fmt.Sprintf("pct%d", s.Depth)
}

type strategy interface {
	enter(*task)      // a new task
	pick(*task) *task // among r.can, which has at least one; the argument ran last, or is nil
	lower(*task)      // it would only wait
}

func (s Strategy) open(r *run) strategy {
	if s.Depth == 0 {
		return &walk{r}
	}
	p := &pct{r: r}
	for range s.Depth - 1 {
		p.changes = append(p.changes, 1+r.rng.IntN(max(1, r.Length)))
	}
	return p
}

type walk struct{ r *run }

func (w *walk) enter(*task) {}
func (w *walk) lower(*task) {}

func (w *walk) pick(*task) *task {
	can := w.r.can
	rested := 0
	for _, t := range can {
		if !t.tired {
			rested++
		}
	}
	if rested == 0 || rested == len(can) {
		return can[w.r.rng.IntN(len(can))]
	}
	n := w.r.rng.IntN(rested)
	for _, t := range can {
		if !t.tired {
			if n == 0 {
				return t
			}
			n--
		}
	}
	panic("sched: fewer tasks than were counted")
}

type pct struct {
	r       *run
	changes []int // steps before which whoever runs is lowered
	lowest  int
}

func (p *pct) enter(t *task) {
	t.priority = 1 + p.r.rng.IntN(1<<20)
}

func (p *pct) lower(t *task) {
	p.lowest--
	t.priority = p.lowest
}

func (p *pct) pick(last *task) *task {
	if last != nil {
		for _, c := range p.changes {
			if c == p.r.result.Steps {
				p.lower(last)
			}
		}
	}
	var best *task
	for _, t := range p.r.can {
		if best == nil || t.priority > best.priority {
			best = t
		}
	}
	return best
}
