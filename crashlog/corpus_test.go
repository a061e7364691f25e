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

// truths are what the corpus' program does in which function.
var truths = map[string]Op{
	"assigns": OpAssign, "grows": OpAssign, "lookups": OpLookup, "iterates": OpIterate,
	"deletes": OpDelete, "clears": OpClear, "clones": OpClone,
}

var doesRE = regexp.MustCompile(`^main\.\(\*store\[\.\.\.\]\)\.(\w+s)$`)

// truth is what a goroutine of the program was doing, by its user's frames.
func truth(l corpus.Log, g *Goroutine) []Op {
	for _, f := range g.Frames {
		m := doesRE.FindStringSubmatch(f.Func)
		if m == nil {
			continue
		}
		if l.Go == "go1.20.14" {
			switch {
			case m[1] == "clones":
				return []Op{OpIterate} // there is no maps.Clone: the program copies in a loop
			case m[1] == "clears" && l.Ops == "clear/any":
				return []Op{OpIterate, OpDelete} // the compiler leaves the loop a loop
			}
		}
		return []Op{truths[m[1]]}
	}
	return nil
}

// TestOperation compares the operation of the detecting side with what the
// program does there. Where the log shows nothing but the message's "read" or
// "write", that word is right when the operation is one.
func TestOperation(t *testing.T) {
	type count struct{ n, exact, class int }
	total := count{}
	by := map[Evidence]*count{}
	for _, l := range logs(t) {
		if isOther(l) || l.Level == "none" {
			continue
		}
		c, _ := parseOne(t, l.Text)
		det := c.Detecting()
		if len(det) == 0 {
			t.Fatalf("%s: nobody detected", l.Name())
		}
		for _, g := range det {
			want, o := truth(l, g), c.Operation(g)
			if want == nil {
				t.Fatalf("%s: goroutine %d: the program's function is not in the stack", l.Name(), g.ID)
			}
			b := by[o.Evidence]
			if b == nil {
				b = &count{}
				by[o.Evidence] = b
			}
			b.n, total.n = b.n+1, total.n+1
			switch {
			case slices.Contains(want, o.Op):
				b.exact, total.exact = b.exact+1, total.exact+1
			case rightOp(o, want):
				b.class, total.class = b.class+1, total.class+1
			default:
				t.Logf("%s: %q: goroutine %d: %s by %s, want %s; frames %s", l.Name(), c.Message, g.ID, o.Op, o.Evidence, want, funcs(g))
			}
			if l.Level == "system" && o.Evidence != ByFrame {
				t.Errorf("%s: by %s at level system", l.Name(), o.Evidence)
			}
		}
	}
	for e, b := range by {
		t.Logf("by %s: %d, exact %d, by its class %d", e, b.n, b.exact, b.class)
	}
	right := total.exact + total.class
	t.Logf("right %d of %d (%.2f %%), exact %d", right, total.n, 100*float64(right)/float64(total.n), total.exact)
	if float64(right) < 0.99*float64(total.n) {
		t.Errorf("right %d of %d, want 99 %%", right, total.n)
	}
}

// rightOp reports whether o is what was being done, as far as the log shows.
func rightOp(o Operation, want []Op) bool {
	return slices.ContainsFunc(want, func(w Op) bool {
		return o.Op == w || o.Evidence == ByMessage && (o.Op == OpWrite && w.IsWrite() || o.Op == OpRead && !w.IsWrite())
	})
}

func funcs(g *Goroutine) string {
	var names []string
	for _, f := range g.Frames {
		names = append(names, f.Func)
	}
	return strings.Join(names, " < ")
}
