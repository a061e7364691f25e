package binfo_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/binfo"
)

// sitesAt collects the map calls of package main by the line of their innermost
// frame.
func sitesAt(t testing.TB, f *binfo.File) map[string][]*binfo.Site {
	t.Helper()
	out := map[string][]*binfo.Site{}
	for fn := range f.Funcs() {
		if !strings.HasPrefix(fn.Name, "main.") {
			continue
		}
		c, err := f.Code(fn)
		if err != nil {
			t.Fatal(err)
		}
		for s := range c.MapCalls() {
			fr := s.Frames[0]
			key := fmt.Sprintf("%s:%d", filepath.Base(fr.File), fr.Line)
			out[key] = append(out[key], s)
		}
	}
	return out
}

func got(s *binfo.Site) want {
	typ := s.Type
	if typ == "" {
		slices.Sort(s.Types)
		typ = strings.Join(s.Types, "|")
	}
	return want{string(s.Op), typ, string(s.Map.Kind), s.Map.Name}
}

// TestSites: what is decoded is what the source says, in every build.
func TestSites(t *testing.T) {
	truth := wants(t, "testdata/sites")
	for _, b := range builds(t) {
		t.Run(b.String(), func(t *testing.T) {
			f := open(t, program(t, "sites", b))
			sites := sitesAt(t, f)
			checked := 0
			for line, ws := range truth {
				for _, w := range ws {
					checked++
					if !slices.ContainsFunc(sites[line], func(s *binfo.Site) bool { return matches(w, got(s)) }) {
						t.Errorf("%s: want %s", line, w)
						for _, s := range sites[line] {
							t.Logf("   got %s: chain %s by %q, missing %q, type %q", got(s), s.Map.Chain, s.Map.By, s.Map.Missing, s.TypeWhy)
						}
					}
				}
			}
			if checked < 25 {
				t.Errorf("only %d calls were checked", checked)
			}
		})
	}
}

// matches compares; type arguments in names, and the order of candidates, do
// not count.
func matches(w, g want) bool {
	if i := strings.IndexByte(g.name, '['); i > 0 && !strings.HasSuffix(g.name, "[]") {
		g.name = g.name[:i] + g.name[strings.LastIndexByte(g.name, ']')+1:]
	}
	wt, gt := strings.Split(w.typ, "|"), strings.Split(g.typ, "|")
	slices.Sort(wt)
	slices.Sort(gt)
	return w.op == g.op && w.kind == g.kind && w.name == g.name && slices.Equal(wt, gt)
}
