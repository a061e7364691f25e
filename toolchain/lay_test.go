package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func lay(t *testing.T, tc Toolchain, set Set, cache string) Laid {
	t.Helper()
	laid, err := Lay(t.Context(), tc, set, Options{CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	return laid
}

func TestLay(t *testing.T) {
	tc := fakeGo(t, nil)
	cache := t.TempDir()
	laid := lay(t, tc, hooked, cache)
	if !laid.Fresh {
		t.Error("the first use found a toolchain")
	}
	if got := read(t, laid.Root, "src/runtime/map.go"); !strings.Contains(got, "race()") {
		t.Errorf("map.go is not patched: %q", got)
	}
	if got := read(t, laid.Root, "src/runtime/race/new/race.go"); got != "package new\n" {
		t.Errorf("the added file is %q", got)
	}
	if got := read(t, laid.Root, "lib/time/zoneinfo.zip"); got != "zip" {
		t.Errorf("a file that does not change is %q", got)
	}
	if got := read(t, tc.GOROOT, "src/runtime/map.go"); strings.Contains(got, "race()") {
		t.Errorf("the original was changed: %q", got)
	}
	if again := lay(t, tc, hooked, cache); again.Fresh || again.Root != laid.Root {
		t.Errorf("the second use made %s anew", again.Root)
	}
}

// TestRegularFiles: the go command indexes and embeds only what is no link.
func TestRegularFiles(t *testing.T) {
	laid := lay(t, fakeGo(t, nil), hooked, t.TempDir())
	err := filepath.WalkDir(filepath.Join(laid.Root, "src"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSymlink != 0 && !strings.Contains(path, "testdata") {
			t.Errorf("%s is a link", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Lstat(laid.Go()); err != nil || !fi.Mode().IsRegular() {
		t.Errorf("the go command is a link: it would find the original's GOROOT")
	}
}

// TestKey: what makes a toolchain another one.
func TestKey(t *testing.T) {
	tc := fakeGo(t, nil)
	name := func(tc Toolchain, s Set) string {
		t.Helper()
		k, err := key(tc, s)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	base := name(tc, hooked)
	edited := hooked
	edited.Edits = []Edit{{Name: "hook", File: "src/runtime/map.go", Old: "func hook() {}", New: "func hook() { other() }"}}
	if name(tc, edited) == base {
		t.Error("another patch has the same key")
	}
	renamed := hooked
	renamed.Version = "2"
	if name(tc, renamed) != base {
		t.Error("the same patches under another version have another key")
	}
	if err := os.Chtimes(tc.Go(), time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if name(tc, hooked) == base {
		t.Error("a toolchain updated in place has the same key")
	}
}

// TestTogether: of several at once one works, and all get the same.
func TestTogether(t *testing.T) {
	tc := fakeGo(t, nil)
	cache := t.TempDir()
	var fresh, waited atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			laid, err := Lay(context.Background(), tc, hooked, Options{CacheDir: cache, Progress: func(s Step) {
				if strings.Contains(s.Name, "waiting") && s.Done {
					waited.Add(1)
				}
				if strings.Contains(s.Name, "laying") {
					time.Sleep(100 * time.Millisecond)
				}
			}})
			if err != nil {
				t.Error(err)
			}
			if laid.Fresh {
				fresh.Add(1)
			}
			if !complete(laid.Root, laid.Key, tc) {
				t.Error("a toolchain was handed out that is not whole")
			}
		})
	}
	all.Wait()
	if fresh.Load() != 1 {
		t.Errorf("%d made the toolchain, want 1", fresh.Load())
	}
	if waited.Load() == 0 {
		t.Error("nobody said that it waited")
	}
}

// TestWaitingEnds: who waits can be interrupted.
func TestWaitingEnds(t *testing.T) {
	tc := fakeGo(t, nil)
	cache := t.TempDir()
	laid, err := place(tc, hooked, cache)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(laid.Root), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := tryLock(laid.Root + ".lock")
	if err != nil || l == nil {
		t.Fatalf("tryLock = %v, %v", l, err)
	}
	defer l.unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Lay(ctx, tc, hooked, Options{CacheDir: cache}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lay = %v, want the context's error", err)
	}
}

// TestLeftovers: what a killed preparation left goes away, this toolchain's and
// others'.
func TestLeftovers(t *testing.T) {
	tc := fakeGo(t, nil)
	cache := t.TempDir()
	laid, err := place(tc, hooked, cache)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := laid.Root+".tmp-1", filepath.Join(cache, "goroot", "1.25-0000")
	for _, dir := range []string{ours, theirs + ".tmp-2"} {
		if err := os.MkdirAll(filepath.Join(dir, "goroot", "src"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(theirs+".lock", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	lay(t, tc, hooked, cache)
	left, err := filepath.Glob(filepath.Join(cache, "goroot", "*.tmp-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// TestDamaged: a toolchain that lost its end is made anew, never used.
func TestDamaged(t *testing.T) {
	tc := fakeGo(t, nil)
	for name, damage := range map[string]func(root string) error{
		"no marker":    func(root string) error { return os.Remove(filepath.Join(root, markerName)) },
		"empty marker": func(root string) error { return os.WriteFile(filepath.Join(root, markerName), nil, 0o644) },
		"another marker": func(root string) error {
			return os.WriteFile(filepath.Join(root, markerName), []byte(`{"key":"1.26-x"}`), 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			laid := lay(t, tc, hooked, cache)
			if err := damage(laid.Root); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(laid.Root, "src/runtime/map.go")); err != nil {
				t.Fatal(err)
			}
			if found, err := Find(tc, hooked, cache); err != nil || found.Root != "" {
				t.Errorf("Find = %q, %v, want nothing", found.Root, err)
			}
			again := lay(t, tc, hooked, cache)
			if !again.Fresh {
				t.Error("the damaged toolchain was used")
			}
			read(t, again.Root, "src/runtime/map.go")
		})
	}
}

func TestPrune(t *testing.T) {
	tc := fakeGo(t, nil)
	cache := t.TempDir()
	old := lay(t, tc, hooked, cache)
	long := time.Now().Add(-unusedFor - time.Hour)
	if err := os.Chtimes(filepath.Join(old.Root, markerName), long, long); err != nil {
		t.Fatal(err)
	}
	other := hooked
	other.Adds = []Add{{Name: "other", File: "src/runtime/other.go", Content: "package runtime\n"}}
	lay(t, tc, other, cache)
	if _, err := os.Stat(old.Root); !os.IsNotExist(err) {
		t.Errorf("a toolchain that nobody used for %v is still there", unusedFor)
	}

	used := lay(t, tc, hooked, cache)
	day := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(filepath.Join(used.Root, markerName), day, day); err != nil {
		t.Fatal(err)
	}
	lay(t, tc, hooked, cache)
	if fi, err := os.Stat(filepath.Join(used.Root, markerName)); err != nil || time.Since(fi.ModTime()) > time.Hour {
		t.Error("the use of a toolchain was not recorded")
	}
}

// TestCacheNoDirectory: a file stands where the cache should be; permissions
// would not stop root.
func TestCacheNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cache")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Lay(t.Context(), fakeGo(t, nil), hooked, Options{CacheDir: file})
	if !errors.Is(err, ErrCache) || !strings.Contains(err.Error(), "MAPSAN_CACHE") || !strings.Contains(err.Error(), file) {
		t.Errorf("Lay = %v, want ErrCache that names %s and MAPSAN_CACHE", err, file)
	}
}

// TestReadOnlyUse: a prepared toolchain needs nothing written.
func TestReadOnlyUse(t *testing.T) {
	tc := fakeGo(t, nil)
	cache := t.TempDir()
	laid := lay(t, tc, hooked, cache)
	if err := os.Remove(laid.Root + ".lock"); err != nil {
		t.Fatal(err)
	}
	if again := lay(t, tc, hooked, cache); again.Fresh {
		t.Error("it was made anew")
	}
	if _, err := os.Stat(laid.Root + ".lock"); !os.IsNotExist(err) {
		t.Error("using a prepared toolchain took its lock")
	}
}

func TestPatchErrorLeavesNothing(t *testing.T) {
	cache := t.TempDir()
	bad := hooked
	bad.Edits = []Edit{{Name: "gone", File: "src/runtime/map.go", Old: "nowhere"}}
	_, err := Lay(t.Context(), fakeGo(t, nil), bad, Options{CacheDir: cache})
	if !errors.Is(err, ErrPatch) {
		t.Fatalf("Lay = %v, want ErrPatch", err)
	}
	entries, err := os.ReadDir(filepath.Join(cache, "goroot"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			t.Errorf("%s was left", e.Name())
		}
	}
}

func TestEnv(t *testing.T) {
	laid := Laid{Root: "/r", Cache: "/c"}
	env := laid.Env([]string{"GOROOT=/old", "PATH=/bin", "GOFLAGS=-v", "GOTOOLCHAIN=go1.25.5", "GOCACHE=/u"})
	for key, want := range map[string]string{
		"GOROOT": "/r", "GOTOOLCHAIN": "local", "GOCACHE": "/c", "GOFLAGS": "-v",
		"PATH": fmt.Sprintf("/r/bin%c/bin", filepath.ListSeparator),
	} {
		if got := Getenv(env, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}
