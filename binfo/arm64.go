package binfo

import "encoding/binary"

// Argument and result registers of Go's internal calling convention.
var (
	argsARM64 = []Reg{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	ctxARM64  = Reg(26)
)

// decodeARM64 reads the encodings that move values and control; what it does
// not know sets its destination register to something not followed.
func decodeARM64(raw []byte, pc uint64) (Inst, bool) {
	if len(raw) < 4 {
		return Inst{}, false
	}
	w := binary.LittleEndian.Uint32(raw)
	in := Inst{PC: pc, Len: 4, raw: raw[:4]}
	switch {
	case w&0xffff0000 == 0: // UDF, and padding
		in.Flow = Trap
	case armControl(&in, w), armMemory(&in, w), armImmediate(&in, w), armRegister(&in, w):
	default:
		in.clob |= 1 << (w & 31) &^ (1 << 31)
	}
	return in, true
}

func field(w uint32, lo, n uint) uint32 { return w >> lo & (1<<n - 1) }

func signed(v uint32, bits uint) int64 { return int64(int32(v<<(32-bits)) >> (32 - bits)) }

// xr is a register where 31 is ZR, xsp one where it is SP.
func xr(n uint32) Reg {
	if n == 31 {
		return zero
	}
	return Reg(n)
}

func xsp(n uint32) Reg {
	if n == 31 {
		return SP
	}
	return Reg(n)
}

func armControl(in *Inst, w uint32) bool {
	rel := func(v uint32, bits uint) uint64 { return in.PC + uint64(signed(v, bits)*4) }
	switch {
	case w>>26 == 0b000101:
		in.Flow, in.Target = Jump, rel(field(w, 0, 26), 26)
	case w>>26 == 0b100101:
		in.Flow, in.Target = Call, rel(field(w, 0, 26), 26)
	case w&0xff000010 == 0x54000000:
		in.Flow, in.Target = Branch, rel(field(w, 5, 19), 19)
		if c := field(w, 0, 4); c < 2 { // EQ, NE
			in.Cond = IfEqual + Cond(c)
		}
	case w&0x7e000000 == 0x34000000: // CBZ, CBNZ
		in.Flow, in.Target = Branch, rel(field(w, 5, 19), 19)
		in.Cond = IfEqual + Cond(field(w, 24, 1))
		in.test(regExpr(xr(field(w, 0, 5))), immExpr(0))
	case w&0x7e000000 == 0x36000000: // TBZ, TBNZ
		in.Flow, in.Target = Branch, rel(field(w, 5, 14), 14)
		x, bit := regExpr(xr(field(w, 0, 5))), immExpr(int64(field(w, 31, 1)<<5|field(w, 19, 5)))
		in.Cond = IfEqual + Cond(field(w, 24, 1))
		in.test(Expr{Kind: BitTest, X: &x, Y: &bit}, immExpr(0))
	case w&0xfffffc1f == 0xd63f0000:
		in.Flow, in.Through = Call, Reg(field(w, 5, 5))
	case w&0xfffffc1f == 0xd61f0000:
		in.Flow, in.table, in.Through = Jump, true, Reg(field(w, 5, 5))
	case w&0xfffffc1f == 0xd65f0000:
		in.Flow = Return
	case w&0xffe0001f == 0xd4200000, w&0xffe0001f == 0xd4400000: // BRK, HLT
		in.Flow = Trap
	case w&0xffc00000 == 0xd5000000: // system: hints, barriers, MSR, MRS
		if w&0x00200000 != 0 {
			in.clob |= 1 << (w & 31) &^ (1 << 31)
		}
	default:
		return false
	}
	return true
}

// armMemory reads loads and stores.
func armMemory(in *Inst, w uint32) bool {
	rt, rn := field(w, 0, 5), xsp(field(w, 5, 5))
	vector := w&(1<<26) != 0
	switch {
	case w&0x3b000000 == 0x39000000: // unsigned offset
		size := uint8(1) << field(w, 30, 2)
		disp := int64(field(w, 10, 12)) * int64(size)
		if vector && field(w, 23, 1) == 1 {
			size, disp = 16, int64(field(w, 10, 12))*16
		}
		armAccess(in, rt, Mem{rn, NoReg, disp}, size, field(w, 22, 2) != 0, vector)
	case w&0x3b200000 == 0x38000000: // unscaled, pre- and post-indexed
		size := uint8(1) << field(w, 30, 2)
		if vector && field(w, 23, 1) == 1 {
			size = 16
		}
		disp := signed(field(w, 12, 9), 9)
		mode := field(w, 10, 2)
		m := Mem{rn, NoReg, disp}
		if mode == 1 {
			m.Disp = 0
		}
		armAccess(in, rt, m, size, field(w, 22, 2) != 0, vector)
		armWriteBack(in, rn, disp, mode == 1 || mode == 3)
	case w&0x3b200c00 == 0x38200800: // register offset
		size := uint8(1) << field(w, 30, 2)
		armAccess(in, rt, Mem{rn, Reg(field(w, 16, 5)), 0}, size, field(w, 22, 2) != 0, vector)
	case w&0x3a000000 == 0x28000000: // pairs
		size := uint8(4)
		if field(w, 30, 2) == 2 {
			size = 8
		}
		if vector {
			size = 4 << field(w, 30, 2)
		}
		disp := signed(field(w, 15, 7), 7) * int64(size)
		mode := field(w, 23, 2) // 1 post, 2 offset, 3 pre
		m := Mem{rn, NoReg, disp}
		if mode == 1 {
			m.Disp = 0
		}
		load := w&(1<<22) != 0
		rt2 := field(w, 10, 5)
		m2 := m
		m2.Disp += int64(size)
		armAccess(in, rt, m, size, load, vector)
		armAccess(in, rt2, m2, size, load, vector)
		armWriteBack(in, rn, disp, mode == 1 || mode == 3)
	case w&0x3b000000 == 0x18000000: // literal
		if !vector {
			addr := int64(in.PC) + signed(field(w, 5, 19), 19)*4
			in.set(xr(rt), Expr{Kind: MemIs, Mem: Mem{NoReg, NoReg, addr}, Size: 4 << (field(w, 30, 2) & 1)})
		}
	case w&0x3f000000 == 0x08000000: // exclusive and ordered
		size := uint8(1) << field(w, 30, 2)
		load := w&(1<<22) != 0
		armAccess(in, rt, Mem{rn, NoReg, 0}, size, load, false)
		if !load && w&(1<<23) == 0 {
			in.clob |= 1 << field(w, 16, 5) &^ (1 << 31)
		}
	case w&0x3f200000 == 0x38200000, w&0x3f200c00 == 0x38200000: // atomics
		in.store(Mem{rn, NoReg, 0}, uint8(1)<<field(w, 30, 2), Expr{})
		in.clob |= 1 << rt &^ (1 << 31)
	case w&0xbe000000 == 0x0c000000: // vectors of registers
		in.store(Mem{rn, NoReg, 0}, 64, Expr{})
		if w&(1<<23) != 0 && rn != SP {
			in.clob |= 1 << rn
		}
	default:
		return false
	}
	return true
}

func armAccess(in *Inst, rt uint32, m Mem, size uint8, load, vector bool) {
	switch {
	case load && vector:
	case load:
		in.set(xr(rt), Expr{Kind: MemIs, Mem: m, Size: size})
	case vector:
		in.store(m, size, Expr{})
	case rt == 31:
		in.store(m, size, immExpr(0))
	default:
		in.store(m, size, regExpr(Reg(rt)))
	}
}

func armWriteBack(in *Inst, rn Reg, disp int64, yes bool) {
	switch {
	case !yes:
	case rn == SP:
		in.spMove = true
	default:
		in.set(rn, Expr{Kind: AddrIs, Mem: Mem{rn, NoReg, disp}})
	}
}

// armImmediate reads arithmetic with constants, and the forming of addresses.
func armImmediate(in *Inst, w uint32) bool {
	rd, rn := field(w, 0, 5), field(w, 5, 5)
	switch {
	case w&0x1f000000 == 0x10000000: // ADR, ADRP
		v := signed(field(w, 5, 19)<<2|field(w, 29, 2), 21)
		at := int64(in.PC) + v
		if w>>31 == 1 {
			at = int64(in.PC)&^0xfff + v<<12
		}
		in.set(xr(rd), immExpr(at))
	case w&0x1f800000 == 0x11000000: // ADD, SUB, and with flags CMP
		v := int64(field(w, 10, 12)) << (12 * field(w, 22, 1))
		op := byte('+')
		if w&(1<<30) != 0 {
			op = '-'
		}
		flags := w&(1<<29) != 0
		val := binExpr(op, regExpr(xsp(rn)), immExpr(v))
		switch {
		case flags && op == '-':
			in.test(regExpr(xsp(rn)), immExpr(v))
			in.set(xr(rd), val)
		case flags:
			in.test(val, immExpr(0))
			in.set(xr(rd), val)
		case rd == 31:
			in.spMove = true
		default:
			in.set(Reg(rd), val)
		}
	case w&0x1f800000 == 0x12800000: // MOVN, MOVZ, MOVK
		shift := 16 * field(w, 21, 2)
		v := int64(uint64(field(w, 5, 16)) << shift)
		switch field(w, 29, 2) {
		case 0:
			in.set(xr(rd), immExpr(^v))
		case 2:
			in.set(xr(rd), immExpr(v))
		case 3:
			kept := binExpr('&', regExpr(xr(rd)), immExpr(^int64(uint64(0xffff)<<shift)))
			in.set(xr(rd), binExpr('|', kept, immExpr(v)))
		default:
			return false
		}
	case w&0x1f800000 == 0x12000000: // AND, ORR, EOR, TST with a bitmask
		mask, ok := bitmask(field(w, 22, 1), field(w, 16, 6), field(w, 10, 6))
		if w>>31 == 0 {
			mask &= 0xffffffff
		}
		if !ok {
			return false
		}
		op := [4]byte{'&', '|', '^', '&'}[field(w, 29, 2)]
		val := binExpr(op, regExpr(xr(rn)), immExpr(int64(mask)))
		if field(w, 29, 2) == 3 {
			in.test(val, immExpr(0))
			in.set(xr(rd), val)
		} else {
			in.set(xsp(rd), val)
		}
	case w&0x7f800000 == 0x53000000 && field(w, 16, 6) == 0 && field(w, 10, 6) >= 7 && field(w, 22, 1) == w>>31:
		in.set(xr(rd), regExpr(xr(rn))) // UXTB, UXTH, UXTW: the value as it was loaded
	default:
		return false
	}
	return true
}

// bitmask decodes a logical immediate (DecodeBitMasks of the architecture's manual).
func bitmask(n, immr, imms uint32) (uint64, bool) {
	length := -1
	for v := n<<6 | ^imms&0x3f; v != 0; v >>= 1 {
		length++
	}
	if length < 1 {
		return 0, false
	}
	size := uint32(1) << length
	s, r := imms&(size-1), immr&(size-1)
	if s == size-1 {
		return 0, false
	}
	elem := uint64(1)<<(s+1) - 1
	if r > 0 {
		elem = elem>>r | elem<<(size-r)
		if size < 64 {
			elem &= 1<<size - 1
		}
	}
	for ; size < 64; size *= 2 {
		elem |= elem << size
	}
	return elem, true
}

// armRegister reads arithmetic between registers, unshifted.
func armRegister(in *Inst, w uint32) bool {
	rd, rn, rm := field(w, 0, 5), xr(field(w, 5, 5)), xr(field(w, 16, 5))
	plain := field(w, 10, 6) == 0
	switch {
	case w&0x1f200000 == 0x0a000000 && plain: // AND, ORR, EOR, TST
		op := [4]byte{'&', '|', '^', '&'}[field(w, 29, 2)]
		val := binExpr(op, regExpr(rn), regExpr(rm))
		if op == '|' && rn == zero {
			val = regExpr(rm)
		}
		if field(w, 29, 2) == 3 {
			in.test(val, immExpr(0))
		}
		in.set(xr(rd), val)
	case w&0x1f200000 == 0x0b000000 && plain: // ADD, SUB, CMP
		op := byte('+')
		if w&(1<<30) != 0 {
			op = '-'
		}
		if w&(1<<29) != 0 {
			in.test(regExpr(rn), regExpr(rm))
		}
		in.set(xr(rd), binExpr(op, regExpr(rn), regExpr(rm)))
	case w&0x0f000000 == 0x0e000000, w&0x0e000000 == 0x0e000000: // floating point and vectors
		// Moves to a general register set what is not followed.
		if w&0x7f20fc00 == 0x1e200000 || w&0xffe0fc00 == 0x0e003c00 || w&0xffe0fc00 == 0x4e003c00 {
			in.clob |= 1 << rd &^ (1 << 31)
		}
	default:
		return false
	}
	return true
}
