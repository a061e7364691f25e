package toolchain

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// compilerPrefix begins the name of a built compiler that is kept beside the
// toolchains.
const compilerPrefix = "compile-"

// unusedFor is how long a laid toolchain may lie unused before the next
// preparation removes it; the go command keeps build cache entries for five
// days.
const unusedFor = 14 * 24 * time.Hour

// errNoSpace is what a full disk gives, whoever met it.
const errNoSpace = syscall.ENOSPC

// touch records the use of a laid toolchain, at most once a day. A read-only
// cache cannot, and need not.
func touch(root string) {
	path := filepath.Join(root, markerName)
	fi, err := os.Stat(path)
	if err == nil && time.Since(fi.ModTime()) > 24*time.Hour {
		now := time.Now()
		os.Chtimes(path, now, now)
	}
}

// removeLeftovers removes what killed preparations of root left. The lock of
// root is held, so none is at work.
func removeLeftovers(root string) {
	left, _ := filepath.Glob(root + ".tmp-*")
	for _, dir := range left {
		os.RemoveAll(dir)
	}
}

// prune removes from dir what killed preparations left and the toolchains
// that nobody used for long, except keep. It passes by what another process
// has locked.
func prune(dir, keep string) {
	locks, _ := filepath.Glob(filepath.Join(dir, "*.lock"))
	for _, path := range locks {
		root := strings.TrimSuffix(path, ".lock")
		if root == keep {
			continue
		}
		l, err := tryLock(path)
		if err != nil || l == nil {
			continue
		}
		removeLeftovers(root)
		if fi, err := os.Stat(filepath.Join(root, markerName)); err == nil && time.Since(fi.ModTime()) > unusedFor {
			os.Remove(filepath.Join(root, markerName)) // first, so that nobody takes half of it
			os.RemoveAll(root)
		}
		l.unlock()
	}
	compilers, _ := filepath.Glob(filepath.Join(dir, compilerPrefix+"*"))
	for _, path := range compilers {
		if fi, err := os.Stat(path); err == nil && time.Since(fi.ModTime()) > unusedFor {
			os.Remove(path)
		}
	}
}
