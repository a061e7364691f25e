package sanitizer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/sanitizer/patches"
	"github.com/mapsan/mapsan/toolchain"
)

// ErrInterrupted is a signal that came while the toolchain was prepared.
var ErrInterrupted = errors.New("interrupted before anything ran; the next use prepares the toolchain from the beginning")

// Options of Run.
type Options struct {
	Dir    string   // where the go command runs; "" is here
	Env    []string // its environment, before the toolchain is selected; nil is ours
	Stdin  io.Reader
	Stdout io.Writer // an *os.File is handed on where nothing has to be read
	Stderr io.Writer

	// Found is called with every finding, in the order of the stream that it
	// came in: what came before it has been written to w, and what Found
	// writes to w stands in its place. w is nil where the stream must stay
	// as it is (go test -json). Calls do not overlap.
	Found func(w io.Writer, f *finding.Finding, seen Seen)

	// Ready, if not nil, is called with the toolchain before anything runs on
	// it.
	Ready func(toolchain.Laid)

	// Progress is told what a first use of a toolchain prepares.
	Progress func(tc toolchain.Toolchain, s toolchain.Step)

	_ struct{}
}

// Seen says where a finding stands among those of its run.
type Seen struct {
	Number int // of the distinct finding, from 1; 0 when too many to tell apart
	Times  int // how often it has come, this time included
}

// A Result is what a run gave.
type Result struct {
	Status   int                // the go command's exit status
	Findings []*finding.Finding // distinct ones, in the order found
	Total    int                // with repetitions
	Broken   int                // reports that were begun and not whole
	Signal   os.Signal          // that ended the run early, or nil
}

// Run runs a verb of the go command on the sanitizing toolchain. Its error says
// why the go command could not be run at all; a failing build or test is a
// Status.
func Run(ctx context.Context, verb string, args []string, opts Options) (Result, error) {
	if opts.Env == nil {
		opts.Env = os.Environ()
	}
	// An interrupted preparation cleans up; from then on the go command decides.
	preparing, done := signal.NotifyContext(ctx, endSignals...)
	laid, err := Prepare(preparing, verb, args, opts)
	interrupted := preparing.Err() != nil && ctx.Err() == nil
	done()
	switch {
	case interrupted:
		return Result{}, ErrInterrupted
	case err != nil:
		return Result{}, err
	}
	if opts.Ready != nil {
		opts.Ready(laid)
	}
	if !slices.Contains([]string{"test", "run"}, verb) {
		return plain(laid, verb, args, opts)
	}
	flags := append(goflags(laid.GOFLAGS), Flags(verb, args)...)
	return watched(laid, verb, args, opts, verb == "test" && on(flags, "json"))
}

// Prepare returns the sanitizing toolchain for a run, and makes it first where
// that has to be. It fails where the run would not be sound.
func Prepare(ctx context.Context, verb string, args []string, opts Options) (toolchain.Laid, error) {
	var none toolchain.Laid
	builds := slices.Contains([]string{"build", "test", "run", "install"}, verb)
	flags := Flags(verb, args)
	if builds {
		if err := refuseFlags(verb, flags); err != nil {
			return none, err
		}
	}
	dir := opts.Dir
	if c := value(flags, "C"); c != "" && builds {
		if filepath.IsAbs(c) {
			dir = c
		} else {
			dir = filepath.Join(dir, c)
		}
		if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
			return none, fmt.Errorf("-C %s: no such directory", c)
		}
	}
	tc, err := toolchain.Select(ctx, dir, opts.Env)
	if err != nil {
		return none, err
	}
	if builds {
		if err := refuseFlags(verb, goflags(tc.GOFLAGS)); err != nil {
			return none, err
		}
		if err := refuseTarget(tc); err != nil {
			return none, err
		}
	}
	cache, err := toolchain.CacheDir(opts.Env)
	if err != nil {
		return none, err
	}
	lay := toolchain.Options{CacheDir: cache}
	if opts.Progress != nil {
		lay.Progress = func(s toolchain.Step) { opts.Progress(tc, s) }
	}
	return toolchain.Lay(ctx, tc, patches.Set(), lay)
}

// plain runs what prints no reports, with the streams handed on.
func plain(laid toolchain.Laid, verb string, args []string, opts Options) (Result, error) {
	cmd := command(laid, verb, args, opts)
	cmd.Stdout, cmd.Stderr = opts.Stdout, opts.Stderr
	sig, err := runForwarding(cmd, cmd.Wait)
	status, err := exitStatus(cmd, err)
	return Result{Status: status, Signal: sig}, err
}

func command(laid toolchain.Laid, verb string, args []string, opts Options) *exec.Cmd {
	cmd := exec.Command(laid.Go(), append([]string{verb}, args...)...)
	cmd.Dir = opts.Dir
	cmd.Env = laid.Env(opts.Env)
	cmd.Stdin = opts.Stdin
	return cmd
}

// exitStatus tells a go command that failed from one that could not be run.
func exitStatus(cmd *exec.Cmd, err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1), nil // -1: a signal
	}
	return 1, fmt.Errorf("running %s: %w", cmd.Path, err)
}
