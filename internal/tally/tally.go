package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is a line of go test -json.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// maxKept bounds the output that is kept of one test: its end says most.
const maxKept = 64 << 10

type tally struct {
	w      io.Writer
	output map[string]string   // of tests that run, by package and test
	skips  map[string][]string // tests by reason

	passes, fails, skipped int
	badPackages            int
}

func newTally(w io.Writer) *tally {
	return &tally{w: w, output: map[string]string{}, skips: map[string][]string{}}
}

// read takes the events; a line that is none is passed on.
func (t *tally) read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			var e event
			if line[0] == '{' && json.Unmarshal([]byte(line), &e) == nil {
				t.take(e)
			} else {
				io.WriteString(t.w, line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *tally) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		io.WriteString(t.w, e.Output)
	case "output":
		kept := t.output[key] + e.Output
		t.output[key] = kept[max(0, len(kept)-maxKept):]
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e)
		} else {
			t.endTest(e, t.output[key])
		}
		delete(t.output, key)
	}
}

func (t *tally) endTest(e event, output string) {
	switch e.Action {
	case "pass":
		t.passes++
	case "fail":
		t.fails++
		fmt.Fprintf(t.w, "--- FAIL: %s %s\n%s", e.Package, e.Test, output)
	case "skip":
		t.skipped++
		r := reason(output)
		t.skips[r] = append(t.skips[r], e.Test)
	}
}

// endPackage shows the line that go test prints for a package, and all that a
// package printed that failed outside its tests.
func (t *tally) endPackage(e event) {
	output := t.output[e.Package+" "]
	if e.Action == "fail" {
		t.badPackages++
		io.WriteString(t.w, output)
		return
	}
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "ok") {
			io.WriteString(t.w, line)
		}
	}
}

// reason finds what a test said when it skipped: "    x_test.go:12: the reason".
func reason(output string) string {
	why := "no reason given"
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if _, said, ok := strings.Cut(line, ".go:"); ok && !strings.HasPrefix(line, "---") {
			if _, said, ok = strings.Cut(said, ": "); ok {
				why = said
			}
		} else if said, ok := strings.CutPrefix(line, "SKIP: "); ok {
			why = said // testscript's
		}
	}
	return why
}

// failed reports whether a test failed, or none ran: then the go command did.
func (t *tally) failed() bool { return t.fails > 0 || t.badPackages > 0 || t.passes == 0 }

// close writes the skips and the totals.
func (t *tally) close() {
	for _, why := range slices.Sorted(maps.Keys(t.skips)) {
		tests := t.skips[why]
		fmt.Fprintf(t.w, "skipped %d: %s (%s", len(tests), why, tests[0])
		if len(tests) > 1 {
			fmt.Fprintf(t.w, " and others")
		}
		fmt.Fprintln(t.w, ")")
	}
	fails := t.fails
	if fails == 0 {
		fails = t.badPackages // a package that failed outside its tests
	}
	fmt.Fprintf(t.w, "%d passed, %d failed, %d skipped\n", t.passes, fails, t.skipped)
}
