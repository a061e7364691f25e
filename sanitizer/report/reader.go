package report

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// arguments lists the maps that a call on the scope's line hands to a function
// that works on any map: json.Marshal(s), maps.Clone(m), fmt.Println(m).
func (s *scope) arguments(callee string, op finding.Op, typ string) (out []variable, sure bool, reason string) {
	name := calledName(callee)
	calls := s.n.calls(s.decl, s.frame.Line, name)
	if len(calls) == 0 {
		return nil, true, fmt.Sprintf("%s does not call %s: the source may have changed since the build", s.where(), callee)
	}
	var handed []ast.Expr
	for _, c := range calls {
		handed = append(handed, s.handed(c, op)...)
	}
	handed = withoutFresh(handed)
	best := noFit
	add := func(f fit, v variable) {
		if f < best || f == noFit {
			return
		}
		if f > best {
			best, out = f, nil
		}
		for _, o := range out {
			if o.written == v.written && o.name == v.name {
				return
			}
		}
		out = append(out, v)
	}
	for _, e := range handed {
		t := s.typeOf(e)
		if f := fits(t, typ); f != noFit {
			v := s.resolve(e, 0)
			v.written, v.site, v.typ = types.ExprString(e), s.n.position(e.Pos()), t
			add(f, v)
		}
		if t != nil {
			for _, in := range insideOf(t, typ) {
				add(in.fit, s.nested(e, in))
			}
		}
	}
	if len(out) == 0 && strings.HasPrefix(callee, "reflect.") {
		// A map that only a reflect.Value holds goes by the Value's name.
		for _, c := range calls {
			if sel, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr); ok {
				v := s.resolve(sel.X, 0)
				v.written, v.site, v.declared = types.ExprString(sel.X), s.n.position(sel.X.Pos()), ""
				if v.name != "" {
					add(mayFit, v)
				}
			}
		}
	}
	if len(out) == 0 {
		return nil, false, fmt.Sprintf("%s hands %s no such map", s.where(), callee)
	}
	return out, best == exactFit && len(out) == 1 && out[0].name != "", ""
}

// calledName is the function's name as its caller writes it: "Keys" for
// "maps.Keys[...].func1", which runs in the caller's range.
func calledName(fn string) string {
	name := ""
	for _, seg := range strings.Split(strings.ReplaceAll(fn, "[...]", ""), ".") {
		if seg != "" && !isLiteral("."+seg) && !strings.HasPrefix(seg, "func") {
			name, _, _ = strings.Cut(seg, "-")
		}
	}
	return name
}

// handed lists what a call hands on: its arguments, those of the calls among
// them, and the receiver.
func (s *scope) handed(c *ast.CallExpr, op finding.Op) []ast.Expr {
	var out []ast.Expr
	var collect func(c *ast.CallExpr, depth int)
	collect = func(c *ast.CallExpr, depth int) {
		args := c.Args
		if sel, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "maps" && sel.Sel.Name == "Copy" && len(args) == 2 {
				if op.IsWrite() {
					args = args[:1]
				} else {
					args = args[1:]
				}
			}
			args = append(args[:len(args):len(args)], sel.X)
		}
		for _, a := range args {
			a = ast.Unparen(a)
			if id, ok := a.(*ast.Ident); ok {
				if _, pkg := s.object(id).(*types.PkgName); pkg {
					continue
				}
			}
			if inner, ok := a.(*ast.CallExpr); ok && depth < 4 {
				collect(inner, depth+1)
			}
			if u, ok := a.(*ast.UnaryExpr); ok {
				a = ast.Unparen(u.X)
			}
			out = append(out, a)
			// v := reflect.ValueOf(m); v.MapIndex(k)
			if id, ok := a.(*ast.Ident); ok && depth < 4 {
				if obj, ok := s.object(id).(*types.Var); ok {
					if src, _, ok := s.source(obj); ok {
						if inner, ok := ast.Unparen(src).(*ast.CallExpr); ok {
							collect(inner, depth+1)
						}
					}
				}
			}
		}
	}
	collect(c, 0)
	return out
}

// nested is a map found within a value: in one of its fields, or among its elements.
type nested struct {
	path  string // from the value: ".Sessions", "[]"
	owner *types.Named
	field *types.Var
	typ   types.Type
	fit   fit
}

// maxInside bounds how deep values are searched for a map.
const maxInside = 4

// insideOf finds the maps of the printed type, "" for any, that a value of type t leads to.
func insideOf(t types.Type, printed string) []nested {
	var out []nested
	seen := map[*types.Named]bool{} // on the way to here
	var walk func(t types.Type, at nested, depth int)
	walk = func(t types.Type, at nested, depth int) {
		if depth > maxInside || len(out) > 16 {
			return
		}
		if named, ok := types.Unalias(t).(*types.Named); ok {
			if seen[named] {
				return
			}
			seen[named] = true
			defer delete(seen, named)
		}
		if _, ok := t.Underlying().(*types.Map); ok && depth > 0 {
			if at.fit = fits(t, printed); at.fit == exactFit || at.fit == mayFit && printed == "" {
				at.typ = t
				out = append(out, at)
			}
		}
		switch u := t.Underlying().(type) {
		case *types.Pointer:
			walk(u.Elem(), at, depth+1)
		case *types.Slice:
			walk(u.Elem(), nested{path: at.path + "[]"}, depth+1)
		case *types.Array:
			walk(u.Elem(), nested{path: at.path + "[]"}, depth+1)
		case *types.Map:
			walk(u.Elem(), nested{path: at.path + "[]"}, depth+1)
		case *types.Struct:
			for i := range u.NumFields() {
				f := u.Field(i)
				walk(f.Type(), nested{path: at.path + "." + f.Name(), owner: namedOf(t), field: f}, depth+1)
			}
		}
	}
	walk(t, nested{}, 0)
	return out
}

// nested names a map that is found inside of what e denotes.
func (s *scope) nested(e ast.Expr, in nested) variable {
	v := variable{site: s.n.position(e.Pos()), typ: in.typ}
	v.expr = types.ExprString(e) + in.path
	v.written = v.expr
	switch {
	case in.field != nil && in.owner != nil:
		v.kind = finding.Field
		v.name = s.pkgPath(in.owner.Obj().Pkg()) + "." + in.owner.Obj().Name() + "." + in.field.Name()
		v.decl = s.n.position(in.field.Pos())
		s.n.declaration(&v, in.field)
	default:
		base := s.resolve(e, 0)
		if v.name = base.name; v.name == "" {
			v.unnamed = base.unnamed
			return v
		}
		v.kind, v.decl, v.name = finding.Element, base.decl, base.name+in.path
	}
	return v
}
