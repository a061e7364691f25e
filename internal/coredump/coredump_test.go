package coredump

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCrash(t *testing.T) {
	d, err := Crash(t.Context(), t.TempDir(), "/bin/sh", "-c", "echo out; echo err >&2; kill -ABRT $$")
	if string(d.Stdout) != "out\n" || !strings.HasPrefix(string(d.Stderr), "err\n") {
		t.Errorf("the program printed %q and %q", d.Stdout, d.Stderr)
	}
	if errors.Is(err, ErrNoCore) && strings.Contains(err.Error(), "core_pattern") {
		t.Skip(err)
	}
	if err != nil || d.Core == "" {
		t.Errorf("core %q, %v", d.Core, err)
	}
}

func TestNoCrash(t *testing.T) {
	if d, err := Crash(t.Context(), t.TempDir(), "/bin/true"); err == nil || errors.Is(err, ErrNoCore) || d.Core != "" {
		t.Errorf("a program that ends well left the core %q, %v", d.Core, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Crash(ctx, t.TempDir(), "/bin/sleep", "60"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a program that lives on: %v", err)
	}
}
