package crashlog

import (
	"strings"
	"testing"
)

// FuzzReader: whatever the text, nothing panics or hangs, what passes through
// is lines of the input in their order, and without a crash all of them.
func FuzzReader(f *testing.F) {
	seeds := 0
	for _, l := range logs(f) {
		if l.Level == "single" && (l.Ops == "read-write/int64" || l.Ops == "write-write/string") || l.Level == "none" && l.Ops == "clear/any" || l.Level == "system" && l.Ops == "delete/any" && l.Go == "go1.26.8" {
			text := l.Text
			if i := strings.Index(text, "main.deep("); i > 0 {
				text = text[:i] // its middle is all alike
			}
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			for i, w := range wrappersToTest {
				if i == 0 || (seeds+i)%4 == 0 {
					f.Add([]byte(w.wrap(lines)))
				}
			}
			seeds++
		}
	}
	for _, n := range noise {
		f.Add([]byte(n + "\nfatal error: concurrent map writes\n" + n + "\n\ngoroutine 7 [running]:\n" + n + "\nmain.f()\n\t/x.go:1 +0x1\n"))
	}
	f.Add([]byte("goroutine 7 [running]:\nruntime.fatal()\n\t/x.go:1\nruntime.mapassign()\n\t/x.go:1\n"))
	f.Add([]byte("SIGQUIT: quit\nPC=0x46d001 m=0\n\ngoroutine 0 [idle]:\nruntime.futex()\n\t/x.s:1\n\nrax    0xca\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var rest strings.Builder
		called := 0
		all, err := ReadAll(strings.NewReader(string(text)), Options{Rest: &rest, Keep: 3, Goroutine: func(*Crash, *Goroutine) { called++ }})
		if err != nil {
			t.Fatal(err)
		}
		maps, total := 0, 0
		lines := int64(strings.Count(string(text), "\n") + 1)
		for _, c := range all {
			if c.Cause != CauseOther {
				maps++
			}
			total += c.Total
			checkCrash(t, c, lines)
		}
		if called < total {
			t.Errorf("%d goroutines, %d of them given to the callback", total, called)
		}
		if maps == 0 && rest.String() != string(text) {
			t.Errorf("no crash of a map, and passed through %q of %q", rest.String(), text)
		}
		if !inOrder(rest.String(), string(text)) {
			t.Errorf("passed through %q, which is not lines of %q", rest.String(), text)
		}
	})
}

// checkCrash checks what holds for every crash.
func checkCrash(t *testing.T, c *Crash, lines int64) {
	t.Helper()
	if c.Line < 1 || c.EndLine < c.Line || c.EndLine > lines {
		t.Errorf("lines %d to %d of %d", c.Line, c.EndLine, lines)
	}
	counted := c.Dropped
	for _, g := range c.Goroutines {
		if g.ID != 0 {
			counted += 1 + g.Same
		}
		if g.Line < c.Line || g.Line > c.EndLine {
			t.Errorf("goroutine %d in line %d of %d to %d", g.ID, g.Line, c.Line, c.EndLine)
		}
		if g.State == "" {
			t.Errorf("goroutine %d without a state", g.ID)
		}
		if g.ElidedAt < 0 || g.ElidedAt > len(g.Frames) {
			t.Errorf("goroutine %d: elided before frame %d of %d", g.ID, g.ElidedAt, len(g.Frames))
		}
		for _, f := range g.Frames {
			if f.Func == "" {
				t.Errorf("goroutine %d: a frame without a function", g.ID)
			}
		}
		o := c.Operation(g)
		if (o.Op == OpNone) != (o.Evidence == "") || o.Frame >= len(g.Frames) || o.Evidence == ByFrame && o.Frame < 0 {
			t.Errorf("goroutine %d: operation %+v", g.ID, o)
		}
	}
	if counted != c.Total {
		t.Errorf("%d goroutines accounted for of %d", counted, c.Total)
	}
	c.InMap()
	c.Unavailable()
	if len(c.Detecting()) == 0 && c.Total > 0 && c.Cause.IsMap() {
		t.Error("nobody detected")
	}
}

// inOrder reports whether the lines of part are lines of whole, in order.
func inOrder(part, whole string) bool {
	lines := strings.SplitAfter(whole, "\n")
	for l := range strings.Lines(part) {
		i := 0
		for i < len(lines) && lines[i] != l {
			i++
		}
		if i == len(lines) {
			return false
		}
		lines = lines[i+1:]
	}
	return true
}

// FuzzHeader: what is read as a header prints as that header again.
func FuzzHeader(f *testing.F) {
	for _, l := range logs(f) {
		if l.Pair() != "write-write" || l.Level != "system" && l.Level != "all" {
			continue
		}
		for line := range strings.Lines(l.Text) {
			if strings.HasPrefix(line, goroutineHead) {
				f.Add(strings.TrimSuffix(line, "\n"))
			}
		}
	}
	f.Fuzz(func(t *testing.T, line string) {
		var g Goroutine
		if !parseHeader([]byte(line), &g, &words{}) || g.Labels != nil || g.Leaked || g.Scan || strings.Contains(line, "group") {
			return
		}
		var b strings.Builder
		printGoroutine(&b, &g, "")
		if got := strings.TrimSuffix(b.String(), "\n"); got != line && canonical(line) {
			t.Errorf("%q read as %q", line, got)
		}
	})
}

// canonical reports whether a header is as the runtime would write it: its
// parts in order, its numbers without leading zeros.
func canonical(line string) bool {
	return !strings.Contains(line, "x0") && !strings.Contains(line, " 0") && !strings.Contains(line, "=0") && strings.Count(line, ",") <= 1
}
