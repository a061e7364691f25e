package toolchain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Toolchain is an installed Go toolchain and the settings that decide what
// it builds.
type Toolchain struct {
	Version  string // as the go command says it: go1.26.8
	GOROOT   string
	HostOS   string
	HostArch string

	// Settings of the go command in the directory asked about.
	GOOS         string
	GOARCH       string
	GOFLAGS      string
	GOEXPERIMENT string
}

// Select returns the toolchain that the go command found in env would use in
// dir: the go and toolchain lines of go.mod and go.work and GOTOOLCHAIN decide,
// and the go command is who knows. Inside a laid toolchain's environment it
// returns the original.
func Select(ctx context.Context, dir string, env []string) (Toolchain, error) {
	gocmd, err := lookGo(env)
	if err != nil {
		return Toolchain{}, err
	}
	cmd := exec.CommandContext(ctx, gocmd, "env", "-json",
		"GOVERSION", "GOROOT", "GOHOSTOS", "GOHOSTARCH", "GOOS", "GOARCH", "GOFLAGS", "GOEXPERIMENT")
	cmd.Dir = dir
	cmd.Env = env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if ctx.Err() != nil {
			return Toolchain{}, ctx.Err()
		}
		return Toolchain{}, fmt.Errorf("asking %s env for the toolchain: %s", gocmd, inOneLine(stderr.String(), err))
	}
	var said map[string]string
	if err := json.Unmarshal(out, &said); err != nil {
		return Toolchain{}, fmt.Errorf("asking %s env for the toolchain: %w", gocmd, err)
	}
	tc := Toolchain{
		Version:      said["GOVERSION"],
		GOROOT:       said["GOROOT"],
		HostOS:       said["GOHOSTOS"],
		HostArch:     said["GOHOSTARCH"],
		GOOS:         said["GOOS"],
		GOARCH:       said["GOARCH"],
		GOFLAGS:      said["GOFLAGS"],
		GOEXPERIMENT: said["GOEXPERIMENT"],
	}
	if tc.Version == "" || tc.GOROOT == "" {
		return Toolchain{}, fmt.Errorf("%s env names no GOROOT: check the Go installation with 'go version'", gocmd)
	}
	if m, err := readMarker(tc.GOROOT); err == nil {
		tc.GOROOT = m.Base
	}
	return tc, nil
}

// Go returns the path of the toolchain's own go command.
func (tc Toolchain) Go() string { return filepath.Join(tc.GOROOT, "bin", "go"+exeSuffix(tc.HostOS)) }

func exeSuffix(goos string) string {
	if goos == "windows" {
		return ".exe"
	}
	return ""
}

// lookGo finds the go command on the PATH of env, which need not be the
// process's own.
func lookGo(env []string) (string, error) {
	for _, dir := range filepath.SplitList(Getenv(env, "PATH")) {
		if dir == "" {
			continue
		}
		if path, err := exec.LookPath(filepath.Join(dir, "go")); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", fmt.Errorf("%w on PATH: install Go 1.25 or newer and add its bin directory to PATH", ErrNoGo)
}

// Getenv returns the last value of key in env, as os/exec would see it.
func Getenv(env []string, key string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(env[i], "="); ok && k == key {
			return v
		}
	}
	return ""
}

// inOneLine is what the go command said on stderr, or else err.
func inOneLine(text string, err error) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(strings.TrimPrefix(line, "go: ")); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return err.Error()
	}
	return strings.Join(lines, " ")
}
