package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/safemap/proof/child"
	"github.com/mapsan/mapsan/safemap/proof/mutation"
	"github.com/mapsan/mapsan/safemap/proof/overlay"
)

func build(t *testing.T, files overlay.Files) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "program")
	if err := overlay.BuildSchedules(t.Context(), files, bin); err != nil {
		t.Fatal(err)
	}
	return bin
}

func start(t *testing.T, bin string, args ...string) (child.Outcome, string) {
	t.Helper()
	outcome, out, err := child.Run(t.Context(), 20*time.Minute, func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, bin, append(args, "-page=")...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return outcome, out
}

// TestSafemap is what CI runs of the schedules.
func TestSafemap(t *testing.T) {
	drawn, explored := "400", "4"
	if os.Getenv("MAPSAN_HEAVY") != "" {
		drawn, explored = "2000", "8"
	}
	bin := build(t, overlay.Files{})
	for _, args := range [][]string{{"-programs=" + drawn}, {"-programs=" + explored, "-explore=2"}} {
		outcome, out := start(t, bin, append(args, "-seed=1", "-cases")...)
		t.Logf("%s", out)
		if outcome != child.Clean {
			t.Errorf("%v: %s", args, outcome)
		}
	}
}

// plantedSource returns the small map and its edits.
func plantedSource(t *testing.T) (path string, src []byte, list []mutation.Mutation) {
	t.Helper()
	list, err := mutation.Read(filepath.Join("testdata", "planted.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if path, err = filepath.Abs(filepath.Join("testdata", "planted", "planted.go")); err != nil {
		t.Fatal(err)
	}
	if src, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return path, src, append(list, mutation.Mutation{Name: "original", Passes: []mutation.By{{Harness: "schedules"}}})
}

func buildMutation(t *testing.T, path string, src []byte, m mutation.Mutation) string {
	t.Helper()
	changed, err := m.Apply(src)
	if err != nil {
		t.Fatal(err)
	}
	return build(t, overlay.Files{path: changed})
}

// TestPlanted: what is planted in a small map is found with one seed, well within
// as many schedules as CI gives to safemap, and near misses are not.
func TestPlanted(t *testing.T) {
	path, src, list := plantedSource(t)
	for _, m := range list {
		t.Run(m.Name, func(t *testing.T) {
			bin := buildMutation(t, path, src, m)
			want := child.Clean
			if len(m.Caught) > 0 {
				want = child.Wrong
			}
			for _, how := range [][]string{{"-programs=4000", "-schedules=40"}, {"-programs=40", "-explore=2"}} {
				args := append(how, "-map=planted", "-seed=1", "-steps=5000")
				outcome, out := start(t, bin, args...)
				t.Logf("%s", out)
				if outcome != want {
					t.Errorf("%v: %s, want %s", how, outcome, want)
				} else if want == child.Wrong {
					replay(t, bin, args, out)
				}
			}
		})
	}
}

var found = regexp.MustCompile(`wrong: \S+, program (\d+), schedule (\d+), (\S+)\n`)

// replay runs what was found again: with its seed it is found again, twice the
// same, and with its steps.
func replay(t *testing.T, bin string, args []string, out string) {
	t.Helper()
	m := found.FindStringSubmatch(out)
	if m == nil {
		t.Fatal("the report does not say which schedule it was")
	}
	args = append(args, "-program="+m[1], "-schedule="+m[2])
	outcome, first := start(t, bin, args...)
	_, second := start(t, bin, args...)
	took := regexp.MustCompile(` in \S+ \(\d+/s\)`)
	if first, second = took.ReplaceAllString(first, ""), took.ReplaceAllString(second, ""); first != second {
		t.Errorf("two replays differ:\n%s\n%s", first, second)
	}
	if outcome != child.Wrong || !strings.Contains(first, m[0]) || !strings.Contains(first, "planted.go:") {
		t.Errorf("the replay came out %s:\n%s", outcome, first)
	}
}

// TestStrategies counts the programs that each strategy needs: a table of what
// they are good for.
func TestStrategies(t *testing.T) {
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Skip("the table takes a minute: MAPSAN_HEAVY=1 makes it")
	}
	path, src, list := plantedSource(t)
	schedules := regexp.MustCompile(`programs, (\d+) schedules`)
	var table strings.Builder
	for _, m := range list {
		if len(m.Caught) == 0 {
			continue
		}
		bin := buildMutation(t, path, src, m)
		fmt.Fprintf(&table, "%-30s", m.Name)
		for _, s := range []string{"mixed", "random", "pct1", "pct2", "pct3", "pct4", "explore"} {
			n, how := "-", []string{"-programs=4000", "-schedules=40", "-strategy=" + s}
			if s == "explore" {
				how = []string{"-programs=40", "-explore=2"}
			}
			outcome, out := start(t, bin, append(how, "-map=planted", "-seed=1", "-steps=5000")...)
			if match := schedules.FindStringSubmatch(out); outcome == child.Wrong && match != nil {
				n = match[1]
			}
			fmt.Fprintf(&table, "  %s %-6s", s, n)
		}
		fmt.Fprintln(&table)
	}
	t.Logf("schedules until it is found:\n%s", table.String())
}
