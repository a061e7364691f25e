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
	quick := flag.Bool("quick", false, "few benchmarks, few rounds, without -race: a minute")
	rounds := flag.Int("rounds", 9, "rounds")
	target := flag.Duration("time", 100*time.Millisecond, "how long one reading takes, about")
	only := flag.String("only", "", "only the suites that match this regular expression")
	race := flag.Bool("race", true, "measure -race too")
	people := flag.Int("population", 1_000_000, "goroutines of the last table; 0 for none")
	write := flag.String("write", "", "put the tables into this file, between its marks")
	prof := flag.Bool("profile", false, "show where the time of a few benchmarks goes, and measure nothing else")
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
	line := strings.TrimSpace("go run ./sanitizer/bench " + strings.Join(os.Args[1:], " "))
	if *prof {
		table, err := profile(ctx, san, min(o.rounds, 5), dir)
		if err != nil {
			return err
		}
		return put(*write, "profile", "    "+line+"\n\n"+table)
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
	return put(*write, "tables", markdown(all, crowd, machine(strings.Fields(version)[2]), line, o.rounds))
}

// put prints text, or puts it into a file between the marks that name it.
func put(file, name, text string) error {
	if file == "" {
		fmt.Print(text)
		return nil
	}
	doc, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	next, err := replace(string(doc), name, text)
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return os.WriteFile(file, []byte(next), 0o666)
}
