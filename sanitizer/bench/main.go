package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

func main() {
	if err := bench(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench() error {
	quick := flag.Bool("quick", false, "few benchmarks, few rounds, without -race: two minutes")
	rounds := flag.Int("rounds", 9, "rounds")
	target := flag.Duration("time", 100*time.Millisecond, "how long one reading takes, about")
	only := flag.String("only", "", "only the suites that match this regular expression")
	race := flag.Bool("race", true, "measure -race too")
	people := flag.Int("population", 1_000_000, "goroutines of the last table; 0 for none")
	write := flag.String("write", "", "put the tables into this file, between its marks")
	flag.Parse()

	o := options{quick: *quick, rounds: *rounds, target: *target, race: *race}
	if *quick {
		o.rounds, o.target, o.race = 3, 20*time.Millisecond, false
		*people /= 10
	}
	if *only != "" {
		re, err := regexp.Compile(*only)
		if err != nil {
			return fmt.Errorf("flag -only: %w", err)
		}
		o.only = re
	}
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "mapsan-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	progress("preparing")
	san, err := command.Build(ctx, dir)
	if err != nil {
		return err
	}
	version, err := command.Output(san.Go(ctx, testdataDir("micro"), "version"))
	if err != nil {
		return err
	}
	all, err := measure(ctx, san, o, dir)
	if err != nil {
		return err
	}
	var crowd *series
	if *people > 0 {
		if crowd, err = population(ctx, san, o, dir, *people); err != nil {
			return err
		}
	}
	line := "go run ./sanitizer/bench " + strings.Join(os.Args[1:], " ")
	tables := markdown(all, crowd, machine(strings.Fields(version)[2]), strings.TrimSpace(line), o.rounds)
	if *write == "" {
		fmt.Print(tables)
		return nil
	}
	doc, err := os.ReadFile(*write)
	if err != nil {
		return err
	}
	next, err := replace(string(doc), tables)
	if err != nil {
		return fmt.Errorf("write %s: %w", *write, err)
	}
	return os.WriteFile(*write, []byte(next), 0o666)
}
