package main

import "math/bits"

// A histogram counts non-negative numbers, to within 3 %. The greatest is kept
// exactly. Adding takes a few nanoseconds, no memory, and no lock.
type histogram struct {
	counts [64 << subBits]uint64
	n      uint64
	max    int64
}

// Each power of two is divided into this many (as a logarithm) parts.
const subBits = 5

func (h *histogram) add(v int64) {
	v = max(v, 0) // counters of two processors can differ
	h.counts[slot(v)]++
	h.n++
	h.max = max(h.max, v)
}

// slot returns the index of v in counts: small numbers as they are, others by
// their power of two and the bits after the first.
func slot(v int64) int {
	u := uint64(v)
	if u < 1<<subBits {
		return int(u)
	}
	shift := bits.Len64(u) - 1 - subBits
	return (shift+1)<<subBits + int(u>>shift) - 1<<subBits
}

// middle returns the number that stands for those of slot i.
func middle(i int) int64 {
	if i < 1<<subBits {
		return int64(i)
	}
	shift := i>>subBits - 1
	low := int64(i&(1<<subBits-1)+1<<subBits) << shift
	return low + int64(1)<<shift/2
}

// quantile returns the number below which the fraction q of all numbers lies.
func (h *histogram) quantile(q float64) int64 {
	if h.n == 0 {
		return 0
	}
	rank := uint64(q * float64(h.n))
	seen := uint64(0)
	for i, c := range h.counts {
		if seen += c; seen > rank {
			return min(middle(i), h.max)
		}
	}
	return h.max
}

// meanBelow returns the mean of the least numbers, as many as the fraction q.
func (h *histogram) meanBelow(q float64) float64 {
	sum, seen, most := 0.0, 0.0, q*float64(h.n)
	for i, c := range h.counts {
		part := min(float64(c), most-seen)
		sum += part * float64(middle(i))
		seen += part
	}
	return sum / max(seen, 1)
}
