package access

import (
	"go/ast"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// lockCalls says what a call does to a lock: +2 takes it, +1 takes it shared.
var lockCalls = map[string]int{
	"(*sync.Mutex).Lock": 2, "(*sync.RWMutex).Lock": 2, "(*sync.RWMutex).RLock": 1, "(sync.Locker).Lock": 2,
	"(*sync.Mutex).Unlock": -2, "(*sync.RWMutex).Unlock": -2, "(*sync.RWMutex).RUnlock": -1, "(sync.Locker).Unlock": -2,
}

// lockFlow is which locks are held at the beginning of each block of a function:
// those that every path has taken and not given back.
type lockFlow struct {
	in []map[string]Lock
}

// maxLockCallers bounds the callers that are asked for the locks that they hold: of
// so many, one holds none.
const maxLockCallers = 40

// locksAt are the locks held at an instruction, by its own function or by all
// that call it.
func (b *builder) locksAt(in ssa.Instruction) []Lock {
	var out []Lock
	for _, l := range b.heldAt(in, 3, map[*ssa.Function]bool{}) {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, c Lock) int { return a.Pos.Offset - c.Pos.Offset })
	return out
}

func (b *builder) heldAt(in ssa.Instruction, levels int, seen map[*ssa.Function]bool) map[string]Lock {
	fn := in.Parent()
	flow := b.flowOf(fn)
	held := map[string]Lock{}
	for k, l := range flow.in[in.Block().Index] {
		held[k] = l
	}
	for _, x := range in.Block().Instrs {
		if x == in {
			break
		}
		b.apply(x, held)
	}
	if levels == 0 || seen[fn] {
		return held
	}
	seen[fn] = true
	defer delete(seen, fn)
	// What all callers hold is held. A function that a goroutine starts with, or
	// that is handed on as a value, has a caller that holds nothing.
	callers, ok := b.knownCallers(fn)
	if !ok || len(callers) > maxLockCallers {
		return held
	}
	var common map[string]Lock
	for i, call := range callers {
		if _, ok := call.(*ssa.Call); !ok {
			return held
		}
		at := b.heldAt(call, levels-1, seen)
		if i == 0 {
			common = at
			continue
		}
		for k := range common {
			if _, ok := at[k]; !ok {
				delete(common, k)
			}
		}
		if len(common) == 0 {
			break
		}
	}
	for k, l := range common {
		if _, ok := held[k]; !ok {
			l.Caller = true
			held[k] = l
		}
	}
	return held
}

// knownCallers are all calls of a function; ok is false when there may be others.
func (b *builder) knownCallers(fn *ssa.Function) (calls []ssa.CallInstruction, ok bool) {
	if fn.Object() != nil {
		return b.callersOf(fn), !b.asValue[originOf(fn)]
	}
	// A literal that is handed to a function that does nothing but call it:
	// s.withLock(func() { ... }).
	for _, mc := range b.closures[fn] {
		for _, ref := range *mc.Referrers() {
			call, isCall := ref.(*ssa.Call)
			if !isCall {
				return nil, false
			}
			if call.Call.Value == ssa.Value(mc) {
				calls = append(calls, call)
				continue
			}
			callee := call.Call.StaticCallee()
			i := slices.Index(call.Call.Args, ssa.Value(mc))
			if callee == nil || i < 0 || i >= len(callee.Params) || callee.Params[i].Referrers() == nil {
				return nil, false
			}
			for _, use := range *callee.Params[i].Referrers() {
				c, isCall := use.(*ssa.Call)
				if !isCall || c.Call.Value != ssa.Value(callee.Params[i]) {
					return nil, false
				}
				calls = append(calls, c)
			}
		}
	}
	return calls, len(calls) > 0
}

func (b *builder) flowOf(fn *ssa.Function) *lockFlow {
	if f := b.lockSets[fn]; f != nil {
		return f
	}
	f := &lockFlow{in: make([]map[string]Lock, len(fn.Blocks))}
	b.lockSets[fn] = f
	if len(fn.Blocks) == 0 || !b.locksAnything(fn) {
		return f
	}
	f.in[0] = map[string]Lock{}
	work := []*ssa.BasicBlock{fn.Blocks[0]}
	if fn.Recover != nil {
		f.in[fn.Recover.Index] = map[string]Lock{}
	}
	for len(work) > 0 {
		blk := work[0]
		work = work[1:]
		out := map[string]Lock{}
		for k, l := range f.in[blk.Index] {
			out[k] = l
		}
		for _, in := range blk.Instrs {
			b.apply(in, out)
		}
		for _, s := range blk.Succs {
			if meet(&f.in[s.Index], out) {
				work = append(work, s)
			}
		}
	}
	return f
}

// meet keeps what is held on both paths and reports whether that changed in.
func meet(in *map[string]Lock, out map[string]Lock) bool {
	if *in == nil {
		*in = map[string]Lock{}
		for k, l := range out {
			(*in)[k] = l
		}
		return true
	}
	changed := false
	for k, l := range *in {
		o, ok := out[k]
		switch {
		case !ok:
			delete(*in, k)
			changed = true
		case o.Shared && !l.Shared:
			(*in)[k] = o
			changed = true
		}
	}
	return changed
}

func (b *builder) locksAnything(fn *ssa.Function) bool {
	for _, blk := range fn.Blocks {
		for _, in := range blk.Instrs {
			if call, ok := in.(*ssa.Call); ok && lockCalls[calleeName(call.Common())] > 0 {
				return true
			}
		}
	}
	return false
}

func (b *builder) apply(in ssa.Instruction, held map[string]Lock) {
	call, ok := in.(*ssa.Call) // a deferred unlock is none before the end
	if !ok {
		return
	}
	what := lockCalls[calleeName(call.Common())]
	if what == 0 {
		return
	}
	recv := argument(call.Common(), 0)
	for _, m := range b.origins(recv) {
		if what < 0 {
			delete(held, m.ID)
			continue
		}
		held[m.ID] = Lock{Name: m.Name, Expr: b.recvText(call), Shared: what == 1, Pos: posOf(b.fset, call.Pos())}
	}
}

// recvText is the lock as a call's source names it.
func (b *builder) recvText(call *ssa.Call) string {
	if e, ok := b.exprAt[call.Pos()].(*ast.CallExpr); ok {
		return argText(e, 0, call.Common())
	}
	return ""
}
