package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// countInstructions prints how many instructions an operation of the named cell
// takes: the difference of two runs of different length, so that all else falls
// out. It counts with perf, or where the machine has no counters with valgrind.
func countInstructions(ctx context.Context, cell string, maps []string) error {
	all := jobs()
	at := slices.IndexFunc(all, func(j job) bool {
		return slices.ContainsFunc(j.rows, func(r row) bool { return r.name == cell && r.unit == nsOp })
	})
	if at < 0 || strings.HasSuffix(cell, "/2p") || !slices.Contains([]string{"reads", "mixed"}, all[at].what) {
		return fmt.Errorf("flag -perf: %s is no cell of reads or mixes on one processor; -list prints the cells", cell)
	}
	count, err := counter(ctx)
	if err != nil {
		return err
	}
	for _, m := range all[at].maps {
		if maps != nil && !slices.Contains(maps, m) {
			continue
		}
		const few, many = 10_000, 1_010_000
		var counts [2]float64
		for i, ops := range []int{few, many} {
			data, err := json.Marshal(request{Job: all[at].name, Map: m, Seed: 1, Only: cell, Ops: ops})
			if err != nil {
				return err
			}
			if counts[i], err = count(string(data)); err != nil {
				return fmt.Errorf("count instructions of %s: %w", m, err)
			}
		}
		fmt.Printf("%-9s %6.1f instructions/op\n", m, (counts[1]-counts[0])/(many-few))
	}
	return nil
}

// counter returns a function that runs a request and counts its instructions.
func counter(ctx context.Context) (func(request string) (float64, error), error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	with := func(number *regexp.Regexp, args ...string) func(string) (float64, error) {
		return func(request string) (float64, error) {
			args := append(slices.Clone(args), self, unitWord, request)
			cmd := exec.CommandContext(ctx, args[0], args[1:]...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Run(); err != nil {
				return 0, fmt.Errorf("run %s: %w\n%s", args[0], err, stderr.Bytes())
			}
			m := number.FindSubmatch(stderr.Bytes())
			if m == nil {
				return 0, fmt.Errorf("run %s: no count in its output\n%s", args[0], stderr.Bytes())
			}
			return strconv.ParseFloat(strings.ReplaceAll(string(m[1]), ",", ""), 64)
		}
	}
	perf := []string{"perf", "stat", "-x;", "-e", "instructions:u"}
	if out, err := exec.CommandContext(ctx, perf[0], append(perf[1:], "true")...).CombinedOutput(); err == nil && regexp.MustCompile(`(?m)^\d+;`).Match(out) {
		return with(regexp.MustCompile(`(?m)^(\d+);`), perf...), nil
	}
	if _, err := exec.LookPath("valgrind"); err == nil {
		return with(regexp.MustCompile(`I\s+refs:\s+([\d,]+)`), "valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"), nil
	}
	return nil, fmt.Errorf("flag -perf: neither perf with hardware counters nor valgrind is here; install valgrind")
}
