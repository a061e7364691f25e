package explain

import (
	"strings"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

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

// instead is v with by in the place of old, which is v or what it was loaded from.
func instead(v, old, by *binfo.Value) *binfo.Value {
	if v == old {
		return by
	}
	c := *v
	c.X = instead(v.X, old, by)
	if c.X.Kind == binfo.Added && c.Kind != binfo.Indexed {
		c.X, c.N = c.X.X, c.N+c.X.N
	}
	return &c
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
	return view{at, instead(w.v, root, arg), w.up[1:], w.created}, true, true
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
	return view{at, instead(w.v, root, arg), nil, w.created}, w.created != nil, true
}

// fromCreator finds the closure's object where it was made, and what was put there.
func (p *program) fromCreator(w view) (view, bool, bool) {
	load := captured(w.v)
	if load == nil {
		return view{}, false, false
	}
	for _, fn := range p.creators(w) {
		c := p.code(fn)
		if c == nil {
			continue
		}
		if at, v, ok := putInto(c, w.code.Func.Entry, load.N); ok {
			return view{at, instead(w.v, load, v), nil, nil}, true, true
		}
	}
	return view{}, false, false
}

// captured is the load of the captured variable from the closure; nil if there is none.
func captured(v *binfo.Value) *binfo.Value {
	for v.X != nil && v.X.Kind != binfo.Context {
		v = v.X
	}
	if v.X == nil || v.Kind != binfo.Loaded {
		return nil
	}
	return v
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
		return view{place{c, r}, instead(w.v, root, v), up, w.created}, false, true
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
