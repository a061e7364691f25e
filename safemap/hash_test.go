package safemap

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"testing"
)

// TestHashesSpread: keys that differ little come to all buckets about alike, with
// all tags. Random hashes have a chi-square of about the number of buckets; one
// multiplication leaves up to three times that for some keys, one seed in a hundred
// ten times for the tags of numbered text, and a hash that loses bits has hundreds
// of times. Seeds are random, so the median of several counts.
func TestHashesSpread(t *testing.T) {
	const n, seeds = 1 << 15, 9
	var ints, texts layout
	of := func(key uint64) uint64 { return hashKey[uint64](&ints, key, nil) }
	text := func(s string) uint64 { return hashKey[string](&texts, s, nil) }
	for name, hash := range map[string]func(i uint64) uint64{
		"in a row":        func(i uint64) uint64 { return of(i) },
		"high bits":       func(i uint64) uint64 { return of(i << 48) },
		"steps of a page": func(i uint64) uint64 { return of(0xc000000000 + i<<12) },
		"bits reversed":   func(i uint64) uint64 { return of(bits.Reverse64(i)) },
		"floats":          func(i uint64) uint64 { return of(math.Float64bits(float64(i))) },
		"short text":      func(i uint64) uint64 { return text(fmt.Sprint(i)) },
		"numbered text":   func(i uint64) uint64 { return text(fmt.Sprintf("user-%08d", i)) },
		"counted inside":  func(i uint64) uint64 { return text(fmt.Sprintf("/v1/%08d/profile", i)) },
		"long text": func(i uint64) uint64 {
			return text(fmt.Sprintf("https://example.com/items/%d/and/what/comes/after", i))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var ofBuckets, ofTags []float64
			for range seeds {
				ints, texts = layoutOf[uint64, int](false), layoutOf[string, int](false)
				var buckets [n / 4]int // as a table has
				var tags [1 << 7]int
				for i := range uint64(n) {
					h := hash(i)
					buckets[h/bucketSize%uint64(len(buckets))]++
					tags[h>>57]++
				}
				ofBuckets = append(ofBuckets, uneven(buckets[:], n))
				ofTags = append(ofTags, uneven(tags[:], n))
			}
			for what, times := range map[string][]float64{"buckets": ofBuckets, "tags": ofTags} {
				slices.Sort(times)
				if times[seeds/2] > 6 {
					t.Errorf("chi-square of the %s is %.1f times what is expected, by seed", what, times)
				}
			}
		})
	}
	var weak [1 << 7]int
	for i := range uint64(n) {
		weak[bits.Reverse64(i)*mulWord%128]++ // its low bits do not see the high ones of the key
	}
	if times := uneven(weak[:], n); times < 6 {
		t.Errorf("the tags of a hash that only multiplies pass, with %.1f", times)
	}
}

// uneven is the chi-square of the counts, as multiple of what is expected of
// random ones.
func uneven(count []int, n int) float64 {
	mean := float64(n) / float64(len(count))
	chi := 0.0
	for _, c := range count {
		chi += (float64(c) - mean) * (float64(c) - mean) / mean
	}
	return chi / float64(len(count)-1)
}
