package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/finding"
)

func TestJSONFilter(t *testing.T) {
	a := strings.SplitAfter(asEvents("example.com/a", "TestA", wholeBlock), "\n")
	b := strings.SplitAfter(asEvents("example.com/b", "TestB/sub", wholeBlock), "\n")
	var interleaved []string
	for i := range a {
		interleaved = append(interleaved, a[i], b[i])
	}
	halves := func(s string) string { // long lines come in several events
		var out strings.Builder
		for _, l := range strings.SplitAfter(s, "\n") {
			n := len(l) / 2
			out.WriteString(asEvents("p", "T", l[:n]) + asEvents("p", "T", l[n:]))
		}
		return out.String()
	}
	pass := func(pkg, test string) string {
		return fmt.Sprintf(`{"Action":"pass","Package":%q,"Test":%q}`+"\n", pkg, test)
	}
	done := `{"Action":"fail","Package":"p","Elapsed":0.1}` + "\n"
	for _, c := range []struct {
		name, in string
		found    string // "package test" of each
		broken   int
	}{
		{"empty", "", "", 0},
		{"one", asEvents("p", "TestX", "=== RUN   TestX\n"+wholeBlock+"--- FAIL: TestX\n"), "p TestX", 0},
		{"outside any test", asEvents("p", "", wholeBlock), "p ", 0},
		{"two packages interleaved", strings.Join(interleaved, ""), "example.com/a TestA,example.com/b TestB/sub", 0},
		{"lines in halves", halves(wholeBlock), "p T", 0},
		{"two tests of one package in turn", asEvents("p", "A", wholeBlock) + pass("p", "A") + asEvents("p", "B", wholeBlock) + done, "p A,p B", 0},
		{"the test changes within", asEvents("p", "A", wholeBlock[:500]) + asEvents("p", "B", wholeBlock[500:]), "p A", 0},
		{"cut off by the end of the package", asEvents("p", "A", wholeBlock[:500]) + done + asEvents("p", "B", wholeBlock[500:]), "", 1},
		{"cut off by the end of the stream", asEvents("p", "A", wholeBlock[:500]), "", 1},
		{"build output is no output", strings.ReplaceAll(asEvents("p", "A", wholeBlock), `"output"`, `"build-output"`), "", 0},
		{"not JSON", wholeBlock, " ", 0},
		{"between events", "go: warning\n" + asEvents("p", "A", wholeBlock), "p A", 0},
		{"broken JSON", "{\"Action\":\"output\",\n" + asEvents("p", "A", wholeBlock) + "{", "p A", 0},
		{"no newline at the end", strings.TrimSuffix(asEvents("p", "A", wholeBlock), "\n"), "p A", 0},
		{"an event that is too long", `{"Action":"output","Package":"p","Output":"` + strings.Repeat("x", maxEvent+100) + "\"}\n" + asEvents("p", "A", wholeBlock), "p A", 0},
		{"CRLF", strings.ReplaceAll(asEvents("p", "A", wholeBlock), "\n", "\r\n"), "p A", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1 << 22, 1000, 3} {
				if size < len(c.in)/100_000 {
					continue
				}
				var out bytes.Buffer
				var found []string
				j := NewJSONFilter(&out, func(f *finding.Finding) {
					found = append(found, f.Resource.Package+" "+f.Resource.Test)
				})
				for s := c.in; s != ""; {
					n := min(size, len(s))
					if _, err := j.Write([]byte(s[:n])); err != nil {
						t.Fatal(err)
					}
					s = s[n:]
				}
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
				if out.String() != c.in {
					t.Errorf("pieces of %d: the stream was changed", size)
				}
				slices.Sort(found)
				if got := strings.Join(found, ","); got != c.found || j.Broken() != c.broken {
					t.Errorf("pieces of %d: found %q and %d broken, want %q and %d", size, got, j.Broken(), c.found, c.broken)
				}
			}
		})
	}
}

func TestJSONFilterBoundedPackages(t *testing.T) {
	j := NewJSONFilter(&countingWriter{}, func(*finding.Finding) {})
	for i := range 2 * maxPackages {
		fmt.Fprintf(j, `{"Action":"output","Package":"p%d","Output":"x\n"}`+"\n", i)
	}
	if len(j.packages) > maxPackages {
		t.Errorf("%d packages are kept, want at most %d", len(j.packages), maxPackages)
	}
}
