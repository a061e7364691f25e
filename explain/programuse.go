package explain

import (
	"slices"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// mapUse is a map operation in the executable.
type mapUse struct {
	place
	op     binfo.Op
	frames []binfo.Frame
	// typ is the map's type, "" if unknown; descriptor is its address.
	typ        string
	descriptor uint64
	names      naming
}

// naming is which variable holds a map.
type naming struct {
	binfo.Origin
	grade finding.Grade
}

// noticed is the operation that a stack stands at, and the frame that it is in.
func (p *program) noticed(g *crashlog.Goroutine, op finding.Op) (use *mapUse, frame int, handed []naming) {
	inner := -1 // the innermost frame that may hold the operation
	for i := range g.Frames {
		f := &g.Frames[i]
		if inner < 0 && !ofMaps(f.Func) && !finding.InReader(f.Func) {
			inner = i
		}
		if f.Inlined || ofMaps(f.Func) || finding.InReader(f.Func) && !worksOnMaps(f.Func) {
			continue
		}
		at, ok := p.callOf(f)
		if !ok {
			break
		}
		// The frames that were inlined into this one stand before it.
		first := i
		for first > 0 && g.Frames[first-1].Inlined {
			first--
		}
		frame = first
		for frame < i && finding.InReader(g.Frames[frame].Func) {
			frame++
		}
		if u := p.use(at, ups(g, i), g.CreatedBy); u != nil {
			return u, frame, nil
		}
		if finding.InReader(f.Func) {
			continue
		}
		if at.code.Insts[at.at].Target != 0 {
			return nil, frame, p.handed(at)
		}
		break
	}
	if inner < 0 {
		return nil, -1, nil
	}
	if use = p.atLine(&g.Frames[inner], op, g.CreatedBy); use != nil {
		return use, inner, nil
	}
	return nil, inner, p.handedAtLine(&g.Frames[inner])
}

// atLine finds the operation by the line of a frame that was inlined into a function
// that tracebacks leave out: the wrapper of a method value or of a go statement.
func (p *program) atLine(f *crashlog.Frame, op finding.Op, created *crashlog.Frame) *mapUse {
	if !f.Inlined {
		return nil
	}
	var found *mapUse
	for fn := range p.Funcs() {
		o, _, _, _, ok := binfo.OpOf(fn.Name)
		if !ok || o.IsWrite() != op.IsWrite() {
			continue
		}
		for _, e := range p.into(fn.Entry) {
			if !p.spend(64) {
				return found
			}
			in := p.Frames(e.pc)
			if len(in) == 0 || in[0].Line != f.Line || elided(in[0].Func) != f.Func {
				continue
			}
			at, ok := p.callAt(e.pc)
			if !ok {
				continue
			}
			switch u := p.use(at, nil, created); {
			case u == nil:
			case found == nil || found.names.Name == "", finding.Op(u.op) == op && finding.Op(found.op) != op:
				found = u
			case finding.Op(found.op) == op && finding.Op(u.op) != op:
			case u.names.Name != "" && u.names.Name != found.names.Name:
				found.names.grade = finding.Inferred // the line has several
			}
		}
	}
	return found
}

// worksOnMaps reports whether a function is of package maps, whose own operations
// are on its parameters.
func worksOnMaps(fn string) bool {
	return finding.PackagePath(fn) == "maps" && fn != "maps.clone" // which is the runtime's
}

// ups are the calls that wait outside of a frame.
func ups(g *crashlog.Goroutine, i int) []caller {
	var out []caller
	for j := i + 1; j < len(g.Frames) && len(out) < maxViews; j++ {
		if !g.Frames[j].Inlined {
			out = append(out, caller{frame: &g.Frames[j]})
		}
	}
	return out
}

// use decodes a call of a map operation; nil if it is none.
func (p *program) use(at place, up []caller, created *crashlog.Frame) *mapUse {
	s, err := p.Call(at.code.Insts[at.at].End())
	if err != nil {
		return nil
	}
	return p.useOf(at, s, up, created)
}

func (p *program) useOf(at place, s *binfo.Site, up []caller, created *crashlog.Frame) *mapUse {
	u := &mapUse{place: at, op: s.Op, frames: s.Frames, typ: s.Type, descriptor: s.TypeAddr}
	u.names = naming{s.Map, finding.Shown}
	u.names.Name, u.names.Expr = p.qualified(plain(u.names.Name), s.Map.By), plain(s.Map.Expr)
	if v := s.Map.Value; v != nil && !solid(s.Map) {
		if n := p.name(view{at, v, up, created}); n.Name != "" || u.names.Name == "" && solid(n.Origin) {
			u.names = n
		}
	}
	if u.names.Name == "" && u.names.Kind != binfo.Global {
		if n, ok := p.byType(u); ok {
			u.names = n
		}
	}
	return u
}

// same says how well two operations are known to be on one variable, "" if not.
func (u *mapUse) same(o *mapUse) finding.Grade {
	a, b := u.names, o.names
	switch {
	case u.typ != "" && o.typ != "" && u.typ != o.typ:
		return ""
	case a.Kind == binfo.Global && b.Kind == binfo.Global:
		if a.Address == b.Address && a.Offset == b.Offset {
			return finding.Inferred
		}
		return ""
	case a.Name != "" && b.Name != "":
		if a.Name == b.Name {
			return finding.Inferred
		}
		return ""
	case u.typ != "" && u.typ == o.typ && a.Kind != binfo.Global && b.Kind != binfo.Global:
		return finding.Guessed // one has no name
	}
	return ""
}

// variable is the map for the report.
func (u *mapUse) variable() *access.Map {
	return mapOf(u.names, u.typ)
}

func mapOf(n naming, typ string) *access.Map {
	return &access.Map{ID: n.Name, Name: n.Name, Kind: access.Kind(n.Kind), Expr: n.Expr, Type: typ, Declared: typ}
}

// where is the frame, of those at the operation, that a person would name: the
// innermost outside of libraries that work on any map.
func (u *mapUse) where() binfo.Frame {
	i := slices.IndexFunc(u.frames, func(f binfo.Frame) bool { return !finding.InReader(f.Func) })
	if i < 0 {
		return binfo.Frame{Func: elided(u.code.Func.Name)}
	}
	f := u.frames[i]
	f.Func = elided(f.Func)
	return f
}

// site is the operation for the report.
func (u *mapUse) site(m *access.Map) *access.Site {
	f := u.where()
	s := &access.Site{Op: access.Op(u.op), Func: &access.Func{Name: f.Func}, Expr: u.names.Expr, LastLine: f.Line}
	s.Pos.Filename, s.Pos.Line = f.File, f.Line
	if m != nil {
		s.Maps = []*access.Map{m}
	}
	return s
}
