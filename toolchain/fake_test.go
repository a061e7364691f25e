package toolchain

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// fakeGo makes a GOROOT that has everything Lay looks at and nothing else.
func fakeGo(t *testing.T, files map[string]string) Toolchain {
	t.Helper()
	tc := Toolchain{Version: "go1.26.8", GOROOT: t.TempDir(), HostOS: runtime.GOOS, HostArch: runtime.GOARCH}
	all := map[string]string{
		"VERSION":                          "go1.26.8\n",
		"bin/go":                           "#!/bin/sh\necho go version go1.26.8\n",
		"pkg/tool/host/asm":                "asm",
		"pkg/include/textflag.h":           "// flags",
		"lib/time/zoneinfo.zip":            "zip",
		"src/runtime/map.go":               "package runtime\n\nfunc hook() {}\n",
		"src/runtime/testdata/a/a.go":      "package a\n",
		"src/cmd/compile/testdata/x.txt":   "x",
		"src/cmd/compile/internal/ir/a.go": "package ir\n",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(tc.GOROOT, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(tc.GOROOT, "bin/go"), 0o755); err != nil {
		t.Fatal(err)
	}
	return tc
}

// hooked is a set that changes one file and adds one.
var hooked = Set{
	Version: "1",
	Go:      "1.26",
	Edits: []Edit{{
		Name: "hook", File: "src/runtime/map.go", Old: "func hook() {}", New: "func hook() { race() }",
	}},
	Adds: []Add{{
		Name: "detector", File: "src/runtime/race/new/race.go", Content: "package new\n",
	}},
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
