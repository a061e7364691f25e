package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

var (
	resultLine = regexp.MustCompile(`^(Benchmark\S+?)(?:-\d+)?\s+(\d+)\s+([\d.]+) ns/op`)
	splitLine  = regexp.MustCompile(`^\s*(\d+)\s+([\d.]+) ns/op`)
	nameLine   = regexp.MustCompile(`^(Benchmark\S+?)(?:-\d+)?\s*$`)
)

// A reading is one line of a benchmark's output.
type reading struct {
	n  int
	ns float64
}

// run runs benchmarks of p and returns what they took, and the most memory that the process had resident.
func run(ctx context.Context, p program, bench, benchtime string) (map[string]reading, int64, error) {
	cmd := exec.CommandContext(ctx, p.bin, "-test.run=^$", "-test.bench="+bench, "-test.benchtime="+benchtime, "-test.timeout=10m")
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "MAPSAN=", "GORACE=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return nil, 0, fmt.Errorf("run %s -test.bench='%s': %w\n%s", p.bin, bench, err, out.Bytes())
	}
	if bytes.Contains(out.Bytes(), []byte("MAP RACE")) {
		return nil, 0, fmt.Errorf("run %s -test.bench='%s': it reports a race\n%s", p.bin, bench, out.Bytes())
	}
	return parse(out.String()), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10, nil
}

// parse reads the output of benchmarks. What a benchmark prints itself may
// stand between its name and its numbers.
func parse(out string) map[string]reading {
	all := map[string]reading{}
	name := ""
	for line := range strings.Lines(out) {
		if m := resultLine.FindStringSubmatch(line); m != nil {
			all[m[1]] = numbers(m[2], m[3])
		} else if m := splitLine.FindStringSubmatch(line); m != nil && name != "" {
			all[name] = numbers(m[1], m[2])
		} else if m := nameLine.FindStringSubmatch(line); m != nil {
			name = m[1]
		}
	}
	return all
}

func numbers(n, ns string) reading {
	i, _ := strconv.Atoi(n)
	f, _ := strconv.ParseFloat(ns, 64)
	return reading{i, f}
}
