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
	modCache, err := exec.Command("go", "env", "GOMODCACHE").Output() // has the other toolchains
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("MAPSAN_CACHE", cache)
			e.Setenv("MAPSAN_EXE", exe)
			e.Setenv("GOCACHE", filepath.Join(goCache, "go-build"))
			e.Setenv("GOPATH", filepath.Join(e.WorkDir, "gopath"))
			e.Setenv("GOMODCACHE", strings.TrimSpace(string(modCache)))
			e.Setenv("GOFLAGS", "-buildvcs=false")
			e.Setenv("GOTOOLCHAIN", "local")
			e.Setenv("GOPROXY", "off")
			e.Setenv("GOWORK", "off")
			return nil
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
