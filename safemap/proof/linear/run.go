package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mapsan/mapsan/safemap/proof/drive"
	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/model"
)

type options struct {
	subject   string
	histories int
	seed      uint64
	spell     time.Duration
	ctx       context.Context // ends the run early, with what was found
	only      string
	page      string
	clock     string
	limit     time.Duration
	stop      int
	cases     bool
	without   []model.Op
	out       io.Writer
}

// A count is of histories.
type count struct {
	checked, illegal, unknown, problems int
	overlap                             history.Overlap
	ops                                 int
}

func (c *count) add(d count) {
	c.checked += d.checked
	c.illegal += d.illegal
	c.unknown += d.unknown
	c.problems += d.problems
	c.ops += d.ops
	c.overlap.Add(d.overlap)
}

// A total is what a run found.
type total struct {
	count
	cases    []drive.Case
	each     []count
	broken   []int // the map of each case that went wrong last
	versions bool
	took     time.Duration
	first    *history.History // the first that was illegal
	other    *history.History // the first that had problems
	page     string
}

// batch is how many histories are made before they are checked, so that those
// who make them have the processors to themselves.
const batch = 64

func run(o options) (*total, error) {
	all, err := drive.For(o.subject, o.without)
	if err != nil {
		return nil, err
	}
	t := &total{}
	for _, c := range all {
		if matches(c.String(), o.only) {
			t.cases = append(t.cases, c)
		}
	}
	if len(t.cases) == 0 {
		return nil, fmt.Errorf("-only %s: no case of %s is called so", o.only, o.subject)
	}
	clock, err := history.NewClock(o.clock)
	if err != nil {
		return nil, err
	}
	t.each, t.broken = make([]count, len(t.cases)), make([]int, len(t.cases))
	start := time.Now()
	for made := 0; (o.histories == 0 || made < o.histories) && (o.spell == 0 || time.Since(start) < o.spell) && o.ctx.Err() == nil; {
		n := batch
		if o.histories > 0 {
			n = min(n, o.histories-made)
		}
		hs := make([]*history.History, n)
		for i := range hs {
			hs[i] = t.cases[(made+i)%len(t.cases)].Make(o.seed, made+i, clock)
		}
		if err := t.check(o, hs, made); err != nil {
			return nil, err
		}
		made += n
		if o.stop > 0 && t.illegal+t.problems >= o.stop {
			break
		}
	}
	t.took = time.Since(start)
	return t, nil
}

func matches(name, only string) bool {
	if only == "" {
		return true
	}
	for _, part := range strings.Split(only, ",") {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// check checks histories on all processors.
func (t *total) check(o options, hs []*history.History, made int) error {
	results := make([]porcupine.CheckResult, len(hs))
	overlaps := make([]history.Overlap, len(hs))
	var next atomic.Int32
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(hs); i = int(next.Add(1)) - 1 {
				overlaps[i] = hs[i].Overlap()
				// What panicked in the middle is not a history.
				if len(hs[i].Problems) == 0 {
					results[i] = hs[i].Check(o.limit)
				}
			}
		})
	}
	wg.Wait()
	for i, h := range hs {
		// A map that went wrong once stays broken: only the first time counts.
		which := (made + i) % len(t.cases)
		if t.broken[which] == h.Map {
			continue
		}
		c := count{checked: 1, overlap: overlaps[i], ops: len(h.Events)}
		switch results[i] {
		case porcupine.Illegal:
			c.illegal = 1
		case porcupine.Unknown:
			c.unknown = 1
		}
		if len(h.Problems) > 0 {
			c.problems = 1
		}
		t.count.add(c)
		t.each[which].add(c)
		t.versions = t.versions || h.Versions
		if c.illegal+c.problems == 0 {
			continue
		}
		t.broken[which] = h.Map
		t.cases[which].Drop()
		if c.problems > 0 && t.other == nil {
			t.other = h
		}
		if c.illegal == 0 || t.first != nil {
			continue
		}
		t.first = h
		if o.page != "" {
			if err := h.Draw(o.page); err != nil {
				return fmt.Errorf("draw the illegal history: %w", err)
			}
			t.page = o.page
		}
	}
	return nil
}

// useless tells why the run shows nothing, or returns "".
func (t *total) useless() string {
	switch {
	case t.unknown*1000 > t.checked:
		return fmt.Sprintf("%d of %d histories could not be checked in time: raise -limit", t.unknown, t.checked)
	case runtime.NumCPU() > 1 && t.overlap.Met == 0:
		return "no operations overlap: the histories show nothing"
	}
	return ""
}

func (t *total) print(o options) {
	fmt.Fprintf(o.out, "%s: seed %d: %d histories of %d operations checked in %v: %d illegal, %d with other problems, %d unknown\n",
		o.subject, o.seed, t.checked, t.ops, t.took.Round(10*time.Millisecond), t.illegal, t.problems, t.unknown)
	fmt.Fprintf(o.out, "%v\n", t.overlap)
	if t.count.checked > 0 && !t.versions {
		fmt.Fprintln(o.out, "versions of snapshots: all 0, not checked")
	}
	for i, c := range t.each {
		if o.cases || c.illegal+c.problems+c.unknown > 0 {
			fmt.Fprintf(o.out, "%-24v %7d histories, %d illegal, %d with other problems, %d unknown; %v\n",
				t.cases[i], c.checked, c.illegal, c.problems, c.unknown, c.overlap)
		}
	}
	if t.first != nil {
		fmt.Fprintf(o.out, "first illegal: history %d of %s\n", t.first.Number, t.first.Case)
		if t.page != "" {
			fmt.Fprintln(o.out, "drawn to", t.page)
		}
		t.again(o, t.first)
	}
	if t.other != nil {
		fmt.Fprintf(o.out, "first with other problems: history %d of %s\n", t.other.Number, t.other.Case)
		for _, p := range t.other.Problems {
			fmt.Fprintln(o.out, "  "+p)
		}
		t.again(o, t.other)
	}
}

// again prints the command that makes the history again. Which case a number
// belongs to depends on -only, too.
func (t *total) again(o options, h *history.History) {
	again := fmt.Sprintf("go run ./linear -map %s -seed %d -histories %d", o.subject, o.seed, h.Number+1)
	if o.only != "" {
		again += " -only " + o.only
	}
	fmt.Fprintln(o.out, "again:", again)
}
