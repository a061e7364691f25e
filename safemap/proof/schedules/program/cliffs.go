package main

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/mapsan/mapsan/safemap/proof/drive"
	"github.com/mapsan/mapsan/safemap/proof/sched"
)

// cliffs are numbers of keys at which one more, or one less, costs many steps:
// there a map grows or shrinks, whatever it is made of. Programs begin there.
type cliffs struct {
	up   []int // storing this key costs
	down []int // deleting a key and leaving so many costs
}

func findCliffs(m drive.Maker) (*cliffs, error) {
	c := &cliffs{}
	if m.Most == 0 {
		return c, nil
	}
	up, down := make([]int, m.Most+1), make([]int, m.Most+1)
	sched.Reset(0)
	last := 0
	result := sched.Run(sched.Config{MaxSteps: 1 << 30}, func() {
		last = sched.Taken()
		m.Fill(m.Most, func(deleting bool, keys int) {
			steps := sched.Taken() - last
			if deleting {
				down[keys] = steps
			} else {
				up[keys] = steps
			}
			last = sched.Taken()
		})
	})
	if result.Fault != "" {
		return nil, fmt.Errorf("fill %v with %d keys: %s: %s", m, m.Most, result.Fault, result.Detail)
	}
	if result.Steps == 0 {
		return nil, errUnscheduled
	}
	c.up, c.down = steep(up[1:], 1), steep(down[:m.Most], 0)
	return c, nil
}

// steep lists where steps are far above the usual, counted from first.
func steep(steps []int, first int) []int {
	sorted := slices.Sorted(slices.Values(steps))
	usual := sorted[len(sorted)/2]
	var list []int
	for i, n := range steps {
		if n > 3*usual+8 {
			list = append(list, i+first)
		}
	}
	return list
}

// choose returns how many keys to begin with, and how many more to store and
// delete before.
func (c *cliffs) choose(rng *rand.Rand, most int) (fill, more int) {
	if most == 0 {
		return 0, 0
	}
	switch n := rng.IntN(8); {
	case n < 4 && len(c.up) > 0:
		at := c.up[rng.IntN(len(c.up))]
		return max(0, at-1-rng.IntN(4)), 0
	case n < 6 && len(c.down) > 0:
		at := c.down[rng.IntN(len(c.down))]
		fill = min(most, at+rng.IntN(4))
		return fill, most - fill
	case n < 7:
		return rng.IntN(min(most, 12) + 1), 0
	}
	return 0, 0
}
