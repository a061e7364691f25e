package explain

import (
	"slices"
	"strings"

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

// A view is a value as one function sees it, and the calls that led there.
type view struct {
	place
	v *binfo.Value
	// up are the frames that wait further out; nil when no stack is known.
	up []caller
	// created is the go statement that began the stack.
	created *crashlog.Frame
}

// caller is a call that waits: a frame of the log, or a place.
type caller struct {
	frame *crashlog.Frame
	place
}

// maxViews bounds how many functions a value is followed through.
const maxViews = 8

// name names what holds a value. What a parameter, a captured variable or a result
// holds is looked for where it comes from.
func (p *program) name(w view) naming {
	var out naming
	grade := finding.Shown
	for range maxViews {
		if !p.spend(w.code.Func.End - w.code.Func.Entry) {
			break
		}
		o := w.code.Variable(w.at, w.v)
		if out.Name == "" || o.Name != "" && w.v.Kind != binfo.Unknown {
			out = naming{o, grade}
		}
		if solid(o) {
			break
		}
		next, sure, ok := p.outward(w)
		if !ok {
			break
		}
		if !sure {
			grade = finding.Inferred
		}
		w = next
	}
	out.Name, out.Expr = p.qualified(plain(out.Name), out.By), plain(out.Expr)
	return out
}

// solid reports whether a variable is one by itself, wherever it is used.
func solid(o binfo.Origin) bool {
	switch o.Kind {
	case binfo.FieldOf, binfo.Element:
		return o.Name != ""
	case binfo.Global:
		return true // by its address
	}
	return false
}

// outward says what a value is in the function that it comes from. sure is false
// when that is not the only possibility.
func (p *program) outward(w view) (next view, sure, ok bool) {
	root := rootOf(w.v)
	switch root.Kind {
	case binfo.Param:
		return p.fromCaller(w, root)
	case binfo.Context:
		return p.fromCreator(w)
	case binfo.Result:
		return p.fromCallee(w, root)
	}
	return view{}, false, false
}

// rootOf is what a value was loaded from, in the end.
func rootOf(v *binfo.Value) *binfo.Value {
	for v.Kind == binfo.Loaded || v.Kind == binfo.Added || v.Kind == binfo.Indexed {
		v = v.X
	}
	return v
}

// instead is v with another root.
func instead(v, root *binfo.Value) *binfo.Value {
	switch v.Kind {
	case binfo.Loaded, binfo.Added, binfo.Indexed:
		c := *v
		c.X = instead(v.X, root)
		if c.X.Kind == binfo.Added && c.Kind != binfo.Indexed {
			c.X, c.N = c.X.X, c.N+c.X.N
		}
		return &c
	}
	return root
}

func (p *program) fromCaller(w view, root *binfo.Value) (view, bool, bool) {
	if len(w.up) == 0 {
		return p.fromOnlyCaller(w, root)
	}
	at, ok := w.up[0].place, w.up[0].code != nil
	if f := w.up[0].frame; f != nil {
		at, ok = p.callOf(f)
	}
	if !ok {
		return view{}, false, false
	}
	arg := at.code.Arg(at.at, int(root.N))
	if arg.Kind == binfo.Unknown {
		return view{}, false, false
	}
	return view{at, instead(w.v, arg), w.up[1:], w.created}, true, true
}

// fromOnlyCaller takes the caller of a function that is called in one place: such as
// the wrapper of a go statement.
func (p *program) fromOnlyCaller(w view, root *binfo.Value) (view, bool, bool) {
	calls := p.into(w.code.Func.Entry)
	if len(calls) != 1 {
		return view{}, false, false
	}
	at, ok := p.callAt(calls[0].pc)
	if !ok {
		return view{}, false, false
	}
	arg := at.code.Arg(at.at, int(root.N))
	if arg.Kind == binfo.Unknown {
		return view{}, false, false
	}
	return view{at, instead(w.v, arg), nil, w.created}, w.created != nil, true
}

// fromCreator finds the closure's object where it was made, and what was put there.
func (p *program) fromCreator(w view) (view, bool, bool) {
	field, ok := captured(w.v)
	if !ok {
		return view{}, false, false
	}
	for _, fn := range p.creators(w) {
		c := p.code(fn)
		if c == nil {
			continue
		}
		if at, v, ok := putInto(c, w.code.Func.Entry, field); ok {
			return view{at, instead2(w.v, v), nil, nil}, true, true
		}
	}
	return view{}, false, false
}

// captured is where in the closure the value begins: the offset of the load from
// the context.
func captured(v *binfo.Value) (int64, bool) {
	for v.X != nil && v.X.Kind != binfo.Context {
		v = v.X
	}
	return v.N, v.X != nil && v.Kind == binfo.Loaded
}

// instead2 is v with the load from the context replaced.
func instead2(v, by *binfo.Value) *binfo.Value {
	if v.X.Kind == binfo.Context {
		return by
	}
	c := *v
	c.X = instead2(v.X, by)
	if c.X.Kind == binfo.Added && c.Kind != binfo.Indexed {
		c.X, c.N = c.X.X, c.N+c.X.N
	}
	return &c
}

// creators are the functions that may have made the closure that runs: that of the
// go statement, and those that its name begins with.
func (p *program) creators(w view) []binfo.Func {
	var out []binfo.Func
	if w.created != nil && len(w.up) == 0 {
		out = append(out, p.funcs(w.created.Func)...)
	}
	name := elided(w.code.Func.Name)
	for range 8 {
		i := strings.LastIndexByte(name, '.')
		if i <= strings.LastIndexByte(name, '/') {
			break
		}
		name = name[:i]
		out = append(out, p.funcs(name)...)
	}
	return out
}

// putInto finds the object whose first word is made the address of a function, and
// what is put at an offset of it.
func putInto(c *binfo.Code, entry uint64, field int64) (place, *binfo.Value, bool) {
	var object *binfo.Value
	for i, in := range c.Insts {
		for _, e := range in.Effects {
			if e.Kind == binfo.Store && e.Size == 8 && object == nil && c.Expr(i, e.Val).Kind == binfo.Const && uint64(c.Expr(i, e.Val).N) == entry {
				object = c.Address(i, e.Mem)
			}
		}
		if object != nil {
			break
		}
	}
	if object == nil || object.Kind != binfo.Result && object.Kind != binfo.Frame0 {
		return place{}, nil, false
	}
	for i, in := range c.Insts {
		for _, e := range in.Effects {
			if e.Kind != binfo.Store || e.Size != 8 {
				continue
			}
			base, off := c.Address(i, e.Mem), int64(0)
			if base.Kind == binfo.Added {
				base, off = base.X, base.N
			}
			if object.Kind == binfo.Frame0 && base.Kind == binfo.Frame0 {
				base, off = object, base.N-object.N
			}
			if off == field && base.Equal(object) {
				if v := c.Expr(i, e.Val); v.Kind != binfo.Unknown {
					return place{c, i}, v, true
				}
			}
		}
	}
	return place{}, nil, false
}

// fromCallee looks at what the called function returns.
func (p *program) fromCallee(w view, root *binfo.Value) (view, bool, bool) {
	i, ok := w.code.At(root.PC)
	if !ok || w.code.Insts[i].Target == 0 {
		return view{}, false, false
	}
	fn, ok := p.FuncAt(w.code.Insts[i].Target)
	if !ok || ofMaps(fn.Name) {
		return view{}, false, false
	}
	c := p.code(fn)
	if c == nil {
		return view{}, false, false
	}
	for r, in := range c.Insts {
		if in.Flow != binfo.Return || !p.spend(fn.End-fn.Entry) {
			continue
		}
		v := c.Arg(r, int(root.N))
		if v.Kind == binfo.Unknown || v.Kind == binfo.Const && v.N == 0 {
			continue
		}
		up := append([]caller{{place: place{w.code, i}}}, w.up...)
		return view{place{c, r}, instead(w.v, v), up, w.created}, false, true
	}
	return view{}, false, false
}

// qualified gives a type's package its whole path where a descriptor has only the
// last element: there must be one package of that name.
func (p *program) qualified(name, by string) string {
	pkg, rest, ok := strings.Cut(name, ".")
	if by != "types" || !ok || pkg == "main" || strings.Contains(pkg, "/") {
		return name
	}
	path := ""
	for fn := range p.Funcs() {
		at := finding.PackagePath(fn.Name)
		if at == path || at != pkg && !strings.HasSuffix(at, "/"+pkg) {
			continue
		}
		if path != "" {
			return name
		}
		path = at
	}
	if path == "" {
		return name
	}
	return path + "." + rest
}

// byType names a field by the map's type and its place in a struct, when nothing
// says what the struct is: that of a method that was inlined there, or the only
// struct of the program that has such a map there.
func (p *program) byType(u *mapUse) (naming, bool) {
	v := u.names.Value
	if v == nil || v.Kind != binfo.Loaded || u.typ == "" {
		return naming{}, false
	}
	field := func(t *binfo.Type) (naming, bool) {
		path, at, owner, rest := t.At(v.N)
		if at == nil || owner == nil || path == "" || at.Kind != binfo.KindMap || at.Name != u.typ && at.Addr != u.descriptor {
			return naming{}, false
		}
		o := binfo.Origin{Chain: u.names.Chain, Kind: binfo.FieldOf, Name: p.qualified(plain(owner.Name)+rest, "types"), Offset: v.N, By: "types", Value: v}
		return naming{o, finding.Inferred}, true
	}
	for _, f := range u.frames {
		typ := receiver(f.Func)
		for _, t := range p.TypesNamed(typ) {
			if n, ok := field(t); ok && typ != "" {
				return n, true
			}
		}
	}
	var only naming
	count := 0
	for t := range p.Types() {
		if t.Kind != binfo.KindStruct || finding.InStd(t.Name) {
			continue
		}
		if n, ok := field(t); ok && n.Name != only.Name {
			only = n
			count++
		}
	}
	return only, count == 1
}

// receiver is the type that a method's name has, without its package's path, as its
// descriptor is named: "main.Registry" of "main.(*Registry).Get".
func receiver(fn string) string {
	path := finding.PackagePath(fn)
	if path == "" {
		return ""
	}
	name := fn[len(path)+1:]
	pkg := path[strings.LastIndexByte(path, '/')+1:]
	if r, ok := strings.CutPrefix(name, "(*"); ok {
		typ, _, _ := strings.Cut(r, ")")
		return pkg + "." + typ
	}
	typ, rest, ok := strings.Cut(name, ".")
	if !ok || rest == "" {
		return ""
	}
	return pkg + "." + typ
}

// handed names the maps that a call in code that works on anything may have been
// handed: fields of the types that stand in the call's line.
func (p *program) handed(s place) []naming {
	line := p.Frames(s.pc())
	if len(line) == 0 {
		return nil
	}
	var out []naming
	seen := map[uint64]bool{}
	for i := max(0, s.at-400); i < s.at; i++ {
		for _, e := range s.code.Insts[i].Effects {
			v := e.Val
			if e.Kind != binfo.Set || v.Kind != binfo.AddrIs || v.Mem.Base != binfo.NoReg || seen[uint64(v.Mem.Disp)] {
				continue
			}
			t, err := p.TypeAt(uint64(v.Mem.Disp))
			if err != nil {
				continue
			}
			if at := p.Frames(s.code.Insts[i].PC); len(at) == 0 || at[0].Line != line[0].Line || at[0].Func != line[0].Func {
				continue
			}
			seen[uint64(v.Mem.Disp)] = true
			out = append(out, p.mapsOf(t)...)
		}
	}
	return out
}

// mapsOf are the maps that a value of the type leads to.
func (p *program) mapsOf(t *binfo.Type) []naming {
	var out []naming
	seen := map[uint64]bool{}
	var walk func(t *binfo.Type, owner, path string, depth int)
	walk = func(t *binfo.Type, owner, path string, depth int) {
		if t == nil || depth > 6 || len(seen) > 200 {
			return
		}
		switch t.Kind {
		case binfo.KindMap:
			if path != "" {
				o := binfo.Origin{Kind: binfo.FieldOf, Name: p.qualified(plain(owner)+path, "types"), By: "types"}
				out = append(out, naming{o, finding.Inferred})
			}
		case binfo.KindPointer, binfo.KindSlice, binfo.KindArray:
			walk(t.Elem(), "", "", depth+1)
		case binfo.KindStruct:
			if t.Name != "" && !strings.HasPrefix(t.Name, "struct {") {
				if seen[t.Addr] {
					return
				}
				seen[t.Addr] = true
				owner, path = t.Name, ""
			}
			for _, f := range t.Fields() {
				if owner != "" {
					walk(f.Type, owner, path+"."+f.Name, depth+1)
				}
			}
		}
	}
	walk(t, "", "", 0)
	return out
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

// handedAtLine is handed for a frame that was inlined into a function that tracebacks
// leave out.
func (p *program) handedAtLine(f *crashlog.Frame) []naming {
	if !f.Inlined {
		return nil
	}
	p.into(0) // reads the calls
	for _, e := range p.calls {
		to, ok := p.FuncAt(e.target)
		if !ok || !finding.InReader(to.Name) || ofMaps(to.Name) || !p.spend(64) {
			continue
		}
		if in := p.Frames(e.pc); len(in) == 0 || in[0].Line != f.Line || elided(in[0].Func) != f.Func {
			continue
		}
		if at, ok := p.callAt(e.pc); ok {
			if out := p.handed(at); len(out) > 0 {
				return out
			}
		}
	}
	return nil
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
