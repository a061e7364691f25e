//go:build unix

package cli

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestSourceBelow: only regular files of the directory are read, and nothing waits.
func TestSourceBelow(t *testing.T) {
	outer := t.TempDir()
	dir := filepath.Join(outer, "src")
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(
		os.MkdirAll(at("sub"), 0o755),
		os.WriteFile(at("sub/good.go"), []byte("good"), 0o644),
		os.WriteFile(filepath.Join(outer, "key"), []byte("s3cret"), 0o644),
		os.WriteFile(filepath.Join(outer, "srckey"), []byte("s3cret"), 0o644),
		os.Symlink(filepath.Join(outer, "key"), at("out.go")),
		os.Symlink("../key", at("up.go")),
		os.Symlink("sub/good.go", at("link.go")),
		os.Symlink(outer, at("outer")),
		syscall.Mkfifo(at("pipe.go"), 0o644),
		os.WriteFile(at("big.go"), nil, 0o644),
		os.Truncate(at("big.go"), maxSource+1),
	); err != nil {
		t.Fatal(err)
	}
	read, err := sourceBelow(dir)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := read(at("sub/good.go")); err != nil || string(b) != "good" {
		t.Errorf("good.go is %q: %v", b, err)
	}
	for _, bad := range []string{
		at("out.go"), at("up.go"), at("link.go"), at("outer/key"), at("pipe.go"), at("big.go"), at("sub"), at("absent.go"),
		at("../key"), filepath.Join(outer, "key"), filepath.Join(outer, "srckey"), "/dev/null", "key", "sub/good.go", "",
	} {
		within(t, bad, func() {
			if b, err := read(bad); err == nil {
				t.Errorf("%s is read: %q", bad, b)
			}
		})
	}
}
