package suite

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// mapsanTest runs mapsan test in dir and returns its exit status, what it
// printed, and the findings.
func mapsanTest(t *testing.T, m command.Mapsan, dir string, args ...string) (int, string, []*finding.Finding) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "findings.jsonl")
	cmd := m.Verb(within(t, 5*time.Minute), dir, "test", append([]string{"-findings", file, "-count=1"}, args...)...)
	out, _ := cmd.CombinedOutput()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var all []*finding.Finding
	for line := range bytes.Lines(data) {
		f, err := finding.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return cmd.ProcessState.ExitCode(), string(out), all
}

// TestExample runs the example as README says, some times: its race is found
// at each run, and its tests pass without the sanitizer.
func TestExample(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join("..", "..", "examples", "sessions"))
	if err != nil {
		t.Fatal(err)
	}
	eachToolchain(t, func(t *testing.T, m command.Mapsan) {
		if out, err := m.Plain(t.Context(), dir, "test", "-count=3", "./...").CombinedOutput(); err != nil {
			t.Errorf("go test: %v\n%s", err, out)
		}
		for range 5 {
			exit, out, found := mapsanTest(t, m, dir, "./...")
			if exit != 66 || len(found) != 1 || !strings.Contains(out, "--- FAIL: TestExpiry") || strings.Count(out, "--- FAIL") != 1 {
				t.Fatalf("exit status %d, %d findings; want 66, one, and only TestExpiry failed\n%s", exit, len(found), out)
			}
			if f := found[0]; f.Map.Expr != "s.sessions" || f.Parties[0].Access.Op.IsWrite() == f.Parties[1].Access.Op.IsWrite() {
				t.Errorf("the finding is about %q, %s and %s; want s.sessions, read and written",
					f.Map.Expr, f.Parties[0].Access.Op, f.Parties[1].Access.Op)
			}
		}
	})
}

// TestNames counts for how many of the corpus's races the map is named as the
// source names it.
func TestNames(t *testing.T) {
	exit, out, found := mapsanTest(t, mapsan, testdata(t, "corpus"), "./edges", "./accesses")
	if exit != 66 || len(found) < 150 {
		t.Fatalf("exit status %d, %d findings\n%.4000s", exit, len(found), out)
	}
	one, both := 0, 0
	for _, f := range found {
		a, b := f.Parties[0].Access.Expr != "", f.Parties[1].Access.Expr != ""
		if a || b {
			one++
		}
		if a && b {
			both++
			continue
		}
		t.Logf("%s and %s: not both sides are named\n%s", f.Parties[0].Access.Op, f.Parties[1].Access.Op, brief(f))
	}
	t.Logf("of %d findings, %d name the map, %d as both sides do", len(found), one, both)
	if one*100 < len(found)*95 || both*100 < len(found)*90 {
		t.Errorf("too few maps are named")
	}
}
