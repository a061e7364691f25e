package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/sanitizer/report"
	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// An outcome is what one test of a binary did.
type outcome struct {
	failed, skipped, ended bool
	findings               []*finding.Finding
	flagged                bool // testing said "race detected"
}

// A session is one run of a test binary.
type session struct {
	tests  map[string]*outcome
	output string // without the reports
	exit   int
}

// buildTest compiles the tests of pkg in dir and returns the binary.
func buildTest(t *testing.T, m command.Mapsan, dir, pkg string, flags ...string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "tests.exe")
	args := append([]string{"test", "-c", "-o", bin}, flags...)
	cmd := m.Go(t.Context(), dir, append(args, pkg)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return bin
}

// runTest runs a test binary in dir with -test.v and args.
func runTest(ctx context.Context, m command.Mapsan, bin, dir string, args ...string) (*session, error) {
	cmd := exec.CommandContext(ctx, bin, append([]string{"-test.v", "-test.paniconexit0"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(m.Plain(ctx, dir).Env, "GOTRACEBACK=all")
	if procs := os.Getenv("GOMAXPROCS"); procs != "" {
		cmd.Env = append(cmd.Env, "GOMAXPROCS="+procs)
	}
	s := &session{tests: map[string]*outcome{}}
	w := &sessionWriter{s: s}
	f := report.NewFilter(w, w.found)
	cmd.Stdout, cmd.Stderr = f, f
	err := cmd.Run()
	if err := errors.Join(f.Close(), w.flush()); err != nil {
		return nil, err
	}
	if f.Broken > 0 {
		return nil, fmt.Errorf("%d report blocks are not whole:\n%s", f.Broken, w.all.String())
	}
	s.output, s.exit = w.all.String(), cmd.ProcessState.ExitCode()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return nil, fmt.Errorf("run %s: %w", bin, errors.Join(err, ctx.Err()))
	}
	return s, nil
}

// A sessionWriter follows the output of a test binary and knows which test is running.
type sessionWriter struct {
	s       *session
	all     bytes.Buffer
	line    []byte
	current string
}

func (w *sessionWriter) Write(p []byte) (int, error) {
	w.all.Write(p)
	for _, b := range p {
		if w.line = append(w.line, b); b == '\n' {
			w.follow(string(w.line))
			w.line = w.line[:0]
		}
	}
	return len(p), nil
}

func (w *sessionWriter) flush() error {
	w.follow(string(w.line))
	return nil
}

var (
	startLine = regexp.MustCompile(`^=== (?:RUN|CONT|NAME) +(\S+)`)
	endLine   = regexp.MustCompile(`^ *--- (PASS|FAIL|SKIP): (\S+) \(`)
)

func (w *sessionWriter) follow(line string) {
	if m := startLine.FindStringSubmatch(line); m != nil {
		w.current = m[1]
		w.s.outcome(m[1])
	}
	if m := endLine.FindStringSubmatch(line); m != nil {
		o := w.s.outcome(m[2])
		o.ended, o.failed, o.skipped = true, m[1] == "FAIL", m[1] == "SKIP"
	}
	if strings.Contains(line, "race detected during execution of test") {
		w.s.outcome(w.current).flagged = true
	}
}

func (w *sessionWriter) found(f *finding.Finding) {
	o := w.s.outcome(w.current)
	o.findings = append(o.findings, f)
}

func (s *session) outcome(test string) *outcome {
	if s.tests[test] == nil {
		s.tests[test] = &outcome{}
	}
	return s.tests[test]
}

// leaf reports whether test has no subtests.
func (s *session) leaf(test string) bool {
	for name := range s.tests {
		if strings.HasPrefix(name, test+"/") {
			return false
		}
	}
	return true
}

// under returns the outcomes of test and its subtests.
func (s *session) under(test string) (all []*outcome) {
	for name, o := range s.tests {
		if name == test || strings.HasPrefix(name, test+"/") {
			all = append(all, o)
		}
	}
	return all
}
