// Command mutants runs the harnesses on copies of safemap that are broken on
// purpose: what they do not find there, they would not have found in safemap.
//
//	go run ./mutants
//	go run ./mutants -run 'drop-.*' -v
//
// mutations.txt says what is changed, and what must catch it; package mutation
// tells the form. The original is run first, by all harnesses that the list names:
// it must be clean, so a run counts only as a whole. Harnesses are
//
//	linear CASES      go run ./linear, as many histories as -histories
//	schedules CASES   go run ./schedules, as many programs as -programs
//	explore CASES     the same with -explore 2, a fiftieth of the programs
//	test TESTS        go test of safemap itself, fuzz targets with their seeds
//
// where CASES is what follows -only there, and TESTS a pattern for -run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"time"

	"github.com/mapsan/mapsan/safemap/proof/mutation"
)

func main() {
	o := options{out: os.Stdout}
	list := flag.String("list", "mutants/mutations.txt", "the mutations")
	pattern := flag.String("run", "", "only mutations whose name matches")
	flag.StringVar(&o.pkg, "package", "github.com/mapsan/mapsan/safemap", "whose files are changed")
	flag.StringVar(&o.subject, "map", "safemap", "what the harnesses call the map in it")
	flag.IntVar(&o.histories, "histories", 20000, "histories of linear, at most")
	flag.IntVar(&o.programs, "programs", 4000, "programs of schedules, at most")
	flag.Uint64Var(&o.seed, "seed", 1, "for both")
	flag.DurationVar(&o.limit, "limit", 3*time.Minute, "time for one run, after which it hangs")
	flag.BoolVar(&o.verbose, "v", false, "print what the harnesses print")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := main1(ctx, o, *list, *pattern); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func main1(ctx context.Context, o options, list, pattern string) error {
	all, err := mutation.Read(list)
	if err != nil {
		return err
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	var chosen []mutation.Mutation
	for _, m := range all {
		if re.MatchString(m.Name) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("%s has no mutation that matches %q", list, pattern)
	}
	return run(ctx, o, chosen)
}
