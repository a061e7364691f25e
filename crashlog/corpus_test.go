package crashlog

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mapsan/mapsan/crashlog/internal/corpus"
)

func logs(t testing.TB) []corpus.Log {
	t.Helper()
	var all []corpus.Log
	for _, v := range corpus.Versions() {
		l, err := corpus.Read(filepath.Join("testdata", "corpus"), v)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l...)
	}
	return all
}

func isOther(l corpus.Log) bool { return slices.Contains(corpus.Others(), l.Pair()) }

// parseOne reads a log that must hold exactly one crash.
func parseOne(t testing.TB, text string) (*Crash, string) {
	t.Helper()
	var rest bytes.Buffer
	all, err := ReadAll(strings.NewReader(text), Options{Rest: &rest})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d crashes, want one, in:\n%.2000s", len(all), text)
	}
	return all[0], rest.String()
}

var (
	labelsRE  = regexp.MustCompile(`(?m)^goroutine (\d+) .*?(?:\[[^\]\n]*?( labels:\{.*\})\]|\]( \{.*\})):$`)
	wantLabel = sortedLabels(map[string]string{"worker": "in take", `quo"te`: "a, b}]: {c\n\té\xff", "plain": "v1.2/x_y"})
	// Go 1.26 prints U+FFFD for a byte that is no text.
	wantLabel126 = sortedLabels(map[string]string{"worker": "in take", `quo"te`: "a, b}]: {c\n\té\ufffd", "plain": "v1.2/x_y"})
)

// TestRoundTrip prints what was read of each log, and compares it with the
// log: no header, state, word, frame or place is lost.
func TestRoundTrip(t *testing.T) {
	n, labelled, again := 0, 0, 0
	for _, l := range logs(t) {
		if isOther(l) {
			continue
		}
		c, rest := parseOne(t, l.Text)
		if rest != "" {
			t.Errorf("%s: not of the crash: %q", l.Name(), rest)
		}
		labels := map[uint64]string{}
		for _, m := range labelsRE.FindAllStringSubmatch(l.Text, -1) {
			var id uint64
			fmt.Sscan(m[1], &id)
			labels[id] = m[2] + m[3]
		}
		for _, g := range c.Goroutines {
			want := wantLabel
			if l.Go == "go1.26.8" {
				want = wantLabel126
			}
			if labels[g.ID] == "" {
				want = ""
			} else {
				labelled++
			}
			if got := sortedLabels(g.Labels); got != want {
				t.Errorf("%s: goroutine %d has labels %s, want %s", l.Name(), g.ID, got, want)
			}
		}
		if len(c.Also) > 0 {
			again++ // two threads: checked by TestTwoThreads
			continue
		}
		if d := cmp.Diff(l.Text, printCrash(c, labels)); d != "" {
			t.Errorf("%s: differs from the log (-log +read):\n%.3000s", l.Name(), d)
			if n++; n > 3 {
				t.FailNow()
			}
		}
	}
	t.Logf("%d labelled goroutines, %d logs of two threads", labelled, again)
	if labelled == 0 {
		t.Error("no goroutine with labels in the corpus")
	}
}
