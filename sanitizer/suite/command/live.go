package command

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// liveMod is older than this module: the oracle is to run on every Go version that is supported.
const liveMod = "module github.com/mapsan/mapsan/sanitizer/suite\n\ngo 1.25\n"

// BuildLive builds the program that compares the runtime with package oracle,
// from the suite's directory, into dir, and returns its path and the directory of its module.
func (m Mapsan) BuildLive(ctx context.Context, suite, dir string) (bin, module string, err error) {
	module = filepath.Join(dir, "module")
	for from, to := range map[string]string{
		filepath.Join(suite, "oracle"):           "oracle",
		filepath.Join(suite, "testdata", "live"): "live",
	} {
		if err := copyGo(from, filepath.Join(module, to)); err != nil {
			return "", "", fmt.Errorf("copy the oracle: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(module, "go.mod"), []byte(liveMod), 0o666); err != nil {
		return "", "", fmt.Errorf("copy the oracle: %w", err)
	}
	bin = filepath.Join(dir, "live.exe")
	if _, err := Output(m.Go(ctx, module, "build", "-o", bin, "./live")); err != nil {
		return "", "", err
	}
	return bin, module, nil
}

func copyGo(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o777); err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || strings.HasPrefix(name, "oracle_test") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o666); err != nil {
			return err
		}
	}
	return nil
}
