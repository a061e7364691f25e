// Command program runs small programs on a map under many schedules, and checks
// each history. It is of use only as command schedules builds it, where the map's
// atomic operations and locks are steps of a schedule.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/mapsan/mapsan/safemap/proof/model"
	"github.com/mapsan/mapsan/safemap/proof/sched"
)

func main() {
	o := options{out: os.Stdout}
	flag.StringVar(&o.subject, "map", "safemap", "the map to examine: safemap or planted")
	flag.IntVar(&o.programs, "programs", 2000, "how many programs to run; 0 for no end")
	flag.IntVar(&o.schedules, "schedules", 0, "schedules of each program, at most; 0: 50, and 20000 with -explore")
	flag.IntVar(&o.explore, "explore", 0, "see all schedules with at most so many interruptions; 0: those that -strategy draws")
	flag.Uint64Var(&o.seed, "seed", 1, "programs and schedules follow from it")
	flag.DurationVar(&o.spell, "for", 0, "end after so long; 0 for no end")
	flag.StringVar(&o.only, "only", "", "cases whose name contains one of these, as perkey,batch/int")
	flag.StringVar(&o.page, "page", "illegal.html", "file for the first illegal history")
	flag.IntVar(&o.steps, "steps", 100_000, "steps after which a schedule is taken for endless")
	flag.IntVar(&o.program, "program", -1, "run only the program of this number, with -schedule")
	flag.IntVar(&o.schedule, "schedule", 0, "run only this schedule of it, and print its steps")
	flag.BoolVar(&o.cases, "cases", false, "print each case, too")
	strategy := flag.String("strategy", "mixed", "mixed, random, pct1, pct2, pct3, ...")
	without := flag.String("without", "", "operations to leave out, as Len,Clear")
	flag.Parse()
	if o.schedules == 0 {
		o.schedules = 50
		if o.explore > 0 {
			o.schedules = 20000
		}
	}
	if *strategy == "mixed" {
		o.strategies = mixed
	} else {
		s, err := sched.ParseStrategy(*strategy)
		if err != nil {
			fail(2, err)
		}
		o.strategies = []sched.Strategy{s}
	}
	for _, name := range strings.FieldsFunc(*without, func(r rune) bool { return r == ',' }) {
		op, ok := model.Parse(name)
		if !ok {
			fail(2, fmt.Errorf("-without: no operation is called %q", name))
		}
		o.without = append(o.without, op)
	}

	// One task runs at a time: a second processor would only be woken in vain.
	// The collector runs between schedules, or what it calls would come in
	// between at moments that no seed decides.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	t, err := run(o)
	if err != nil {
		fail(2, err)
	}
	t.print(o)
	if t.wrong > 0 {
		fail(1, errors.New("the map is wrong"))
	}
}

func fail(status int, err error) {
	fmt.Fprintln(os.Stderr, "schedules:", err)
	os.Exit(status)
}

// limit bounds the check of one history, of a few operations.
const limit = 10 * time.Second
