package report

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// declaration fills in what stands at the variable's declaration: its type as
// written, and the locks declared beside it.
func (n *Namer) declaration(v *variable, obj *types.Var) {
	pos := obj.Pos()
	f := n.file(v.decl.File)
	if f.ast == nil {
		return
	}
	var declared ast.Expr
	var owner *ast.StructType
	var group *ast.GenDecl
	var body *ast.FuncDecl
	ast.Inspect(f.ast, func(node ast.Node) bool {
		if node == nil || pos < node.Pos() || node.End() <= pos {
			return false
		}
		switch x := node.(type) {
		case *ast.StructType:
			owner = x
		case *ast.GenDecl:
			group = x
		case *ast.FuncDecl:
			body = x
		case *ast.Field:
			declared = x.Type
		case *ast.ValueSpec:
			declared = x.Type
		}
		return true
	})
	if declared != nil {
		v.declared = types.ExprString(declared)
	} else if s := types.TypeString(obj.Type(), types.RelativeTo(obj.Pkg())); !strings.Contains(s, "invalid type") {
		v.declared = s
	}
	switch {
	case v.kind == finding.Field && owner != nil:
		v.guards = fieldGuards(owner, obj.Name(), pos)
	case v.kind == finding.Global:
		v.guards = globalGuards(f.ast, group, obj.Name())
	case body != nil && body.Body != nil:
		v.guards = localGuards(body.Body)
	}
}

// fieldGuards lists the locks of a struct, the likeliest for the field first:
// one whose comment names it, then the nearest one above it.
func fieldGuards(st *ast.StructType, name string, pos token.Pos) []string {
	var named, above, others []string
	for _, f := range st.Fields.List {
		lock := lockType(f.Type)
		if lock == "" {
			continue
		}
		guards := []string{lock}
		if len(f.Names) > 0 {
			guards = nil
			for _, id := range f.Names {
				guards = append(guards, id.Name+" "+lock)
			}
		}
		switch {
		case mentions(f.Doc, name) || mentions(f.Comment, name):
			named = append(named, guards...)
		case f.Pos() < pos:
			above = append(guards, above...)
		default:
			others = append(others, guards...)
		}
	}
	return append(append(named, above...), others...)
}

// globalGuards lists the package variables of the file that are locks and stand
// in the map's own group, carry its name, or say in a comment that they are for it.
func globalGuards(file *ast.File, group *ast.GenDecl, name string) []string {
	var out []string
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			vs, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			lock := specLock(vs)
			for _, id := range vs.Names {
				if lock == "" || !(g == group && g.Lparen.IsValid() ||
					strings.Contains(strings.ToLower(id.Name), strings.ToLower(name)) ||
					mentions(vs.Doc, name) || mentions(vs.Comment, name) || mentions(g.Doc, name)) {
					continue
				}
				out = append(out, id.Name+" "+lock)
			}
		}
	}
	return out
}

// localGuards lists the locks declared in a function.
func localGuards(body *ast.BlockStmt) []string {
	var out []string
	ast.Inspect(body, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.ValueSpec:
			if lock := specLock(x); lock != "" {
				for _, id := range x.Names {
					out = append(out, id.Name+" "+lock)
				}
			}
		case *ast.AssignStmt:
			if x.Tok != token.DEFINE || len(x.Lhs) != len(x.Rhs) {
				return true
			}
			for i, r := range x.Rhs {
				if id, ok := x.Lhs[i].(*ast.Ident); ok && valueLock(r) != "" {
					out = append(out, id.Name+" "+valueLock(r))
				}
			}
		}
		return true
	})
	return out
}

func specLock(vs *ast.ValueSpec) string {
	if vs.Type != nil {
		return lockType(vs.Type)
	}
	if len(vs.Values) > 0 {
		return valueLock(vs.Values[0])
	}
	return ""
}

// lockType is the type as a guard has it, "" when it is no lock.
func lockType(e ast.Expr) string {
	if p, ok := e.(*ast.StarExpr); ok {
		e = p.X
	}
	switch s := types.ExprString(e); s {
	case "sync.Mutex", "sync.RWMutex":
		return s
	}
	return ""
}

// valueLock is lockType for a value: &sync.Mutex{}, new(sync.Mutex).
func valueLock(e ast.Expr) string {
	if u, ok := e.(*ast.UnaryExpr); ok {
		e = u.X
	}
	switch x := e.(type) {
	case *ast.CompositeLit:
		if x.Type != nil {
			return lockType(x.Type)
		}
	case *ast.CallExpr:
		if id, ok := x.Fun.(*ast.Ident); ok && id.Name == "new" && len(x.Args) == 1 {
			return lockType(x.Args[0])
		}
	}
	return ""
}

// mentions reports whether a comment has the name as a word of its own.
func mentions(c *ast.CommentGroup, name string) bool {
	if c == nil {
		return false
	}
	for _, w := range strings.FieldsFunc(c.Text(), func(r rune) bool {
		return !(r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r > 0x7f)
	}) {
		if w == name {
			return true
		}
	}
	return false
}
