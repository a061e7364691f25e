package main

import (
	"fmt"
	"slices"

	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/model"
)

func (t *total) print(o options) {
	perSecond := float64(t.schedules) / max(t.took.Seconds(), 1e-9)
	fmt.Fprintf(o.out, "%s: seed %d: %d programs, %d schedules of %d steps in %.1fs (%.0f/s): %d wrong, %d unknown\n",
		o.subject, o.seed, t.programs, t.schedules, t.steps, t.took.Seconds(), perSecond, t.wrong, t.unknown)
	if o.explore > 0 && o.program < 0 {
		fmt.Fprintf(o.out, "of %d programs, all schedules with at most %d interruptions were seen\n", t.whole, o.explore)
	}
	if o.cases {
		for i, c := range t.each {
			fmt.Fprintf(o.out, "%-24v %7d schedules of %d steps, %d wrong", t.makers[i], c.schedules, c.steps, c.wrong)
			if cliffs := t.cliffs[i]; cliffs != nil && len(cliffs.up)+len(cliffs.down) > 0 {
				fmt.Fprintf(o.out, "; grows at %v, shrinks at %v", short(cliffs.up), short(cliffs.down))
			}
			fmt.Fprintln(o.out)
		}
	}
	f := t.first
	if f == nil {
		return
	}
	fmt.Fprintf(o.out, "wrong: %v, program %d, schedule %d, %v\n%s\n", f.maker, f.program, f.schedule, f.strategy, f.what)
	if f.history != nil {
		slices.SortStableFunc(f.history.Events, func(a, b history.Event) int { return int(a.Call - b.Call) })
		for _, e := range f.history.Events {
			fmt.Fprintf(o.out, "  client %d  %4d to %4d  %s\n", e.Client, e.Call, e.Return, model.Describe(e.In, e.Out))
		}
		if o.page != "" && len(f.history.Problems) == 0 {
			if err := f.history.Draw(o.page); err != nil {
				fmt.Fprintln(o.out, "draw the illegal history:", err)
			} else {
				fmt.Fprintln(o.out, "drawn to", o.page)
			}
		}
	}
	again := fmt.Sprintf("go run ./schedules -map %s -seed %d -program %d -schedule %d", o.subject, o.seed, f.program, f.schedule)
	if o.only != "" {
		again += " -only " + o.only
	}
	if o.explore > 0 {
		again += fmt.Sprintf(" -explore %d", o.explore)
	} else if len(o.strategies) == 1 {
		again += " -strategy " + o.strategies[0].String()
	}
	fmt.Fprintln(o.out, "again, with its steps:", again)
}

func short(list []int) string {
	if len(list) > 12 {
		return fmt.Sprintf("%v and %d more", list[:12], len(list)-12)
	}
	return fmt.Sprint(list)
}
