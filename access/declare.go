package access

import (
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// pkgName is a package as function names have it.
func (b *builder) pkgName(p *types.Package) string {
	if p == nil {
		return ""
	}
	if p.Name() == "main" {
		for _, q := range b.pkgs {
			if q.SSA.Pkg == p && q.Test {
				return p.Path()
			}
		}
		return "main"
	}
	return p.Path()
}

func pkgPath(p *types.Package) string {
	if p == nil {
		return ""
	}
	return p.Path()
}

// declare returns the map with an ID, made at the first call.
func (b *builder) declare(id string, fill func(*Map)) *Map {
	m := b.x.maps[id]
	if m == nil {
		m = &Map{ID: id}
		b.x.maps[id] = m
		fill(m)
	}
	return m
}

func (b *builder) setType(m *Map, t types.Type, in *types.Package) {
	m.Type = types.TypeString(t, func(p *types.Package) string { return p.Name() })
	m.Declared = types.TypeString(t, types.RelativeTo(in))
	m.Generic = generic(t)
}

func generic(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.TypeParam:
		return true
	case *types.Map:
		return generic(t.Key()) || generic(t.Elem())
	case *types.Pointer:
		return generic(t.Elem())
	case *types.Slice:
		return generic(t.Elem())
	case *types.Array:
		return generic(t.Elem())
	case *types.Chan:
		return generic(t.Elem())
	case *types.Named:
		for i := range t.TypeArgs().Len() {
			if generic(t.TypeArgs().At(i)) {
				return true
			}
		}
	}
	return false
}

func (b *builder) globalMap(g *ssa.Global) *Map {
	obj, ok := g.Object().(*types.Var)
	if !ok {
		return nil
	}
	return b.declare(pkgPath(obj.Pkg())+"."+obj.Name(), func(m *Map) {
		m.Name, m.Kind, m.Expr = b.pkgName(obj.Pkg())+"."+obj.Name(), Global, obj.Name()
		m.Decl = posOf(b.fset, obj.Pos())
		b.setType(m, obj.Type(), obj.Pkg())
		m.Guards = b.globalGuards(obj)
	})
}

// fieldMap is a field of the struct that x is or points to. The struct that
// declares the field names it, whatever embeds that struct.
func (b *builder) fieldMap(x ssa.Value, i, depth int) *Map {
	st, ok := deref(x.Type()).Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	f := st.Field(i).Origin()
	tn := b.owners[f]
	if tn == nil {
		if named, ok := types.Unalias(deref(x.Type())).(*types.Named); ok {
			tn = named.Origin().Obj()
		}
	}
	if tn == nil {
		for _, base := range b.trace(x, depth) {
			return b.innerField(base, f, st)
		}
		return nil
	}
	return b.namedField(tn, f, st)
}

func (b *builder) namedField(tn *types.TypeName, f *types.Var, st *types.Struct) *Map {
	id := pkgPath(tn.Pkg()) + "." + tn.Name() + "." + f.Name()
	if tn.Pkg() != nil && tn.Parent() != tn.Pkg().Scope() {
		id += "@" + posOf(b.fset, tn.Pos()).String() // a type declared in a function
	}
	return b.declare(id, func(m *Map) {
		m.Name, m.Kind = b.pkgName(tn.Pkg())+"."+tn.Name()+"."+f.Name(), Field
		m.Expr = tn.Name() + "." + f.Name()
		b.fillField(m, f, st)
	})
}

// innerField is a field of a struct without a name, which base holds.
func (b *builder) innerField(base *Map, f *types.Var, st *types.Struct) *Map {
	return b.declare(base.ID+"."+f.Name(), func(m *Map) {
		m.Name, m.Kind, m.Expr = base.Name+"."+f.Name(), Field, base.Expr+"."+f.Name()
		b.fillField(m, f, st)
	})
}

func (b *builder) fillField(m *Map, f *types.Var, st *types.Struct) {
	m.Decl = posOf(b.fset, f.Pos())
	b.setType(m, f.Type(), f.Pkg())
	m.Guards = b.fieldGuards(st, f)
}

func (b *builder) localMap(name string, pos token.Pos, typ types.Type, fn *ssa.Function, captured bool) *Map {
	at := posOf(b.fset, pos)
	decl := b.declOf(fn)
	m := b.declare(decl+"."+name+"@"+at.String(), func(m *Map) {
		m.Name, m.Kind, m.Expr = decl+"."+name, Local, name
		m.Decl = at
		b.setType(m, typ, pkgOf(fn))
		for _, v := range b.localsOf[decl] {
			m.Guards = append(m.Guards, v.Name()+" "+lockType(v.Type()))
		}
	})
	if captured {
		m.Kind = Captured
	}
	return m
}

// declOf is the name of the declared function that fn stands in.
func (b *builder) declOf(fn *ssa.Function) string {
	for fn.Parent() != nil {
		fn = fn.Parent()
	}
	if syn := originOf(fn).Syntax(); syn != nil {
		if f := b.funcAt[syn.Pos()]; f != nil {
			return f.Decl
		}
	}
	if p := pkgOf(fn); p != nil {
		return b.pkgName(p) + "." + fn.Name()
	}
	return fn.Name()
}

func pkgOf(fn *ssa.Function) *types.Package {
	if fn.Pkg != nil {
		return fn.Pkg.Pkg
	}
	if o := fn.Origin(); o != nil && o.Pkg != nil {
		return o.Pkg.Pkg
	}
	return nil
}

func (b *builder) parameterMap(v *ssa.Parameter) *Map {
	at := posOf(b.fset, v.Pos())
	decl := b.declOf(v.Parent())
	return b.declare(decl+"."+v.Name()+"@"+at.String(), func(m *Map) {
		m.Name, m.Kind, m.Expr, m.Decl = decl+"."+v.Name(), Parameter, v.Name(), at
		t := v.Type()
		if o, ok := v.Object().(*types.Var); ok {
			t = o.Origin().Type()
		}
		b.setType(m, t, pkgOf(v.Parent()))
	})
}

// resultMap is what a call of a function gives whose body tells no better.
func (b *builder) resultMap(c *ssa.Call) *Map {
	var fn *types.Func
	if c.Call.IsInvoke() {
		fn = c.Call.Method
	} else if callee := c.Call.StaticCallee(); callee != nil {
		fn, _ = originOf(callee).Object().(*types.Func)
	}
	if fn == nil || !holdsMap(c.Type()) {
		return nil
	}
	name := fn.Name()
	if recv := fn.Signature().Recv(); recv != nil {
		if named, ok := types.Unalias(deref(recv.Type())).(*types.Named); ok {
			name = named.Obj().Name() + "." + name
		}
	}
	return b.declare(pkgPath(fn.Pkg())+"."+name+"()", func(m *Map) {
		m.Name, m.Kind, m.Expr = b.pkgName(fn.Pkg())+"."+name+"()", Result, fn.Name()+"()"
		m.Decl = posOf(b.fset, fn.Pos())
		b.setType(m, c.Type(), pkgOf(c.Parent()))
	})
}

// elementMap is a map kept inside another variable.
func (b *builder) elementMap(in *Map, typ types.Type) *Map {
	if len(in.ID) > 400 {
		return in // a recursive structure
	}
	if p, ok := typ.Underlying().(*types.Pointer); ok {
		typ = p.Elem()
	}
	return b.declare(in.ID+"[]", func(m *Map) {
		m.Name, m.Kind, m.Expr, m.Decl, m.Guards = in.Name+"[]", Element, in.Expr+"[...]", in.Decl, in.Guards
		if _, ok := mapType(typ); ok {
			b.setType(m, typ, nil)
			m.Declared = ""
		}
	})
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// lockType is a type as a guard has it, "" when it is no lock.
func lockType(t types.Type) string {
	named, ok := types.Unalias(deref(t)).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != "sync" {
		return ""
	}
	switch n := named.Obj().Name(); n {
	case "Mutex", "RWMutex":
		return "sync." + n
	}
	return ""
}

// fieldGuards lists the locks of a struct: those whose comment names the field,
// then those above it, the nearest first, then the others.
func (b *builder) fieldGuards(st *types.Struct, field *types.Var) []string {
	var named, above, below []string
	seen := false
	for i := range st.NumFields() {
		f := st.Field(i)
		if f.Origin() == field {
			seen = true
		}
		lock := lockType(f.Type())
		if lock == "" {
			continue
		}
		g := f.Name() + " " + lock
		if f.Embedded() {
			g = lock
		}
		switch {
		case mentions(b.comments[f.Pos()], field.Name()):
			named = append(named, g)
		case !seen:
			above = append([]string{g}, above...)
		default:
			below = append(below, g)
		}
	}
	return append(append(named, above...), below...)
}

// globalGuards lists the package's locks that stand in the variable's own group,
// carry its name, or say in a comment that they are for it.
func (b *builder) globalGuards(v *types.Var) []string {
	if v.Pkg() == nil {
		return nil
	}
	var out []string
	scope := v.Pkg().Scope()
	for _, name := range scope.Names() {
		o, ok := scope.Lookup(name).(*types.Var)
		if !ok || lockType(o.Type()) == "" {
			continue
		}
		near := false
		for _, g := range b.groups[v] {
			near = near || g == o
		}
		if near || strings.Contains(strings.ToLower(name), strings.ToLower(v.Name())) || mentions(b.comments[o.Pos()], v.Name()) {
			out = append(out, name+" "+lockType(o.Type()))
		}
	}
	return out
}

// mentions reports whether a comment has the name as a word of its own.
func mentions(comment, name string) bool {
	for _, w := range strings.FieldsFunc(comment, func(r rune) bool {
		return !(r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r > 0x7f)
	}) {
		if w == name {
			return true
		}
	}
	return false
}
