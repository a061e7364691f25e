package crashlog

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/crashlog/internal/corpus"
)

// some returns the logs of the corpus that the function asks for.
func some(t testing.TB, want func(corpus.Log) bool) []corpus.Log {
	t.Helper()
	var out []corpus.Log
	for _, l := range logs(t) {
		if want(l) {
			out = append(out, l)
		}
	}
	if len(out) == 0 {
		t.Fatal("the corpus has no such log")
	}
	return out
}

// TestTruncation cuts logs off behind each byte: what is read of a beginning
// must be true of the whole.
func TestTruncation(t *testing.T) {
	cut := some(t, func(l corpus.Log) bool {
		return l.Ops == "read-write/int64" && (l.Go == "go1.20.14" || l.Go == "go1.23.12" || l.Go == "go1.27.3") ||
			l.Ops == "write-write/string" && l.Go == "go1.21.13" || l.Ops == "iterate/int32" && l.Go == "go1.26.8"
	})
	for _, l := range cut {
		whole, _ := parseOne(t, l.Text)
		for _, w := range wrappersToTest {
			switch w.name {
			case "plain", "docker", "cri-split", "syslog":
			default:
				continue
			}
			if w.name != "plain" && l.Level != "single" {
				continue // as many bytes, nothing new
			}
			text := w.wrap(strings.Split(strings.TrimSuffix(l.Text, "\n"), "\n"))
			for n := range len(text) {
				// The middle of a long stack is all alike.
				if n > 4000 && n < len(text)-1000 && n%101 != 0 {
					continue
				}
				if err := checkCut(text[:n], whole); err != nil {
					t.Fatalf("%s in %s, cut off behind byte %d, %q: %v", l.Name(), w.name, n, text[max(0, n-60):n], err)
				}
			}
		}
	}
}

func checkCut(text string, whole *Crash) error {
	var rest bytes.Buffer
	all, err := ReadAll(strings.NewReader(text), Options{Rest: &rest})
	if err != nil {
		return err
	}
	if len(all) == 0 {
		if rest.String() != text {
			return fmt.Errorf("no crash, and not passed through: %q", rest.String())
		}
		return nil
	}
	if len(all) > 1 {
		return fmt.Errorf("%d crashes", len(all))
	}
	c := all[0]
	if !strings.HasPrefix(whole.Message, c.Message) || c.Cause != whole.Cause && c.Cause != CauseUnknown {
		return fmt.Errorf("message %q, cause %q", c.Message, c.Cause)
	}
	// From Go 1.24 a cut behind the first goroutine leaves what Go 1.26 prints
	// at level single.
	alone := c.Level == LevelSingle && whole.Level == LevelAll && printsAlone(c.Goroutines[0])
	if c.Level != whole.Level && c.Level != LevelUnknown && c.Level != LevelNone && !alone {
		return fmt.Errorf("level %s of %s", c.Level, whole.Level)
	}
	if len(c.Goroutines) > len(whole.Goroutines) {
		return fmt.Errorf("%d goroutines of %d", len(c.Goroutines), len(whole.Goroutines))
	}
	for i, g := range c.Goroutines {
		last := i == len(c.Goroutines)-1
		if err := checkCutGoroutine(g, whole.Goroutines[i], last && c.Truncated); err != nil {
			return fmt.Errorf("goroutine %d: %w", g.ID, err)
		}
	}
	return nil
}

func checkCutGoroutine(g, whole *Goroutine, cut bool) error {
	if g.ID != whole.ID || g.State != whole.State || g.G != whole.G || g.WaitMinutes != whole.WaitMinutes || g.LockedToThread != whole.LockedToThread ||
		sortedLabels(g.Labels) != sortedLabels(whole.Labels) {
		return fmt.Errorf("header %+v of %+v", g, whole)
	}
	if g.Parent != 0 && g.Parent != whole.Parent {
		return fmt.Errorf("parent %d of %d", g.Parent, whole.Parent)
	}
	if g.StackUnavailable {
		return nil // its stack may come later
	}
	if len(g.Frames) > len(whole.Frames) || len(g.Frames) < len(whole.Frames) && !cut {
		return fmt.Errorf("%d frames of %d", len(g.Frames), len(whole.Frames))
	}
	for i := range g.Frames {
		if err := checkCutFrame(&g.Frames[i], &whole.Frames[i], cut && i == len(g.Frames)-1); err != nil {
			return err
		}
	}
	if g.CreatedBy != nil {
		if whole.CreatedBy == nil {
			return fmt.Errorf("created by %s, by nobody in the whole", g.CreatedBy.Func)
		}
		return checkCutFrame(g.CreatedBy, whole.CreatedBy, cut)
	}
	return nil
}

// checkCutFrame allows absent facts in the last frame, and no wrong ones.
func checkCutFrame(f, whole *Frame, cut bool) error {
	if f.Func != whole.Func || f.Inlined != whole.Inlined || len(f.Args) != len(whole.Args) {
		return fmt.Errorf("call %s of %s", f.Func, whole.Func)
	}
	for i := range f.Args {
		if f.Args[i] != whole.Args[i] {
			return fmt.Errorf("argument %d of %s: %v of %v", i, f.Func, f.Args[i], whole.Args[i])
		}
	}
	same := func(got, want uint64) bool { return got == want || cut && got == 0 }
	if f.File != whole.File && !(cut && f.File == "") || !same(uint64(f.Line), uint64(whole.Line)) || !same(f.Offset, whole.Offset) ||
		!same(f.FP, whole.FP) || !same(f.SP, whole.SP) || !same(f.PC, whole.PC) {
		return fmt.Errorf("place of %s: %+v of %+v", f.Func, f, whole)
	}
	return nil
}

// TestBeheaded takes the beginning of logs away. Where the runtime's own report
// is among the first frames it is still a crash, whose message is unknown.
func TestBeheaded(t *testing.T) {
	for _, l := range some(t, func(l corpus.Log) bool { return l.Ops == "read-write/int64" || l.Ops == "delete/string" }) {
		_, body, ok := strings.Cut(l.Text, "\ngoroutine ")
		if !ok {
			continue
		}
		body = "goroutine " + body
		whole, _ := parseOne(t, l.Text)
		var rest strings.Builder
		all, err := ReadAll(strings.NewReader(body), Options{Rest: &rest})
		if err != nil {
			t.Fatal(err)
		}
		old := l.Go < "go1.24" && l.Level != "system" && l.Level != "crash"
		if old { // nothing in these stacks tells them from any other
			if len(all) != 0 || rest.String() != body {
				t.Errorf("%s: %d crashes, passed through %.300q", l.Name(), len(all), rest.String())
			}
			continue
		}
		if len(all) != 1 || rest.Len() != 0 {
			t.Errorf("%s: %d crashes, passed through %.300q", l.Name(), len(all), rest.String())
			continue
		}
		c := all[0]
		if c.Message != "" || c.Cause != CauseUnknown || len(c.Goroutines) < len(whole.Detecting()) || len(c.Notes) == 0 {
			t.Errorf("%s: message %q, cause %q, notes %q", l.Name(), c.Message, c.Cause, c.Notes)
		}
		if got, want := c.Goroutines[0], whole.Goroutines[0]; got.ID != want.ID || !got.Detecting || len(got.Frames) != len(want.Frames) {
			t.Errorf("%s: goroutine %d, detecting %v", l.Name(), got.ID, got.Detecting)
		}
	}
}
