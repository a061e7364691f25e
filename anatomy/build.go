package anatomy

import (
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/mapsan/mapsan/binfo"
)

//go:embed probe/*.txt
var probeFiles embed.FS

// Target is a Go toolchain and an architecture.
type Target struct {
	Go   string     // "go1.26.8", or "local"
	Arch binfo.Arch // "" is that of the go command
	_    struct{}
}

func (t Target) String() string {
	if t.Arch == "" {
		return t.Go
	}
	return t.Go + " " + string(t.Arch)
}

// Build builds a program that has all map functions, with the go command found
// in the environment, which fetches the toolchain if need be. The program is
// kept in cacheDir, when that is not empty, for the next time.
func Build(ctx context.Context, t Target, cacheDir string) (*binfo.File, error) {
	path, cleanup, err := buildProbe(ctx, t, cacheDir)
	if err != nil {
		return nil, err
	}
	f, err := binfo.Open(path)
	cleanup()
	return f, err
}

func buildProbe(ctx context.Context, t Target, cacheDir string) (path string, cleanup func(), err error) {
	cleanup = func() {}
	dir, err := os.MkdirTemp("", "mapsan-anatomy")
	if err != nil {
		return "", cleanup, err
	}
	cleanup = func() { os.RemoveAll(dir) }
	sum, err := writeProbe(dir)
	if err != nil {
		cleanup()
		return "", func() {}, err
	}
	env := environ(t)
	cached := ""
	if cacheDir != "" && t.Go != "local" {
		arch := string(t.Arch)
		if arch == "" {
			if arch, err = goArch(ctx, env); err != nil {
				cleanup()
				return "", func() {}, err
			}
		}
		cached = filepath.Join(cacheDir, "anatomy", fmt.Sprintf("%s-%s-%s", t.Go, arch, sum))
		if f, err := binfo.Open(cached); err == nil {
			f.Close()
			return cached, cleanup, nil
		}
	}
	out := filepath.Join(dir, "probe")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out, ".")
	cmd.Dir, cmd.Env = dir, env
	if msg, err := cmd.CombinedOutput(); err != nil {
		cleanup()
		return "", func() {}, buildError(t, msg, err)
	}
	if cached != "" && os.MkdirAll(filepath.Dir(cached), 0o777) == nil {
		// Renamed into place whole; another process may do the same.
		tmp := fmt.Sprintf("%s.%d", cached, os.Getpid())
		if data, err := os.ReadFile(out); err == nil && os.WriteFile(tmp, data, 0o666) == nil {
			if os.Rename(tmp, cached) != nil {
				os.Remove(tmp)
			}
		}
	}
	return out, cleanup, nil
}

// environ is the environment of the go command: the user's, without what would
// build something else.
func environ(t Target) []string {
	env := append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0", "GOOS=linux", "GO111MODULE=on")
	if t.Arch != "" {
		env = append(env, "GOARCH="+string(t.Arch))
	}
	if t.Go != "local" {
		env = append(env, "GOTOOLCHAIN="+t.Go)
	}
	return env
}

func goArch(ctx context.Context, env []string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOARCH")
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", buildError(Target{Go: "go env"}, out, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// writeProbe writes the program's source, and returns its hash.
func writeProbe(dir string) (string, error) {
	files, err := probeFiles.ReadDir("probe")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, f := range files {
		data, err := probeFiles.ReadFile("probe/" + f.Name())
		if err != nil {
			return "", err
		}
		h.Write(data)
		if err := os.WriteFile(filepath.Join(dir, strings.TrimSuffix(f.Name(), ".txt")), data, 0o666); err != nil {
			return "", err
		}
	}
	err = os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module probe\n\ngo 1.20\n"), 0o666)
	return fmt.Sprintf("%.6x", h.Sum(nil)), err
}

func buildError(t Target, msg []byte, err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("no go command in PATH: install Go, or name a binary instead")
	}
	last := ""
	for line := range strings.Lines(string(msg)) {
		if s := strings.TrimSpace(line); s != "" {
			last = s
		}
	}
	return fmt.Errorf("build with %s: %v: %s", t, err, last)
}
