package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mapsan/mapsan/safemap/proof/drive"
	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/model"
	"github.com/mapsan/mapsan/safemap/proof/sched"
)

type options struct {
	subject             string
	programs, schedules int
	seed                uint64
	spell               time.Duration
	only, page          string
	steps               int
	explore             int // interruptions; 0: draw schedules
	program, schedule   int
	cases               bool
	strategies          []sched.Strategy
	without             []model.Op
	out                 io.Writer
}

// mixed: priorities find what takes few changes at the right moments, the walk
// what takes many at any.
var mixed = []sched.Strategy{sched.Random, {Depth: 3}, {Depth: 4}, {Depth: 2}, {Depth: 3}, {Depth: 4}}

type count struct{ schedules, steps, wrong, unknown int }

func (c *count) add(d count) {
	c.schedules += d.schedules
	c.steps += d.steps
	c.wrong += d.wrong
	c.unknown += d.unknown
}

type total struct {
	count
	makers   []drive.Maker
	each     []count
	cliffs   map[int]*cliffs // by maker
	programs int
	whole    int // programs of which all schedules were seen
	took     time.Duration
	first    *finding
}

// A finding is a schedule in which the map is wrong.
type finding struct {
	program, schedule int
	maker             drive.Maker
	strategy          string
	what              string
	history           *history.History // nil when the schedule did not come to its end
}

func run(o options) (*total, error) {
	all, err := makersOf(o.subject, o.without)
	if err != nil {
		return nil, err
	}
	t := &total{cliffs: map[int]*cliffs{}}
	for _, m := range all {
		if o.only == "" || slices.ContainsFunc(strings.Split(o.only, ","), func(s string) bool { return strings.Contains(m.String(), s) }) {
			t.makers = append(t.makers, m)
		}
	}
	if len(t.makers) == 0 {
		return nil, fmt.Errorf("-only %s: no case of %s is called so", o.only, o.subject)
	}
	t.each = make([]count, len(t.makers))
	start := time.Now()
	defer func() { t.took = time.Since(start) }()
	if o.program >= 0 {
		return t, t.replay(o)
	}
	for p := 0; o.programs == 0 || p < o.programs; p++ {
		if o.spell > 0 && time.Since(start) > o.spell || t.wrong > 0 {
			break
		}
		if err := t.examine(o, p); err != nil {
			return nil, err
		}
		t.programs++
	}
	return t, nil
}

// A plan is all that a program is made of.
type plan struct {
	maker      drive.Maker
	seed       uint64
	fill, more int
	length     int // steps to expect
}

func (t *total) plan(o options, program int) (plan, error) {
	which := program % len(t.makers)
	rng := rand.New(rand.NewPCG(o.seed, uint64(program)))
	p := plan{maker: t.makers[which], seed: rng.Uint64()}
	c := t.cliffs[which]
	if c == nil {
		var err error
		if c, err = findCliffs(t.makers[which]); err != nil {
			return p, err
		}
		t.cliffs[which] = c
	}
	p.fill, p.more = c.choose(rng, p.maker.Most)
	// Without any change of who runs: about as many steps as with some.
	result, _ := p.run(sched.Config{Strategy: sched.Strategy{Depth: 1}, Seed: p.seed, MaxSteps: o.steps})
	p.length = result.Steps
	return p, nil
}

// run runs the program once. The history is nil after a fault.
func (p *plan) run(c sched.Config) (sched.Result, *history.History) {
	sched.Reset(p.seed)
	clock, _ := history.NewClock("counter")
	begin := func() { sched.Step(sched.Begin) }
	var program *drive.Program
	var h *history.History
	// What comes before and after is a task, too, and alone: so a lock that is
	// never given back is a deadlock there, and not the end of all.
	before := sched.Run(sched.Config{MaxSteps: alone}, func() {
		program = p.maker.Make(p.seed, p.fill, p.more, clock, begin)
	})
	if before.Fault != "" {
		before.Detail = "before it began: " + before.Detail
		return before, nil
	}
	result := sched.Run(c, program.Bodies...)
	if result.Fault != "" {
		return result, nil
	}
	after := sched.Run(sched.Config{MaxSteps: alone}, func() { h = program.End() })
	if after.Fault != "" {
		result.Fault, result.Detail = after.Fault, "when all was done: "+after.Detail
		return result, nil
	}
	return result, h
}

// alone is a number of steps that one goroutine alone never needs.
const alone = 1 << 24

// config of a schedule of the program.
func (p *plan) config(o options, schedule int) sched.Config {
	return sched.Config{
		Strategy: o.strategies[schedule%len(o.strategies)],
		Seed:     p.seed + uint64(schedule)*0x9e3779b97f4a7c15,
		Length:   p.length,
		MaxSteps: o.steps,
	}
}

func (t *total) examine(o options, program int) error {
	p, err := t.plan(o, program)
	if err != nil {
		return err
	}
	each := &t.each[program%len(t.makers)]
	var e *sched.Explorer
	if o.explore > 0 {
		e = &sched.Explorer{Bound: o.explore}
	}
	for s := range o.schedules {
		c := p.config(o, s)
		if c.Explorer = e; e != nil && !e.Next() {
			if e.Differs() {
				return errDiffers(program, p.maker)
			}
			t.whole++
			break
		}
		result, h := p.run(c)
		n := count{schedules: 1, steps: result.Steps}
		f := t.judge(result, h, &n)
		t.count.add(n)
		each.add(n)
		if f != nil {
			f.program, f.schedule, f.maker, f.strategy = program, s, p.maker, c.Strategy.String()
			if e != nil {
				f.strategy = fmt.Sprintf("explore%d", o.explore)
			}
			t.first = f
			return nil
		}
		if s == 0 && e == nil {
			if again, _ := p.run(c); again.Hash != result.Hash {
				return errDiffers(program, p.maker)
			}
		}
		if s%1000 == 999 {
			runtime.GC()
		}
	}
	runtime.GC()
	return nil
}

func errDiffers(program int, m drive.Maker) error {
	return fmt.Errorf("program %d of %v: the same seed gave two schedules: something in the map is not decided by it", program, m)
}

func (t *total) judge(result sched.Result, h *history.History, n *count) *finding {
	switch {
	case result.Fault != "":
		n.wrong++
		return &finding{what: fmt.Sprintf("%s: %s", result.Fault, result.Detail)}
	case len(h.Problems) > 0:
		n.wrong++
		return &finding{what: strings.Join(h.Problems, "\n"), history: h}
	}
	switch h.Check(limit) {
	case porcupine.Illegal:
		n.wrong++
		return &finding{what: "the history is illegal", history: h}
	case porcupine.Unknown:
		n.unknown++
	}
	return nil
}

// replay runs one schedule again and prints its steps.
func (t *total) replay(o options) error {
	p, err := t.plan(o, o.program)
	if err != nil {
		return err
	}
	c := p.config(o, o.schedule)
	strategy := c.Strategy.String()
	if o.explore > 0 {
		// The choices of a schedule follow from those before it.
		strategy = fmt.Sprintf("explore%d", o.explore)
		c.Explorer = &sched.Explorer{Bound: o.explore}
		for range o.schedule {
			c.Explorer.Next()
			p.run(c)
		}
		c.Explorer.Next()
	}
	c.Trace = true
	result, h := p.run(c)
	fmt.Fprintf(o.out, "%v, program %d, schedule %d, %v: %d keys at the start\n", p.maker, o.program, o.schedule, strategy, p.fill)
	for i, e := range result.Trace {
		if i == 0 || e.Task != result.Trace[i-1].Task {
			fmt.Fprintf(o.out, "task %d\n", e.Task)
		}
		fmt.Fprintf(o.out, "    %-28v %s\n", e.Op, e.Place)
	}
	if t.first = t.judge(result, h, &t.count); t.first != nil {
		t.first.program, t.first.schedule, t.first.maker, t.first.strategy = o.program, o.schedule, p.maker, strategy
	}
	t.schedules, t.steps, t.programs = 1, result.Steps, 1
	return nil
}

// errUnscheduled: the command was built as it is.
var errUnscheduled = errors.New("the map takes no steps: this command is built and run by go run ./schedules")
