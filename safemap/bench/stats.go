package main

import (
	"fmt"
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

// differences returns a minus b, round by round: what both have of the machine's
// mood in that round falls out.
func differences(a, b []float64) []float64 {
	var ds []float64
	for i := range min(len(a), len(b)) {
		ds = append(ds, a[i]-b[i])
	}
	return ds
}

// number writes three digits, or as many as stand before the point.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case math.Abs(v) < 0.005:
		return "0"
	case math.Abs(v) < 10:
		return fmt.Sprintf("%.2f", v)
	case math.Abs(v) < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// signed writes a difference.
func signed(v float64) string {
	if math.Abs(v) < 0.05 {
		return "+0.0" // and never -0.0
	}
	return fmt.Sprintf("%+.1f", v)
}
