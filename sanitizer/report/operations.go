package report

import (
	"go/ast"
	"go/token"

	"github.com/mapsan/mapsan/finding"
)

// operation is one place of the source where a map may be used.
type operation struct {
	m    ast.Expr // the map
	node ast.Node // the whole operation
	at   []token.Pos
	made bool // a map is made with entries: the first write to it
}

// operations finds what the declaration does on the line that the operation
// op may be. The best fits only: an operation that begins on the line goes
// before one that merely spans it.
func (n *Namer) operations(decl ast.Decl, line int, op finding.Op) []operation {
	w := &opWalker{n: n, op: op, written: map[ast.Expr]bool{}, updated: map[ast.Expr]bool{}}
	ast.Inspect(decl, w.visit)
	var exact, spanning []operation
	for _, o := range w.found {
		from, to := n.line(o.node.Pos()), n.line(o.node.End())
		if r, ok := o.node.(*ast.RangeStmt); ok {
			to = n.line(r.Body.Lbrace)
		}
		begins := false
		for _, p := range o.at {
			begins = begins || n.line(p) == line
		}
		switch {
		case begins:
			exact = append(exact, o)
		case from <= line && line <= to:
			spanning = append(spanning, o)
		}
	}
	if len(exact) > 0 {
		return preferUses(exact)
	}
	return preferUses(spanning)
}

// preferUses leaves out the making of maps where one is used.
func preferUses(ops []operation) []operation {
	var used []operation
	for _, o := range ops {
		if !o.made {
			used = append(used, o)
		}
	}
	if len(used) == 0 {
		return ops
	}
	return used
}

// ofFrame leaves out the operations in other function literals than the
// frame's, which may share its line, if that leaves any.
func (s *scope) ofFrame(ops []operation) []operation {
	fn := s.inner()
	var out []operation
	for _, o := range ops {
		if s.functionOf(o.node.Pos()) == fn {
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		return ops
	}
	return out
}

type opWalker struct {
	n       *Namer
	op      finding.Op
	written map[ast.Expr]bool // index expressions that are assigned to
	updated map[ast.Expr]bool // and read at that: m[k]++
	found   []operation
}

func (w *opWalker) visit(node ast.Node) bool {
	switch x := node.(type) {
	case *ast.AssignStmt:
		for i, l := range x.Lhs {
			w.target(l, x.Tok != token.ASSIGN && x.Tok != token.DEFINE)
			if len(x.Lhs) == len(x.Rhs) {
				w.made(l, x.Rhs[i])
			}
		}
	case *ast.ValueSpec:
		for i, name := range x.Names {
			if len(x.Names) == len(x.Values) {
				w.made(name, x.Values[i])
			}
		}
	case *ast.IncDecStmt:
		w.target(x.X, true)
	case *ast.RangeStmt:
		if x.Tok == token.ASSIGN {
			w.target(x.Key, false)
			w.target(x.Value, false)
		}
		if w.is(finding.Iterate) || w.is(finding.Clear) && clears(x) {
			w.add(x.X, x, x.For, x.X.Pos())
		}
	case *ast.IndexExpr:
		if w.written[x] && w.is(finding.Assign) || (!w.written[x] || w.updated[x]) && w.is(finding.Lookup) {
			w.add(x.X, x, x.Pos(), x.Lbrack)
		}
	case *ast.CallExpr:
		w.call(x)
	}
	return true
}

func (w *opWalker) call(x *ast.CallExpr) {
	if len(x.Args) == 0 {
		return
	}
	if sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr); ok {
		if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "maps" && sel.Sel.Name == "Clone" && w.is(finding.Clone) {
			w.add(x.Args[0], x, x.Pos(), x.Lparen)
		}
		return
	}
	fn, ok := ast.Unparen(x.Fun).(*ast.Ident)
	if !ok {
		return
	}
	switch {
	case fn.Name == "delete" && w.is(finding.Delete),
		fn.Name == "len" && w.is(finding.Len),
		fn.Name == "clear" && w.is(finding.Clear):
		w.add(x.Args[0], x, x.Pos(), x.Lparen)
	}
}

func (w *opWalker) target(e ast.Expr, update bool) {
	if e == nil {
		return
	}
	if x, ok := ast.Unparen(e).(*ast.IndexExpr); ok {
		w.written[x], w.updated[x] = true, update
	}
}

// made notes a literal with entries, under the name that it is given to.
func (w *opWalker) made(name, value ast.Expr) {
	lit, ok := ast.Unparen(value).(*ast.CompositeLit)
	if ok && len(lit.Elts) > 0 && w.is(finding.Assign) {
		w.found = append(w.found, operation{m: ast.Unparen(name), node: lit, at: []token.Pos{lit.Pos()}, made: true})
	}
}

// is reports whether the wanted operation is op, or of op's class and unknown kind.
func (w *opWalker) is(op finding.Op) bool { return w.op == op || w.op == op.Class() }

func (w *opWalker) add(m ast.Expr, node ast.Node, at ...token.Pos) {
	w.found = append(w.found, operation{m: ast.Unparen(m), node: node, at: at})
}

// clears reports whether a range does nothing but delete each key, which the
// compiler turns into a clear.
func clears(r *ast.RangeStmt) bool {
	if len(r.Body.List) != 1 {
		return false
	}
	s, ok := r.Body.List[0].(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := s.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	fn, ok := call.Fun.(*ast.Ident)
	return ok && fn.Name == "delete"
}

// calls finds the calls on a line of which the callee's name is name; when
// there is none, every call on the line.
func (n *Namer) calls(decl ast.Decl, line int, name string) []*ast.CallExpr {
	var named, exact, all []*ast.CallExpr
	ast.Inspect(decl, func(node ast.Node) bool {
		c, ok := node.(*ast.CallExpr)
		if !ok || n.line(c.Pos()) > line || n.line(c.End()) < line {
			return true
		}
		if _, lit := ast.Unparen(c.Fun).(*ast.FuncLit); lit && n.line(c.Pos()) != line && n.line(c.Lparen) != line && name != "" {
			return true // the line is in the body, not at the call
		}
		all = append(all, c)
		if calleeName(c) == name {
			named = append(named, c)
			if n.line(c.Pos()) == line || n.line(c.Lparen) == line || n.line(c.Rparen) == line {
				exact = append(exact, c)
			}
		}
		return true
	})
	switch {
	case len(exact) > 0:
		return exact
	case len(named) > 0:
		return named
	}
	return all
}

// calleeName is the last name in what is called; "" for a function literal.
func calleeName(c *ast.CallExpr) string {
	fun := ast.Unparen(c.Fun)
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	switch x := fun.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

// enclosing is the top-level declaration that the line stands in.
func (n *Namer) enclosing(f *ast.File, line int) ast.Decl {
	for _, d := range f.Decls {
		if n.line(d.Pos()) <= line && line <= n.line(d.End()) {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok != token.VAR {
				continue
			}
			return d
		}
	}
	return nil
}
