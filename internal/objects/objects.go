// Package objects compares the eBPF objects in the repository with what their source
// is compiled to, for the tests of packages that have some.
package objects

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// compiler is the one whose code is in the repository; another one may write other.
const compiler = "clang version 14."

// Current carries out the go:generate lines of the doc.go of a package, which is in
// the working directory, in a directory of its own, and compares what they make. It
// skips the test where what compiles is not there.
func Current(t *testing.T, pkg string) {
	t.Helper()
	out, err := exec.Command("clang", "--version").Output()
	if err != nil {
		t.Skip("no clang; apt-get install clang llvm libbpf-dev")
	}
	if !strings.Contains(strings.ReplaceAll(string(out), "Debian ", ""), compiler) {
		t.Skipf("the objects are compiled by %s, here is %s", compiler, strings.SplitN(string(out), "\n", 2)[0])
	}
	if _, err := os.Stat("/usr/include/bpf/bpf_helpers.h"); err != nil {
		t.Skip("no libbpf-dev")
	}
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for line := range strings.Lines(string(source)) {
		generate, ok := strings.CutPrefix(line, "//go:generate go tool bpf2go ")
		if !ok {
			continue
		}
		args := append([]string{"tool", "bpf2go", "-output-dir", dir}, strings.Fields(generate)...)
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "GOPACKAGE="+pkg)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files were made: %v", len(files), err)
	}
	for _, f := range files {
		made, err1 := os.ReadFile(filepath.Join(dir, f.Name()))
		kept, err2 := os.ReadFile(f.Name())
		if err1 != nil || err2 != nil || !bytes.Equal(made, kept) {
			t.Errorf("%s is not what go generate makes: %v, %v", f.Name(), err1, err2)
		}
	}
}
