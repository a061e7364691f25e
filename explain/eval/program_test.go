package main

import (
	"context"
	"os"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const files = "-- main.go --\npackage main\n"
	for _, c := range []struct{ name, text, err string }{
		{"whole", "What it is.\nmap: main.m\nww: main.A main.B\nrw: main.R main.A\n" + files, ""},
		{"no map", "ww: main.A main.B\nrw: main.R main.A\n" + files, "the truth is not whole"},
		{"one form", "map: main.m\nww: main.A main.B\n" + files, "the truth is not whole"},
		{"one side", "map: main.m\nww: main.A\nrw: main.R main.A\n" + files, "ww names 1 functions, want 2"},
	} {
		p, err := parse(c.name, []byte(c.text))
		switch {
		case c.err == "" && (err != nil || p.mapName != "main.m" || p.sides["rw"] != [2]string{"main.R", "main.A"} || len(p.files) != 1):
			t.Errorf("%s: %+v, %v", c.name, p, err)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.err)
		}
	}
}

func TestPrograms(t *testing.T) {
	all, err := programs("")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 30 {
		t.Errorf("%d programs, want at least 30", len(all))
	}
}

func TestMeasures(t *testing.T) {
	m := newMeasures(false)
	if m.met() {
		t.Error("goals are met without a crash")
	}
	rw := variant{"rw", "sleep", "all"}
	m.add(rw, verdict{mapNamed: true, noticed: true, rank: 3})
	if got := m.rows["sleep1"]; got.hits != 0 || got.all != 1 {
		t.Errorf("rank 3 counts as first: %+v", got)
	}
	if got := m.rows["sleep3"]; got.hits != 1 {
		t.Errorf("rank 3 does not count as one of three: %+v", got)
	}
	m.add(variant{"rw", "sleep", "default"}, verdict{rank: 0})
	if got := m.rows["oneN"]; got.hits != 0 || got.all != 1 {
		t.Errorf("what is not listed counts as listed: %+v", got)
	}
}

// TestTruth holds the truth of each program against its source: the map and both
// sides' functions are there, and the functions use that map.
func TestTruth(t *testing.T) {
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Skip("compiles every program twice; set MAPSAN_HEAVY=1")
	}
	all, err := programs("")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		dir := t.TempDir()
		if err := p.lay(dir); err != nil {
			t.Fatal(err)
		}
		for form, sides := range p.sides {
			b, err := build(context.Background(), dir, form)
			if err != nil {
				t.Errorf("%s %s: %v", p.name, form, err)
				continue
			}
			ms := b.index.MapNamed(p.mapName)
			if len(ms) == 0 {
				t.Errorf("%s %s: no map %s", p.name, form, p.mapName)
				continue
			}
			for i, fn := range sides {
				uses, writes := false, false
				for _, s := range b.index.SitesOf(ms[0]) {
					if s.Func.Name == fn {
						uses, writes = true, writes || s.Op.IsWrite()
					}
				}
				if !uses || !writes && (form == "ww" || i == 1) {
					t.Errorf("%s %s: %s uses %s: %v, modifies it: %v", p.name, form, fn, p.mapName, uses, writes)
				}
			}
		}
	}
}
