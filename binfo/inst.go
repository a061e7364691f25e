package binfo

// Reg is a general register: x86's by number, with SP as [SP]; arm64's R0 to R30.
type Reg uint8

// Registers that both architectures have.
const (
	SP    Reg = 31
	zero  Reg = 32 // arm64's ZR
	NoReg Reg = 255
)

// Mem is a memory operand: Base+Disp, or Disp alone when Base is NoReg.
type Mem struct {
	Base  Reg
	Index Reg // NoReg, or a register whose value is not followed
	Disp  int64
}

// ExprKind says what an Expr is.
type ExprKind uint8

// The kinds of expression.
const (
	Opaque  ExprKind = iota // not followed
	RegIs                   // Reg
	ImmIs                   // Imm
	MemIs                   // what stands in Mem
	AddrIs                  // the address that Mem forms
	BinIs                   // X Op Y
	BitTest                 // bit Y of X
)

// Expr is what an instruction computes, in terms of registers and memory as
// they were before it.
type Expr struct {
	Kind ExprKind
	Reg  Reg
	Imm  int64
	Mem  Mem
	Size uint8 // bytes of MemIs
	Op   byte  // of BinIs: & | ^ + -
	X, Y *Expr
}

// EffectKind says what an Effect changes.
type EffectKind uint8

// The kinds of effect.
const (
	Set   EffectKind = iota // a register
	Store                   // memory
	Test                    // the flags, or the condition of the branch itself
)

// Effect is one change that an instruction makes.
type Effect struct {
	Kind EffectKind
	Dst  Reg   // of Set
	Mem  Mem   // of Store
	Size uint8 // of Store
	Val  Expr
	Cmp  Expr // of Test: what Val is compared with
}

// Flow says where control goes after an instruction.
type Flow uint8

// The kinds of flow.
const (
	Next   Flow = iota
	Call        // to Target, or anywhere when that is 0
	Jump        // always, to Target, or anywhere when that is 0
	Branch      // to Target or on
	Return      // leaves the function
	Trap        // does not go on
)

// Cond says when a Branch is taken, by its Test.
type Cond uint8

// The conditions.
const (
	Other    Cond = iota
	IfEqual       // Val equals Cmp; of a BitTest, the bit is clear
	IfDiffer      // Val differs from Cmp; of a BitTest, the bit is set
)

// Inst is one decoded instruction.
type Inst struct {
	PC      uint64
	Len     int
	Flow    Flow
	Cond    Cond // of a Branch
	Target  uint64
	Through Reg // of a Call or Jump without Target
	Effects []Effect
	// Bad marks bytes that could not be decoded.
	Bad bool

	raw    []byte
	clobA  bool   // sets registers in ways not followed: all
	table  bool   // a jump through a table
	clob   uint64 // registers set in ways not followed, by bit
	spMove bool
	carry  bool // the condition is the carry flag
}

// End is the address after the instruction.
func (in Inst) End() uint64 { return in.PC + uint64(in.Len) }

// Unfollowed reports whether the instruction sets registers in ways that Effects
// does not say.
func (in Inst) Unfollowed() bool { return in.clobA || in.clob != 0 }

func regExpr(r Reg) Expr   { return Expr{Kind: RegIs, Reg: r} }
func immExpr(v int64) Expr { return Expr{Kind: ImmIs, Imm: v} }

func binExpr(op byte, x, y Expr) Expr {
	return Expr{Kind: BinIs, Op: op, X: &x, Y: &y}
}

func (in *Inst) set(dst Reg, val Expr) {
	if dst == zero || dst == NoReg {
		return
	}
	in.Effects = append(in.Effects, Effect{Kind: Set, Dst: dst, Val: val})
}

func (in *Inst) store(m Mem, size uint8, val Expr) {
	in.Effects = append(in.Effects, Effect{Kind: Store, Mem: m, Size: size, Val: val})
}

func (in *Inst) test(val, cmp Expr) {
	in.Effects = append(in.Effects, Effect{Kind: Test, Val: val, Cmp: cmp})
}
