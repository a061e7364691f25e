package report

import (
	"go/ast"
	"go/token"
	"go/types"
)

// source finds the one expression that a local variable takes its map from.
// Fresh maps (make, literals) do not count, a variable with two sources has
// none. The suffix is "[]" when the variable takes elements in a range.
func (s *scope) source(obj types.Object) (src ast.Expr, suffix string, ok bool) {
	count := 0
	take := func(e ast.Expr, sfx string) {
		if !fresh(e) {
			src, suffix = e, sfx
			count++
		}
	}
	is := func(e ast.Expr) bool {
		id, ok := e.(*ast.Ident)
		return ok && s.object(id) == obj
	}
	ast.Inspect(s.decl, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.AssignStmt:
			for i, l := range x.Lhs {
				switch {
				case !is(l):
				case len(x.Rhs) == len(x.Lhs):
					take(x.Rhs[i], "")
				case len(x.Rhs) == 1 && i == 0:
					take(x.Rhs[0], "") // v, ok := m[k]
				default:
					count++
				}
			}
		case *ast.ValueSpec:
			for i, name := range x.Names {
				if is(name) && len(x.Values) == len(x.Names) {
					take(x.Values[i], "")
				}
			}
		case *ast.RangeStmt:
			if x.Value != nil && is(x.Value) {
				take(x.X, "[]")
			} else if x.Key != nil && is(x.Key) {
				count++
			}
		case *ast.UnaryExpr:
			if x.Op == token.AND && is(x.X) {
				count++ // may be changed from afar
			}
		}
		return true
	})
	return src, suffix, count == 1 && src != nil
}

// fresh reports whether an expression makes a map that nobody else has.
func fresh(e ast.Expr) bool {
	switch x := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return true
	case *ast.Ident:
		return x.Name == "nil"
	case *ast.CallExpr:
		id, ok := x.Fun.(*ast.Ident)
		return ok && (id.Name == "make" || id.Name == "new")
	}
	return false
}
