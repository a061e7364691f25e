package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/corefile"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/explain"
	"github.com/mapsan/mapsan/internal/coredump"
)

// built is one form of a program, compiled and indexed.
type built struct {
	exe   string
	index *access.Index
	// whole and bare are the executable, with all that the linker writes and
	// without symbols and debug information: the code is the same.
	whole, bare *binfo.File
}

// build compiles one form of the program that lies in dir.
func build(ctx context.Context, dir, form string) (*built, error) {
	exe := filepath.Join(dir, form+".exe")
	var flags []string
	if form == "ww" {
		flags = []string{"-tags=ww"}
	}
	whole, err := link(ctx, dir, exe, flags...)
	if err != nil {
		return nil, err
	}
	bare, err := link(ctx, dir, filepath.Join(dir, form+".stripped"), append(flags, "-ldflags=-s -w")...)
	if err != nil {
		return nil, err
	}
	x, err := access.Load(ctx, access.Config{Dir: dir, Env: goEnv(), BuildFlags: flags})
	if err != nil {
		return nil, err
	}
	return &built{exe: exe, index: x, whole: whole, bare: bare}, nil
}

// link compiles the program in dir and opens it.
func link(ctx context.Context, dir, exe string, flags ...string) (*binfo.File, error) {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", exe}, flags...), ".")...)
	cmd.Dir, cmd.Env = dir, goEnv()
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w: %s", err, bytes.TrimSpace(out))
	}
	return binfo.Open(exe)
}

func (b *built) close() {
	b.whole.Close()
	b.bare.Close()
}

func goEnv() []string { return append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off") }

// patience is how long a program may take to crash.
const patience = 20 * time.Second

var errNoCrash = errors.New("it did not crash by concurrent map use")

// crash runs the program until it dies, and reads what it printed or left.
func (b *built) crash(ctx context.Context, v variant) (c *crashlog.Crash, text []byte, opts explain.Options, err error) {
	if v.level == "core" {
		c, text, err = b.core(ctx, v, &opts)
		return c, text, opts, err
	}
	c, text, err = b.log(ctx, v)
	return c, text, opts, err
}

// core runs the program until it dies, and reads its core.
func (b *built) core(ctx context.Context, v variant, opts *explain.Options) (*crashlog.Crash, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir, err := os.MkdirTemp(filepath.Dir(b.exe), "core-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	d, err := coredump.Crash(ctx, dir, b.exe, v.rest)
	text := append(d.Stdout, d.Stderr...)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, text, errNoCrash
	case err != nil:
		return nil, text, err
	}
	p, err := corefile.Open(d.Core, b.exe)
	if err != nil {
		return nil, text, err
	}
	defer p.Close()
	gs, err := p.Goroutines()
	if len(gs) == 0 {
		return nil, text, err
	}
	crashes, err := explain.FromCore(p, gs, opts)
	if err != nil {
		return nil, text, err
	}
	if len(crashes) == 0 {
		return nil, text, errNoCrash
	}
	return crashes[0], text, nil
}

// log runs the program until it dies, and reads what it printed.
func (b *built) log(ctx context.Context, v variant) (*crashlog.Crash, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.exe, v.rest)
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "GOTRACEBACK=") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	if v.level != "default" {
		cmd.Env = append(cmd.Env, "GOTRACEBACK="+v.level)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.Run() // its status is the crash's
	all, err := crashlog.ReadAll(bytes.NewReader(stderr.Bytes()), crashlog.Options{})
	if err != nil {
		return nil, stderr.Bytes(), err
	}
	for _, c := range all {
		if c.Cause.IsMap() {
			return c, stderr.Bytes(), nil
		}
	}
	if ctx.Err() != nil {
		return nil, stderr.Bytes(), fmt.Errorf("%w in %v", errNoCrash, patience)
	}
	first, _, _ := strings.Cut(stderr.String(), "\n")
	return nil, stderr.Bytes(), fmt.Errorf("%w: %s", errNoCrash, first)
}
