package cli

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mapsan/mapsan/toolchain"
)

func TestLongFlags(t *testing.T) {
	for args, want := range map[string]string{
		"doctor -json":      "doctor --json",
		"doctor --json":     "doctor --json",
		"doctor -h":         "doctor -h",
		"version -- -json":  "version -- -json",
		"test -json ./...":  "test -json ./...",
		"go list -json":     "go list -json",
		"completion -bash-": "completion -bash-",

		"run-attached -for 5s -json ./x -json -y": "run-attached --for 5s --json ./x -json -y",
		"run-attached -budget=2 ./x -for 5s":      "run-attached --budget=2 ./x -for 5s",
	} {
		if got := strings.Join(longFlags(strings.Fields(args)), " "); got != want {
			t.Errorf("mapsan %s is read as %q, want %q", args, got, want)
		}
	}
}

func TestOneLine(t *testing.T) {
	err := errors.Join(errors.New("first:\n\tmore"), errors.New("second"))
	if got, want := oneLine(err), "first:; more; second"; got != want {
		t.Errorf("oneLine = %q, want %q", got, want)
	}
}

func TestProgress(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out)
	tc := toolchain.Toolchain{Version: "go1.26.8"}
	p.step(tc, toolchain.Step{Name: "building"})
	p.step(tc, toolchain.Step{Name: "building", Done: true, Took: 1500 * time.Millisecond})
	p.end()
	want := "mapsan: preparing Go 1.26.8 for map race detection, once, in about a minute\n" +
		"mapsan:   building\nmapsan:   building: 1.5 s\n"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("progress without a terminal differs (-want +got):\n%s", d)
	}
}

// TestProgressLive: the clock's line goes away when the step fails.
func TestProgressLive(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out)
	p.live = true
	p.step(toolchain.Toolchain{Version: "go1.26.8"}, toolchain.Step{Name: "building"})
	p.end()
	if got := out.String(); !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("after the end the line is %q", got)
	}
}

func TestCount(t *testing.T) {
	if got := count(1, "race", "races") + ", " + count(2, "race", "races"); got != "1 race, 2 races" {
		t.Errorf("count gives %q", got)
	}
}

func TestVersionString(t *testing.T) {
	v := versionInfo{
		Version: "v1.2.3", Revision: "0123456789abcdef", Modified: true,
		Go: "go1.26.8", Target: "linux/amd64", Patches: "7", Supports: []string{"1.25", "1.26"},
	}
	if got, want := v.String(), "v1.2.3 0123456789ab (modified) go1.26.8 linux/amd64, patches 7 for Go 1.25, 1.26"; got != want {
		t.Errorf("version is %q, want %q", got, want)
	}
}

func TestTable(t *testing.T) {
	got := table([]check{
		{Name: "go", State: good, Says: "go1.26.8"},
		{Name: "cache", State: bad, Says: "full", Do: "free some"},
	})
	want := "ok       go         go1.26.8\n" +
		"cannot   cache      full\n" +
		"                    -> free some\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the table differs (-want +got):\n%s", d)
	}
}
