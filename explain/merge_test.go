package explain

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/finding/render"
	"github.com/mapsan/mapsan/racelog"
)

// raced is the sighting of a race of two accesses, "write runtime.mapassign_faststr
// main.(*Registry).Put put"; of one without frames, the stack is lost.
func raced(t *testing.T, file string, o Options, later, earlier string) Sighting {
	t.Helper()
	var b strings.Builder
	b.WriteString("==================\nWARNING: DATA RACE\n")
	for i, s := range []string{later, earlier} {
		w := strings.SplitN(s, " ", 4)
		if i == 0 {
			fmt.Fprintf(&b, "%s at 0x00c0000a2180 by goroutine 7:\n", strings.ToUpper(w[0][:1])+w[0][1:])
		} else {
			fmt.Fprintf(&b, "Previous %s at 0x00c0000a2180 by goroutine 8:\n", w[0])
		}
		if len(w) == 1 {
			b.WriteString("  [failed to restore the stack]\n\n")
			continue
		}
		if w[1] != "-" {
			fmt.Fprintf(&b, "  %s()\n      internal/runtime/maps/runtime.go:1 +0x0\n", w[1])
		}
		fmt.Fprintf(&b, "  %s()\n      %s +0x2\n\n", w[2], at(t, w[3]))
	}
	b.WriteString("Goroutine 7 (running) created at:\n  main.main()\n      /build/shop/shop.go:1 +0x1\n==================\n")
	all, err := racelog.ReadAll(strings.NewReader(b.String()))
	if err != nil || len(all) != 1 {
		t.Fatalf("%d reports, %v, in\n%s", len(all), err, b.String())
	}
	o.Source = file
	f := Race(all[0], o)
	if f == nil {
		t.Fatalf("no finding of\n%s", b.String())
	}
	return Sighting{Finding: f, Seen: "-race in " + file}
}

const (
	get   = "read runtime.mapaccess1_faststr main.(*Registry).Get get"
	put   = "write runtime.mapassign_faststr main.(*Registry).Put put"
	drop  = "write runtime.mapdelete_faststr main.(*Registry).Drop drop"
	other = "write runtime.mapassign_faststr main.(*Other).Put other put"
)

func crashed(t *testing.T, edit ...func(*Options)) Sighting {
	r := report(t, detecting, edit...)
	return Sighting{Finding: r.Finding(), Seen: "the runtime's fatal error in crash.log", Crash: r}
}

func withSource(t *testing.T) Options {
	x, err := shop()
	if err != nil {
		t.Fatal(err)
	}
	return Options{Index: x}
}

// merged merges and checks that the findings are whole.
func merged(t *testing.T, want int, all ...Sighting) []*Conflict {
	t.Helper()
	out := Merge(all)
	for _, c := range out {
		if err := c.Finding.Validate(); err != nil {
			t.Error(err)
		}
		for _, show := range []error{c.Text(&bytes.Buffer{}), c.JSON(&bytes.Buffer{}), render.HTML(&bytes.Buffer{}, []*finding.Finding{c.Finding}, render.Options{})} {
			if show != nil {
				t.Error(show)
			}
		}
	}
	if len(out) != want {
		for _, c := range out {
			t.Logf("%s: %s and %s, by %q", c.Finding.Map.Name, c.Finding.Side(0), c.Finding.Side(1), c.Seen)
		}
		t.Fatalf("%d conflicts, want %d", len(out), want)
	}
	return out
}

func TestRace(t *testing.T) {
	f := raced(t, "race.log", withSource(t), put, get).Finding
	if f.Grade != finding.Proved || f.Map.Name != "main.Registry.peers" || f.Rule != finding.ReadWrite || f.Map.Addr != 0xc0000a2180 {
		t.Errorf("%s of %+v, %s", f.Grade, f.Map, f.Rule)
	}
	if f.Parties[0].Access.Expr != "r.peers" || len(f.Parties[0].Locks) != 1 || len(f.Parties[1].Locks) != 0 {
		t.Errorf("parties %+v", f.Parties)
	}
}

// TestMergeCompletes: the crash shows one side, the race report both.
func TestMergeCompletes(t *testing.T) {
	for _, order := range []string{"crash first", "race first"} {
		all := []Sighting{crashed(t), raced(t, "test.log", withSource(t), put, get)}
		if order == "race first" {
			slices.Reverse(all)
		}
		c := merged(t, 1, all...)[0]
		f := c.Finding
		if f.Grade != finding.Proved || len(f.Evidence.Seen) != 2 || len(f.Evidence.Path) == 0 || f.Evidence.Count != 2 || len(c.Crashes) != 1 {
			t.Errorf("%s: %s, seen by %q, %d steps, %d times", order, f.Grade, f.Evidence.Seen, len(f.Evidence.Path), f.Evidence.Count)
		}
		if f.Side(0)+f.Side(1) != "write main.(*Registry).Putread main.(*Registry).Get" {
			t.Errorf("%s: sides %s and %s", order, f.Side(0), f.Side(1))
		}
	}
}

// TestMergeWithoutSource: the line that noticed tells that it is one conflict, and
// who has a source names the map for all.
func TestMergeWithoutSource(t *testing.T) {
	none := func(o *Options) { o.Index = nil }
	merged(t, 1, crashed(t, none), raced(t, "test.log", Options{}, put, get))
	c := merged(t, 1, crashed(t, none), raced(t, "test.log", Options{}, get, put), raced(t, "named.log", withSource(t), put, get))[0]
	if c.Finding.Map.Name != "main.Registry.peers" || len(c.Seen) != 3 {
		t.Errorf("map %q, seen by %q", c.Finding.Map.Name, c.Seen)
	}
}

// TestMergeNot: near misses.
func TestMergeNot(t *testing.T) {
	o := withSource(t)
	// Two writers of one map. The crash is with the one that it takes for likelier.
	out := merged(t, 2, raced(t, "a.log", o, get, put), raced(t, "b.log", o, get, drop), crashed(t))
	if len(out[0].Seen) != 1 || len(out[1].Seen) != 2 {
		t.Errorf("seen by %q and %q", out[0].Seen, out[1].Seen)
	}
	// The same without source: nothing tells which of the two it was.
	none := func(o *Options) { o.Index = nil }
	merged(t, 3, raced(t, "a.log", Options{}, get, put), raced(t, "b.log", Options{}, get, drop), crashed(t, none))
	// A field of the same name and type in another struct.
	merged(t, 2, raced(t, "a.log", o, other, other), raced(t, "b.log", o, put, put))
	// Two maps of one type at one line of one struct.
	merged(t, 2, raced(t, "a.log", o, "read runtime.mapaccess1_faststr main.(*Registry).Both both", put), raced(t, "b.log", o, get, put))
	// One map, and no side in common.
	merged(t, 2, raced(t, "a.log", o, drop, drop), raced(t, "b.log", o, put, get))
}

// TestMergeInLog: a goroutine of the log goes round the writing, and sleeps now. The
// race report with that writing is the same conflict, one with another is not.
func TestMergeInLog(t *testing.T) {
	r := report(t, detecting+`
goroutine 18 [sleep]:
time.Sleep(0x3b9aca00)
	/usr/local/go/src/runtime/time.go:363 +0x165
@main.(*Registry).writer(0xc000010000) writer sleeps
@created:main.main go writer
`)
	s := Sighting{Finding: r.Finding(), Seen: "crash.log", Crash: r}
	o := withSource(t)
	merged(t, 1, s, raced(t, "a.log", o, get, put))
	merged(t, 2, s, raced(t, "a.log", o, get, drop))
}

// TestMergeLost: what the detector had forgotten, another report knows.
func TestMergeLost(t *testing.T) {
	o := withSource(t)
	c := merged(t, 1, raced(t, "a.log", o, put, "read"), raced(t, "b.log", o, get, put))[0]
	if len(c.Finding.Parties[0].Stack) == 0 || len(c.Finding.Parties[1].Stack) == 0 {
		t.Errorf("sides %s and %s", c.Finding.Side(0), c.Finding.Side(1))
	}
	// A lost write is not a read.
	merged(t, 2, raced(t, "a.log", o, put, "write"), raced(t, "b.log", o, get, put))
}

// TestShareMain: the sanitizer knows the import path of package main, a log does
// not.
func TestShareMain(t *testing.T) {
	o := withSource(t)
	known := raced(t, "a.log", o, get, put)
	known.Finding.Resource.Main = "example.com/shop"
	known.Finding.Engine = finding.Sanitizer
	c := merged(t, 1, raced(t, "b.log", o, put, get), known)[0]
	if c.Finding.Engine != finding.Sanitizer {
		t.Errorf("engine %s", c.Finding.Engine)
	}
}
