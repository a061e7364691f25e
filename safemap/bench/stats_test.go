package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	if m := median([]float64{5, 1, 3}); m != 3 {
		t.Errorf("median of three = %v", m)
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("median of four = %v", m)
	}
	if !math.IsNaN(median(nil)) {
		t.Error("nothing has a median")
	}
	if d := differences([]float64{5, 7, 9}, []float64{1, 2}); !slices.Equal(d, []float64{4, 5}) {
		t.Errorf("differences = %v", d)
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0.001: "0", 4.234: "4.23", 42.34: "42.3", 423.4: "423", 12951: "12951", -0.2: "-0.20"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %s, want %s", v, got, want)
		}
	}
	if got := signed(-0.01) + " " + signed(8.46) + " " + signed(-3); got != "+0.0 +8.5 -3.0" {
		t.Errorf("signed: %s", got)
	}
	for ns, want := range map[float64]string{4.2: "4.20 ns", 330e3: "330 µs", 113e6: "113 ms", 2e9: "2.00 s"} {
		if got := duration(ns); got != want {
			t.Errorf("duration(%v) = %s, want %s", ns, got, want)
		}
	}
	if got := label(100) + label(10_000) + label(1_000_000); got != "10010k1M" {
		t.Errorf("labels: %s", got)
	}
}

func TestHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	h := new(histogram)
	var all []int64
	for range 100_000 {
		v := int64(math.Exp(r.Float64() * 20)) // over nine decades
		h.add(v)
		all = append(all, v)
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.99, 0.999, 0.9999} {
		exact := float64(all[int(q*float64(len(all)))])
		if got := float64(h.quantile(q)); math.Abs(got-exact) > 0.03*exact+1 {
			t.Errorf("quantile %v = %v, exactly %v", q, got, exact)
		}
	}
	if h.max != all[len(all)-1] || h.quantile(1) != h.max {
		t.Errorf("max %d, quantile 1 %d, exactly %d", h.max, h.quantile(1), all[len(all)-1])
	}
}

func TestMeanBelow(t *testing.T) {
	h := new(histogram)
	for range 98 {
		h.add(4)
	}
	h.add(24)
	h.add(1 << 40)
	if got := h.meanBelow(0.99); math.Abs(got-(98*4.0+24)/99) > 1e-9 {
		t.Errorf("mean of all but the greatest = %v", got)
	}
	if got := new(histogram).meanBelow(0.5); got != 0 {
		t.Errorf("mean of nothing = %v", got)
	}
}

func TestHistogramEdges(t *testing.T) {
	h := new(histogram)
	if h.quantile(0.5) != 0 {
		t.Error("nothing has a quantile")
	}
	last := -1
	for v := range int64(5000) { // every number has a slot, in order
		i := slot(v)
		if i < last || i > last+1 {
			t.Fatalf("slot of %d is %d, of the one before %d", v, i, last)
		}
		if m := middle(i); slot(m) != i {
			t.Fatalf("slot %d stands for %d, which is in slot %d", i, m, slot(m))
		}
		last = i
	}
	h.add(-3) // two processors' counters can differ
	h.add(math.MaxInt64)
	if h.quantile(0) != 0 || h.max != math.MaxInt64 {
		t.Errorf("quantile 0 is %d, max %d", h.quantile(0), h.max)
	}
}
