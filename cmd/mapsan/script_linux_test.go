package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mapsan/mapsan/internal/cli"
	"github.com/mapsan/mapsan/toolchain"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mapsan": func() { os.Exit(cli.Main(os.Args[1:])) },
	})
}

// TestScript runs the sessions in testdata/script. They share the cache of
// whoever runs the test, so that a toolchain is prepared once; what spoils a
// cache makes one of its own.
func TestScript(t *testing.T) {
	cache, err := toolchain.CacheDir(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	goCache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	exe, err := exec.LookPath("mapsan") // for scripts that spoil PATH
	if err != nil {
		t.Fatal(err)
	}
	// Where the other toolchains are, and what they are checked against.
	out, err := exec.Command("go", "env", "GOMODCACHE", "GOPATH").Output()
	if err != nil {
		t.Fatal(err)
	}
	modCache, goPath, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	checksums := filepath.Join(filepath.SplitList(goPath)[0], "pkg", "sumdb")
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("MAPSAN_CACHE", cache)
			e.Setenv("MAPSAN_EXE", exe)
			e.Setenv("GOCACHE", filepath.Join(goCache, "go-build"))
			e.Setenv("GOPATH", filepath.Join(e.WorkDir, "gopath"))
			e.Setenv("GOMODCACHE", modCache)
			e.Setenv("GOFLAGS", "-buildvcs=false")
			e.Setenv("GOTOOLCHAIN", "local")
			e.Setenv("GOPROXY", "off")
			e.Setenv("GOWORK", "off")
			pkg := filepath.Join(e.WorkDir, "gopath", "pkg")
			if err := os.MkdirAll(pkg, 0o777); err != nil {
				return err
			}
			return os.Symlink(checksums, filepath.Join(pkg, "sumdb"))
		},
		Condition: func(cond string) (bool, error) { return condition(t, cond) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
			"mount":  mount,
			"killed": killed,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}
