package main

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSteep(t *testing.T) {
	for _, test := range []struct {
		steps, want []int
	}{
		{[]int{2, 2, 2, 2}, nil},
		{[]int{5, 6, 40, 5, 7, 90, 5}, []int{3, 6}}, // the third key and the sixth
		{[]int{40, 40, 40, 44}, nil},                // all are dear
	} {
		if got := steep(test.steps, 1); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v, want %v", test.steps, got, test.want)
		}
	}
}

// TestChoose: many programs begin where the next key makes the map grow, or where
// one key less makes it shrink.
func TestChoose(t *testing.T) {
	c := &cliffs{up: []int{100}, down: []int{30}}
	rng := rand.New(rand.NewPCG(1, 1))
	grow, shrink := 0, 0
	for range 1000 {
		fill, more := c.choose(rng, 200)
		if fill < 0 || more < 0 || fill+more > 200 {
			t.Fatalf("%d keys and %d more of at most 200", fill, more)
		}
		if fill >= 96 && fill <= 99 && more == 0 {
			grow++
		}
		if fill >= 30 && fill <= 33 && more > 100 {
			shrink++
		}
	}
	if grow < 400 || shrink < 150 {
		t.Errorf("of 1000 programs %d are about to grow and %d to shrink", grow, shrink)
	}
	if fill, more := new(cliffs).choose(rng, 0); fill+more != 0 {
		t.Errorf("a map that is not filled is filled with %d and %d keys", fill, more)
	}
}
