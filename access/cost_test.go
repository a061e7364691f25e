package access

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestCost says what the index costs: of this module, of the largest dependency
// that it has, and of the directory in MAPSAN_ACCESS_DIR.
func TestCost(t *testing.T) {
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Skip("indexes large modules; set MAPSAN_HEAVY=1")
	}
	tools, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/tools").Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := []string{"..", filepath.Join(strings.TrimSpace(string(tools)))}
	if d := os.Getenv("MAPSAN_ACCESS_DIR"); d != "" {
		dirs = append(dirs, d)
	}
	for _, dir := range dirs {
		start := time.Now()
		x, err := Load(context.Background(), Config{Dir: dir, Env: append(os.Environ(), "GOFLAGS=-mod=mod")})
		if err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		loaded := time.Since(start)
		start = time.Now()
		spawns := len(x.Spawns())
		graph := time.Since(start)
		start = time.Now()
		for _, s := range x.Sites() {
			x.Starts(s)
		}
		starts := time.Since(start)
		var ms runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&ms)
		unresolved := 0
		for _, s := range x.Sites() {
			if len(s.Maps) == 0 {
				unresolved++
			}
		}
		t.Logf("%s: index %.1f s, call graph %.1f s, starts of all sites %.1f s; %d MB live, %d MB from the system; %d functions, %d sites (%d of no known variable), %d maps, %d spawns, %d problems",
			filepath.Base(dir), loaded.Seconds(), graph.Seconds(), starts.Seconds(), ms.HeapAlloc>>20, ms.Sys>>20,
			len(x.Funcs()), len(x.Sites()), unresolved, len(x.Maps()), spawns, len(x.Problems))
		for _, p := range x.Problems {
			t.Log(p)
		}
		if unresolved*5 > len(x.Sites()) {
			t.Errorf("%s: %d of %d sites are on no known variable", dir, unresolved, len(x.Sites()))
		}
	}
}
