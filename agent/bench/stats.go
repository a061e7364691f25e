package main

import (
	"math"
	"slices"
)

// median returns NaN for nothing.
func median(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	xs = slices.Sorted(slices.Values(xs))
	if n := len(xs); n%2 == 0 {
		return (xs[n/2-1] + xs[n/2]) / 2
	}
	return xs[len(xs)/2]
}

// An estimate is a median with an interval that holds the true one in at least 95 %
// of all cases; with NaN where there are too few numbers for that.
type estimate struct{ value, low, high float64 }

// estimateOf takes the interval from the order of the numbers alone: how many of n lie
// below the true median is a matter of n coins.
func estimateOf(xs []float64) estimate {
	e := estimate{median(xs), math.NaN(), math.NaN()}
	n := len(xs)
	sorted := slices.Sorted(slices.Values(xs))
	below := math.Pow(0.5, float64(n)) // the probability that k of them do
	for k, outside := 0, below; 2*outside <= 0.05; k++ {
		e.low, e.high = sorted[k], sorted[n-1-k]
		below *= float64(n-k) / float64(k+1)
		outside += below
	}
	return e
}
