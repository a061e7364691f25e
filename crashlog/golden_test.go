package crashlog

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mapsan/mapsan/crashlog/internal/corpus"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden compares what is read of each log with testdata/golden, one file
// for each Go version.
func TestGolden(t *testing.T) {
	for _, v := range corpus.Versions() {
		all, err := corpus.Read(filepath.Join("testdata", "corpus"), v)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, l := range all {
			fmt.Fprintf(&b, "%s\n", l.Name())
			crashes, err := ReadAll(strings.NewReader(l.Text), Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range crashes {
				b.WriteString(summary(c))
			}
		}
		name := filepath.Join("testdata", "golden", v+".txt")
		if *update {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
			t.Errorf("%s differs (-want +got); -update writes it anew:\n%.4000s", name, d)
		}
	}
}

// summary is a crash in lines that a person can check.
func summary(c *Crash) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %q cause=%s level=%s lines=%d-%d total=%d", c.Message, c.Cause, c.Level, c.Line, c.EndLine, c.Total)
	if len(c.Also) > 0 {
		fmt.Fprintf(&b, " also=%q", c.Also)
	}
	if c.Truncated {
		b.WriteString(" truncated")
	}
	if len(c.Notes) > 0 {
		fmt.Fprintf(&b, " notes=%q", c.Notes)
	}
	b.WriteString("\n")
	for _, g := range c.Goroutines {
		fmt.Fprintf(&b, "  %d [%s]", g.ID, g.State)
		if g.Detecting {
			b.WriteString(" detecting")
		}
		if o := c.Operation(g); o.Op != OpNone {
			fmt.Fprintf(&b, " %s by %s", o.Op, o.Evidence)
			if o.Claimed != OpNone {
				fmt.Fprintf(&b, ", claimed %s", o.Claimed)
			}
		}
		if len(g.Labels) > 0 {
			fmt.Fprintf(&b, " labels=%d", len(g.Labels))
		}
		b.WriteString(":")
		if g.StackUnavailable {
			b.WriteString(" unavailable")
		}
		last := ""
		for i, f := range g.Frames {
			if f.Func != last { // a recursion is long
				fmt.Fprintf(&b, " %s:%d", f.Func, f.Line)
			}
			if i > 0 && i == g.ElidedAt && g.Elided != 0 {
				fmt.Fprintf(&b, " (%d elided)", g.Elided)
			}
			last = f.Func
		}
		if g.CreatedBy != nil {
			fmt.Fprintf(&b, " <- %s:%d in %d", g.CreatedBy.Func, g.CreatedBy.Line, g.Parent)
		}
		b.WriteString("\n")
	}
	return b.String()
}
