package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// population runs a program with n goroutines alive at once and returns its
// time and its memory, as a series.
func population(ctx context.Context, san command.Mapsan, o options, dir string, n int) (*series, error) {
	s := &series{suite: "population", name: fmt.Sprint(n, " goroutines")}
	var bins [modes]string
	for m := range modes {
		bins[m] = filepath.Join(dir, "population."+m.String())
		if _, err := command.Output(goCommand(ctx, san, m, testdataDir("population"), "build", "-o", bins[m], ".")); err != nil {
			return nil, err
		}
	}
	for round := range min(o.rounds, 5) {
		progress("round %d of %d goroutines", round+1, n)
		order := []mode{plain, sanitized}
		if o.race && round == 0 { // it takes gigabytes and most of a minute
			order = append(order, raced)
		}
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, m := range order {
			cmd := exec.CommandContext(ctx, bins[m], "-n="+strconv.Itoa(n))
			out, err := cmd.Output()
			if err != nil {
				if m == raced { // its own limits end it; see https://go.dev/doc/articles/race_detector
					continue
				}
				return nil, fmt.Errorf("run %d goroutines in mode %s: %w", n, m, err)
			}
			ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			if err != nil {
				return nil, fmt.Errorf("run %d goroutines in mode %s: %w", n, m, err)
			}
			s.ns[m] = append(s.ns[m], ns)
			s.bytes[m] = append(s.bytes[m], float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss<<10))
		}
	}
	progress("")
	return s, nil
}
