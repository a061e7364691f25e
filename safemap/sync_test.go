package safemap_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSyncMapsOwnTests runs the tests of sync.Map, as this Go installation has
// them, on Sync.
func TestSyncMapsOwnTests(t *testing.T) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("no go command: %v", err)
	}
	dir := t.TempDir()
	for _, f := range []string{"map_test.go", "map_reference_test.go"} {
		b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "src/sync", f))
		if err != nil {
			t.Skipf("the tests of sync.Map are not in this Go installation: %v", err)
		}
		s := strings.ReplaceAll(string(b), "sync.Map", "safemap.Sync")
		// The package behind sync.Map is the library's own affair.
		s = strings.ReplaceAll(s, "isync.HashTrieMap[any, any]", "safemap.Sync")
		s = strings.ReplaceAll(s, "\tisync \"internal/sync\"\n", "")
		s = strings.ReplaceAll(s, "\t\"internal/testenv\"\n", "")
		s = strings.ReplaceAll(s, "testenv.SkipIfOptimizationOff(t)", "")
		s = strings.Replace(s, "import (", "import (\n\t\"github.com/mapsan/mapsan/safemap\"", 1)
		if !strings.Contains(s, "safemap.Sync") {
			s = strings.Replace(s, "\t\"github.com/mapsan/mapsan/safemap\"\n", "", 1)
		}
		if err := os.WriteFile(filepath.Join(dir, f), []byte(s), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	mod := "module own\n\ngo 1.26.0\n\nrequire github.com/mapsan/mapsan v0.0.0\n\nreplace github.com/mapsan/mapsan => " + root + "\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-mod=mod", "-v", "-short", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// A run of no tests passes as well.
	if n := strings.Count(string(out), "\n--- PASS: "); n < 8 {
		t.Errorf("%d of sync.Map's tests passed, there are more\n%s", n, out)
	}
}
