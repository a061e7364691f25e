// Command schedules runs small programs on safemap under thousands of
// interleavings that it chooses, and checks each history for linearizability.
//
//	go run ./schedules -programs 2000 -seed 1
//	go run ./schedules -programs 200 -seed 1 -explore 2
//	go run ./schedules -seed 1 -program 17 -schedule 4
//
// It builds a copy of safemap in which sync, sync/atomic, math/rand/v2 and
// runtime are replaced, so that each atomic operation and each lock is a step
// before which another goroutine may come; package sched says how. A program is
// two or three goroutines of two to four operations each on one or two keys, on a
// map that is about to grow or to shrink, or has snapshots; each is run under
// -schedules interleavings, random or by priorities (-strategy). With -explore it
// is run under all in which a goroutine that could go on is interrupted at most
// so often, unless there are more than -schedules; the report says of how many
// programs all were seen.
//
// The same seed gives the same programs and the same schedules. The report of a
// wrong one ends with the command that runs it again and prints its steps.
// All flags are those of ./schedules/program: see there, or -h. The exit status
// is 1 when the map is wrong and 2 when nothing was shown.
//
// Out of sight are data races, reordering, and all that waits for channels or for
// time: where safemap begins to use what schedules cannot follow, the build says so.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/mapsan/mapsan/safemap/proof/overlay"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "schedules:", err)
	}
	os.Exit(status)
}

func run(args []string) (int, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "safemap-schedules-")
	if err != nil {
		return 2, err
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "program")
	if err := overlay.BuildSchedules(ctx, overlay.Files{}, bin); err != nil {
		return 2, err
	}
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	var exit *exec.ExitError
	switch err := cmd.Run(); {
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1), nil
	case err != nil:
		return 2, err
	}
	return 0, nil
}
