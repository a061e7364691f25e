package toolchain

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk runs on a file system that is too small.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("mounting a small file system: %v", err)
	}
	defer syscall.Unmount(dir, 0)
	big := map[string]string{"src/big/big.go": strings.Repeat("// big\n", 100_000)}
	_, err := Lay(t.Context(), fakeGo(t, big), hooked, Options{CacheDir: dir})
	if !errors.Is(err, ErrCache) || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("Lay = %v, want one line about the space", err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "goroot", "*.tmp-*"))
	if len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}
