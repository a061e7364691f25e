package toolchain

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// identity gives the rebuilt compiler a version line of its own: the go
// command takes this line for a release's tool ID, and would otherwise reuse
// packages that the original compiler built. KEY is replaced by what names the
// compiler.
var identity = Edit{
	Name:  "compiler identity",
	File:  "src/cmd/internal/objabi/flag.go",
	Old:   `fmt.Printf("%s version %s%s\n", name, buildcfg.Version, p)`,
	New:   `fmt.Printf("%s version %s%s mapsan:KEY\n", name, buildcfg.Version, p)`,
	Times: 1,
}

func identityOf(key string) Edit {
	e := identity
	e.New = strings.Replace(e.New, "KEY", key, 1)
	return e
}

func compilerPath(root string, tc Toolchain) string {
	return filepath.Join(root, "pkg", "tool", tc.HostOS+"_"+tc.HostArch, "compile"+exeSuffix(tc.HostOS))
}

// putCompiler replaces the compiler of the tree at root by the one of its
// sources. One that was built before is in kept: most versions of a set leave
// the compiler as it is.
func putCompiler(ctx context.Context, tc Toolchain, root, scratch, kept, key string, opts Options) error {
	if isCompiler(ctx, kept, key) {
		now := time.Now()
		os.Chtimes(kept, now, now) // for prune; a failure costs a build later
		out := compilerPath(root, tc)
		if err := os.Remove(out); err != nil {
			return err
		}
		return copyFile(kept, out)
	}
	err := opts.step("building its compiler", func() error { return buildCompiler(ctx, tc, root, scratch) })
	if err != nil {
		return err
	}
	fresh := filepath.Join(scratch, "compile")
	if err := copyFile(compilerPath(root, tc), fresh); err != nil {
		return err
	}
	return os.Rename(fresh, kept)
}

// isCompiler reports whether path is the compiler named key, by its own word:
// a file that lost its content in a power cut says nothing.
func isCompiler(ctx context.Context, path, key string) bool {
	out, err := exec.CommandContext(ctx, path, "-V=full").Output()
	return err == nil && strings.HasSuffix(strings.TrimSpace(string(out)), "mapsan:"+key)
}

// buildCompiler replaces the compiler of the tree at root by one built from
// its sources, with the original toolchain's commands. It must run before
// anything outside src/cmd is patched: the compiler shall not contain what it
// is for.
func buildCompiler(ctx context.Context, tc Toolchain, root, scratch string) error {
	out := compilerPath(root, tc)
	original, err := filepath.EvalSymlinks(out)
	if err != nil {
		return fmt.Errorf("finding the compiler of %s: %w", tc.Version, err)
	}
	fresh := out + ".new"
	// Without profile, symbols and most garbage collections the build takes
	// two thirds of the time; the compiler itself loses a few per cent.
	cmd := exec.CommandContext(ctx, tc.Go(), "build", "-trimpath", "-pgo=off",
		"-gcflags=all=-dwarf=false", "-ldflags=-s -w", "-o", fresh, "cmd/compile")
	cmd.Dir = filepath.Join(root, "src", "cmd")
	cmd.Env = isolated(os.Environ(),
		"GOROOT="+root,
		"GOCACHE="+filepath.Join(scratch, "gocache"),
		"GOTMPDIR="+scratch,
		"TMPDIR="+scratch,
		"GOOS="+tc.HostOS,
		"GOARCH="+tc.HostArch,
		"GOGC=400",
		"GOMEMLIMIT=1GiB",
	)
	dieWithParent(cmd)
	var msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &msg, &msg
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if strings.Contains(msg.String(), syscall.ENOSPC.Error()) {
			return syscall.ENOSPC
		}
		return fmt.Errorf("building the patched compiler of %s from %s: %s", tc.Version, original, lastLine(msg.String(), err))
	}
	return os.Rename(fresh, out)
}

// isolated returns env without the settings that change what the go command
// builds, then with set.
func isolated(env []string, set ...string) []string {
	var out []string
	for _, kv := range env {
		k, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(k, "GO") || strings.HasPrefix(k, "CGO_") {
			continue
		}
		out = append(out, kv)
	}
	out = append(out, "GOENV=off", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local", "GOPROXY=off", "CGO_ENABLED=0", "GO111MODULE=on")
	return append(out, set...)
}

func lastLine(text string, err error) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return err.Error()
}
