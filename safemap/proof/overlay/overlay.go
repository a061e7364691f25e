// Package overlay builds commands of this module with files of other packages
// replaced, by go build -overlay: nothing is written beside the originals.
package overlay

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Files are contents by absolute path, in place of what is there.
type Files map[string][]byte

// A Package is where a package's source lies.
type Package struct {
	ImportPath string
	Dir        string
	GoFiles    []string // without tests, as this machine builds it
	Module     struct{ Dir string }
}

// Path returns the absolute path of a file of the package.
func (p *Package) Path(file string) string { return filepath.Join(p.Dir, file) }

var foundPackages sync.Map // *Package by path

// Find asks the go command for a package, once. It must be run inside of this module.
func Find(ctx context.Context, path string) (*Package, error) {
	if p, ok := foundPackages.Load(path); ok {
		return p.(*Package), nil
	}
	cmd := exec.CommandContext(ctx, "go", "list", "-json=ImportPath,Dir,GoFiles,Module", path)
	out, err := output(cmd)
	if err != nil {
		return nil, fmt.Errorf("find package %s: %w", path, err)
	}
	p := new(Package)
	if err := json.Unmarshal(out, p); err != nil {
		return nil, fmt.Errorf("find package %s: %w", path, err)
	}
	foundPackages.Store(path, p)
	return p, nil
}

// Go runs the go command with the files replaced: build or test, and its arguments.
// It returns what it printed.
func (f Files) Go(ctx context.Context, verb string, args ...string) ([]byte, error) {
	cmd, clean, err := f.Command(ctx, verb, args...)
	if err != nil {
		return nil, err
	}
	defer clean()
	return cmd.CombinedOutput()
}

// Command prepares what Go runs. After its end, clean removes the files.
func (f Files) Command(ctx context.Context, verb string, args ...string) (cmd *exec.Cmd, clean func(), err error) {
	dir, err := os.MkdirTemp("", "safemap-proof-")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	paths := make([]string, 0, len(f))
	for path := range f {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for i, path := range paths {
		to := filepath.Join(dir, fmt.Sprintf("%d_%s", i, filepath.Base(path)))
		if err := os.WriteFile(to, f[path], 0o600); err != nil {
			return nil, nil, err
		}
		overlay.Replace[path] = to
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		return nil, nil, err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, data, 0o600); err != nil {
		return nil, nil, err
	}
	cmd = exec.CommandContext(ctx, "go", append([]string{verb, "-overlay=" + list}, args...)...)
	return cmd, func() { os.RemoveAll(dir) }, nil
}

// Build builds a command with the files replaced.
func (f Files) Build(ctx context.Context, pkg, to string) error {
	if out, err := f.Go(ctx, "build", "-o", to, pkg); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

func output(cmd *exec.Cmd) ([]byte, error) {
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, errs.String())
	}
	return out, nil
}
