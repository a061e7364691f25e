package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// profiled are the benchmarks of which it is shown where their time goes.
var profiled = []struct{ suite, bench string }{
	{"micro", "BenchmarkHTTPRoundTrip"},
	{"micro", "BenchmarkJSONRoundTrip"},
	{"micro", "BenchmarkTemplate"},
	{"micro", "BenchmarkTypeCheck"},
	{"micro", "BenchmarkContext"},
	{"micro", "BenchmarkGoWaitGroup/with_a_shared_map"},
	{"micro", "BenchmarkRWMutexMapRead/parallel,_some_writes"},
	{"sync", "BenchmarkMapRange/*sync.Map"},
	{"context", "BenchmarkWithTimeout/concurrency=4000"},
}

// parts are the pieces of the detector, each with the functions that it is
// made of; a function belongs to the first that matches.
var parts = []struct {
	name  string
	funcs *regexp.Regexp
}{
	{"call stacks", regexp.MustCompile(`mapsan\.(PutStack|hintOf|hashOf|StackAt|\(\*(Stack|Walk|stackTable)\))|runtime\.mapsanFrame|mapsan\.\(\*G\)\.note`)},
	{"records made and swept", regexp.MustCompile(`mapsan\.(create|newRecord|remove|SweepRecords|SweepCells|\(\*Record\)\.removeLocked|\(\*bag\)|growTable|table\.)|runtime\.mapsan(Sweep|Track)`)},
	{"map accesses", regexp.MustCompile(`mapsan\.\(\*(Head|Cell|arena)\)|mapsan\.CellOf|runtime\.(mapsanAccess|mapsanMap|mapsanlen|mapsanNext)|maps\.mapsan`)},
	{"clocks", regexp.MustCompile(`mapsan\.(owned|join|withTime|insert|release|retain|newNode|timeOf|remember|covers|knows|Fork|newSlot|freeSlot|reclaim|Exchange|Tell|\(\*G\)\.(learn|own|open|tick|publish|Acquire$|Release$|ReleaseMerge$|AcquireClear$|AtomicEnd|End|Reset|LearnAll)|\(\*Record\)|\(\*pairs\)|\(\*pool\))|runtime\.mapsanGo(Start|End)`)},
	{"answers that nothing is to be done", regexp.MustCompile(`internal/race\.|mapsan\.|runtime\.(mapsan|race)|sync/atomic\.`)},
}

// profile measures where the time of a few benchmarks goes, as a table.
func profile(ctx context.Context, san command.Mapsan, rounds int, dir string) (string, error) {
	var b strings.Builder
	b.WriteString("| benchmark | mapsan time | the detector's share |")
	for _, p := range parts {
		fmt.Fprintf(&b, " %s |", p.name)
	}
	b.WriteString("\n| --- | ---: | ---: |" + strings.Repeat(" ---: |", len(parts)) + "\n")
	built := map[string][modes]program{}
	for _, x := range profiled {
		progress("profiling %s %s", x.suite, x.bench)
		programs, ok := built[x.suite]
		if !ok {
			var err error
			if programs, err = build(ctx, san, suiteNamed(x.suite), dir); err != nil {
				return "", err
			}
			built[x.suite] = programs
		}
		var ns [modes][]float64
		for range rounds {
			for _, m := range []mode{plain, sanitized} {
				got, _, err := run(ctx, programs[m], exactly(x.bench), "200ms")
				if err != nil {
					return "", err
				}
				ns[m] = append(ns[m], got[x.bench].ns)
			}
		}
		shares, err := shares(ctx, programs[sanitized], x.bench, filepath.Join(dir, "cpu.out"))
		if err != nil {
			return "", err
		}
		all := 0.0
		for _, s := range shares {
			all += s
		}
		fmt.Fprintf(&b, "| %s %s | %s | %.0f%% |", x.suite, strings.TrimPrefix(x.bench, "Benchmark"), times(ratio(ns, sanitized)), all)
		for _, s := range shares {
			fmt.Fprintf(&b, " %.1f%% |", s)
		}
		b.WriteString("\n")
	}
	progress("")
	return b.String(), nil
}

func suiteNamed(name string) suite {
	for _, s := range suites {
		if s.name == name {
			return s
		}
	}
	panic("no suite " + name)
}

// shares profiles a benchmark of p and returns the share of each part, in percent.
func shares(ctx context.Context, p program, bench, file string) ([]float64, error) {
	cmd := exec.CommandContext(ctx, p.bin, "-test.run=^$", "-test.bench="+exactly(bench), "-test.benchtime="+(2*time.Second).String(), "-test.cpuprofile="+file)
	cmd.Dir = p.dir
	if _, err := command.Output(cmd); err != nil {
		return nil, err
	}
	top, err := command.Output(exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=100000", "-nodefraction=0", p.bin, file))
	if err != nil {
		return nil, err
	}
	return sumParts(top)
}

// sumParts adds up the lines of pprof's -top by part.
func sumParts(top string) ([]float64, error) {
	sums := make([]float64, len(parts))
	lines := 0
	for line := range strings.Lines(top) {
		f := strings.Fields(line)
		if len(f) < 6 || !strings.HasSuffix(f[1], "%") {
			continue
		}
		share, err := strconv.ParseFloat(strings.TrimSuffix(f[1], "%"), 64)
		if err != nil {
			continue
		}
		lines++
		name := strings.Join(f[5:], " ")
		for i, p := range parts {
			if p.funcs.MatchString(name) {
				sums[i] += share
				break
			}
		}
	}
	if lines == 0 {
		return nil, fmt.Errorf("go tool pprof -top printed no functions:\n%s", top)
	}
	return sums, nil
}
