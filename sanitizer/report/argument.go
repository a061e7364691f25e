package report

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// receiver stands for a method's receiver among the indexes of its parameters.
const receiver = -1

// paramIndex finds a parameter by the position of its name.
func paramIndex(fn ast.Node, pos token.Pos) (int, bool) {
	var typ *ast.FuncType
	switch x := fn.(type) {
	case *ast.FuncDecl:
		typ = x.Type
		if x.Recv != nil && x.Recv.Pos() <= pos && pos < x.Recv.End() {
			return receiver, true
		}
	case *ast.FuncLit:
		typ = x.Type
	default:
		return 0, false
	}
	i := 0
	for _, f := range typ.Params.List {
		for _, name := range f.Names {
			if name.Pos() == pos {
				return i, true
			}
			i++
		}
	}
	return 0, false
}

// argument follows a parameter to what the caller passes. ok is false when the
// caller's source does not show it.
func (s *scope) argument(fn ast.Node, index, depth int) (v variable, ok bool) {
	callers := s.callers
	name := ""
	if fd, ok := fn.(*ast.FuncDecl); ok {
		name = fd.Name.Name
		if s.functionOf(s.decl.Pos()) != s.inner() {
			// The access is in a literal. Its creator, not its caller, ran fn.
			callers = s.callersOfCreator()
		}
	}
	if len(callers) == 0 || depth > maxResolve {
		return v, false
	}
	outer, _ := s.n.open(callers)
	if outer == nil {
		return v, false
	}
	for _, deep := range depths {
		outer.chk = s.n.check(outer.file, outer.decl, deep)
		found := outer.passed(name, index, depth)
		for _, got := range found {
			return got, len(found) == 1
		}
	}
	return v, false
}

// passed says what the calls of a function on the scope's line pass to one of
// its parameters, by the name of what it is.
func (s *scope) passed(name string, index, depth int) map[string]variable {
	found := map[string]variable{}
	for _, c := range s.n.calls(s.decl, s.frame.Line, name) {
		if calleeName(c) != name {
			continue
		}
		var arg ast.Expr
		switch sel, _ := ast.Unparen(c.Fun).(*ast.SelectorExpr); {
		case index == receiver && sel != nil:
			arg = sel.X
		case 0 <= index && index < len(c.Args):
			arg = c.Args[index]
		default:
			continue
		}
		if got := s.resolve(arg, depth+1); got.name != "" {
			found[got.name] = got
		}
	}
	return found
}

// inner is the function of the scope's frame: a frame named main.f is not
// inside f's literals, and main.f.func2 is the second of them.
func (s *scope) inner() ast.Node {
	outer := s.functionOf(s.decl.Pos())
	if !isLiteral(s.frame.Func) {
		return outer
	}
	var spanning []ast.Node
	ast.Inspect(s.decl, func(node ast.Node) bool {
		if node == nil || s.frame.Line < s.n.line(node.Pos()) || s.n.line(node.End()) < s.frame.Line {
			return false
		}
		if _, ok := node.(*ast.FuncLit); ok {
			spanning = append(spanning, node)
		}
		return true
	})
	if len(spanning) == 0 {
		return outer
	}
	if lit := s.numbered(); slices.Contains(spanning, lit) {
		return lit
	}
	return spanning[len(spanning)-1]
}

// numbered finds the literal by the numbers in the frame's name; nil when the
// declaration has no such one.
func (s *scope) numbered() ast.Node {
	_, tail, ok := strings.Cut(s.frame.Func, declName(s.decl)+".func")
	if !ok {
		return nil
	}
	var at ast.Node = s.decl
	for _, digits := range strings.Split(tail, ".") {
		digits, _, _ = strings.Cut(digits, "-range")
		n, err := strconv.Atoi(digits)
		lits := literals(at)
		if err != nil || n < 1 || n > len(lits) {
			return nil
		}
		at = lits[n-1]
	}
	return at
}

// literals lists the function literals directly inside a function.
func literals(fn ast.Node) []ast.Node {
	var out []ast.Node
	ast.Inspect(fn, func(node ast.Node) bool {
		if _, ok := node.(*ast.FuncLit); ok && node != fn {
			out = append(out, node)
			return false
		}
		return true
	})
	return out
}

// isLiteral reports whether a function's name is that of a function literal.
func isLiteral(fn string) bool {
	last := fn[strings.LastIndexByte(fn, '.')+1:]
	last, _, _ = strings.Cut(last, "-range")
	last = strings.TrimPrefix(last, "func")
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// callersOfCreator are the frames outside the one that stands in the same
// declaration as the scope's line.
func (s *scope) callersOfCreator() []finding.Frame {
	for i, fr := range s.callers {
		if s.n.locate(fr.File, fr.Func) == s.file.path && s.n.enclosing(s.file.ast, fr.Line) == s.decl && !isLiteral(fr.Func) {
			return s.callers[i+1:]
		}
	}
	return nil
}
