// Command compare runs random programs on the sanitizing toolchain and
// compares what its runtime saw with the oracle. It prints the first program
// on which they disagree, shrunk.
//
//	go run ./sanitizer/suite/oracle/compare -n 100000
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

func main() {
	n := flag.Int("n", 10000, "programs")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the first program")
	events := flag.Int("events", 60, "events of a program")
	hammer := flag.Duration("hammer", 0, "instead, run race-free programs in parallel for so long")
	litmus := flag.Int("litmus", 0, "instead, do pairs of operations at the same moment, so many times")
	fuzz := flag.Duration("fuzz", 0, "instead, let go test -fuzz choose the programs for so long")
	flag.Parse()
	if err := compare(*fuzz, "-n="+strconv.Itoa(*n), "-seed="+strconv.FormatUint(*seed, 10),
		"-events="+strconv.Itoa(*events), "-hammer="+hammer.String(), "-litmus="+strconv.Itoa(*litmus)); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func compare(fuzz time.Duration, args ...string) error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "mapsan-compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m, err := command.Build(ctx, dir)
	if err != nil {
		return err
	}
	_, file, _, _ := runtime.Caller(0)
	suite := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	bin, module, err := m.BuildLive(ctx, suite, dir)
	if err != nil {
		return err
	}
	cmd := exec.Command(bin, args...)
	if fuzz > 0 {
		cmd = m.Go(ctx, module, "test", "-run=^$", "-fuzz=FuzzOracle", "-fuzztime="+fuzz.String(), "./live")
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(cmd.Environ(), "MAPSAN=exitcode=0 log_path="+filepath.Join(dir, "reports"))
	return cmd.Run()
}
