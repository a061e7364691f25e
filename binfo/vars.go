package binfo

import (
	"cmp"
	"debug/dwarf"
	"encoding/binary"
	"slices"
	"strings"
)

// Var is a variable as DWARF describes it. The name of one that closures share
// begins with "&", and its type is the pointer to it.
type Var struct {
	Name string
	Type *Type
	// Addr is the address of a package variable in the file.
	Addr uint64
	// Offset is where a local variable lies, counted from the end of its frame
	// (the CFA), or a captured one in its closure.
	Offset int64
}

// Globals returns the package variables, by address.
func (f *File) Globals() ([]Var, error) {
	d, err := f.debug()
	if err != nil {
		return nil, err
	}
	out := make([]Var, 0, len(d.globals))
	for addr, g := range d.globals {
		if t := d.typeAt(g.typ); t != nil {
			out = append(out, Var{Name: g.name, Type: t, Addr: addr})
		}
	}
	slices.SortFunc(out, func(a, b Var) int { return cmp.Compare(a.Addr, b.Addr) })
	return out, nil
}

// Locals returns the variables of the function at pc, and of calls inlined
// there, that lie in its frame. Of a return address, give the one before it.
func (f *File) Locals(pc uint64) []Var {
	fn, ok := f.FuncAt(pc)
	d, err := f.debug()
	if !ok || err != nil {
		return nil
	}
	base := d.unitOf(fn.Entry)
	var out []Var
	d.children(d.funcEntry(fn.Entry), func(e *entry) (bool, bool) {
		switch e.Tag {
		case dwarf.TagLexDwarfBlock, dwarf.TagInlinedSubroutine:
			return true, true
		case dwarf.TagVariable, dwarf.TagFormalParameter:
		default:
			return false, true
		}
		name := d.name(e)
		if name == "" || strings.HasPrefix(name, "~") || strings.HasPrefix(name, ".") {
			return false, true
		}
		if off, ok := inFrame(d.locationAt(e, pc, base)); ok {
			if t := d.varType(e); t != nil {
				out = append(out, Var{Name: name, Type: t, Offset: off})
			}
		}
		return false, len(out) < maxFields
	})
	return out
}

// inFrame returns the place of a variable that lies in one piece in its frame.
func inFrame(loc []byte) (off int64, ok bool) {
	const fbreg, callFrameCFA, piece = 0x91, 0x9c, 0x93
	next := int64(0)
	for first := true; len(loc) > 0; first = false {
		var at int64
		switch loc[0] {
		case callFrameCFA:
			loc = loc[1:]
		case fbreg:
			v, n := sleb(loc[1:])
			if n <= 0 {
				return 0, false
			}
			at, loc = v, loc[1+n:]
		default:
			return 0, false
		}
		if first {
			off = at
		} else if at != next {
			return 0, false
		}
		if len(loc) == 0 {
			return off, true
		}
		if loc[0] != piece {
			return 0, false
		}
		size, n := binary.Uvarint(loc[1:])
		if n <= 0 || size == 0 || size > 1<<20 {
			return 0, false
		}
		next, loc = at+int64(size), loc[1+n:]
		ok = true
	}
	return off, ok
}

// Captured returns the variables that the closure of the function at entry
// holds; none of Go before 1.23, whose DWARF does not say.
func (f *File) Captured(entryPC uint64) []Var {
	d, err := f.debug()
	if err != nil {
		return nil
	}
	var out []Var
	d.children(d.funcEntry(entryPC), func(e *entry) (bool, bool) {
		off, ok := e.Val(attrGoClosureOffset).(int64)
		if ok && e.Tag == dwarf.TagVariable {
			if t := d.varType(e); t != nil {
				out = append(out, Var{Name: d.name(e), Type: t, Offset: off})
			}
		}
		return false, len(out) < maxFields
	})
	return out
}

// Described is DWARF's view of a type, whose name has its full import path; the
// type itself when DWARF lacks it.
func (f *File) Described(t *Type) *Type {
	if full := f.fullType(t); full != nil {
		return full
	}
	return t
}

// VarAddress returns the address of a package variable, from DWARF or the symbol
// table.
func (f *File) VarAddress(name string) (uint64, bool) {
	if i, ok := f.syms.byName[name]; ok {
		return f.syms.byAddr[i].addr, true
	}
	if d, err := f.debug(); err == nil {
		for addr, g := range d.globals {
			if g.name == name {
				return addr, true
			}
		}
	}
	return 0, false
}

// FrameSize returns how far the stack pointer is below its place at the
// function's entry, at pc. On amd64 the return address comes on top of that.
func (f *File) FrameSize(pc uint64) (int64, bool) {
	fn, ok := f.FuncAt(pc)
	if !ok {
		return 0, false
	}
	v, ok := f.valueAt(fn, fn.pcsp(), pc)
	return int64(v), ok && v >= 0
}

// Entry is the address at which the program begins.
func (f *File) Entry() uint64 { return f.image.elf.Entry }
