// Package coredump lets a program die and finds its core, for tests and
// evaluations of those who read cores.
package coredump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Death is what a program left.
type Death struct {
	Stdout, Stderr []byte
	Core           string // path
}

// ErrNoCore: the program died, and the system wrote no core.
var ErrNoCore = errors.New("no core was written")

// Crash runs a program in dir, without a limit on the size of its core, until it
// dies. It is an error if it ends well, or lives on when ctx ends.
func Crash(ctx context.Context, dir, exe string, args ...string) (Death, error) {
	var d Death
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", `ulimit -c unlimited && exec "$0" "$@"`, exe}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOTRACEBACK=crash")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	d.Stdout, d.Stderr = stdout.Bytes(), stderr.Bytes()
	switch {
	case ctx.Err() != nil:
		return d, fmt.Errorf("%s did not die: %w", exe, ctx.Err())
	case err == nil:
		return d, fmt.Errorf("%s ended and did not die", exe)
	}
	for _, name := range []string{"core", fmt.Sprint("core.", cmd.Process.Pid)} {
		d.Core = filepath.Join(dir, name)
		if _, err := os.Stat(d.Core); err == nil {
			return d, nil
		}
	}
	d.Core = ""
	pattern, _ := os.ReadFile("/proc/sys/kernel/core_pattern")
	return d, fmt.Errorf("%w: %s: core_pattern is %q, and a container may have a limit", ErrNoCore, exe, strings.TrimSpace(string(pattern)))
}
