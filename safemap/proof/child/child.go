// Package child runs a harness as a process of its own: what it examines may
// crash, or never end.
package child

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"
)

// An Outcome is what a harness found.
type Outcome string

const (
	Clean  Outcome = "clean"
	Wrong  Outcome = "wrong"  // it found something
	Crash  Outcome = "crash"  // Go's runtime ended the process
	Hang   Outcome = "hang"   // it did not end in time
	Broken Outcome = "broken" // it could not be built or showed nothing
)

// Caught reports whether a harness that ends like that has found something.
func (o Outcome) Caught() bool { return o == Wrong || o == Crash || o == Hang }

// Run runs a harness for at most limit. The output is what it printed.
func Run(ctx context.Context, limit time.Duration, prepare func(context.Context) *exec.Cmd) (Outcome, string, error) {
	within, stop := context.WithTimeout(ctx, limit)
	defer stop()
	cmd := prepare(within)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 5 * time.Second // its own children may hold the pipe
	err := cmd.Run()
	if ctx.Err() != nil {
		return Broken, out.String(), ctx.Err()
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return Clean, out.String(), nil
	case within.Err() != nil:
		return Hang, out.String(), nil
	case !errors.As(err, &exit):
		return Broken, out.String(), err
	}
	return judge(exit.ExitCode(), out.String()), out.String(), nil
}

// judge tells a crash from a finding: Go's runtime ends a process with status 2,
// as our commands do when they have shown nothing; go test has 1 for everything.
func judge(status int, out string) Outcome {
	switch {
	case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
		return Broken
	case strings.Contains(out, "panic: test timed out"):
		return Hang
	case Reason(out) != "":
		return Crash
	case status == 1:
		return Wrong
	}
	return Broken
}

// Reason returns the line with which Go's runtime ended a process, or "".
func Reason(out string) string {
	for line := range strings.Lines(out) {
		for _, start := range []string{"fatal error: ", "panic: ", "SIGSEGV", "unexpected fault address", "runtime: "} {
			if strings.HasPrefix(line, start) {
				return strings.TrimSpace(line)
			}
		}
	}
	return ""
}
