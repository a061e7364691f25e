package binfo

import (
	"fmt"
	"sort"
	"strings"
)

// ValueKind says where a value comes from.
type ValueKind uint8

// The kinds of value.
const (
	Unknown ValueKind = iota
	Const             // N, which may be an address
	Param             // argument register N of the function
	Context           // the closure that runs
	Result            // result register N of the call at PC
	Loaded            // Size bytes at X+N
	Added             // X+N
	Frame0            // the address N bytes above SP at entry
	Slot              // what stands at Frame0 N, written in ways not followed
	Binary            // X Op Y
	Bit               // bit N of X
)

// Value is where the content of a register came from, followed backwards
// through the function.
type Value struct {
	Kind ValueKind
	N    int64
	Size uint8
	Op   byte
	X, Y *Value
	PC   uint64 // of Result: the call
	Call string // of Result: its callee, "" when it is not known
	Why  string // of Unknown
}

// Equal reports whether two values are the same expression.
func (v *Value) Equal(w *Value) bool {
	if v == nil || w == nil {
		return v == w
	}
	return v.Kind == w.Kind && v.Kind != Unknown && v.N == w.N && v.Op == w.Op && v.PC == w.PC &&
		v.Size == w.Size && v.X.Equal(w.X) && v.Y.Equal(w.Y)
}

// String writes the value as a chain: "[arg0+0x18]".
func (v *Value) String() string {
	switch v.Kind {
	case Const:
		return fmt.Sprintf("%#x", v.N)
	case Param:
		return fmt.Sprintf("arg%d", v.N)
	case Context:
		return "closure"
	case Result:
		name := v.Call
		if name == "" {
			name = fmt.Sprintf("call at %#x", v.PC)
		}
		return fmt.Sprintf("%s()%d", name, v.N)
	case Loaded:
		return "[" + offset(v.X.String(), v.N) + "]"
	case Added:
		return offset(v.X.String(), v.N)
	case Frame0:
		return offset("frame", v.N)
	case Slot:
		return "[" + offset("frame", v.N) + "]"
	case Binary:
		return "(" + v.X.String() + " " + string(v.Op) + " " + v.Y.String() + ")"
	case Bit:
		return fmt.Sprintf("bit %d of %s", v.N, v.X)
	}
	if v.Why != "" {
		return "unknown (" + v.Why + ")"
	}
	return "unknown"
}

func offset(base string, n int64) string {
	if n == 0 {
		return base
	}
	return fmt.Sprintf("%s%+#x", base, n)
}

func unknown(format string, args ...any) *Value {
	return &Value{Kind: Unknown, Why: fmt.Sprintf(format, args...)}
}

// A tracer follows values backwards. Its budget bounds the work on one
// question; cycle is the answer for a question that is being asked already.
type tracer struct {
	c      *Code
	budget int
	asking map[query]bool
}

type query struct {
	block int
	slot  bool
	n     int64
	size  uint8
}

var cycle = &Value{Kind: Unknown, Why: "a loop"}

const (
	traceBudget = 200_000
	traceDepth  = 64
)

// Reg returns where the content of r came from, just before instruction i.
func (c *Code) Reg(i int, r Reg) *Value {
	t := &tracer{c: c, budget: traceBudget, asking: map[query]bool{}}
	return t.reg(i, r, 0)
}

// Expr returns what an expression of instruction i stands for.
func (c *Code) Expr(i int, e Expr) *Value {
	t := &tracer{c: c, budget: traceBudget, asking: map[query]bool{}}
	return t.expr(i, e, 0)
}

// Arg returns where argument register n of the call at instruction i came from.
func (c *Code) Arg(i, n int) *Value {
	regs := argsAMD64
	if c.f.arch == ARM64 {
		regs = argsARM64
	}
	if n < 0 || n >= len(regs) {
		return unknown("argument %d is not in a register", n)
	}
	return c.Reg(i, regs[n])
}

func (t *tracer) args() ([]Reg, Reg) {
	if t.c.f.arch == ARM64 {
		return argsARM64, ctxARM64
	}
	return argsAMD64, ctxAMD64
}

// block returns the block that instruction i is in.
func (c *Code) block(i int) int { return sort.SearchInts(c.starts, i+1) - 1 }

func (t *tracer) reg(i int, r Reg, depth int) *Value { return t.regIn(t.c.block(i), i, r, depth) }

// regIn follows r back from instruction i of block b, or from the block's end.
func (t *tracer) regIn(b, i int, r Reg, depth int) *Value {
	c := t.c
	if depth > traceDepth {
		return unknown("too deep")
	}
	switch r {
	case SP:
		if i < len(c.sp) {
			return &Value{Kind: Frame0, N: -c.sp[i]}
		}
		return unknown("the stack pointer")
	case zero:
		return &Value{Kind: Const}
	case NoReg:
		return unknown("not a general register")
	}
	for j := i - 1; j >= c.starts[b]; j-- {
		if t.budget--; t.budget < 0 {
			return unknown("too much code")
		}
		in := &c.Insts[j]
		for k := len(in.Effects) - 1; k >= 0; k-- {
			if e := &in.Effects[k]; e.Kind == Set && e.Dst == r {
				return t.expr(j, e.Val, depth+1)
			}
		}
		if in.clobA || r < 64 && in.clob>>r&1 != 0 {
			return unknown("set by %s", c.Text(j))
		}
		if in.Flow == Call && !t.keeps(j, r) {
			return t.result(j, r)
		}
	}
	entry := func() *Value {
		args, ctx := t.args()
		for n, a := range args {
			if a == r {
				return &Value{Kind: Param, N: int64(n)}
			}
		}
		if r == ctx {
			return &Value{Kind: Context}
		}
		return unknown("no argument register")
	}
	return t.join(b, query{block: b, n: int64(r)}, entry, func(b, j int) *Value { return t.regIn(b, j, r, depth+1) })
}

// join asks at each way into block b, and answers when all answer alike.
func (t *tracer) join(b int, q query, entry func() *Value, ask func(b, end int) *Value) *Value {
	if t.asking[q] {
		return cycle
	}
	t.asking[q] = true
	defer delete(t.asking, q)
	var got *Value
	if b == 0 {
		got = entry()
	}
	for _, p := range t.c.preds[b] {
		v := ask(t.c.block(p), p+1)
		switch {
		case v == cycle:
		case got == nil:
			got = v
		case !got.Equal(v):
			if got.Kind == Unknown {
				return got
			}
			if v.Kind == Unknown {
				return v
			}
			return unknown("one of several: %s, %s", got, v)
		}
		if t.budget < 0 {
			return unknown("too much code")
		}
	}
	if got == nil {
		if len(t.c.preds[b]) > 0 {
			return cycle
		}
		return unknown("reached in a way not followed")
	}
	if got.holdsCycle() {
		return unknown("changed in a loop")
	}
	return got
}

func (v *Value) holdsCycle() bool {
	return v != nil && (v == cycle || v.X.holdsCycle() || v.Y.holdsCycle())
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
	args, _ := t.args()
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
		return unknown("an indexed address")
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

// slot returns what stands at off bytes above SP at entry.
func (t *tracer) slot(i int, off int64, size uint8, depth int) *Value {
	return t.slotIn(t.c.block(i), i, off, size, depth)
}

func (t *tracer) slotIn(b, i int, off int64, size uint8, depth int) *Value {
	c := t.c
	if depth > traceDepth {
		return unknown("too deep")
	}
	here := &Value{Kind: Slot, N: off, Size: size}
	for j := i - 1; j >= c.starts[b]; j-- {
		if t.budget--; t.budget < 0 {
			return unknown("too much code")
		}
		in := &c.Insts[j]
		if in.Flow == Call && c.taken[off] && !t.keeps(j, NoReg) {
			return here
		}
		for k := len(in.Effects) - 1; k >= 0; k-- {
			e := &in.Effects[k]
			if e.Kind != Store || e.Mem.Base != SP {
				continue
			}
			at := e.Mem.Disp - c.sp[j]
			switch {
			case at == off && e.Size == size && e.Mem.Index == NoReg:
				return t.expr(j, e.Val, depth+1)
			case at < off+int64(size) && off < at+int64(e.Size):
				return here
			}
		}
	}
	entry := func() *Value { return here }
	return t.join(b, query{block: b, slot: true, n: off, size: size}, entry, func(b, j int) *Value { return t.slotIn(b, j, off, size, depth+1) })
}
