//go:build linux

package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"time"
)

// A row compares one figure of a round between the arms.
type row struct {
	what   string
	blocks [][arms]round
	of     func(round) float64
	unit   string
	scale  float64 // what of returns is divided by it, to be in that unit
	least  float64 // the goal, of the ratio; 0 for none
	most   float64
}

func (res *results) rows() []row {
	rate := func(r round) float64 { return r.Windows[steady].rate() }
	perMessage := func(r round) float64 { return r.Windows[steady].perMessage() }
	p50 := func(r round) float64 { return float64(r.Windows[steady].Median) }
	p99 := func(r round) float64 { return float64(r.Windows[steady].P99) }
	started := func(r round) float64 { return float64(r.Windows[starting].P99) }
	us := float64(time.Microsecond)
	return []row{
		{what: "closed: messages a second", blocks: res.Closed, of: rate, unit: "/s", scale: 1, least: 0.99},
		{what: "closed: the same, with mapsan's start", blocks: res.Closed, of: func(r round) float64 { return r.both().rate() }, unit: "/s", scale: 1},
		{what: "closed: the server's processor time of a message", blocks: res.Closed, of: perMessage, unit: "µs", scale: us},
		{what: "closed: p50", blocks: res.Closed, of: p50, unit: "µs", scale: us},
		{what: "closed: p99", blocks: res.Closed, of: p99, unit: "µs", scale: us, most: 1.05},
		{what: "open: the server's processor time of a message", blocks: res.Open, of: perMessage, unit: "µs", scale: us},
		{what: "open: p50", blocks: res.Open, of: p50, unit: "µs", scale: us},
		{what: "open: p99", blocks: res.Open, of: p99, unit: "µs", scale: us, most: 1.05},
		{what: "open: p99 while mapsan starts", blocks: res.Open, of: started, unit: "µs", scale: us},
	}
}

// figures are the values of an arm, a block each; with two arms, their geometric mean,
// of which a ratio is as often above 1 as below where all are alike.
func (r row) figures(of ...int) []float64 {
	var xs []float64
	for _, b := range r.blocks {
		logs := 0.0
		for _, arm := range of {
			logs += math.Log(r.of(b[arm]))
		}
		xs = append(xs, math.Exp(logs/float64(len(of))))
	}
	return xs
}

// ratio is of the figures of arm to those of base, block by block.
func (r row) ratio(arm int, base ...int) estimate {
	xs, ys := r.figures(arm), r.figures(base...)
	for i := range xs {
		xs[i] /= ys[i]
	}
	return estimateOf(xs)
}

// goal is what the ratio must be, and whether it is missed: where the goal lies within
// the interval, that is not known.
func (r row) goal() (text string, missed bool) {
	got := r.ratio(watched, alone, again)
	beyond := func(x float64) bool { return r.least > 0 && x < r.least || r.most > 0 && x > r.most }
	switch {
	case r.least > 0:
		text = fmt.Sprintf(">= %.2f", r.least)
	case r.most > 0:
		text = fmt.Sprintf("<= %.2f", r.most)
	default:
		return "-", false
	}
	few := math.IsNaN(got.low)
	switch {
	case beyond(got.low) && beyond(got.high) || few && beyond(got.value):
		return text + ", **missed**", true
	case beyond(got.low) || beyond(got.high):
		return text + ", not decided", false
	}
	return text + ", met", false
}

// markdown returns the tables and how many goals were missed.
func (res *results) markdown() (text string, missed int) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %d processors. %s. %s %s at %s; %d blocks; the open load is %.0f messages a second.\n\n    %s\n\n",
		kernel(), runtime.Version(), runtime.NumCPU(), time.Now().Format("2006-01-02"), serverPackage, serverVersion,
		"127.0.0.1", len(res.Closed), res.Rate, res.Command)
	b.WriteString("| what | alone | attached | ratio (95 %) | must | alone to alone (95 %) |\n| --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, r := range res.rows() {
		goal, beyond := r.goal()
		if beyond {
			missed++
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %v | %s | %v |\n", r.what, r.number(alone, again), r.number(watched),
			r.ratio(watched, alone, again), goal, r.ratio(again, alone))
	}
	b.WriteString("\n| of mapsan | closed | open |\n| --- | ---: | ---: |\n")
	for _, x := range res.accounts() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", x.what, x.text(res.Closed), x.text(res.Open))
	}
	return b.String(), missed
}

func (r row) number(of ...int) string {
	v := median(r.figures(of...)) / r.scale
	if v < 100 {
		return fmt.Sprintf("%.1f %s", v, r.unit)
	}
	return fmt.Sprintf("%.0f %s", v, r.unit)
}

func (e estimate) String() string {
	if math.IsNaN(e.low) {
		return fmt.Sprintf("%.3f", e.value)
	}
	return fmt.Sprintf("%.3f (%.3f to %.3f)", e.value, e.low, e.high)
}

// An item is what mapsan said or used in the rounds that were watched.
type item struct {
	what, format string
	of           func(block [arms]round) float64
}

func (i item) text(blocks [][arms]round) string {
	var xs []float64
	for _, b := range blocks {
		xs = append(xs, i.of(b))
	}
	return fmt.Sprintf(i.format, median(xs))
}

func (res *results) accounts() []item {
	own := func(w window) float64 { return 100 * w.Mapsan.Seconds() / w.Took.Seconds() }
	return []item{
		{"map operations that came by a probe, a round", "%.0f", func(b [arms]round) float64 { return float64(b[watched].Account.Hits) }},
		{"of the time, probes were set", "%.2f %%", func(b [arms]round) float64 {
			a := b[watched].Account
			return 100 * a.Watching.Seconds() / a.Elapsed.Seconds()
		}},
		{"map operations a second while they were", "%.0f", func(b [arms]round) float64 {
			a := b[watched].Account
			return float64(a.Hits) / a.Watching.Seconds()
		}},
		{"operations held, a round", "%.0f", func(b [arms]round) float64 { return float64(b[watched].Account.Delays) }},
		{"races, distinct", "%.0f", func(b [arms]round) float64 { return float64(b[watched].Account.Races) }},
		{"what it costs by its own account, of a processor, its credit at the start included", "%.2f %%", func(b [arms]round) float64 { return b[watched].Account.Cost }},
		{"the same as measured: the server's processor time beyond that of as many messages alone", "%.2f %%", func(b [arms]round) float64 {
			w := b[watched].both()
			return extra(w, b, round.both)
		}},
		{"the same without the start", "%.2f %%", func(b [arms]round) float64 {
			settled := func(r round) window { return r.Windows[steady] }
			return extra(settled(b[watched]), b, settled)
		}},
		{"mapsan's own processor time, without the start", "%.2f %%", func(b [arms]round) float64 { return own(b[watched].Windows[steady]) }},
		{"mapsan's own processor time at the start", "%.0f ms", func(b [arms]round) float64 {
			return float64(b[watched].Windows[starting].Mapsan.Milliseconds())
		}},
	}
}

// extra is what the server used in w beyond what as many messages take it alone, in
// percent of a processor.
func extra(w window, b [arms]round, of func(round) window) float64 {
	per := (of(b[alone]).perMessage() + of(b[again]).perMessage()) / 2
	return 100 * (w.perMessage() - per) * w.rate() / 1e9
}

func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "Linux"
	}
	return "Linux " + strings.TrimSpace(string(b))
}
