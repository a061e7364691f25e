package access

import (
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// maxDepth bounds how far a value is followed back through aliases, callers and
// results.
const maxDepth = 24

// maxTraced bounds the values that one question looks at.
const maxTraced = 5000

// origins are the variables that v, a map or something that holds or points to
// one, may have come from. An address and what is loaded from it are the same
// here.
func (b *builder) origins(v ssa.Value) []*Map {
	if ms, ok := b.ids[v]; ok {
		return ms
	}
	b.partial, b.cuts = map[ssa.Value][]*Map{}, 0
	ms := b.trace(v, 0)
	b.ids[v] = ms
	return ms
}

// trace is origins within one question. What does not hang on a value that is still
// being traced is remembered for good. The rest is remembered for this question
// only, in which each value is looked at once: what it lacks by a cycle reaches the
// question by the cycle's other end.
func (b *builder) trace(v ssa.Value, depth int) []*Map {
	if ms, ok := b.ids[v]; ok {
		return ms
	}
	if ms, ok := b.partial[v]; ok {
		b.cuts++
		return ms
	}
	if depth > maxDepth || b.busy[v] || len(b.partial) > maxTraced {
		b.cuts++
		return nil
	}
	before := b.cuts
	b.busy[v] = true
	ms := b.step(v, depth+1)
	delete(b.busy, v)
	if b.cuts == before {
		b.ids[v] = ms
	} else {
		b.partial[v] = ms
	}
	return ms
}

func (b *builder) step(v ssa.Value, depth int) []*Map {
	switch v := v.(type) {
	case *ssa.Global:
		return one(b.globalMap(v))
	case *ssa.FieldAddr:
		return one(b.fieldMap(v.X, v.Field, depth))
	case *ssa.Field:
		return one(b.fieldMap(v.X, v.Field, depth))
	case *ssa.UnOp:
		switch v.Op {
		case token.MUL:
			return b.trace(v.X, depth)
		case token.ARROW:
			return b.elements(v.X, v.Type(), depth)
		}
	case *ssa.Alloc:
		return b.alloc(v, depth)
	case *ssa.FreeVar:
		return b.freeVar(v, depth)
	case *ssa.Parameter:
		return b.parameter(v, depth)
	case *ssa.IndexAddr:
		return b.elements(v.X, v.Type(), depth)
	case *ssa.Index:
		return b.elements(v.X, v.Type(), depth)
	case *ssa.Lookup:
		return b.elements(v.X, v.Type(), depth)
	case *ssa.Slice:
		return b.trace(v.X, depth)
	case *ssa.ChangeType:
		return b.trace(v.X, depth)
	case *ssa.Convert:
		return b.trace(v.X, depth)
	case *ssa.MultiConvert:
		return b.trace(v.X, depth)
	case *ssa.ChangeInterface:
		return b.trace(v.X, depth)
	case *ssa.MakeInterface:
		return b.trace(v.X, depth)
	case *ssa.TypeAssert:
		return b.trace(v.X, depth)
	case *ssa.Phi:
		var out []*Map
		for _, e := range v.Edges {
			out = union(out, b.trace(e, depth))
		}
		return out
	case *ssa.Extract:
		return b.extract(v, depth)
	case *ssa.MakeMap, *ssa.MakeSlice, *ssa.MakeChan:
		return b.fresh(v, depth)
	case *ssa.Call:
		return b.call(v, 0, depth)
	}
	return nil
}

func (b *builder) extract(v *ssa.Extract, depth int) []*Map {
	switch t := v.Tuple.(type) {
	case *ssa.Call:
		return b.call(t, v.Index, depth)
	case *ssa.Lookup, *ssa.TypeAssert:
		if v.Index == 0 {
			return b.trace(t, depth)
		}
	case *ssa.UnOp:
		if v.Index == 0 && t.Op == token.ARROW {
			return b.elements(t.X, v.Type(), depth)
		}
	case *ssa.Next:
		if r, ok := t.Iter.(*ssa.Range); ok && v.Index == 2 {
			return b.elements(r.X, v.Type(), depth)
		}
	case *ssa.Select:
		n := 2 // index, ok, then the received values
		for _, s := range t.States {
			if s.Dir == types.RecvOnly {
				if n == v.Index {
					return b.elements(s.Chan, v.Type(), depth)
				}
				n++
			}
		}
	}
	return nil
}

// elements are the maps kept inside a container.
func (b *builder) elements(container ssa.Value, typ types.Type, depth int) []*Map {
	var out []*Map
	for _, m := range b.trace(container, depth) {
		out = union(out, one(b.elementMap(m, typ)))
	}
	return out
}

// alloc is a local variable that lives in memory: the closures that share it, and
// what is stored in it.
func (b *builder) alloc(v *ssa.Alloc, depth int) []*Map {
	if !v.Pos().IsValid() || v.Comment == "" || isTemp(v.Comment) {
		return b.stored(v, depth)
	}
	out := b.stored(v, depth)
	if len(out) > 0 {
		return out
	}
	return one(b.localMap(v.Comment, v.Pos(), v.Type().Underlying().(*types.Pointer).Elem(), v.Parent(), shared(v)))
}

func isTemp(comment string) bool {
	switch comment {
	case "complit", "new", "slicelit", "varargs", "makeslice", "tmp", "rangeindex", "defer$":
		return true
	}
	return false
}

// stored are the variables whose value is stored in a local one, which is then
// another name for them.
func (b *builder) stored(v *ssa.Alloc, depth int) []*Map {
	var out []*Map
	own := false
	for _, ref := range *v.Referrers() {
		st, ok := ref.(*ssa.Store)
		if !ok || st.Addr != v {
			continue
		}
		switch st.Val.(type) {
		case *ssa.MakeMap, *ssa.MakeSlice, *ssa.MakeChan:
			own = true
		case *ssa.Const:
		default:
			out = union(out, b.trace(st.Val, depth))
		}
	}
	if own {
		if len(out) == 0 {
			return nil
		}
		m := b.localMap(v.Comment, v.Pos(), v.Type().Underlying().(*types.Pointer).Elem(), v.Parent(), shared(v))
		out = union(one(m), out)
	}
	return out
}

// shared reports whether a function literal uses the variable.
func shared(v *ssa.Alloc) bool {
	for _, ref := range *v.Referrers() {
		if _, ok := ref.(*ssa.MakeClosure); ok {
			return true
		}
	}
	return false
}

func (b *builder) freeVar(v *ssa.FreeVar, depth int) []*Map {
	fn := v.Parent()
	i := slices.Index(fn.FreeVars, v)
	var out []*Map
	for _, mc := range b.closures[fn] {
		if i >= 0 && i < len(mc.Bindings) {
			out = union(out, b.trace(mc.Bindings[i], depth))
		}
	}
	return out
}

// parameter are the arguments of those who call the function, and the parameter
// itself when nobody is seen to, or what is handed over has no name.
func (b *builder) parameter(v *ssa.Parameter, depth int) []*Map {
	fn := v.Parent()
	i := slices.Index(fn.Params, v)
	var out []*Map
	for _, call := range b.callersOf(fn) {
		if a := argument(call.Common(), i); a != nil && a != v {
			out = union(out, b.trace(a, depth))
		}
	}
	if len(out) > 0 {
		return out
	}
	if fn.Synthetic != "" && fn.Origin() == nil || !holdsMap(v.Type()) {
		return nil
	}
	return one(b.parameterMap(v))
}

// holdsMap keeps parameters that are no maps from getting a name as one.
func holdsMap(t types.Type) bool {
	for range 4 {
		if _, ok := mapType(t); ok {
			return true
		}
		switch u := t.Underlying().(type) {
		case *types.Pointer:
			t = u.Elem()
		case *types.Slice:
			t = u.Elem()
		case *types.Array:
			t = u.Elem()
		case *types.Chan:
			t = u.Elem()
		case *types.Interface:
			return true
		default:
			return false
		}
	}
	return false
}

// callersOf are the calls that may call fn: by name, and through an interface that
// its receiver satisfies.
func (b *builder) callersOf(fn *ssa.Function) []ssa.CallInstruction {
	if out, ok := b.calledBy[fn]; ok {
		return out
	}
	out := b.callers[originOf(fn)]
	recv := fn.Signature.Recv()
	if recv != nil && fn.Object() != nil && len(b.invokes[fn.Name()]) > 0 {
		out = slices.Clone(out)
		satisfied := map[*types.Interface]bool{}
		for _, call := range b.invokes[fn.Name()] {
			iface, ok := call.Common().Value.Type().Underlying().(*types.Interface)
			if !ok {
				continue
			}
			does, known := satisfied[iface]
			if !known {
				does = types.Implements(recv.Type(), iface)
				satisfied[iface] = does
			}
			if does {
				out = append(out, call)
			}
		}
	}
	b.calledBy[fn] = out
	return out
}

// argument is the value that a call hands over for parameter i of the callee.
func argument(c *ssa.CallCommon, i int) ssa.Value {
	if c.IsInvoke() {
		if i == 0 {
			return c.Value
		}
		i--
	}
	if i < 0 || i >= len(c.Args) {
		return nil
	}
	return c.Args[i]
}

// call are the maps that a call returns as result i.
func (b *builder) call(v *ssa.Call, i, depth int) []*Map {
	c := v.Common()
	if bi, ok := c.Value.(*ssa.Builtin); ok {
		if bi.Name() == "append" {
			return b.trace(c.Args[0], depth)
		}
		return nil
	}
	var out []*Map
	callee := c.StaticCallee()
	if callee != nil && len(callee.Blocks) > 0 {
		for _, blk := range callee.Blocks {
			ret, ok := blk.Instrs[len(blk.Instrs)-1].(*ssa.Return)
			if !ok || i >= len(ret.Results) {
				continue
			}
			for _, m := range b.trace(ret.Results[i], depth) {
				// Each call of a constructor gives a map of its own, which has its
				// name where it ends up.
				if m.Kind != Local {
					out = union(out, one(m))
				}
			}
		}
		if len(out) > 0 {
			return out
		}
	} else if keeper := keeperOf(c); keeper != nil {
		for _, m := range b.trace(keeper, depth) {
			out = union(out, one(b.elementMap(m, v.Type())))
		}
		if len(out) > 0 {
			return out
		}
	}
	return b.fresh(v, depth)
}

// fresh names a map that was just made: by the field or variable that it is
// stored in, and by the variable that the source gives it to.
func (b *builder) fresh(v ssa.Value, depth int) []*Map {
	var out []*Map
	for _, ref := range *v.Referrers() {
		switch ref := ref.(type) {
		case *ssa.Store:
			if ref.Val == v {
				out = union(out, b.trace(ref.Addr, depth))
			}
		case *ssa.MapUpdate:
			if ref.Value == v {
				out = union(out, b.elements(ref.Map, v.Type(), depth))
			}
		case *ssa.ChangeType:
			out = union(out, b.fresh(ref, depth))
		}
	}
	if len(out) > 0 {
		return out
	}
	if obj := b.varOf[v.Pos()]; obj != nil && v.Parent() != nil {
		return one(b.localMap(obj.Name(), obj.Pos(), obj.Type(), v.Parent(), false))
	}
	if c, ok := v.(*ssa.Call); ok {
		return one(b.resultMap(c))
	}
	return nil
}

func one(m *Map) []*Map {
	if m == nil {
		return nil
	}
	return []*Map{m}
}

func union(a, c []*Map) []*Map {
	for _, m := range c {
		if !slices.Contains(a, m) {
			a = append(a, m)
		}
	}
	return a
}
