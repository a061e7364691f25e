package binfo

import (
	"debug/dwarf"
	"encoding/binary"
	"strings"
)

// localName asks DWARF which variable holds a value just before instruction i:
// the map itself, or a pointer to it where closures share the variable.
func (c *Code) localName(i int, v *Value) (string, Kind, bool) {
	d, err := c.f.debug()
	if err != nil || v.Kind == Unknown || v.Kind == Loaded && v.X.Kind == Context {
		return "", "", false
	}
	pc := c.Insts[i].PC
	base := d.unitOf(c.Func.Entry)
	var name string
	kind := Local
	fn := d.funcEntry(c.Func.Entry)
	d.children(fn, func(e *entry) (bool, bool) {
		switch e.Tag {
		case dwarf.TagLexDwarfBlock, dwarf.TagInlinedSubroutine:
			return true, true
		case dwarf.TagVariable, dwarf.TagFormalParameter:
		default:
			return false, true
		}
		want := v
		n := d.name(e)
		if strings.HasPrefix(n, "&") {
			if v.Kind != Loaded || v.N != 0 {
				return false, true
			}
			want = v.X
		} else if t := d.varType(e); t == nil || t.Kind != KindMap {
			return false, true
		}
		loc := d.locationAt(e, pc, base)
		if loc == nil || !c.holds(i, loc, d.cfa, want) {
			return false, true
		}
		name = strings.TrimPrefix(n, "&")
		if n[0] == '&' {
			kind = Captured // shared with a closure, else it would not be behind a pointer
		} else if e.Tag == dwarf.TagFormalParameter {
			kind = Argument
		}
		return false, false
	})
	return name, kind, name != "" && !strings.HasPrefix(name, "~") && !strings.HasPrefix(name, ".")
}

// unitOf is what the location lists of the function at entry count from.
func (d *debugInfo) unitOf(entryPC uint64) unitInfo {
	r := d.data.Reader()
	e, err := r.SeekPC(entryPC)
	if err != nil || e == nil {
		return unitInfo{}
	}
	u := unitInfo{}
	u.low, _ = e.Val(dwarf.AttrLowpc).(uint64)
	u.addrBase, _ = e.Val(dwarf.AttrAddrBase).(int64)
	return u
}

type unitInfo struct {
	low      uint64
	addrBase int64
}

// locations yields where a variable is: from, to, and a location expression.
func (d *debugInfo) locations(e *entry, u unitInfo, yield func(from, to uint64, loc []byte) bool) {
	switch loc := e.Val(dwarf.AttrLocation).(type) {
	case []byte:
		yield(0, ^uint64(0), loc)
	case int64:
		switch {
		case loc < 0 || loc >= int64(len(d.lists)):
		case d.v5:
			d.list5(d.lists[loc:], u, yield)
		default:
			list4(d.lists[loc:], u.low, yield)
		}
	}
}

// locationAt is the location expression of a variable at pc.
func (d *debugInfo) locationAt(e *entry, pc uint64, u unitInfo) (found []byte) {
	d.locations(e, u, func(from, to uint64, loc []byte) bool {
		if from <= pc && pc < to {
			found = loc
		}
		return found == nil
	})
	return found
}

func list4(p []byte, base uint64, yield func(from, to uint64, loc []byte) bool) {
	for len(p) >= 18 {
		from, to := binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:])
		p = p[16:]
		switch {
		case from == 0 && to == 0:
			return
		case from == ^uint64(0):
			base = to
			continue
		}
		n := int(binary.LittleEndian.Uint16(p))
		if p = p[2:]; n > len(p) {
			return
		}
		if !yield(base+from, base+to, p[:n]) {
			return
		}
		p = p[n:]
	}
}

// Entries of .debug_loclists.
const (
	lleEnd, lleBaseAddrx, lleStartxEnd, lleStartxLen, lleOffsets = 0, 1, 2, 3, 4
	lleBase, lleStartEnd, lleStartLen                            = 6, 7, 8
)

func (d *debugInfo) list5(p []byte, u unitInfo, yield func(from, to uint64, loc []byte) bool) {
	at := u.low
	uleb := func() uint64 {
		v, n := binary.Uvarint(p)
		if n <= 0 {
			p = nil
			return 0
		}
		p = p[n:]
		return v
	}
	word := func() uint64 {
		if len(p) < 8 {
			p = nil
			return 0
		}
		v := binary.LittleEndian.Uint64(p)
		p = p[8:]
		return v
	}
	indexed := func() uint64 {
		o := uint64(u.addrBase) + uleb()*8
		if o+8 > uint64(len(d.addrs)) || o+8 < o {
			return 0
		}
		return binary.LittleEndian.Uint64(d.addrs[o:])
	}
	for len(p) > 0 {
		op := p[0]
		p = p[1:]
		var from, to uint64
		switch op {
		case lleBaseAddrx:
			at = indexed()
			continue
		case lleBase:
			at = word()
			continue
		case lleStartxEnd:
			from, to = indexed(), indexed()
		case lleStartxLen:
			from = indexed()
			to = from + uleb()
		case lleOffsets:
			from = at + uleb()
			to = at + uleb()
		case lleStartEnd:
			from, to = word(), word()
		case lleStartLen:
			from = word()
			to = from + uleb()
		default: // lleEnd, or damage
			return
		}
		n := uleb()
		if n > uint64(len(p)) || !yield(from, to, p[:n]) {
			return
		}
		p = p[n:]
	}
}

// capturedEntry finds the variable that the closure holds at an offset by where
// DWARF says it is later: Go before 1.23 does not say it directly.
func (c *Code) capturedEntry(d *debugInfo, off int64) (found *entry) {
	base := d.unitOf(c.Func.Entry)
	want := &Value{Kind: Loaded, X: &Value{Kind: Context}, N: off, Size: 8}
	d.children(d.funcEntry(c.Func.Entry), func(e *entry) (bool, bool) {
		if e.Tag != dwarf.TagVariable {
			return e.Tag == dwarf.TagLexDwarfBlock, true
		}
		tries := 0
		d.locations(e, base, func(from, _ uint64, loc []byte) bool {
			i, ok := c.within(from)
			if tries++; ok && c.holds(i, loc, d.cfa, want) {
				found = e
			}
			return found == nil && tries < 16
		})
		return false, found == nil
	})
	return found
}

// holds reports whether a location of one register or stack slot has the value.
func (c *Code) holds(i int, loc []byte, cfa int64, want *Value) bool {
	const reg0, fbreg, callFrameCFA = 0x50, 0x91, 0x9c
	switch {
	case len(loc) == 1 && loc[0] >= reg0 && loc[0] < reg0+32:
		r, ok := c.dwarfReg(loc[0] - reg0)
		return ok && c.Reg(i, r).Equal(want)
	case len(loc) >= 2 && loc[0] == fbreg:
		off, n := sleb(loc[1:])
		return n == len(loc)-1 && c.slotHolds(i, off+cfa, want)
	case len(loc) == 1 && loc[0] == callFrameCFA:
		return c.slotHolds(i, cfa, want)
	}
	return false
}

func (c *Code) slotHolds(i int, off int64, want *Value) bool {
	if want.Kind == Slot && want.N == off {
		return true
	}
	return c.tracer().slot(i, off, 8, 0).Equal(want)
}

// dwarfReg maps DWARF's numbers of registers to ours.
func (c *Code) dwarfReg(n byte) (Reg, bool) {
	if c.f.arch == ARM64 {
		return Reg(n), n < 31
	}
	order := []Reg{0, 2, 1, 3, 6, 7, 5, SP} // AX DX CX BX SI DI BP SP
	if int(n) < len(order) {
		return order[n], true
	}
	return Reg(n), n < 16
}

func sleb(p []byte) (v int64, n int) {
	for shift := uint(0); n < len(p) && n < 10; shift += 7 {
		b := p[n]
		n++
		v |= int64(b&0x7f) << shift
		if b&0x80 == 0 {
			if shift < 57 && b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v, n
		}
	}
	return 0, -1
}
