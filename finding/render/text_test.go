package render

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mapsan/mapsan/finding"
)

func textOf(t *testing.T, f *finding.Finding, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, f, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		name string
		f    *finding.Finding
	}{{"sanitizer", sample()}, {"bare", bare()}, {"explorer", other()}} {
		t.Run(c.name, func(t *testing.T) {
			got := textOf(t, valid(t, c.f), options())
			golden(t, c.name+".txt", []byte(got))
			for _, l := range strings.Split(got, "\n") {
				if utf8.RuneCountInString(l) > 80 {
					t.Errorf("%d columns: %s", utf8.RuneCountInString(l), l)
				}
				if strings.TrimRight(l, " ") != l {
					t.Errorf("spaces at the end of %q", l)
				}
			}
			if strings.Contains(got, "\x1b") {
				t.Error("colours that were not asked for")
			}
		})
	}
}

// Colour changes nothing but the colour.
func TestTextColor(t *testing.T) {
	o := options()
	plain := textOf(t, sample(), o)
	o.Color = true
	colored := textOf(t, sample(), o)
	if !strings.Contains(colored, "\x1b[1;31mWARNING: MAP RACE\x1b[0m") {
		t.Error("the heading has no colour")
	}
	if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(colored, ""); got != plain {
		t.Errorf("without its colours it differs from the plain text:\n%s", got)
	}
}

func TestTextWidth(t *testing.T) {
	o := options()
	o.Width = 50
	for _, l := range strings.Split(textOf(t, sample(), o), "\n") {
		if utf8.RuneCountInString(l) > 50 && strings.Contains(l, " | ") {
			t.Errorf("source beyond the width: %s", l)
		}
	}
	o.Width = 1
	if got := textOf(t, sample(), o); strings.Count(got, "\n") > 200 {
		t.Errorf("a width of 1 gives %d lines", strings.Count(got, "\n"))
	}
}

func TestTextHostile(t *testing.T) {
	got := textOf(t, valid(t, hostile()), options())
	for _, bad := range []string{"\x1b", "\u202e", "\xff", "\r"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q came through", bad)
		}
	}
	if n := strings.Count(got, "\n"+ruler); n != 1 {
		t.Errorf("%d closing rules, want 1", n)
	}
}

type failing struct{}

var errFull = errors.New("disk full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestWriterFails(t *testing.T) {
	all := []*finding.Finding{sample()}
	for name, err := range map[string]error{
		"Text":  Text(failing{}, all[0], options()),
		"JSON":  JSON(failing{}, all[0]),
		"SARIF": SARIF(failing{}, all, options()),
		"HTML":  HTML(failing{}, all, options()),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: %v, want %v", name, err, errFull)
		}
	}
}

// TestTextOfACrash: both sides of the runtime's end, and how near they were.
func TestTextOfACrash(t *testing.T) {
	f := sample()
	f.Engine, f.Grade = finding.Agent, finding.Shown
	f.Evidence = finding.Evidence{
		Log:  &finding.Log{Lines: []string{"fatal error: concurrent map writes"}},
		Path: []string{"goroutine 6 came to its operation 812 ns before the runtime stopped the process"},
	}
	text := func() string {
		var b strings.Builder
		if err := Text(&b, f, Options{}); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	for _, want := range []string{"The runtime stopped the process in the", "Goroutine 6 came to its operation 812 ns before"} {
		if got := text(); !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	f.Engine = finding.Explain // which shows the path by a picture, and says why by itself
	if got := text(); strings.Contains(got, "The runtime stopped the process in") {
		t.Errorf("in a finding of explain: %s", got)
	}
}
