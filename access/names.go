package access

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

// namer gives every function of a package the name that the compiler gives it.
// The rules are those of closureName in cmd/compile/internal/ir: literals,
// range bodies and go or defer wrappers are numbered in source order, each kind
// by its own count in the nearest function that is not a range body.
type namer struct {
	b      *builder
	pkg    *Package
	prefix string
	inits  int
	glob   *scopeCount
}

// scopeCount numbers what stands in one function.
type scopeCount struct {
	name             string
	decl             string
	closure          bool
	lit, rng, goWrap int
}

func (n *namer) run() {
	n.prefix = escapePath(n.pkg.Path) + "."
	if n.pkg.SSA.Pkg.Name() == "main" && !n.pkg.Test {
		n.prefix = "main."
	}
	n.glob = &scopeCount{name: n.prefix + "init", decl: n.prefix + "init"}
	for _, f := range n.pkg.Files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				n.declared(d)
			case *ast.GenDecl:
				n.walk(d, n.glob)
			}
		}
	}
}

func (n *namer) declared(d *ast.FuncDecl) {
	name := n.prefix + funcName(d, n.pkg.Info)
	if d.Recv == nil && d.Name.Name == "init" {
		name = fmt.Sprintf("%sinit.%d", n.prefix, n.inits)
		n.inits++
	}
	sc := &scopeCount{name: name, decl: name}
	n.b.addFunc(d, name, name)
	if d.Body != nil {
		n.walk(d.Body, sc)
	}
}

// walk names what stands in a node; sc counts.
func (n *namer) walk(node ast.Node, sc *scopeCount) { n.walkIn(node, sc, sc.name) }

// walkIn is walk where self is the function that the code stands in, a range
// body of sc's function or that itself.
func (n *namer) walkIn(node ast.Node, sc *scopeCount, self string) {
	ast.Inspect(node, func(x ast.Node) bool {
		switch x := x.(type) {
		case *ast.FuncLit:
			sc.lit++
			suffix := ".func"
			if sc.closure {
				suffix = "."
			}
			name := fmt.Sprintf("%s%s%d", sc.name, suffix, sc.lit)
			n.b.addFunc(x, name, sc.decl)
			n.walk(x.Body, &scopeCount{name: name, decl: sc.decl, closure: true})
			return false
		case *ast.RangeStmt:
			if !rangesOverFunc(n.pkg.Info, x) {
				return true
			}
			n.walkIn(x.X, sc, self)
			sc.rng++
			name := fmt.Sprintf("%s-range%d", sc.name, sc.rng)
			n.b.addFunc(x, name, sc.decl)
			n.walkIn(x.Body, sc, name)
			return false
		case *ast.IfStmt:
			// The compiler drops a branch that a constant decides.
			tv := n.pkg.Info.Types[x.Cond]
			if tv.Value == nil || tv.Value.Kind() != constant.Bool {
				return true
			}
			if x.Init != nil {
				n.walkIn(x.Init, sc, self)
			}
			if constant.BoolVal(tv.Value) {
				n.walkIn(x.Body, sc, self)
			} else if x.Else != nil {
				n.walkIn(x.Else, sc, self)
			}
			return false
		case *ast.GoStmt:
			n.wrapper(x.Call, sc, self, "gowrap", x)
		case *ast.DeferStmt:
			n.wrapper(x.Call, sc, self, "deferwrap", x)
		}
		return true
	})
}

// wrapper notes the name of the function that the compiler puts around a call
// with parameters or results.
func (n *namer) wrapper(call *ast.CallExpr, sc *scopeCount, self, kind string, stmt ast.Stmt) {
	sig, _ := n.pkg.Info.TypeOf(call.Fun).(*types.Signature)
	if sig == nil {
		if t := n.pkg.Info.TypeOf(call.Fun); t != nil {
			sig, _ = t.Underlying().(*types.Signature)
		}
	}
	method := false
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		method = n.pkg.Info.Selections[sel] != nil && n.pkg.Info.Selections[sel].Kind() == types.MethodVal
	}
	if sig != nil && !method && sig.Params().Len()+sig.Results().Len() == 0 {
		return
	}
	sc.goWrap++
	n.b.wrappers[stmt.Pos()] = fmt.Sprintf("%s.%s%d", sc.name, kind, sc.goWrap)
}

func rangesOverFunc(info *types.Info, r *ast.RangeStmt) bool {
	t := info.TypeOf(r.X)
	if t == nil {
		return false
	}
	_, ok := coreType(t).(*types.Signature)
	return ok
}

// funcName is a declared function's name without its package.
func funcName(d *ast.FuncDecl, info *types.Info) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		if d.Type.TypeParams != nil {
			return d.Name.Name + "[...]"
		}
		return d.Name.Name
	}
	recv := ast.Unparen(d.Recv.List[0].Type)
	star, args := false, ""
	if p, ok := recv.(*ast.StarExpr); ok {
		star, recv = true, ast.Unparen(p.X)
	}
	switch r := recv.(type) {
	case *ast.IndexExpr:
		recv, args = r.X, "[...]"
	case *ast.IndexListExpr:
		recv, args = r.X, "[...]"
	}
	name := types.ExprString(recv)
	if obj, ok := info.Uses[identOf(recv)].(*types.TypeName); ok && obj.IsAlias() {
		if named, ok := types.Unalias(obj.Type()).(*types.Named); ok {
			name = named.Obj().Name()
		}
	}
	name += args
	if star {
		name = "(*" + name + ")"
	}
	return name + "." + d.Name.Name
}

func identOf(e ast.Expr) *ast.Ident {
	id, _ := e.(*ast.Ident)
	return id
}

// escapePath writes an import path as symbol names have it.
func escapePath(path string) string {
	slash := strings.LastIndexByte(path, '/') + 1
	return path[:slash] + strings.ReplaceAll(path[slash:], ".", "%2e")
}

func coreType(t types.Type) types.Type {
	if tp, ok := types.Unalias(t).(*types.TypeParam); ok {
		if iface, ok := tp.Constraint().Underlying().(*types.Interface); ok {
			if iface.NumEmbeddeds() > 0 {
				e := iface.EmbeddedType(0)
				if u, ok := e.(*types.Union); ok && u.Len() > 0 {
					e = u.Term(0).Type()
				}
				return e.Underlying()
			}
		}
	}
	return t.Underlying()
}

// mapType is t's map type, through a type parameter too.
func mapType(t types.Type) (*types.Map, bool) {
	m, ok := coreType(t).(*types.Map)
	return m, ok
}

func posOf(fset *token.FileSet, p token.Pos) token.Position { return fset.Position(p) }
