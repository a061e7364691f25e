package report

import (
	"go/ast"
	"go/types"

	"github.com/mapsan/mapsan/finding"
)

// maxLockFrames bounds how far out locks are looked for.
const maxLockFrames = 24

// held lists the locks that the source says a party held: those that its frames
// take before the line they stand at and do not release before it. What a
// branch or a called function does to a lock is not seen.
func (n *Namer) held(p *finding.Party) []finding.Lock {
	var out []finding.Lock
	for i, fr := range p.Stack {
		if i >= maxLockFrames || len(out) >= 8 {
			break
		}
		if finding.InStd(fr.Func) || fr.File == "" {
			continue
		}
		s, _ := n.open([]finding.Frame{fr})
		if s == nil {
			continue
		}
		out = append(out, s.heldHere()...)
	}
	return out
}

func (s *scope) heldHere() []finding.Lock {
	var body *ast.BlockStmt
	switch fn := s.inner().(type) {
	case *ast.FuncDecl:
		body = fn.Body
	case *ast.FuncLit:
		body = fn.Body
	}
	if body == nil {
		return nil
	}
	var held []finding.Lock
	s.statements(body.List, &held)
	return held
}

// statements follows the statements before the line, into the one that holds it.
func (s *scope) statements(list []ast.Stmt, held *[]finding.Lock) {
	for _, st := range list {
		from, to := s.n.line(st.Pos()), s.n.line(st.End())
		switch {
		case to < s.frame.Line:
			s.lockCall(st, held)
		case from <= s.frame.Line:
			if from == to {
				s.lockCall(st, held) // mu.Lock(); m[k] = v
			}
			s.statements(s.inside(st), held)
		default:
			return
		}
	}
}

// inside is the first statement list within st that holds the line, leaving
// out those of function literals, which run at another time.
func (s *scope) inside(st ast.Stmt) []ast.Stmt {
	var list []ast.Stmt
	ast.Inspect(st, func(node ast.Node) bool {
		if node == nil || list != nil || s.frame.Line < s.n.line(node.Pos()) || s.n.line(node.End()) < s.frame.Line {
			return false
		}
		switch x := node.(type) {
		case *ast.FuncLit:
			return false
		case *ast.BlockStmt:
			if !clauses(x) {
				list = x.List
			}
		case *ast.CaseClause:
			list = x.Body
		case *ast.CommClause:
			list = x.Body
		}
		return list == nil
	})
	return list
}

// clauses reports whether a block is that of a switch or select.
func clauses(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch b.List[0].(type) {
	case *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

func (s *scope) lockCall(st ast.Stmt, held *[]finding.Lock) {
	e, ok := st.(*ast.ExprStmt)
	if !ok {
		return
	}
	call, ok := e.X.(*ast.CallExpr)
	if !ok || len(call.Args) != 0 {
		return
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	lock := types.ExprString(sel.X)
	switch sel.Sel.Name {
	case "Lock", "RLock":
		*held = append(*held, finding.Lock{Expr: lock, Shared: sel.Sel.Name == "RLock", Inferred: true,
			Site: s.n.position(call.Pos())})
	case "Unlock", "RUnlock":
		for i := len(*held) - 1; i >= 0; i-- {
			if (*held)[i].Expr == lock {
				*held = append((*held)[:i], (*held)[i+1:]...)
				break
			}
		}
	}
}
