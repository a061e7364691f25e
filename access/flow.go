package access

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// reachBits is, for each block of a function, the set of blocks that control can
// reach from its end.
type reachBits [][]uint64

func (r reachBits) has(from, to int) bool { return r[from][to/64]&(1<<(to%64)) != 0 }

func blockReach(fn *ssa.Function) reachBits {
	n := len(fn.Blocks)
	r := make(reachBits, n)
	for i := range r {
		r[i] = make([]uint64, (n+63)/64)
		stack := append([]*ssa.BasicBlock(nil), fn.Blocks[i].Succs...)
		for len(stack) > 0 {
			b := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if r.has(i, b.Index) {
				continue
			}
			r[i][b.Index/64] |= 1 << (b.Index % 64)
			stack = append(stack, b.Succs...)
		}
	}
	return r
}

// maxBlocks bounds the functions whose control flow is looked at: beyond it
// everything may precede everything.
const maxBlocks = 3000

func (b *builder) reachOf(fn *ssa.Function) reachBits {
	if r, ok := b.flows[fn]; ok {
		return r
	}
	var r reachBits
	if len(fn.Blocks) <= maxBlocks {
		r = blockReach(fn)
	}
	b.flows[fn] = r
	return r
}

// mayPrecede reports whether control can come from a to c, both of one function.
func (b *builder) mayPrecede(a, c ssa.Instruction) bool {
	r := b.reachOf(a.Parent())
	if r == nil || r.has(a.Block().Index, c.Block().Index) {
		return true
	}
	if a.Block() != c.Block() {
		return false
	}
	for _, in := range a.Block().Instrs {
		if in == a {
			return a != c
		}
		if in == c {
			return false
		}
	}
	return false
}

// mayPrecedeAnew is mayPrecede on a way that does not make the value again: what
// was given away in a loop's last round is another one.
func (b *builder) mayPrecedeAnew(a, c ssa.Instruction, made ssa.Value) bool {
	if !b.mayPrecede(a, c) {
		return false
	}
	mi, ok := made.(ssa.Instruction)
	if !ok || b.reachOf(a.Parent()) == nil {
		return true
	}
	if a.Block() == c.Block() && index(a) < index(c) {
		return index(mi) < index(a) || mi.Block() != a.Block() || index(mi) > index(c)
	}
	barrier := mi.Block()
	seen := map[*ssa.BasicBlock]bool{}
	stack := append([]*ssa.BasicBlock(nil), a.Block().Succs...)
	for len(stack) > 0 {
		blk := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[blk] {
			continue
		}
		seen[blk] = true
		if blk == c.Block() && (blk != barrier || index(c) < index(mi)) {
			return true
		}
		if blk != barrier {
			stack = append(stack, blk.Succs...)
		}
	}
	return false
}

func index(in ssa.Instruction) int {
	for i, x := range in.Block().Instrs {
		if x == in {
			return i
		}
	}
	return -1
}

func inLoop(in ssa.Instruction) bool {
	blk := in.Block()
	if blk == nil {
		return false
	}
	seen := map[*ssa.BasicBlock]bool{}
	stack := append([]*ssa.BasicBlock(nil), blk.Succs...)
	for len(stack) > 0 {
		b := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if b == blk {
			return true
		}
		if !seen[b] {
			seen[b] = true
			stack = append(stack, b.Succs...)
		}
	}
	return false
}

// loopOf are the blocks of the innermost circles that an instruction is in: those
// that control can go to from it and come back.
func (b *builder) loopOf(in ssa.Instruction) []*ssa.BasicBlock {
	r := b.reachOf(in.Parent())
	at := in.Block().Index
	if r == nil || !r.has(at, at) {
		return nil
	}
	var out []*ssa.BasicBlock
	for _, blk := range in.Parent().Blocks {
		if blk.Index == at || r.has(at, blk.Index) && r.has(blk.Index, at) {
			out = append(out, blk)
		}
	}
	return out
}

// pace says how a loop goes on that an instruction is in.
func (b *builder) pace(in ssa.Instruction) Pace {
	loop := b.loopOf(in)
	if len(loop) == 0 {
		return Once
	}
	for _, blk := range loop {
		for _, x := range blk.Instrs {
			switch x := x.(type) {
			case *ssa.UnOp:
				if x.Op == token.ARROW && !fromTimer(x.X) {
					return OnEvents
				}
			case *ssa.Select:
				if x.Blocking && !anyTimer(x) {
					return OnEvents
				}
			}
		}
	}
	r := b.reachOf(in.Parent())
	for _, blk := range in.Parent().Blocks {
		if _, ok := blk.Instrs[len(blk.Instrs)-1].(*ssa.Return); ok && blk != in.Parent().Recover && r.has(in.Block().Index, blk.Index) {
			return Bounded
		}
	}
	return Endless
}

// fromTimer reports whether a channel is one of package time's.
func fromTimer(ch ssa.Value) bool {
	c, ok := ch.Type().Underlying().(*types.Chan)
	if !ok {
		return false
	}
	named, ok := types.Unalias(c.Elem()).(*types.Named)
	return ok && named.Obj().Name() == "Time" && pkgPath(named.Obj().Pkg()) == "time"
}

func anyTimer(s *ssa.Select) bool {
	for _, st := range s.States {
		if st.Dir == types.RecvOnly && fromTimer(st.Chan) {
			return true
		}
	}
	return false
}

// starts reports whether an instruction may start a goroutine, itself or by what
// it calls by name.
func (b *builder) starts(in ssa.Instruction) bool {
	switch in := in.(type) {
	case *ssa.Go:
		return true
	case ssa.CallInstruction:
		if _, ok := spawners[calleeName(in.Common())]; ok {
			return true
		}
		if callee := in.Common().StaticCallee(); callee != nil {
			return b.startsIn(callee)
		}
	case *ssa.MakeInterface:
		_, ok := spawnerTypes[in.Type().String()]
		return ok
	}
	return false
}

func (b *builder) startsIn(fn *ssa.Function) bool {
	if v, ok := b.spawning[fn]; ok {
		return v
	}
	b.spawning[fn] = false // within a cycle
	for _, blk := range fn.Blocks {
		for _, in := range blk.Instrs {
			if b.starts(in) {
				b.spawning[fn] = true
				return true
			}
		}
	}
	return false
}

// afterStart reports whether a goroutine may have been started, by the same
// function, before an instruction of it.
func (b *builder) afterStart(at ssa.Instruction) bool {
	for _, blk := range at.Parent().Blocks {
		for _, in := range blk.Instrs {
			if in != at && b.starts(in) && b.mayPrecede(in, at) {
				return true
			}
		}
	}
	return false
}

// isFresh reports whether the map of an operation was made by the same function,
// alone or inside a new struct, with no reference given away before.
func (b *builder) isFresh(s *Site) bool {
	v := mapOperand(s.instr)
	if v == nil {
		return false
	}
	made := b.madeHere(v, 0)
	return made != nil && !b.escapedBefore(made, s.instr)
}

func mapOperand(in ssa.Instruction) ssa.Value {
	switch in := in.(type) {
	case *ssa.Lookup:
		return in.X
	case *ssa.MapUpdate:
		return in.Map
	case *ssa.Range:
		return in.X
	case ssa.CallInstruction:
		return argument(in.Common(), 0)
	}
	return nil
}

// madeHere is the allocation, in the same function, that a value is or lies in.
func (b *builder) madeHere(v ssa.Value, depth int) ssa.Value {
	if depth > 6 {
		return nil
	}
	switch v := v.(type) {
	case *ssa.MakeMap:
		return v
	case *ssa.Alloc:
		return v
	case *ssa.FieldAddr:
		return b.madeHere(v.X, depth+1)
	case *ssa.ChangeType:
		return b.madeHere(v.X, depth+1)
	case *ssa.UnOp:
		if v.Op == token.MUL {
			if a := b.madeHere(v.X, depth+1); a != nil && !b.filledFromElsewhere(v.X) {
				return a
			}
		}
	}
	return nil
}

// filledFromElsewhere reports whether something that was not made here was stored
// at an address.
func (b *builder) filledFromElsewhere(addr ssa.Value) bool {
	refs := addr.Referrers()
	if refs == nil {
		return true
	}
	for _, ref := range *refs {
		if st, ok := ref.(*ssa.Store); ok && st.Addr == addr {
			switch st.Val.(type) {
			case *ssa.MakeMap, *ssa.Const, *ssa.Alloc:
			default:
				return true
			}
		}
	}
	return false
}

// escapedBefore reports whether a reference to what was made may be elsewhere
// when control comes to an instruction: stored, sent, handed to a call or bound
// by a literal.
func (b *builder) escapedBefore(made ssa.Value, at ssa.Instruction) bool {
	seen := map[ssa.Value]bool{}
	var escaped func(v ssa.Value) bool
	escaped = func(v ssa.Value) bool {
		if seen[v] || v.Referrers() == nil {
			return false
		}
		seen[v] = true
		for _, ref := range *v.Referrers() {
			if ref == at || !b.mayPrecedeAnew(ref, at, made) {
				continue
			}
			switch ref := ref.(type) {
			case *ssa.Store:
				if ref.Val == v {
					if a, ok := rootAlloc(ref.Addr); !ok || escaped(a) {
						return true
					}
				}
			case *ssa.MakeClosure, *ssa.Send, *ssa.Go, *ssa.MakeInterface:
				return true
			case *ssa.Call:
				if _, ok := ref.Call.Value.(*ssa.Builtin); !ok {
					return true
				}
			case *ssa.MapUpdate:
				if ref.Value == v {
					return true
				}
			case *ssa.FieldAddr:
				if escaped(ref) {
					return true
				}
			case *ssa.UnOp:
				if ref.Op == token.MUL && escaped(ref) {
					return true
				}
			case *ssa.ChangeType:
				if escaped(ref) {
					return true
				}
			}
		}
		return false
	}
	return escaped(made)
}

// rootAlloc is the local allocation that an address lies in.
func rootAlloc(addr ssa.Value) (ssa.Value, bool) {
	for {
		switch a := addr.(type) {
		case *ssa.Alloc:
			return a, true
		case *ssa.FieldAddr:
			addr = a.X
		default:
			return nil, false
		}
	}
}
