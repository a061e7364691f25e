package suite

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// TestGoRaceSuite runs the tests that Go's race detector is tested by, from
// the toolchain's own source.
func TestGoRaceSuite(t *testing.T) {
	want := lines(t, testdata(t, "gorace", "maps.txt"))
	eachToolchain(t, func(t *testing.T, m command.Mapsan) {
		goroot, err := command.Output(m.Go(t.Context(), ".", "env", "GOROOT"))
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(goroot, "src", "runtime", "race")
		files, err := filepath.Glob(filepath.Join(dir, "testdata", "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no race suite in %s (%v)", dir, err)
		}
		bin := buildTest(t, m, dir, files[0], append([]string{"-overlay", withoutRaceDisable(t, files)}, files[1:]...)...)

		// One processor, as upstream runs it: some tests race in one order only.
		t.Setenv("GOMAXPROCS", "1")
		// TestNoRaceCgoSync runs a program with -race; see TestGoRaceCgo.
		s, err := runTest(within(t, 3*time.Minute), m, bin, dir, "-test.skip=^TestNoRaceCgoSync$")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(s.output, "ALL TESTS COMPLETE") {
			t.Fatalf("not all tests ran:\n%s", s.output)
		}
		found := map[string]bool{}
		quiet := 0
		for name, o := range s.tests {
			if len(o.findings) > 0 {
				found[name] = true
			} else if o.ended {
				quiet++
			}
		}
		got := slices.Sorted(maps.Keys(found))
		if !slices.Equal(got, want) {
			t.Errorf("reported %v\nwant %v", got, want)
			for _, name := range got {
				if !slices.Contains(want, name) {
					t.Logf("%s:\n%s", name, brief(s.tests[name].findings[0]))
				}
			}
		}
		for _, name := range want {
			if o := s.tests[name]; o == nil || !o.failed || !o.flagged {
				t.Errorf("%s did not fail by the race", name)
			}
		}
		t.Logf("%d of %d tests with a map race reported, %d others silent", len(got), len(want), quiet)
	})
}

// withoutRaceDisable returns an overlay that takes out the one call of the
// suite that only a runtime built with -race has.
func withoutRaceDisable(t *testing.T, files []string) string {
	t.Helper()
	replace := map[string]string{}
	dir := t.TempDir()
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(src), "runtime.RaceDisable()") {
			continue
		}
		copied := filepath.Join(dir, filepath.Base(name))
		write(t, copied, strings.ReplaceAll(string(src), "runtime.RaceDisable()", "runtime.Gosched()"))
		replace[name] = copied
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	write(t, overlay, string(data))
	return overlay
}

// TestGoRaceCgo runs the program of the suite's TestNoRaceCgoSync.
func TestGoRaceCgo(t *testing.T) {
	eachToolchain(t, func(t *testing.T, m command.Mapsan) {
		goroot, err := command.Output(m.Go(t.Context(), ".", "env", "GOROOT"))
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(goroot, "src", "runtime", "race", "testdata")
		if cgo, err := command.Output(m.Go(t.Context(), dir, "env", "CGO_ENABLED")); err != nil || cgo != "1" {
			t.Skipf("no cgo: there is no C compiler, or CGO_ENABLED is 0 (%v)", err)
		}
		out, err := m.Go(within(t, time.Minute), dir, "run", "cgo_test_main.go").CombinedOutput()
		if err != nil || strings.Contains(string(out), "MAP RACE") {
			t.Errorf("go run cgo_test_main.go: %v\n%s", err, out)
		}
	})
}

// lines returns the lines of a file that are not empty and no comments.
func lines(t *testing.T, name string) (all []string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}
