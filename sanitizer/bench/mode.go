package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// A mode is a way to build programs.
type mode int

const (
	plain mode = iota
	sanitized
	raced
	modes
)

func (m mode) String() string { return [...]string{"plain", "mapsan", "race"}[m] }

// goCommand returns the go command of mode m.
func goCommand(ctx context.Context, san command.Mapsan, m mode, dir, verb string, args ...string) *exec.Cmd {
	args = append([]string{verb}, args...)
	switch m {
	case sanitized:
		return san.Go(ctx, dir, args...)
	case raced:
		return san.Plain(ctx, dir, append([]string{verb, "-race"}, args[1:]...)...)
	}
	return san.Plain(ctx, dir, args...)
}

// A program is a suite built in one mode.
type program struct {
	bin string
	dir string // where it expects to run
}

func testdataDir(name string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "testdata", name)
}

// build compiles the tests of s in all modes into dir.
func build(ctx context.Context, san command.Mapsan, s suite, dir string) (all [modes]program, err error) {
	for m := range modes {
		from := testdataDir("")
		pkg := s.pkg
		if s.micro {
			from, pkg = testdataDir(s.pkg), "."
		}
		bin := filepath.Join(dir, strings.ReplaceAll(s.name, "/", "-")+"."+m.String())
		if _, err := command.Output(goCommand(ctx, san, m, from, "test", "-c", "-o", bin, pkg)); err != nil {
			return all, fmt.Errorf("build %s for %s: %w", s.name, m, err)
		}
		run, err := command.Output(goCommand(ctx, san, m, from, "list", "-f", "{{.Dir}}", pkg))
		if err != nil {
			return all, fmt.Errorf("find the directory of %s: %w", s.name, err)
		}
		all[m] = program{bin, run}
	}
	return all, nil
}
