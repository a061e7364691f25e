package binfo

import "golang.org/x/arch/x86/x86asm"

// Argument and result registers of Go's internal calling convention.
var (
	argsAMD64 = []Reg{0, 3, 1, 7, 6, 8, 9, 10, 11} // AX BX CX DI SI R8 R9 R10 R11
	ctxAMD64  = Reg(2)                             // DX
)

// x86Reg maps a general register of any width to its number and width in
// bytes; ok is false for other registers, and for AH to BH.
func x86Reg(a x86asm.Arg) (r Reg, size uint8, ok bool) {
	x, isReg := a.(x86asm.Reg)
	if !isReg {
		return NoReg, 0, false
	}
	var n x86asm.Reg
	switch {
	case x >= x86asm.AL && x <= x86asm.BL:
		n, size = x-x86asm.AL, 1
	case x >= x86asm.SPB && x <= x86asm.DIB:
		n, size = x-x86asm.SPB+4, 1
	case x >= x86asm.R8B && x <= x86asm.R15B:
		n, size = x-x86asm.R8B+8, 1
	case x >= x86asm.AX && x <= x86asm.R15W:
		n, size = x-x86asm.AX, 2
	case x >= x86asm.EAX && x <= x86asm.R15L:
		n, size = x-x86asm.EAX, 4
	case x >= x86asm.RAX && x <= x86asm.R15:
		n, size = x-x86asm.RAX, 8
	default:
		return NoReg, 0, false
	}
	if n == 4 {
		return SP, size, true
	}
	return Reg(n), size, true
}

func x86Mem(m x86asm.Mem, next uint64) Mem {
	if m.Base == x86asm.RIP {
		return Mem{Base: NoReg, Index: NoReg, Disp: int64(next) + m.Disp}
	}
	out := Mem{Base: NoReg, Index: NoReg, Disp: m.Disp}
	if m.Base != 0 {
		out.Base, _, _ = x86Reg(m.Base)
	}
	if m.Index != 0 {
		out.Index, _, _ = x86Reg(m.Index)
	}
	return out
}

// operand is the value of an argument.
func x86Operand(a x86asm.Arg, next uint64, size int) Expr {
	switch a := a.(type) {
	case x86asm.Reg:
		if r, _, ok := x86Reg(a); ok {
			return regExpr(r)
		}
	case x86asm.Imm:
		return immExpr(int64(a))
	case x86asm.Mem:
		if a.Segment == 0 {
			return Expr{Kind: MemIs, Mem: x86Mem(a, next), Size: uint8(size)}
		}
	}
	return Expr{}
}

func decodeAMD64(raw []byte, pc uint64) (Inst, bool) {
	x, err := x86asm.Decode(raw, 64)
	if err != nil || x.Len <= 0 || x.Len > len(raw) {
		return Inst{}, false
	}
	in := Inst{PC: pc, Len: x.Len, raw: raw[:x.Len]}
	next := in.End()
	a, b := x.Args[0], x.Args[1]
	switch x.Op {
	case x86asm.CALL, x86asm.JMP:
		in.Flow = Call
		if x.Op == x86asm.JMP {
			in.Flow = Jump
		}
		if rel, ok := a.(x86asm.Rel); ok {
			in.Target = next + uint64(int64(rel))
		} else {
			in.table = true
			in.Through = NoReg
			if r, _, ok := x86Reg(a); ok {
				in.Through = r
			}
		}
		return in, true
	case x86asm.RET:
		in.Flow = Return
		return in, true
	case x86asm.UD1, x86asm.UD2, x86asm.INT, x86asm.HLT:
		in.Flow = Trap
		return in, true
	case x86asm.NOP, x86asm.PREFETCHNTA, x86asm.PREFETCHT0:
		return in, true
	case x86asm.PUSH:
		in.store(Mem{Base: SP, Index: NoReg, Disp: -8}, 8, x86Operand(a, next, 8))
		return in, true
	case x86asm.CMP:
		in.test(x86Operand(a, next, x.MemBytes), x86Operand(b, next, x.MemBytes))
		return in, true
	case x86asm.TEST:
		va, vb := x86Operand(a, next, x.MemBytes), x86Operand(b, next, x.MemBytes)
		if va.Kind == RegIs && vb.Kind == RegIs && va.Reg == vb.Reg {
			in.test(va, immExpr(0))
		} else {
			in.test(binExpr('&', va, vb), immExpr(0))
		}
		return in, true
	case x86asm.BT:
		va, vb := x86Operand(a, next, x.MemBytes), x86Operand(b, next, x.MemBytes)
		in.test(Expr{Kind: BitTest, X: &va, Y: &vb}, immExpr(0))
		return in, true
	}
	if rel, ok := a.(x86asm.Rel); ok {
		in.Flow, in.Target = Branch, next+uint64(int64(rel))
		switch x.Op {
		case x86asm.JE, x86asm.JAE: // after BT, carry is the bit
			in.Cond = IfEqual
		case x86asm.JNE, x86asm.JB:
			in.Cond = IfDiffer
		}
		in.carry = x.Op == x86asm.JAE || x.Op == x86asm.JB
		return in, true
	}
	x86Effects(&in, x, a, b, next)
	return in, true
}

// x86Effects fills in what an instruction without control flow changes.
func x86Effects(in *Inst, x x86asm.Inst, a, b x86asm.Arg, next uint64) {
	dst, dstSize, isReg := x86Reg(a)
	dstMem, isMem := a.(x86asm.Mem)
	isMem = isMem && dstMem.Segment == 0
	size := x.MemBytes
	val := Expr{}
	flags := false
	switch x.Op {
	case x86asm.MOV, x86asm.MOVZX, x86asm.MOVSXD, x86asm.MOVSX:
		val = x86Operand(b, next, size)
		if isReg && dstSize < 4 {
			val = Expr{} // the rest of the register stays
		}
	case x86asm.LEA:
		if m, ok := b.(x86asm.Mem); ok {
			val = Expr{Kind: AddrIs, Mem: x86Mem(m, next)}
		}
	case x86asm.XOR, x86asm.AND, x86asm.OR, x86asm.ADD, x86asm.SUB:
		op := map[x86asm.Op]byte{x86asm.XOR: '^', x86asm.AND: '&', x86asm.OR: '|', x86asm.ADD: '+', x86asm.SUB: '-'}[x.Op]
		va, vb := x86Operand(a, next, size), x86Operand(b, next, size)
		val = binExpr(op, va, vb)
		if op == '^' && va.Kind == RegIs && vb.Kind == RegIs && va.Reg == vb.Reg {
			val = immExpr(0)
		}
		flags = true
	case x86asm.BTS, x86asm.BTC, x86asm.BTR:
		if imm, ok := b.(x86asm.Imm); ok && imm >= 0 && imm < 64 {
			op, v := byte('|'), int64(1)<<imm
			switch x.Op {
			case x86asm.BTC:
				op = '^'
			case x86asm.BTR:
				op, v = '&', ^v
			}
			val = binExpr(op, x86Operand(a, next, size), immExpr(v))
		}
	case x86asm.INC, x86asm.DEC:
		val = binExpr('+', x86Operand(a, next, size), immExpr(1))
		if x.Op == x86asm.DEC {
			val.Y.Imm = -1
		}
		flags = true
	case x86asm.XCHG, x86asm.XADD, x86asm.CMPXCHG:
		for _, arg := range []x86asm.Arg{a, b} {
			if r, _, ok := x86Reg(arg); ok {
				in.clob |= 1 << r
			}
		}
		if x.Op == x86asm.CMPXCHG {
			in.clob |= 1 // AX
		}
	case x86asm.MUL, x86asm.DIV, x86asm.IDIV, x86asm.CDQ, x86asm.CQO, x86asm.CWD, x86asm.RDTSC, x86asm.XGETBV:
		in.clob |= 1<<0 | 1<<2 // AX, DX
	case x86asm.CPUID, x86asm.RDTSCP:
		in.clob |= 1<<0 | 1<<1 | 1<<2 | 1<<3
	case x86asm.IMUL:
		if x.Args[1] == nil {
			in.clob |= 1<<0 | 1<<2
		}
	case x86asm.MOVSB, x86asm.MOVSW, x86asm.MOVSD, x86asm.MOVSQ, x86asm.STOSB, x86asm.STOSW, x86asm.STOSD, x86asm.STOSQ:
		in.clob |= 1<<1 | 1<<6 | 1<<7 // CX, SI, DI
	case x86asm.SYSCALL:
		in.clob |= 1<<0 | 1<<1 | 1<<11
	}
	switch {
	case isReg && readsOnly(x):
	case isReg:
		if dst == SP {
			in.spMove = true
			break
		}
		// A 32-bit result of arithmetic is only followed as far as it is the same.
		in.set(dst, val)
	case isMem && storesTo(x.Op):
		in.store(x86Mem(dstMem, next), uint8(max(size, 0)), val)
	}
	if flags {
		in.test(val, immExpr(0))
	}
}

// readsOnly reports whether the register in first place is an operand alone.
func readsOnly(x x86asm.Inst) bool {
	switch x.Op {
	case x86asm.MUL, x86asm.DIV, x86asm.IDIV:
		return true
	case x86asm.IMUL:
		return x.Args[1] == nil
	}
	return false
}

// storesTo reports whether an instruction with a memory operand in first place
// writes there.
func storesTo(op x86asm.Op) bool {
	switch op {
	case x86asm.MUL, x86asm.DIV, x86asm.IDIV, x86asm.PTEST, x86asm.COMISD, x86asm.UCOMISD, x86asm.COMISS, x86asm.UCOMISS, x86asm.CLFLUSH,
		x86asm.PREFETCHNTA, x86asm.PREFETCHT0, x86asm.PREFETCHT1, x86asm.PREFETCHT2, x86asm.PREFETCHW, x86asm.LDMXCSR:
		return false
	}
	return true
}
