package binfo

import (
	"debug/dwarf"
	"fmt"
	"slices"
	"strings"
)

type entry = dwarf.Entry

// funcEntry is the DWARF entry of the function at an address.
func (d *debugInfo) funcEntry(entryPC uint64) *entry {
	off, ok := d.funcs[entryPC]
	if !ok {
		return nil
	}
	return d.entry(off)
}

// origin is the abstract entry that e is a copy of, or e.
func (d *debugInfo) origin(e *entry) *entry {
	for range 4 {
		off, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
		if !ok {
			return e
		}
		o := d.entry(off)
		if o == nil {
			return e
		}
		e = o
	}
	return e
}

func (d *debugInfo) name(e *entry) string {
	s, _ := d.origin(e).Val(dwarf.AttrName).(string)
	return s
}

func (d *debugInfo) varType(e *entry) *Type {
	off, ok := d.origin(e).Val(dwarf.AttrType).(dwarf.Offset)
	if !ok {
		return nil
	}
	return d.typeAt(off)
}

type variable struct {
	name   string
	typ    *Type
	result bool
}

// signature lists parameters and results in order of declaration.
func (d *debugInfo) signature(entryPC uint64) []variable {
	e := d.funcEntry(entryPC)
	if e == nil {
		return nil
	}
	// A function that is also inlined has its full list in the abstract entry:
	// the copy leaves out what is unused.
	if o := d.origin(e); o != e && o.Children {
		e = o
	}
	var out []variable
	d.children(e, func(c *entry) (bool, bool) {
		if c.Tag == dwarf.TagFormalParameter {
			isResult, _ := d.origin(c).Val(dwarf.AttrVarParam).(bool)
			out = append(out, variable{d.name(c), d.varType(c), isResult})
		}
		return false, len(out) < 256
	})
	return out
}

// A part is one register's share of a variable.
type part struct {
	variable int
	off      int64
}

// assign deals variables out to integer registers as Go's internal calling
// convention does: whole, in order, or not at all.
func assign(vars []variable, ints int) []part {
	var out []part
	floats := 0
	for i, v := range vars {
		var regs []int64
		fp := 0
		ok := v.typ != nil && flatten(v.typ, 0, &regs, &fp, 0)
		if v.typ == nil {
			return out // what follows cannot be placed
		}
		if !ok || len(out)+len(regs) > ints || floats+fp > 15 {
			continue // on the stack
		}
		floats += fp
		for _, off := range regs {
			out = append(out, part{i, off})
		}
	}
	return out
}

// flatten lists the offsets of a value's integer words; false when it must be
// passed on the stack.
func flatten(t *Type, off int64, ints *[]int64, floats *int, depth int) bool {
	if t == nil || depth > maxNesting || len(*ints) > 64 {
		return false
	}
	word := func(n int64) bool {
		for i := range n {
			*ints = append(*ints, off+8*i)
		}
		return true
	}
	switch {
	case t.Kind >= KindBool && t.Kind <= KindUintptr:
		return word(1)
	case t.Kind == KindFloat32 || t.Kind == KindFloat64:
		*floats++
		return true
	case t.Kind == KindComplex64 || t.Kind == KindComplex:
		*floats += 2
		return true
	}
	switch t.Kind {
	case KindPointer, KindMap, KindChan, KindFunc, KindUnsafe:
		return word(1)
	case KindString, KindInterface:
		return word(2)
	case KindSlice:
		return word(3)
	case KindStruct:
		for _, f := range t.Fields() {
			if !flatten(f.Type, off+f.Offset, ints, floats, depth+1) {
				return false
			}
		}
		return true
	case KindArray:
		switch t.Len {
		case 0:
			return true
		case 1:
			return flatten(t.Elem(), off, ints, floats, depth+1)
		}
	}
	return false
}

// inputs lists the parameters. Generic code takes a dictionary, after the
// receiver of a method, which DWARF need not list.
func (c *Code) inputs(d *debugInfo) []variable {
	c.insOnce.Do(func() { c.ins = c.readInputs(d) })
	return c.ins
}

func (c *Code) readInputs(d *debugInfo) []variable {
	var ins []variable
	hasDict := false
	for _, v := range d.signature(c.Func.Entry) {
		if !v.result {
			ins = append(ins, v)
			hasDict = hasDict || v.name == ".dict"
		}
	}
	name := c.Func.Name
	i := max(strings.Index(name, "[go.shape."), strings.Index(name, "[...]"))
	if i < 0 || hasDict || strings.Contains(name[i:], "].func") || len(ins) == 0 {
		return ins
	}
	at := 0
	if j := matching(name); j > 0 && strings.Contains(name[j:], ".") {
		at = 1
	}
	return slices.Insert(ins, at, variable{name: ".dict", typ: &Type{Kind: KindUintptr, Size: 8}})
}

// param names argument register n at entry.
func (c *Code) param(n int) place {
	d, err := c.f.debug()
	if err != nil {
		return c.receiver(n, err)
	}
	ins := c.inputs(d)
	regs, _ := c.args()
	parts := assign(ins, len(regs))
	if n >= len(parts) {
		return place{why: fmt.Sprintf("DWARF has no parameter in argument register %d", n)}
	}
	return c.partOf(ins[parts[n].variable], parts[n].off)
}

func (c *Code) partOf(v variable, off int64) place {
	p := place{typ: v.typ, expr: v.name, name: c.Func.Name + "." + v.name, kind: Argument, by: "dwarf"}
	if v.typ.Kind == KindStruct || v.typ.Kind == KindArray {
		path, at, owner, rest := v.typ.At(off)
		p.typ, p.expr, p.off = at, v.name+path, off
		if owner != nil {
			p.name, p.kind = owner.Name+rest, FieldOf
		}
	} else if off != 0 {
		p.typ = nil // the length of a string, say
	}
	return p
}

// stackParam names what stands off bytes above SP at entry: a parameter that
// the caller put there, or one that came in registers and was spilled to the
// room that the caller leaves for it behind them.
func (c *Code) stackParam(off int64) place {
	d, err := c.f.debug()
	if err != nil {
		return place{kind: Argument, why: err.Error()}
	}
	regs, _ := c.args()
	ins, outs := c.inputs(d), results(d, c.Func.Entry)
	inRegs := map[int]bool{}
	for _, p := range assign(ins, len(regs)) {
		inRegs[p.variable] = true
	}
	at := int64(8)
	var found place
	hit := func(v variable) bool {
		if v.typ == nil {
			return false
		}
		a := alignment(v.typ, 0)
		at = (at + a - 1) &^ (a - 1)
		if off >= at && off < at+v.typ.Size {
			found = c.partOf(v, off-at)
			return true
		}
		at += v.typ.Size
		return false
	}
	for i, v := range ins {
		if !inRegs[i] && hit(v) {
			return found
		}
	}
	at = (at + 7) &^ 7
	outRegs := map[int]bool{}
	for _, p := range assign(outs, len(regs)) {
		outRegs[p.variable] = true
	}
	for i, v := range outs {
		if !outRegs[i] && hit(v) {
			return found
		}
	}
	at = (at + 7) &^ 7
	for i, v := range ins {
		if inRegs[i] && hit(v) {
			return found
		}
	}
	return place{kind: Argument, why: "DWARF has no parameter there"}
}

// alignment is that of a type in memory.
func alignment(t *Type, depth int) int64 {
	if t == nil || depth > maxNesting {
		return 1
	}
	switch t.Kind {
	case KindStruct:
		a := int64(1)
		for _, f := range t.Fields() {
			a = max(a, alignment(f.Type, depth+1))
		}
		return a
	case KindArray:
		return alignment(t.Elem(), depth+1)
	case KindComplex64:
		return 4
	}
	for _, a := range []int64{1, 2, 4} {
		if t.Size <= a {
			return a
		}
	}
	return 8
}

// results lists what a function returns.
func results(d *debugInfo, entryPC uint64) []variable {
	var outs []variable
	for _, v := range d.signature(entryPC) {
		if v.result {
			outs = append(outs, v)
		}
	}
	return outs
}

// receiver names argument 0 of a method without DWARF: the function's name has
// its type, and the type's descriptor the fields.
func (c *Code) receiver(n int, why error) place {
	typ, pointer := receiverType(c.Func.Name)
	if typ == "" {
		return place{kind: Argument, why: why.Error()}
	}
	for _, t := range c.f.TypesNamed(typ) {
		v := variable{name: "receiver", typ: t}
		if pointer {
			if n != 0 {
				break
			}
			v.typ = &Type{Kind: KindPointer, Size: 8, src: pointerTo{t}}
			return place{typ: v.typ, expr: "receiver", kind: Argument, by: "types"}
		}
		regs, _ := c.args()
		parts := assign([]variable{v}, len(regs))
		if n < len(parts) {
			p := c.partOf(v, parts[n].off)
			p.by = "types"
			return p
		}
	}
	return place{kind: Argument, why: why.Error()}
}

// receiverType reads "main.Registry" and true from "main.(*Registry).Get". A
// closure inside a method has no receiver.
func receiverType(fn string) (typ string, pointer bool) {
	slash := strings.LastIndexByte(fn, '/') + 1
	pkg, rest, ok := strings.Cut(fn[slash:], ".")
	if !ok {
		return "", false
	}
	if r, ok := strings.CutPrefix(rest, "(*"); ok {
		name, method, ok := strings.Cut(r, ").")
		if !ok || strings.Contains(method, ".") {
			return "", false
		}
		return pkg + "." + name, true
	}
	name, method, ok := strings.Cut(rest, ".")
	if !ok || strings.ContainsAny(method, ".") || strings.HasPrefix(method, "func") {
		return "", false
	}
	return pkg + "." + name, false
}

// resultOf types result register n of a function.
func (f *File) resultOf(function string, n int) place {
	d, err := f.debug()
	if err != nil {
		return place{why: err.Error()}
	}
	fns := f.FuncsNamed(function)
	if len(fns) != 1 {
		return place{why: "the result of " + function}
	}
	outs := results(d, fns[0].Entry)
	regs := argsAMD64
	if f.arch == ARM64 {
		regs = argsARM64
	}
	parts := assign(outs, len(regs))
	if n >= len(parts) {
		return place{why: "the result of " + function}
	}
	v := outs[parts[n].variable]
	if parts[n].off != 0 {
		return place{why: "part of the result of " + function}
	}
	return place{typ: v.typ, by: "dwarf", name: function + "()"}
}
