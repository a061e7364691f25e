package access

import (
	"path"
	"slices"
	"strings"
)

type fileIndex struct {
	name  string
	funcs []*Func // by position
	sites []*Site
}

func (x *Index) file(name string) *fileIndex {
	f := x.byFile[name]
	if f == nil {
		f = &fileIndex{name: name}
		x.byFile[name] = f
		base := path.Base(slashed(name))
		x.byBase[base] = append(x.byBase[base], f)
	}
	return f
}

func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }

// find is the file that a traceback calls name: the same file, or, when the
// program was built elsewhere or with -trimpath, the one that shares most of
// its path's end and holds a function of that name.
func (x *Index) find(name, fn string) *fileIndex {
	if f := x.byFile[name]; f != nil {
		return f
	}
	name = slashed(name)
	var best *fileIndex
	score := 0
	for _, f := range x.byBase[path.Base(name)] {
		n := commonEnd(name, slashed(f.name))
		if fn != "" {
			if f.holds(fn) {
				n += 100
			} else {
				n -= 100
			}
		}
		if n > score {
			best, score = f, n
		}
	}
	return best
}

func (f *fileIndex) holds(fn string) bool {
	want := declared(fn)
	return slices.ContainsFunc(f.funcs, func(g *Func) bool { return declared(g.Name) == want })
}

// declared cuts a function's name behind what the source declares: the package
// and the first names in it. Inlining may put callers in front, so that nothing
// more can be asked for.
func declared(fn string) string {
	head := fn
	if i := strings.IndexAny(head, "[("); i >= 0 {
		head = head[:i]
	}
	slash := strings.LastIndexByte(head, '/') + 1
	if dot := strings.IndexByte(head[slash:], '.'); dot >= 0 {
		return head[:slash+dot]
	}
	return fn
}

func commonEnd(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < len(x) && n < len(y) && x[len(x)-1-n] == y[len(y)-1-n] {
		n++
	}
	return n
}

// At are the operations that a traceback's frame at file:line may stand for.
// fn, when known, is the frame's function; it finds the file when the program
// was built from another directory.
func (x *Index) At(file string, line int, fn string) []*Site {
	f := x.find(file, fn)
	if f == nil {
		return nil
	}
	var exact, within []*Site
	for _, s := range f.sites {
		switch {
		case s.Pos.Line == line:
			exact = append(exact, s)
		case s.Pos.Line < line && line <= s.LastLine:
			within = append(within, s)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return within
}

// FuncAt is the innermost function that holds a frame's line, nil if the source
// has none. A frame's own function may be another one, into which this one was
// inlined.
func (x *Index) FuncAt(file string, line int, fn string) *Func {
	f := x.find(file, fn)
	if f == nil {
		return nil
	}
	var best *Func
	for _, g := range f.funcs {
		if g.Pos.Line > line || line > g.End.Line {
			continue
		}
		switch {
		case best == nil, g.Name == fn && best.Name != fn:
			best = g
		case best.Name == fn:
		case g.Pos.Offset >= best.Pos.Offset:
			best = g
		}
	}
	return best
}

// FuncNamed are the functions of a name, mostly one.
func (x *Index) FuncNamed(name string) []*Func {
	var out []*Func
	for _, f := range x.funcs {
		if f.Name == name {
			out = append(out, f)
		}
	}
	return out
}

// Related is a map that may be the same value as another.
type Related struct {
	*Map
	// Steps is how many assignments lie between the two variables.
	Steps int
}

// Aliases are m and the variables whose map may be m's: those it was assigned
// from, and those it was assigned to.
func (x *Index) Aliases(m *Map) []Related {
	out := []Related{{m, 0}}
	seen := map[*Map]bool{m: true}
	for i := 0; i < len(out) && out[i].Steps < 4; i++ {
		for _, n := range slices.Concat(out[i].from, out[i].into) {
			if !seen[n] {
				seen[n] = true
				out = append(out, Related{n, out[i].Steps + 1})
			}
		}
	}
	return out
}

// SitesOf are the operations on m itself.
func (x *Index) SitesOf(m *Map) []*Site { return m.sites }

// MapNamed are the maps of a name, as a finding has it.
func (x *Index) MapNamed(name string) []*Map {
	var out []*Map
	for _, m := range x.Maps() {
		if m.Name == name {
			out = append(out, m)
		}
	}
	return out
}
