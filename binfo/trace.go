package binfo

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// A tracer follows values backwards. Its budget bounds the work on one
// question; cycle is the answer to a question that is being asked already.
type tracer struct {
	c      *Code
	budget int
	asking map[query]bool
}

// A place where a value stands: a register, or bytes of the frame.
type spot struct {
	slot bool
	n    int64 // the register, or the distance from SP at entry
	size uint8 // of a slot
}

type query struct {
	block, inst int
	spot        spot
}

var cycle = &Value{Kind: Unknown, Why: "a loop"}

const (
	traceBudget = 1_000_000 // instructions looked at
	traceDepth  = 64
	maxAny      = 4 // values that one place may have
)

func (c *Code) tracer() *tracer {
	return &tracer{c: c, budget: traceBudget, asking: map[query]bool{}}
}

// Reg returns where the content of r came from, just before instruction i.
func (c *Code) Reg(i int, r Reg) *Value { return c.tracer().reg(i, r, 0) }

// Expr returns what an expression of instruction i stands for.
func (c *Code) Expr(i int, e Expr) *Value { return c.tracer().expr(i, e, 0) }

// Address returns where memory that instruction i refers to is.
func (c *Code) Address(i int, m Mem) *Value { return c.tracer().addr(i, m, 0) }

// Arg returns where argument register n of the call at instruction i came from.
func (c *Code) Arg(i, n int) *Value {
	regs, _ := c.args()
	if n < 0 || n >= len(regs) {
		return unknown("argument %d is not in a register", n)
	}
	return c.Reg(i, regs[n])
}

// args are the registers of arguments, and of the closure.
func (c *Code) args() ([]Reg, Reg) {
	if c.f.arch == ARM64 {
		return argsARM64, ctxARM64
	}
	return argsAMD64, ctxAMD64
}

// block returns the block that instruction i is in.
func (c *Code) block(i int) int { return sort.SearchInts(c.starts, i+1) - 1 }

func (t *tracer) reg(i int, r Reg, depth int) *Value {
	return t.follow(i, spot{n: int64(r)}, depth)
}

func (t *tracer) slot(i int, off int64, size uint8, depth int) *Value {
	return t.follow(i, spot{slot: true, n: off, size: size}, depth)
}

// follow finds all that can reach a place before instruction i, through copies
// and joins.
func (t *tracer) follow(i int, s spot, depth int) *Value {
	if depth > traceDepth {
		return unknown("too deep")
	}
	root := query{t.c.block(i), i, s}
	if t.asking[root] {
		return cycle
	}
	t.asking[root] = true
	defer delete(t.asking, root)

	var got []*Value
	work, seen := []query{root}, map[query]bool{}
	for len(work) > 0 {
		q := work[len(work)-1]
		work = work[:len(work)-1]
		v, left := t.scan(q, depth)
		switch {
		case t.budget < 0:
			return unknown("too much code")
		case v == nil:
			b := q.block
			if b == 0 {
				v = t.entry(left)
			} else if len(t.c.preds[b]) == 0 && t.c.blind {
				return unknown("reached in a way not followed")
			}
			for _, p := range t.c.preds[b] {
				next := query{t.c.block(p), p + 1, left}
				if !seen[next] {
					seen[next] = true
					work = append(work, next)
				}
			}
			if v == nil {
				continue
			}
		}
		switch {
		case v.holdsCycle():
			return unknown("changed in a loop")
		case v.Kind == Unknown:
			return v
		case v.Kind == Several && len(got) == 0:
			got = slices.Clone(v.Any)
		case slices.ContainsFunc(got, v.Equal):
		case len(got) >= maxAny || v.Kind == Several:
			return unknown("one of several: %s, %s", got[0], v)
		default:
			got = append(got, v)
		}
	}
	switch len(got) {
	case 0:
		return unknown("a loop without a way in")
	case 1:
		return got[0]
	}
	// The order of discovery is that of the work list, which says nothing.
	slices.SortFunc(got, func(a, b *Value) int { return cmp.Compare(a.String(), b.String()) })
	return &Value{Kind: Several, Any: got}
}

func (v *Value) holdsCycle() bool {
	return v != nil && (v == cycle || v.X.holdsCycle() || v.Y.holdsCycle() || slices.ContainsFunc(v.Any, (*Value).holdsCycle))
}

// scan goes back through one block. It returns the value, or nil and what to
// look for in the blocks before.
func (t *tracer) scan(q query, depth int) (*Value, spot) {
	c, s := t.c, q.spot
	for j := q.inst - 1; ; j-- {
		if !s.slot {
			switch Reg(s.n) {
			case SP:
				at := min(j+1, len(c.sp)-1)
				return &Value{Kind: Frame0, N: -c.sp[at]}, s
			case zero:
				return &Value{Kind: Const}, s
			case NoReg:
				return unknown("not a general register"), s
			}
		}
		if j < c.starts[q.block] {
			return nil, s
		}
		if t.budget--; t.budget < 0 {
			return unknown("too much code"), s
		}
		e, v := t.sets(j, s)
		switch {
		case v != nil:
			return v, s
		case e == nil:
			continue
		}
		// A copy only moves the question.
		if e.Kind == RegIs {
			s = spot{n: int64(e.Reg)}
		} else if e.Kind == MemIs && e.Mem.Base == SP && e.Mem.Index == NoReg {
			s = spot{slot: true, n: e.Mem.Disp - c.sp[j], size: e.Size}
		} else {
			return t.expr(j, *e, depth+1), s
		}
	}
}

// sets returns what instruction j puts in a place: an expression, a value, or
// neither when it leaves the place alone.
func (t *tracer) sets(j int, s spot) (*Expr, *Value) {
	c := t.c
	in := &c.Insts[j]
	if s.slot {
		here := &Value{Kind: Slot, N: s.n, Size: s.size}
		if in.Flow == Call && c.taken[s.n] {
			return nil, here
		}
		for k := len(in.Effects) - 1; k >= 0; k-- {
			e := &in.Effects[k]
			if e.Kind != Store || e.Mem.Base != SP {
				continue
			}
			at := e.Mem.Disp - c.sp[j]
			switch {
			case at == s.n && e.Size == s.size && e.Mem.Index == NoReg:
				return &e.Val, nil
			case at < s.n+int64(s.size) && s.n < at+int64(e.Size):
				return nil, here
			}
		}
		return nil, nil
	}
	r := Reg(s.n)
	for k := len(in.Effects) - 1; k >= 0; k-- {
		if e := &in.Effects[k]; e.Kind == Set && e.Dst == r {
			return &e.Val, nil
		}
	}
	if in.clobA || r < 64 && in.clob>>r&1 != 0 {
		return nil, unknown("set by %s", c.Text(j))
	}
	if in.Flow == Call && !t.keeps(j, r) {
		return nil, t.result(j, r)
	}
	return nil, nil
}

// entry is what stands in a place when the function begins.
func (t *tracer) entry(s spot) *Value {
	if s.slot {
		return &Value{Kind: Slot, N: s.n, Size: s.size}
	}
	args, ctx := t.c.args()
	for n, a := range args {
		if a == Reg(s.n) {
			return &Value{Kind: Param, N: int64(n)}
		}
	}
	if Reg(s.n) == ctx {
		return &Value{Kind: Context}
	}
	return unknown("no argument register")
}

// keeps reports whether the call at j leaves register r as it was.
func (t *tracer) keeps(j int, r Reg) bool {
	name := t.c.calleeName(j)
	scratch := func(regs ...Reg) bool {
		for _, s := range regs {
			if s == r {
				return false
			}
		}
		return true
	}
	switch {
	case strings.HasPrefix(name, "runtime.gcWriteBarrier"):
		if t.c.f.arch == ARM64 {
			return scratch(25, 27, 30)
		}
		return scratch(11)
	case name == "runtime.duffzero", name == "runtime.duffcopy":
		if t.c.f.arch == ARM64 {
			return scratch(16, 17, 20, 21, 26, 27, 30)
		}
		return scratch(6, 7)
	}
	return false
}

func (t *tracer) result(j int, r Reg) *Value {
	args, _ := t.c.args()
	for n, a := range args {
		if a == r {
			return &Value{Kind: Result, N: int64(n), PC: t.c.Insts[j].PC, Call: t.c.calleeName(j)}
		}
	}
	return unknown("lost in a call")
}

func (t *tracer) expr(i int, e Expr, depth int) *Value {
	if depth > traceDepth {
		return unknown("too deep")
	}
	switch e.Kind {
	case RegIs:
		return t.reg(i, e.Reg, depth+1)
	case ImmIs:
		return &Value{Kind: Const, N: e.Imm}
	case AddrIs:
		return t.addr(i, e.Mem, depth+1)
	case MemIs:
		a := t.addr(i, e.Mem, depth+1)
		switch a.Kind {
		case Unknown:
			return a
		case Frame0:
			return t.slot(i, a.N, e.Size, depth+1)
		case Added:
			return &Value{Kind: Loaded, X: a.X, N: a.N, Size: e.Size}
		case Const:
			return &Value{Kind: Loaded, X: a, Size: e.Size}
		}
		return &Value{Kind: Loaded, X: a, Size: e.Size}
	case BinIs:
		return t.binary(e.Op, t.expr(i, *e.X, depth+1), t.expr(i, *e.Y, depth+1))
	case BitTest:
		x, y := t.expr(i, *e.X, depth+1), t.expr(i, *e.Y, depth+1)
		if x.Kind == Unknown || y.Kind != Const {
			return unknown("a bit")
		}
		return &Value{Kind: Bit, X: x, N: y.N}
	}
	return unknown("set by %s", t.c.Text(i))
}

func (t *tracer) binary(op byte, x, y *Value) *Value {
	switch {
	case x == cycle || y == cycle:
		return &Value{Kind: Binary, Op: op, X: x, Y: y}
	case x.Kind == Unknown:
		return x
	case y.Kind == Unknown:
		return y
	case x.Kind == Const && y.Kind == Const:
		n := map[byte]int64{'+': x.N + y.N, '-': x.N - y.N, '&': x.N & y.N, '|': x.N | y.N, '^': x.N ^ y.N}[op]
		return &Value{Kind: Const, N: n}
	case y.Kind == Const && op == '+':
		return add(x, y.N)
	case y.Kind == Const && op == '-':
		return add(x, -y.N)
	}
	return &Value{Kind: Binary, Op: op, X: x, Y: y}
}

func add(x *Value, n int64) *Value {
	switch {
	case n == 0:
		return x
	case x.Kind == Const, x.Kind == Frame0:
		return &Value{Kind: x.Kind, N: x.N + n}
	case x.Kind == Added:
		return add(x.X, x.N+n)
	}
	return &Value{Kind: Added, X: x, N: n}
}

func (t *tracer) addr(i int, m Mem, depth int) *Value {
	if m.Index != NoReg {
		if m.Base == NoReg {
			return unknown("an indexed address")
		}
		base := t.reg(i, m.Base, depth+1)
		if base.Kind == Unknown && base != cycle {
			return base
		}
		return add(&Value{Kind: Indexed, X: base}, m.Disp)
	}
	if m.Base == NoReg {
		return &Value{Kind: Const, N: m.Disp}
	}
	base := t.reg(i, m.Base, depth+1)
	if base.Kind == Unknown && base != cycle {
		return base
	}
	if base == cycle && m.Disp == 0 {
		return cycle
	}
	return add(base, m.Disp)
}
