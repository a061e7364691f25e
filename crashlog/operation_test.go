package crashlog

import (
	"strings"
	"testing"
)

func stackOf(funcs ...string) []Frame {
	var fs []Frame
	for _, f := range funcs {
		fs = append(fs, Frame{Func: f, File: "x.go", Line: 1})
	}
	return fs
}

func TestMapFrame(t *testing.T) {
	for _, test := range []struct {
		stack string // innermost first
		at    int
		op    Op
	}{
		{"internal/runtime/maps.fatal < main.f", -1, OpNone},
		{"internal/runtime/maps.fatal < internal/runtime/maps.(*Map).getWithKey < internal/runtime/maps.(*Iter).grownKeyElem < internal/runtime/maps.(*Iter).Next < main.f", 3, OpIterate},
		{"runtime.fatal < internal/runtime/maps.fatal < internal/runtime/maps.(*Map).getWithKey < internal/runtime/maps.(*Iter).grownKeyElem < internal/runtime/maps.(*Iter).Next < runtime.mapIterNext < main.f", 5, OpIterate},
		{"internal/runtime/maps.fatal < internal/runtime/maps.(*Map).Delete < main.f", 1, OpDelete},
		{"internal/runtime/maps.fatal < internal/runtime/maps.(*Map).Clear < main.f", 1, OpClear},
		{"runtime.mallocgc < runtime.newarray < internal/runtime/maps.newGroups < internal/runtime/maps.(*table).grow < internal/runtime/maps.(*table).rehash < runtime.mapassign_faststr < main.f", 5, OpAssign},
		{"runtime.fatal < runtime.mapaccessK < runtime.mapiternext < main.f", 2, OpIterate},
		{"runtime.fatal < runtime.mapassign < runtime.mapclone2 < maps.clone < maps.Clone[...] < main.f", 4, OpClone},
		{"runtime.fatal < runtime.evacuate_faststr < runtime.growWork_faststr < runtime.mapdelete_faststr < main.f", 3, OpDelete},
		{"runtime.mapaccess1_fast32 < main.f", 0, OpLookup},
		{"runtime.mapassign_fast64ptr < main.f", 0, OpAssign},
		{"runtime.mapdelete < main.f", 0, OpDelete},
		{"runtime.mapclear < main.f", 0, OpClear},
		{"internal/runtime/maps.(*Map).Delete < reflect.mapdelete < reflect.Value.SetMapIndex < main.f", 1, OpDelete},
		{"runtime.mapassign < reflect.mapassign0 < reflect.Value.SetMapIndex < encoding/json.(*decodeState).object < main.f", 1, OpAssign},
		{"internal/runtime/maps.(*Iter).Next < reflect.(*MapIter).Next < fmt.(*pp).printValue", 0, OpIterate},
		// In the middle of a user's function that a map operation is not.
		{"main.f < runtime.mapassign < main.g", -1, OpNone},
		{"runtime.gopark < runtime.chanrecv1 < main.f", -1, OpNone},
		{"runtime.makemap_small < main.f", -1, OpNone},
		{"sync.(*Map).Load < main.mapassign < main.f", -1, OpNone},
		{"main.mapaccess1 < main.f", -1, OpNone},
		{"", -1, OpNone},
	} {
		var fs []Frame
		if test.stack != "" {
			fs = stackOf(strings.Split(test.stack, " < ")...)
		}
		if at, op := mapFrame(fs); at != test.at || op != test.op {
			t.Errorf("%s: %s at %d, want %s at %d", test.stack, op, at, test.op, test.at)
		}
	}
}

// TestClaim: the message's claim stays beside what the frames say.
func TestClaim(t *testing.T) {
	c := &Crash{Cause: CauseReadWrite}
	g := &Goroutine{Detecting: true, Frames: stackOf("internal/runtime/maps.fatal", "internal/runtime/maps.(*Map).getWithKey", "internal/runtime/maps.(*Iter).grownKeyElem", "internal/runtime/maps.(*Iter).Next", "main.f")}
	if o := c.Operation(g); o.Op != OpIterate || o.Claimed != OpRead || o.Evidence != ByFrame || o.Frame != 3 {
		t.Errorf("detecting: %+v", o)
	}
	g.Detecting = false
	if o := c.Operation(g); o.Op != OpIterate || o.Claimed != OpNone {
		t.Errorf("another goroutine: %+v", o)
	}
	g.Frames = stackOf("main.f")
	if o := c.Operation(g); o.Op != OpNone || o.Evidence != "" || o.Frame != -1 {
		t.Errorf("a goroutine outside of maps: %+v", o)
	}
	g.Detecting = true
	if o := c.Operation(g); o.Op != OpRead || o.Evidence != ByMessage {
		t.Errorf("no frame shown: %+v", o)
	}
}

// TestAddresses: two goroutines of one crash that are both in the map give the
// same header where the words are not stale. Where they are, they may be what
// the slot held before. The types differ in generic code.
func TestAddresses(t *testing.T) {
	type count struct{ pairs, equal int }
	var sure, stale count
	for _, l := range logs(t) {
		// A clone writes to the copy.
		if isOther(l) || l.Level != "system" && l.Level != "crash" || l.Pair() == "clone" {
			continue
		}
		c, _ := parseOne(t, l.Text)
		for _, d := range c.Detecting() {
			o := c.Operation(d)
			for _, g := range c.Goroutines {
				p := c.Operation(g)
				if g.ID == d.ID || p.Frame < 0 || o.Header == (Arg{}) || p.Header == (Arg{}) {
					continue
				}
				n := &sure
				if o.Header.Kind == ArgStale || p.Header.Kind == ArgStale {
					n = &stale
				}
				n.pairs++
				if p.Header.Word == o.Header.Word {
					n.equal++
				} else if n == &sure {
					t.Errorf("%s: headers %#x and %#x", l.Name(), o.Header.Word, p.Header.Word)
				}
			}
		}
	}
	t.Logf("both words sure: equal %d of %d; one of them stale: %d of %d", sure.equal, sure.pairs, stale.equal, stale.pairs)
	if sure.pairs == 0 || stale.equal == 0 {
		t.Error("the corpus has no such pairs")
	}
}
