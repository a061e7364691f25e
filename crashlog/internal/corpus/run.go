package corpus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Crashers is the program of testdata/crashers, built by one toolchain.
type Crashers struct {
	Version string
	exe     string
	src     string
	goroot  string
}

// Build builds the program in src with the version into the directory dir.
func Build(ctx context.Context, version, src, dir string) (*Crashers, error) {
	src, err := filepath.Abs(src)
	if err != nil {
		return nil, err
	}
	c := &Crashers{Version: version, exe: filepath.Join(dir, "crashers-"+version), src: src}
	env := append(os.Environ(), "GOTOOLCHAIN="+version, "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0")
	root := exec.CommandContext(ctx, "go", "env", "GOROOT")
	root.Dir, root.Env = src, env
	var why strings.Builder
	root.Stderr = &why
	out, err := root.Output()
	if err != nil {
		return nil, fmt.Errorf("find %s: %w: %s", version, err, why.String())
	}
	c.goroot = strings.TrimSpace(string(out))
	build := exec.CommandContext(ctx, "go", "build", "-p", "1", "-o", c.exe, ".")
	build.Dir, build.Env = src, env
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s with %s: %w: %s", src, version, err, out)
	}
	return c, nil
}

// Run lets the program die once, of what ops say: a map that breaks before the
// runtime sees the race, one time in several hundred, gives another death.
func (c *Crashers) Run(ctx context.Context, level, ops string) (Log, error) {
	log := Log{Go: c.Version, Level: level, Ops: ops}
	for range 3 {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		// No core: nothing here reads it.
		cmd := exec.CommandContext(ctx, "sh", "-c", `ulimit -c 0; exec "$0" "$1"`, c.exe, ops)
		cmd.Env = append(os.Environ(), "GOTRACEBACK="+level, "GODEBUG=tracebacklabels=1")
		out, err := cmd.CombinedOutput()
		cancel()
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			return log, fmt.Errorf("run %s: %w", log.Name(), err)
		}
		log.Text = c.neutral(string(out))
		if slices.Contains(Others(), log.Pair()) || strings.Contains(log.Text, "fatal error: concurrent map") {
			return log, nil
		}
	}
	return log, fmt.Errorf("run %s: no crash of a map came in three runs; the last printed %.200q", log.Name(), log.Text)
}

// neutral takes the places out of the paths, so that a corpus does not depend
// on where it was made.
func (c *Crashers) neutral(s string) string {
	s = strings.ReplaceAll(s, c.src, "/src/crashers")
	return strings.ReplaceAll(s, c.goroot, "/usr/local/go")
}
