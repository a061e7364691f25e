//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"

	"github.com/mapsan/mapsan/agent"
)

// TestBench measures for a moment: each row has its figures, and no message was lost.
func TestBench(t *testing.T) {
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Skip("it builds and loads a server for twenty seconds: set MAPSAN_HEAVY=1")
	}
	if _, _, err := agent.Try(); errors.Is(err, os.ErrPermission) || errors.Is(err, ebpf.ErrNotSupported) {
		t.Skipf("probes cannot be set here: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	o := options{blocks: 1, connections: 4, budget: 1, times: [phases]time.Duration{100 * time.Millisecond, 2 * time.Second, 500 * time.Millisecond, 0}}
	if err := o.build(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	res, err := o.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range res.rows() {
		for arm := range arms {
			if v := r.figures(arm)[0]; !(v > 0) || math.IsInf(v, 0) {
				t.Errorf("%s, arm %d: %v", r.what, arm, v)
			}
		}
	}
	for kind, blocks := range [][][arms]round{res.Closed, res.Open} {
		a := blocks[0][watched].Account
		if a.Hits == 0 || a.Watching == 0 || a.Elapsed < o.times[steady]/2 || a.Cost == 0 {
			t.Errorf("load %d: mapsan saw nothing: %+v", kind, a)
		}
		if blocks[0][alone].Account != (account{}) {
			t.Errorf("load %d: mapsan was there in a round alone", kind)
		}
	}
	table, _ := res.markdown()
	if strings.Contains(table, "NaN") || strings.Count(table, "\n| ") != len(res.rows())+len(res.accounts())+4 {
		t.Errorf("the table is\n%s", table)
	}
}

func TestAccount(t *testing.T) {
	const text = `mapsan: watching process 7: 17 map functions; one hit costs 972 ns here
mapsan: 13294 map operations in 1m17.14s, probes set for 940ms of it: 1 delay; cost about 1.09 % of a processor
mapsan: 5 map races caught (2 distinct)
`
	got, err := parseAccount(text)
	want := account{Hits: 13294, Delays: 1, Elapsed: 77140 * time.Millisecond, Watching: 940 * time.Millisecond, Cost: 1.09, Races: 2}
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if got, err := parseAccount("mapsan: attach: process 7: there is none"); err == nil {
		t.Errorf("an account of nothing: %+v", got)
	}
}

// TestEstimate: the interval holds what the numbers were made of, and narrows with
// how many there are.
func TestEstimate(t *testing.T) {
	var few, many []float64
	for i := range 200 {
		x := 1 + float64(i*37%101-50)/1000 // from 0.95 to 1.05, evenly
		many = append(many, x)
		if i < 10 {
			few = append(few, x)
		}
	}
	a, b := estimateOf(few), estimateOf(many)
	for _, e := range []estimate{a, b} {
		if !(e.low <= 1 && 1 <= e.high && e.low <= e.value && e.value <= e.high) {
			t.Errorf("%v does not hold 1", e)
		}
	}
	if b.high-b.low >= a.high-a.low {
		t.Errorf("%v of 200 is no narrower than %v of 10", b, a)
	}
	if e := estimateOf([]float64{2, 2, 2, 2, 2}); e.value != 2 || !math.IsNaN(e.low) {
		t.Errorf("of five numbers: %v", e)
	}
	// Six coins fall alike in 1 of 32 cases, which is less than 5 in 100.
	if e := estimateOf([]float64{6, 1, 5, 2, 4, 3}); e.low != 1 || e.high != 6 {
		t.Errorf("of six: %v", e)
	}
	// The second and the last but one of ten: 22 cases of 1024 lie outside.
	if a.low != slices.Sorted(slices.Values(few))[1] {
		t.Errorf("of ten: %v", a)
	}
}

// TestGoals: what is a little better than the goal meets it, what is a little worse misses it.
func TestGoals(t *testing.T) {
	made := func(throughput, late float64) *results {
		w := func(messages int, p99 time.Duration) round {
			one := window{Took: time.Second, Messages: messages, Median: 1, P99: p99, Server: 1, Mapsan: 1}
			return round{Windows: [phases]window{steady: one, starting: one}, Account: account{Watching: 1, Elapsed: 1}}
		}
		block := [arms]round{w(1000, 1000), w(1000, 1000), w(int(1000*throughput), time.Duration(1000*late))}
		blocks := slices.Repeat([][arms]round{block}, 6)
		return &results{Closed: blocks, Open: blocks}
	}
	for _, x := range []struct {
		throughput, late float64
		missed           int
	}{{1, 1, 0}, {0.991, 1.049, 0}, {0.98, 1.049, 1}, {0.991, 1.06, 2}, {0.9, 1.2, 3}} {
		table, missed := made(x.throughput, x.late).markdown()
		if missed != x.missed || strings.Count(table, "**missed**") != x.missed || strings.Count(table, ", met") != 3-x.missed {
			t.Errorf("%v: %d missed, not %d:\n%s", fmt.Sprint(x), missed, x.missed, table)
		}
	}
}

// TestNotDecided: where the goal lies within the interval, nothing is said.
func TestNotDecided(t *testing.T) {
	var blocks [][arms]round
	for i := range 6 {
		w := window{Took: time.Second, Messages: 1000, Median: 1, P99: 100, Server: 1}
		r := round{Windows: [phases]window{steady: w}}
		block := [arms]round{r, r, r}
		block[watched].Windows[steady].Messages = 970 + 10*i
		blocks = append(blocks, block)
	}
	rate := (&results{Closed: blocks}).rows()[0]
	if text, missed := rate.goal(); missed || text != ">= 0.99, not decided" {
		t.Errorf("%q, missed: %v", text, missed)
	}
}
