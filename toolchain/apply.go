package toolchain

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Patched returns the files, by slash path below GOROOT, that the set changes
// in the toolchain of the given version at goroot. It writes nothing.
func Patched(goroot, goVersion string, set Set) (map[string]string, error) {
	part, err := set.For(goVersion)
	if err != nil {
		return nil, err
	}
	return part.apply(goroot, goVersion)
}

// apply requires that s is already the part for goVersion.
func (s Set) apply(goroot, goVersion string) (map[string]string, error) {
	files := make(map[string]string)
	for _, a := range s.Adds {
		if !filepath.IsLocal(filepath.FromSlash(a.File)) {
			return nil, fmt.Errorf("patch %q: file %q is not below GOROOT", a.Name, a.File)
		}
		files[a.File] = a.Content
	}
	for _, e := range s.Edits {
		text, ok := files[e.File]
		if !ok {
			b, err := os.ReadFile(filepath.Join(goroot, filepath.FromSlash(e.File)))
			if err != nil {
				return nil, &PatchError{GoVersion: goVersion, Patch: e.Name, File: e.File, Err: err}
			}
			text = string(b)
		}
		want := max(e.Times, 1)
		got := 0
		if e.Old != "" {
			got = strings.Count(text, e.Old)
		}
		if got != want {
			return nil, &PatchError{GoVersion: goVersion, Patch: e.Name, File: e.File, Want: want, Got: got}
		}
		files[e.File] = strings.ReplaceAll(text, e.Old, e.New)
	}
	return files, nil
}

// write writes files below root, replacing what is there. A link is replaced,
// never written through.
func write(root string, files map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := os.WriteFile(path, []byte(files[name]), 0o644); err != nil {
			return err
		}
	}
	return nil
}
