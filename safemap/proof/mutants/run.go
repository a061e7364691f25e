package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mapsan/mapsan/safemap/proof/child"
	"github.com/mapsan/mapsan/safemap/proof/mutation"
	"github.com/mapsan/mapsan/safemap/proof/overlay"
)

type options struct {
	pkg, subject        string
	histories, programs int
	seed                uint64
	limit               time.Duration
	verbose             bool
	out                 io.Writer
}

// errMissed: the run shows that the harness is blind somewhere.
var errMissed = errors.New("not everything came out as the list says")

// run runs the original and then each mutation.
func run(ctx context.Context, o options, list []mutation.Mutation) error {
	pkg, err := overlay.Find(ctx, o.pkg)
	if err != nil {
		return err
	}
	// Texts that are not there are found before anything is built.
	changed := make([]overlay.Files, len(list))
	var errs []error
	for i, m := range list {
		path := pkg.Path(m.File)
		src, err := os.ReadFile(path)
		if err == nil {
			src, err = m.Apply(src)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		changed[i] = overlay.Files{path: src}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}

	right := true
	var all []mutation.By
	for _, m := range list {
		for _, by := range slices.Concat(m.Caught, m.Passes) {
			if by.Harness != "test" {
				by.Only = "" // all its cases, once
			}
			if !slices.Contains(all, by) {
				all = append(all, by)
			}
		}
	}
	original := &broken{options: o, pkg: pkg, name: "(the original)", files: overlay.Files{}}
	for _, by := range all {
		ok, err := original.expect(ctx, by, false)
		if err != nil {
			return err
		}
		right = right && ok
	}
	original.close()
	for i, m := range list {
		s := &broken{options: o, pkg: pkg, name: m.Name, files: changed[i]}
		for _, by := range m.Caught {
			ok, err := s.expect(ctx, by, true)
			if err != nil {
				return err
			}
			right = right && ok
		}
		for _, by := range m.Passes {
			ok, err := s.expect(ctx, by, false)
			if err != nil {
				return err
			}
			right = right && ok
		}
		s.close()
	}
	if !right {
		return errMissed
	}
	fmt.Fprintf(o.out, "all of %d mutations came out as the list says\n", len(list))
	return nil
}

// A broken is a copy of safemap, or the original, and what was built of it.
type broken struct {
	options
	pkg   *overlay.Package
	name  string
	files overlay.Files
	dir   string
	bins  map[string]string // by harness
}

func (s *broken) close() {
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// expect runs a harness on the subject, prints a line, and reports whether it
// came out as expected.
func (s *broken) expect(ctx context.Context, by mutation.By, caught bool) (bool, error) {
	start := time.Now()
	outcome, out, err := s.run(ctx, by)
	if err != nil {
		return false, fmt.Errorf("mutation %s: %w", s.name, err)
	}
	ok := outcome != child.Broken && outcome.Caught() == caught
	verdict := "ok  "
	if !ok {
		verdict = "FAIL"
	}
	fmt.Fprintf(s.out, "%s  %-28s %-28v %-6s %5.1fs  %s\n", verdict, s.name, by, outcome, time.Since(start).Seconds(), first(outcome, out))
	if s.verbose || !ok {
		fmt.Fprintln(s.out, "\t"+strings.ReplaceAll(strings.TrimSpace(tail(out)), "\n", "\n\t"))
	}
	return ok, nil
}

// first returns the line that says most of what came out.
func first(o child.Outcome, out string) string {
	switch o {
	case child.Crash:
		return child.Reason(out)
	case child.Wrong:
		for line := range strings.Lines(out) {
			line = strings.TrimSpace(line)
			for _, start := range []string{"first ", "wrong: ", "--- FAIL"} {
				if strings.HasPrefix(line, start) {
					return line
				}
			}
		}
	}
	return ""
}

func tail(out string) string {
	const most = 4000
	if len(out) > most {
		return "... " + out[len(out)-most:]
	}
	return out
}

func (s *broken) run(ctx context.Context, by mutation.By) (child.Outcome, string, error) {
	var args []string
	switch by.Harness {
	case "linear":
		args = []string{"-histories=" + strconv.Itoa(s.histories), "-stop=1", "-only=" + by.Only}
	case "schedules":
		args = []string{"-programs=" + strconv.Itoa(s.programs), "-only=" + by.Only}
	case "explore":
		args = []string{"-programs=" + strconv.Itoa(max(1, s.programs/50)), "-explore=2", "-only=" + by.Only}
	case "test":
		return s.test(ctx, by.Only)
	default:
		return "", "", fmt.Errorf("harness %q: want linear, schedules, explore or test", by.Harness)
	}
	bin, err := s.build(ctx, by.Harness)
	if err != nil {
		return "", "", err
	}
	args = append(args, "-map="+s.subject, "-seed="+strconv.FormatUint(s.seed, 10), "-page=")
	return child.Run(ctx, s.limit, func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, bin, args...) })
}

func (s *broken) build(ctx context.Context, harness string) (string, error) {
	if harness == "explore" {
		harness = "schedules" // another way to run the same
	}
	if bin := s.bins[harness]; bin != "" {
		return bin, nil
	}
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "safemap-mutants-")
		if err != nil {
			return "", err
		}
		s.dir, s.bins = dir, map[string]string{}
	}
	bin := filepath.Join(s.dir, harness)
	var err error
	if harness != "linear" {
		err = overlay.BuildSchedules(ctx, s.files, bin)
	} else {
		err = s.files.Build(ctx, "github.com/mapsan/mapsan/safemap/proof/"+harness, bin)
	}
	if err != nil {
		return "", err
	}
	s.bins[harness] = bin
	return bin, nil
}

// test runs safemap's own tests, in its own module.
func (s *broken) test(ctx context.Context, pattern string) (child.Outcome, string, error) {
	args := []string{"-count=1", "-timeout=" + s.limit.String()}
	if pattern != "" {
		args = append(args, "-run="+pattern)
	}
	clean := func() {}
	defer func() { clean() }()
	var failed error
	outcome, out, err := child.Run(ctx, s.limit+time.Minute, func(ctx context.Context) *exec.Cmd {
		cmd, remove, err := s.files.Command(ctx, "test", append(args, ".")...)
		if err != nil {
			failed = err
			return exec.CommandContext(ctx, "false")
		}
		clean = remove
		cmd.Dir = s.pkg.Dir
		cmd.Env = append(os.Environ(), "MAPSAN_HEAVY=") // the short tests must do
		return cmd
	})
	return outcome, out, errors.Join(failed, err)
}
