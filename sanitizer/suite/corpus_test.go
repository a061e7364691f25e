package suite

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// TestCorpus runs the corpus once and compares each report with what the
// source says of it.
func TestCorpus(t *testing.T) {
	eachToolchain(t, func(t *testing.T, m command.Mapsan) {
		t.Run("edges", func(t *testing.T) { testCorpus(t, m, testdata(t, "corpus", "edges")) })
		t.Run("accesses", func(t *testing.T) { testCorpus(t, m, testdata(t, "corpus", "accesses")) })
		t.Run("cgo", func(t *testing.T) {
			if cgo, err := command.Output(m.Go(t.Context(), ".", "env", "CGO_ENABLED")); err != nil || cgo != "1" {
				t.Skipf("no cgo: there is no C compiler, or CGO_ENABLED is 0 (%v)", err)
			}
			testCorpus(t, m, testdata(t, "corpus", "cgo"))
		})
		t.Run("linkname", func(t *testing.T) {
			dir := testdata(t, "linkname")
			if _, err := command.Output(m.Plain(t.Context(), dir, "mod", "download")); err != nil {
				t.Skipf("no module proxy: %v", err)
			}
			testCorpus(t, m, dir)
		})
	})
}

func testCorpus(t *testing.T, m command.Mapsan, dir string) {
	want, err := expectations(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := runTest(within(t, 2*time.Minute), m, buildTest(t, m, dir, "."), dir)
	if err != nil {
		t.Fatal(err)
	}
	var table tally
	crashed := false
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if s.tests[name] == nil || !s.tests[name].ended {
			t.Errorf("%s did not run to its end", name)
			crashed = true
			continue
		}
		for _, problem := range judge(s, want[name], &table) {
			t.Error(problem)
		}
	}
	t.Logf("\n%s", table.String())
	if crashed {
		t.Logf("the output ended with:\n%s", s.output[max(0, len(s.output)-8000):])
	}
}

// judge returns what is wrong with the outcome of a corpus test.
func judge(s *session, e *expectation, table *tally) (problems []string) {
	o := s.tests[e.test]
	if o.skipped {
		table.add(e, 0, "skipped", 0)
		return nil
	}
	found, programs := 0, 0
	fail := func(format string, args ...any) {
		problems = append(problems, e.test+": "+fmt.Sprintf(format, args...))
	}
	for _, name := range slices.Sorted(maps.Keys(s.tests)) {
		if name != e.test && !strings.HasPrefix(name, e.test+"/") {
			continue
		}
		sub := s.tests[name]
		found += len(sub.findings)
		if s.leaf(name) {
			programs++
			if e.each && !slices.ContainsFunc(sub.findings, e.matches) {
				fail("%s: the race %s is not reported", name, e.text)
			}
			if e.verdict == ok && sub.failed {
				fail("%s failed", name)
			}
		}
		for _, f := range sub.findings {
			if e.verdict == races {
				problems = append(problems, complete(e.test, f)...)
			} else if e.verdict == ok {
				fail("false alarm in %s:\n%s", name, brief(f))
			}
		}
	}
	if e.verdict == races {
		seen := slices.ContainsFunc(s.under(e.test), func(o *outcome) bool { return slices.ContainsFunc(o.findings, e.matches) })
		if !seen {
			fail("the race %s is not reported", e.text)
		}
		if flagged := slices.ContainsFunc(s.under(e.test), func(o *outcome) bool { return o.flagged }); !flagged || !o.failed {
			fail("the test did not fail by the race")
		}
	}
	result := "ok"
	if len(problems) > 0 {
		result = "WRONG"
	}
	table.add(e, programs, result, found)
	return problems
}

func (e *expectation) matches(f *finding.Finding) bool {
	return e.current.MatchString(string(f.Parties[0].Access.Op)) && e.prior.MatchString(string(f.Parties[1].Access.Op))
}

// A tally is the table of verdicts.
type tally struct {
	rows                   []string
	programs, wrong, blind int
}

func (y *tally) add(e *expectation, programs int, result string, found int) {
	y.rows = append(y.rows, fmt.Sprintf("%s\t%s\t%d\t%d\t%s", e.test, e.text, programs, found, result))
	y.programs += programs
	if result == "WRONG" {
		y.wrong++
	}
	if e.verdict == blind {
		y.blind++
	}
}

func (y *tally) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "test\twant\tprograms\treports\tverdict")
	for _, r := range y.rows {
		fmt.Fprintln(w, r)
	}
	w.Flush()
	fmt.Fprintf(&b, "%d tests, %d programs, %d wrong, %d known to be out of sight\n", len(y.rows), y.programs, y.wrong, y.blind)
	return b.String()
}

// brief returns a finding in few lines.
func brief(f *finding.Finding) string {
	var b strings.Builder
	for _, p := range f.Parties {
		fmt.Fprintf(&b, "  %s by goroutine %d\n", p.Access.Op, p.Goroutine.ID)
		for _, s := range p.Stack {
			fmt.Fprintf(&b, "    %s %s:%d\n", s.Func, s.File, s.Line)
		}
		fmt.Fprintf(&b, "    created by")
		for _, s := range p.Goroutine.Origin {
			fmt.Fprintf(&b, " %s:%d", s.Func, s.Line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
