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
	"github.com/mapsan/mapsan/crashlog"
)

// built is one form of a program, compiled and indexed.
type built struct {
	exe   string
	index *access.Index
}

// build compiles one form of the program that lies in dir.
func build(ctx context.Context, dir, form string) (*built, error) {
	exe := filepath.Join(dir, form+".exe")
	args := []string{"build", "-o", exe}
	var flags []string
	if form == "ww" {
		flags = []string{"-tags=ww"}
	}
	cmd := exec.CommandContext(ctx, "go", append(append(args, flags...), ".")...)
	cmd.Dir, cmd.Env = dir, goEnv()
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w: %s", err, bytes.TrimSpace(out))
	}
	x, err := access.Load(ctx, access.Config{Dir: dir, Env: goEnv(), BuildFlags: flags})
	if err != nil {
		return nil, err
	}
	return &built{exe: exe, index: x}, nil
}

func goEnv() []string { return append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off") }

// patience is how long a program may take to crash.
const patience = 20 * time.Second

var errNoCrash = errors.New("it did not crash by concurrent map use")

// crash runs the program until it dies, and reads what it printed.
func (b *built) crash(ctx context.Context, v variant) (*crashlog.Crash, []byte, error) {
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
	return nil, stderr.Bytes(), errNoCrash
}
