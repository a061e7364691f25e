package access

import (
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// funcsOf are the functions that a value may be, as far as nearby code tells:
// literals, names, parameters through their callers, results, local variables.
func (b *builder) funcsOf(v ssa.Value, depth int) []*ssa.Function {
	if depth > 0 {
		return b.funcSearch(v, depth, map[ssa.Value]bool{})
	}
	out, ok := b.funcs[v]
	if !ok {
		out = b.funcSearch(v, 0, map[ssa.Value]bool{})
		b.funcs[v] = out
	}
	return out
}

// maxFuncDepth bounds how far a function value is followed back.
const maxFuncDepth = 8

// funcSearch looks at each value once.
func (b *builder) funcSearch(v ssa.Value, depth int, seen map[ssa.Value]bool) []*ssa.Function {
	if depth > maxFuncDepth || seen[v] || len(seen) > maxTraced {
		return nil
	}
	seen[v] = true
	var out []*ssa.Function
	add := func(w ssa.Value) {
		for _, f := range b.funcSearch(w, depth+1, seen) {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	switch v := v.(type) {
	case *ssa.Function:
		return []*ssa.Function{v}
	case *ssa.MakeClosure:
		if f, ok := v.Fn.(*ssa.Function); ok {
			return []*ssa.Function{f}
		}
	case *ssa.ChangeType:
		add(v.X)
	case *ssa.MakeInterface:
		if _, ok := v.X.Type().Underlying().(*types.Signature); ok {
			add(v.X)
		}
	case *ssa.Phi:
		for _, e := range v.Edges {
			add(e)
		}
	case *ssa.Parameter:
		if !isFunc(v.Type()) {
			return nil
		}
		fn := v.Parent()
		i := slices.Index(fn.Params, v)
		for _, call := range b.callersOf(fn) {
			if a := argument(call.Common(), i); a != nil && a != ssa.Value(v) {
				add(a)
			}
		}
	case *ssa.FreeVar:
		fn := v.Parent()
		i := slices.Index(fn.FreeVars, v)
		for _, mc := range b.closures[fn] {
			if i >= 0 && i < len(mc.Bindings) {
				add(mc.Bindings[i])
			}
		}
	case *ssa.UnOp:
		if v.Op == token.MUL && isFunc(v.Type()) {
			add(v.X)
		}
	case *ssa.Alloc:
		for _, ref := range *v.Referrers() {
			if st, ok := ref.(*ssa.Store); ok && st.Addr == v {
				add(st.Val)
			}
		}
	case *ssa.Call:
		if callee := v.Call.StaticCallee(); callee != nil && isFunc(v.Type()) {
			for _, blk := range callee.Blocks {
				if ret, ok := blk.Instrs[len(blk.Instrs)-1].(*ssa.Return); ok && len(ret.Results) == 1 {
					add(ret.Results[0])
				}
			}
		}
	case *ssa.Slice:
		arr, ok := v.X.(*ssa.Alloc)
		if !ok {
			return nil
		}
		for _, ref := range *arr.Referrers() {
			if ia, ok := ref.(*ssa.IndexAddr); ok {
				for _, r := range *ia.Referrers() {
					if st, ok := r.(*ssa.Store); ok && st.Addr == ia && isFunc(st.Val.Type()) {
						add(st.Val)
					}
				}
			}
		}
	}
	return out
}

func isFunc(t types.Type) bool {
	_, ok := t.Underlying().(*types.Signature)
	if !ok {
		_, ok = t.Underlying().(*types.Interface)
	}
	return ok
}

// maxBySignature bounds the functions that a value may be by its type alone: more
// tell nothing.
const maxBySignature = 12

// bySignature are the functions that are used as values of a type: those converted
// to it, if it has a name, else those of its signature.
func (b *builder) bySignature(t types.Type) []*ssa.Function {
	if b.byType == nil {
		b.byType = map[string][]*ssa.Function{}
		add := func(t types.Type, fn *ssa.Function) {
			if k := t.String(); !slices.Contains(b.byType[k], fn) {
				b.byType[k] = append(b.byType[k], fn)
			}
		}
		for fn := range b.all {
			for _, blk := range fn.Blocks {
				for _, in := range blk.Instrs {
					if ct, ok := in.(*ssa.ChangeType); ok {
						for _, f := range b.funcsOf(ct.X, 6) {
							add(ct.Type(), f)
						}
					}
				}
			}
			if b.asValue[originOf(fn)] || len(b.closures[fn]) > 0 {
				add(types.NewSignatureType(nil, nil, nil, fn.Signature.Params(), fn.Signature.Results(), fn.Signature.Variadic()), fn)
			}
		}
	}
	out := b.byType[t.String()]
	if len(out) > maxBySignature {
		return nil
	}
	out = slices.Clone(out)
	slices.SortFunc(out, b.inOrder)
	return out
}

// methods are all methods of the source, by name.
func (b *builder) methods() map[string][]*ssa.Function {
	if b.byMethod == nil {
		b.byMethod = map[string][]*ssa.Function{}
		for fn := range b.all {
			if fn.Signature.Recv() != nil && len(fn.Blocks) > 0 && fn.Synthetic == "" {
				b.byMethod[fn.Name()] = append(b.byMethod[fn.Name()], fn)
			}
		}
	}
	return b.byMethod
}

func (b *builder) isRoot(p *types.Package) bool {
	if b.roots == nil {
		b.roots = map[*types.Package]bool{}
		for _, q := range b.pkgs {
			b.roots[q.SSA.Pkg] = true
		}
	}
	return b.roots[p]
}
