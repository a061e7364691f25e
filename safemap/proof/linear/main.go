// Command linear makes histories of a map with several goroutines and checks
// each for linearizability.
//
//	go run ./linear -map safemap -histories 20000 -seed 1
//	go run ./linear -map safemap -histories 0 -for 10m -only whole
//
// It ends when it has checked -histories, or when -for has passed. With -only it
// keeps to the cases whose name contains the text. The seed decides what the
// goroutines mean to do; how they meet is up to the machine, so that the same
// seed finds the same defect often but not always. Package schedules is for that.
//
// The first illegal history is drawn to the file of -page. The exit status is 1
// when a history was illegal or something else was wrong, and 2 when nothing was
// shown: too many histories that could not be checked in -limit, or none in
// which operations overlap.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/mapsan/mapsan/safemap/proof/drive"
	"github.com/mapsan/mapsan/safemap/proof/model"
)

func main() {
	o := options{out: os.Stdout}
	flag.StringVar(&o.subject, "map", "safemap", "the map to examine: "+strings.Join(drive.Maps, ", "))
	flag.IntVar(&o.histories, "histories", 20000, "how many histories to make; 0 for no end")
	flag.Uint64Var(&o.seed, "seed", 1, "what the goroutines do follows from it")
	flag.DurationVar(&o.spell, "for", 0, "end after so long; 0 for no end")
	flag.StringVar(&o.only, "only", "", "cases whose name contains one of these, as perkey,batch/int")
	flag.StringVar(&o.page, "page", "illegal.html", "file for the first illegal history")
	flag.StringVar(&o.clock, "clock", "counter", "clock of calls and returns: counter or monotonic")
	flag.DurationVar(&o.limit, "limit", 5*time.Second, "time to check one history")
	flag.IntVar(&o.stop, "stop", 10, "end after so many illegal histories; 0 for no end")
	flag.BoolVar(&o.cases, "cases", false, "print each case, too")
	without := flag.String("without", "", "operations to leave out, as Len,Clear")
	flag.Parse()
	for _, name := range strings.FieldsFunc(*without, func(r rune) bool { return r == ',' }) {
		op, ok := model.Parse(name)
		if !ok {
			fail(2, fmt.Errorf("-without: no operation is called %q", name))
		}
		o.without = append(o.without, op)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o.ctx = ctx
	t, err := run(o)
	if err != nil {
		fail(2, err)
	}
	t.print(o)
	if t.illegal > 0 || t.problems > 0 {
		fail(1, errors.New("the map is wrong"))
	}
	if why := t.useless(); why != "" {
		fail(2, errors.New(why))
	}
}

func fail(status int, err error) {
	fmt.Fprintln(os.Stderr, "linear:", err)
	os.Exit(status)
}
