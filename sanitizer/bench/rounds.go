package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// A series holds the readings of one benchmark, by mode and round.
type series struct {
	suite string
	name  string
	micro bool
	ns    [modes][]float64
	bytes [modes][]float64 // resident
}

// A job is one benchmark of a built suite.
type job struct {
	programs [modes]program
	series   *series
}

type options struct {
	quick  bool
	rounds int
	target time.Duration // of one reading
	only   *regexp.Regexp
	race   bool
}

// measure builds the suites and runs their benchmarks in rounds.
func measure(ctx context.Context, san command.Mapsan, o options, dir string) ([]*series, error) {
	var jobs []job
	for _, s := range suites {
		if bench, ok := quick[s.name]; o.quick {
			if !ok {
				continue
			}
			s.bench = bench
		}
		if o.only != nil && !o.only.MatchString(s.name) {
			continue
		}
		progress("building %s", s.name)
		programs, err := build(ctx, san, s, dir)
		if err != nil {
			return nil, err
		}
		found, err := list(ctx, s, programs)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, found...)
	}
	for round := range o.rounds {
		progress("round %d of %d, %d benchmarks", round+1, o.rounds, len(jobs))
		type turn struct {
			j job
			m mode
		}
		var turns []turn
		for _, j := range jobs {
			for m := range modes {
				if m != raced || o.race {
					turns = append(turns, turn{j, m})
				}
			}
		}
		rand.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
		for _, t := range turns {
			s := t.j.series
			got, rss, err := run(ctx, t.j.programs[t.m], exactly(s.name), o.target.String())
			if err != nil {
				return nil, err
			}
			r, ok := got[s.name]
			if !ok && t.m == raced {
				continue // some tests are built only without -race
			}
			if !ok {
				return nil, fmt.Errorf("%s %s printed no result in mode %s", s.suite, s.name, t.m)
			}
			s.ns[t.m] = append(s.ns[t.m], r.ns)
			s.bytes[t.m] = append(s.bytes[t.m], float64(rss))
		}
	}
	progress("")
	all := make([]*series, len(jobs))
	for i, j := range jobs {
		all[i] = j.series
	}
	return all, nil
}

// list finds the benchmarks of s. Readings are then of equal time and not of
// an equal number of operations: with that, RunParallel hands out its work one
// by one, through a counter that all share, and the counter is what is measured.
func list(ctx context.Context, s suite, programs [modes]program) ([]job, error) {
	bench := strings.ReplaceAll(s.bench, "^(", "^Benchmark(")
	if s.bench == "." {
		bench = "."
	} else if bench == s.bench {
		bench = "^Benchmark" + strings.TrimPrefix(s.bench, "^")
	}
	got, _, err := run(ctx, programs[plain], bench, "1x")
	if err != nil {
		return nil, err
	}
	if len(got) == 0 {
		return nil, fmt.Errorf("suite %s has no benchmarks that match %s", s.name, s.bench)
	}
	var jobs []job
	for _, name := range slices.Sorted(maps.Keys(got)) {
		jobs = append(jobs, job{programs, &series{suite: s.name, name: name, micro: s.micro}})
	}
	return jobs, nil
}

// exactly returns the pattern that matches the benchmark of the given name alone.
func exactly(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// progress says on a terminal what is being done.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}
