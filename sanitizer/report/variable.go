package report

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/mapsan/mapsan/finding"
)

// variable is what an expression denotes: where the map is kept.
type variable struct {
	written string           // the expression as the party's source has it
	site    finding.Position // of written
	typ     types.Type

	expr     string // the expression nearest to the variable, as s.sessions for a parameter m
	name     string // as finding.Map has it; "" when not known
	unnamed  string // why
	kind     finding.MapKind
	decl     finding.Position
	declared string
	guards   []string
}

// rank orders by how well a variable tells which map is meant.
func (v *variable) rank() int {
	if v.name == "" {
		return 0
	}
	switch v.kind {
	case finding.Field:
		return 7
	case finding.Global:
		return 6
	case finding.Captured:
		return 5
	case finding.Element:
		return 4
	case finding.Local:
		return 3
	case finding.Parameter:
		return 2
	}
	return 1
}

// maxResolve bounds how far a name is followed through aliases and callers.
const maxResolve = 12

// resolve says which variable an expression denotes.
func (s *scope) resolve(e ast.Expr, depth int) variable {
	e = ast.Unparen(e)
	v := variable{expr: types.ExprString(e)}
	if depth > maxResolve {
		v.unnamed = "it is handed on too often to follow"
		return v
	}
	switch x := e.(type) {
	case *ast.Ident:
		return s.ident(x, depth)
	case *ast.SelectorExpr:
		return s.selector(x, depth)
	case *ast.StarExpr:
		return s.element(x.X, "", v.expr, depth)
	case *ast.UnaryExpr:
		if x.Op == token.AND {
			return s.element(x.X, "", v.expr, depth)
		}
	case *ast.IndexExpr:
		return s.element(x.X, "[]", v.expr, depth)
	case *ast.TypeAssertExpr:
		return s.element(x.X, "", v.expr, depth)
	case *ast.CallExpr:
		if tv, ok := s.chk.info.Types[x.Fun]; ok && tv.IsType() && len(x.Args) == 1 {
			return s.resolve(x.Args[0], depth+1) // a conversion shares the map
		}
		return s.result(x)
	}
	v.unnamed = "the expression names no variable"
	return v
}

// element is a map kept inside of what base denotes.
func (s *scope) element(base ast.Expr, suffix, expr string, depth int) variable {
	v := s.resolve(base, depth+1)
	v.expr = expr
	if v.name != "" {
		v.name += suffix
		if suffix != "" {
			v.kind, v.declared = finding.Element, ""
		}
	}
	return v
}

func (s *scope) result(x *ast.CallExpr) variable {
	v := variable{expr: types.ExprString(x), kind: finding.Result}
	var id *ast.Ident
	switch fun := ast.Unparen(x.Fun).(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	default:
		v.unnamed = "the expression names no variable"
		return v
	}
	fn, ok := s.object(id).(*types.Func)
	if f, isVar := s.object(id).(*types.Var); isVar && f != nil {
		holder := s.resolve(x.Fun, maxResolve) // a function value
		if v.name, v.decl, v.unnamed = holder.name, holder.decl, holder.unnamed; v.name != "" {
			v.name += "()"
		}
		return v
	}
	if !ok {
		v.unnamed = "what " + types.ExprString(x.Fun) + " is could not be told from the source"
		return v
	}
	owner := ""
	if recv := fn.Signature().Recv(); recv != nil {
		if named := namedOf(recv.Type()); named != nil {
			owner = named.Obj().Name() + "."
		}
	}
	v.name = s.pkgPath(fn.Pkg()) + "." + owner + fn.Name() + "()"
	v.decl = s.n.position(fn.Pos())
	return v
}

func (s *scope) ident(x *ast.Ident, depth int) variable {
	v := variable{expr: x.Name}
	obj, ok := s.object(x).(*types.Var)
	if !ok {
		v.unnamed = s.unknown(x)
		return v
	}
	v.decl = s.n.position(obj.Pos())
	if obj.Parent() != nil && obj.Parent() == obj.Pkg().Scope() {
		v.kind, v.name = finding.Global, s.pkgPath(obj.Pkg())+"."+obj.Name()
		s.n.declaration(&v, obj)
		return v
	}
	owner := s.functionOf(obj.Pos())
	user := s.functionOf(x.Pos())
	v.name = s.pkgPath(obj.Pkg()) + "." + declName(s.decl) + "." + obj.Name()
	v.kind = finding.Local
	if owner != user {
		v.kind = finding.Captured
	}
	if index, ok := paramIndex(owner, obj.Pos()); ok {
		if v.kind == finding.Local {
			v.kind = finding.Parameter
		}
		if outer, ok := s.argument(owner, index, depth); ok {
			return outer
		}
	} else if src, suffix, ok := s.source(obj); ok {
		// A name for what is kept elsewhere: ids := s.byUser[user].
		outer := s.resolve(src, depth+1)
		if outer.name != "" && outer.rank() >= (&variable{name: "-", kind: finding.Element}).rank() {
			if suffix != "" {
				outer.name, outer.expr = outer.name+suffix, outer.expr+"[...]"
				outer.kind, outer.declared = finding.Element, ""
			}
			return outer
		}
	}
	s.n.declaration(&v, obj)
	return v
}

func (s *scope) selector(x *ast.SelectorExpr, depth int) variable {
	v := variable{expr: types.ExprString(x)}
	sel := s.chk.info.Selections[x]
	if sel == nil {
		if obj, ok := s.object(x.Sel).(*types.Var); ok && !obj.IsField() {
			v.kind, v.name = finding.Global, s.pkgPath(obj.Pkg())+"."+obj.Name()
			v.decl = s.n.position(obj.Pos())
			s.n.declaration(&v, obj)
			return v
		}
		v.unnamed = s.unknown(x)
		return v
	}
	field, ok := sel.Obj().(*types.Var)
	if !ok {
		v.unnamed = "the expression names no variable"
		return v
	}
	var owner *types.Named
	t := sel.Recv()
	for _, i := range sel.Index() {
		owner = namedOf(t)
		st, ok := deref(t).Underlying().(*types.Struct)
		if !ok {
			break
		}
		t = st.Field(i).Type()
	}
	v.kind, v.decl = finding.Field, s.n.position(field.Pos())
	if owner != nil {
		v.name = s.pkgPath(owner.Obj().Pkg()) + "." + owner.Obj().Name() + "." + field.Name()
	} else {
		v.name = s.resolve(x.X, depth+1).name
		if v.name == "" {
			v.unnamed = "its struct has no name"
			return v
		}
		v.name += "." + field.Name()
	}
	s.n.declaration(&v, field)
	return v
}

// unknown says why the type checker does not know what e is.
func (s *scope) unknown(e ast.Expr) string {
	if s.chk.err != nil {
		return fmt.Sprintf("what %s is could not be told from the source (%v)", types.ExprString(e), s.chk.err)
	}
	return fmt.Sprintf("what %s is could not be told from the source", types.ExprString(e))
}

// pkgPath is the import path as function names have it. The package at hand is
// checked without its path being known, so that the frame's name gives it.
func (s *scope) pkgPath(p *types.Package) string {
	if p == nil || p == s.chk.pkg {
		return cmp.Or(finding.PackagePath(s.frame.Func), s.file.ast.Name.Name)
	}
	return p.Path()
}

// functionOf is the innermost function that holds a position.
func (s *scope) functionOf(pos token.Pos) ast.Node {
	var inner ast.Node
	ast.Inspect(s.decl, func(node ast.Node) bool {
		if node == nil || pos < node.Pos() || node.End() <= pos {
			return false
		}
		switch node.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			inner = node
		}
		return true
	})
	return inner
}

// declName names a declaration as the linker does: "(*Store).Put".
func declName(d ast.Decl) string {
	fd, ok := d.(*ast.FuncDecl)
	if !ok {
		return "glob."
	}
	if fd.Recv == nil || len(fd.Recv.List) != 1 {
		return fd.Name.Name
	}
	recv := fd.Recv.List[0].Type
	star := false
	if p, ok := recv.(*ast.StarExpr); ok {
		star, recv = true, p.X
	}
	switch x := recv.(type) {
	case *ast.IndexExpr:
		recv = x.X
	case *ast.IndexListExpr:
		recv = x.X
	}
	name := types.ExprString(recv)
	if star {
		name = "(*" + name + ")"
	}
	return name + "." + fd.Name.Name
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

func namedOf(t types.Type) *types.Named {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	named, _ := types.Unalias(t).(*types.Named)
	return named
}
