// Package command runs the mapsan command for the suite and the benchmarks.
package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Mapsan is the mapsan command, for one Go toolchain.
type Mapsan struct {
	Bin string
	// Toolchain is the GOTOOLCHAIN of what it runs; empty for the caller's own.
	Toolchain string
}

// Build compiles cmd/mapsan into dir. If MAPSAN_BIN names a mapsan command, that is taken instead.
func Build(ctx context.Context, dir string) (Mapsan, error) {
	if bin := os.Getenv("MAPSAN_BIN"); bin != "" {
		return Mapsan{Bin: bin}, nil
	}
	bin := filepath.Join(dir, "mapsan.exe")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "github.com/mapsan/mapsan/cmd/mapsan").CombinedOutput()
	if err != nil {
		return Mapsan{}, fmt.Errorf("build cmd/mapsan: %w\n%s", err, out)
	}
	return Mapsan{Bin: bin}, nil
}

// Go returns the command that runs a verb of the sanitizing toolchain's go command in dir.
func (m Mapsan) Go(ctx context.Context, dir string, args ...string) *exec.Cmd {
	return m.command(ctx, dir, append([]string{"go"}, args...))
}

// Verb returns the command that runs one of mapsan's own verbs in dir.
func (m Mapsan) Verb(ctx context.Context, dir, verb string, args ...string) *exec.Cmd {
	return m.command(ctx, dir, append([]string{verb}, args...))
}

// Plain returns the command that runs the go command of the same toolchain as it is.
func (m Mapsan) Plain(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = m.env()
	return cmd
}

func (m Mapsan) command(ctx context.Context, dir string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, m.Bin, args...)
	cmd.Dir = dir
	cmd.Env = m.env()
	return cmd
}

// env is the environment without what would change what is being tested.
func (m Mapsan) env() []string {
	var env []string
	for _, e := range os.Environ() {
		switch name, _, _ := strings.Cut(e, "="); name {
		case "MAPSAN", "GORACE", "GOFLAGS", "GODEBUG", "GOMAXPROCS":
			if name == "GOFLAGS" {
				env = append(env, "GOFLAGS=-buildvcs=false")
			}
		case "GOTOOLCHAIN":
			if m.Toolchain == "" {
				env = append(env, e)
			}
		default:
			env = append(env, e)
		}
	}
	if m.Toolchain != "" {
		env = append(env, "GOTOOLCHAIN="+m.Toolchain)
	}
	return env
}

// Output runs cmd and returns what it wrote to stdout; its error tells what it wrote to stderr.
func Output(cmd *exec.Cmd) (string, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, out, stderr.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}
