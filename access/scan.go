package access

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// scan finds the operations.
func (b *builder) scan() {
	byKey := map[siteKey]*Site{}
	fns := make([]*ssa.Function, 0, len(b.x.funcOf))
	for fn := range b.x.funcOf {
		fns = append(fns, fn)
	}
	// Instances first: what they are called with is known, the generic form's
	// parameters have no callers of their own.
	slices.SortFunc(fns, func(a, c *ssa.Function) int {
		if d := cmp.Compare(rank(a), rank(c)); d != 0 {
			return d
		}
		return b.inOrder(a, c)
	})
	for _, fn := range fns {
		f := b.x.funcOf[fn]
		for _, blk := range fn.Blocks {
			for _, in := range blk.Instrs {
				b.aliases(in)
				for _, s := range b.operations(in) {
					s.Func, s.instr = f, in
					key := siteKey{s.Pos, s.Op, s.Expr, s.Via}
					if old := byKey[key]; old != nil {
						b.merge(old, s)
						continue
					}
					s.Fresh = b.isFresh(s)
					s.Locks = b.locksAt(in)
					byKey[key] = s
					b.x.sites = append(b.x.sites, s)
				}
			}
		}
	}
}

type siteKey struct {
	pos       token.Position
	op        Op
	expr, via string
}

func rank(fn *ssa.Function) int {
	if fn.Origin() != nil {
		return 0
	}
	return 1
}

// merge takes in what another instance or another compilation of the same line
// tells.
func (b *builder) merge(s, other *Site) {
	for _, m := range other.Maps {
		if m.Kind == Parameter && len(s.Maps) > 0 {
			continue
		}
		s.Maps = union(s.Maps, one(m))
	}
}

// operations are the map operations of one instruction.
func (b *builder) operations(in ssa.Instruction) []*Site {
	switch in := in.(type) {
	case *ssa.Lookup:
		if _, ok := mapType(in.X.Type()); ok {
			return b.site(Lookup, in.X, in.Pos())
		}
	case *ssa.MapUpdate:
		if e, ok := b.exprAt[in.Pos()].(*ast.IndexExpr); ok && e != nil { // else an entry of a literal
			return b.site(Assign, in.Map, in.Pos())
		}
	case *ssa.Range:
		if _, ok := mapType(in.X.Type()); ok {
			return b.site(Iterate, in.X, in.Pos())
		}
	case ssa.CallInstruction:
		return b.called(in)
	}
	return nil
}

var builtins = map[string]Op{"len": Len, "delete": Delete, "clear": Clear}

func (b *builder) called(in ssa.CallInstruction) []*Site {
	c := in.Common()
	if bi, ok := c.Value.(*ssa.Builtin); ok {
		op, ok := builtins[bi.Name()]
		if !ok || len(c.Args) == 0 {
			return nil
		}
		if _, ok := mapType(c.Args[0].Type()); !ok {
			return nil
		}
		pos := in.Pos()
		if c.Pos().IsValid() {
			pos = c.Pos()
		}
		return b.site(op, c.Args[0], pos)
	}
	name := calleeName(c)
	if name == "" {
		return nil
	}
	pos := c.Pos()
	var out []*Site
	for _, d := range direct[name] {
		a := argument(c, d.arg)
		if a == nil {
			continue
		}
		for _, s := range b.site(d.op, a, pos) {
			s.Via = name
			if call, ok := b.exprAt[pos].(*ast.CallExpr); ok {
				s.Expr = argText(call, d.arg, c)
			}
			out = append(out, s)
		}
	}
	if h, ok := hidden[name]; ok {
		out = append(out, b.hiddenReads(c, pos, name, h.arg, h.how, h.self)...)
	}
	return out
}

// hiddenReads are the maps in the arguments from number first on.
func (b *builder) hiddenReads(c *ssa.CallCommon, pos token.Pos, name string, first int, how depthOf, self string) []*Site {
	call, _ := b.exprAt[pos].(*ast.CallExpr)
	var out []*Site
	for i, a := range arguments(c, first) {
		mi, ok := a.(*ssa.MakeInterface)
		if !ok {
			continue
		}
		text := ""
		if call != nil {
			text = argText(call, first+i, c)
		}
		for _, h := range b.mapsIn(mi.X, mi.X.Type(), how, self) {
			at := posOf(b.fset, pos)
			last := at.Line
			if call != nil {
				at, last = posOf(b.fset, call.Pos()), posOf(b.fset, call.Rparen).Line
			}
			out = append(out, &Site{Op: Iterate, Pos: at, LastLine: last, Expr: strings.TrimPrefix(text, "&") + h.expr, Maps: one(h.m), Via: name})
		}
	}
	return out
}

// arguments are the values from parameter first on, with those of a variadic one
// apart.
func arguments(c *ssa.CallCommon, first int) []ssa.Value {
	var out []ssa.Value
	for i := first; ; i++ {
		a := argument(c, i)
		if a == nil {
			return out
		}
		sl, ok := a.(*ssa.Slice)
		if !ok {
			out = append(out, a)
			continue
		}
		arr, ok := sl.X.(*ssa.Alloc)
		if !ok || arr.Comment != "varargs" {
			out = append(out, a)
			continue
		}
		for _, ref := range *arr.Referrers() {
			ia, ok := ref.(*ssa.IndexAddr)
			if !ok {
				continue
			}
			for _, r := range *ia.Referrers() {
				if st, ok := r.(*ssa.Store); ok && st.Addr == ia {
					out = append(out, st.Val)
				}
			}
		}
	}
}

// argText is the source of the argument for parameter i.
func argText(call *ast.CallExpr, i int, c *ssa.CallCommon) string {
	if callee := c.StaticCallee(); callee != nil && callee.Signature.Recv() != nil || c.IsInvoke() {
		if i == 0 {
			if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
				return types.ExprString(sel.X)
			}
		}
		i--
	}
	if i >= 0 && i < len(call.Args) {
		return types.ExprString(ast.Unparen(call.Args[i]))
	}
	return ""
}

// site is an operation on v at a position that SSA gives.
func (b *builder) site(op Op, v ssa.Value, pos token.Pos) []*Site {
	if !pos.IsValid() {
		return nil
	}
	s := &Site{Op: op, Maps: b.origins(v)}
	at := pos
	end := pos
	switch e := b.exprAt[pos].(type) {
	case *ast.IndexExpr:
		s.Expr, at, end = types.ExprString(e.X), e.Pos(), e.Lbrack
	case *ast.CallExpr:
		at, end = e.Pos(), e.Rparen
		if len(e.Args) > 0 {
			s.Expr = types.ExprString(ast.Unparen(e.Args[0]))
		}
	}
	if r := b.ranges[pos]; r != nil {
		s.Expr, end = types.ExprString(ast.Unparen(r.X)), r.Body.Lbrace
	}
	s.Pos, s.LastLine = posOf(b.fset, at), posOf(b.fset, end).Line
	return []*Site{s}
}

// aliases notes that an instruction stores one variable's map in another.
func (b *builder) aliases(in ssa.Instruction) {
	switch in := in.(type) {
	case *ssa.Store:
		if _, ok := mapType(in.Val.Type()); !ok {
			return
		}
		if a, ok := in.Addr.(*ssa.Alloc); ok && a.Comment != "" {
			return // a local name, which stands for what it holds
		}
		b.flow(in.Val, b.origins(in.Addr))
	case *ssa.MapUpdate:
		if _, ok := mapType(in.Value.Type()); ok {
			b.flow(in.Value, b.elements(in.Map, in.Value.Type(), 1))
		}
	}
}

func (b *builder) flow(val ssa.Value, into []*Map) {
	for _, src := range b.origins(val) {
		for _, dst := range into {
			if src != dst && src.Kind != Result && !slices.Contains(dst.from, src) {
				dst.from = append(dst.from, src)
				src.into = append(src.into, dst)
			}
		}
	}
}

// finish orders everything and makes the tables that questions are answered from.
func (b *builder) finish() {
	x := b.x
	slices.SortFunc(x.sites, func(a, c *Site) int {
		return cmp.Or(strings.Compare(a.Pos.Filename, c.Pos.Filename), cmp.Compare(a.Pos.Offset, c.Pos.Offset),
			strings.Compare(string(a.Op), string(c.Op)), strings.Compare(a.Expr, c.Expr))
	})
	seen := map[string]*Func{}
	for _, f := range b.funcAt {
		// A package and its compilation for a test have the same functions.
		key := f.Pos.String()
		if old := seen[key]; old != nil {
			b.same(old, f)
			continue
		}
		seen[key] = f
		x.funcs = append(x.funcs, f)
	}
	slices.SortFunc(x.funcs, func(a, c *Func) int {
		return cmp.Or(strings.Compare(a.Pos.Filename, c.Pos.Filename), cmp.Compare(a.Pos.Offset, c.Pos.Offset))
	})
	for _, s := range x.sites {
		if f := seen[s.Func.Pos.String()]; f != nil {
			s.Func = f
		}
		s.Func.sites = append(s.Func.sites, s)
		for _, m := range s.Maps {
			m.sites = append(m.sites, s)
			if m.Kind == Field && !m.named && strings.HasSuffix(s.Expr, "."+lastName(m.Name)) {
				m.Expr, m.named = s.Expr, true // as some source names it, rather than by its type
			}
		}
	}
	x.byFile, x.byBase = map[string]*fileIndex{}, map[string][]*fileIndex{}
	for _, f := range x.funcs {
		x.file(f.Pos.Filename).funcs = append(x.file(f.Pos.Filename).funcs, f)
	}
	for _, s := range x.sites {
		x.file(s.Pos.Filename).sites = append(x.file(s.Pos.Filename).sites, s)
	}
}

func (b *builder) same(keep, drop *Func) {
	if len(drop.Name) < len(keep.Name) {
		keep.Name, keep.Decl = drop.Name, drop.Decl
	}
	for _, fn := range drop.ssa {
		b.x.funcOf[fn] = keep
	}
	keep.ssa = append(keep.ssa, drop.ssa...)
}

func lastName(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }
