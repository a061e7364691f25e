package binfo

import (
	"fmt"
	"strings"
)

// Kind says what sort of variable holds a map, in the words of findings.
type Kind string

// The kinds.
const (
	FieldOf  Kind = "field"
	Global   Kind = "global"
	Local    Kind = "local"
	Captured Kind = "captured"
	Argument Kind = "parameter"
	ResultOf Kind = "result"
	Element  Kind = "element"
)

// Origin says where the map that a call works on came from.
type Origin struct {
	// Chain is how its header was loaded: "[arg0+0x18]".
	Chain string `json:"chain"`
	Kind  Kind   `json:"kind,omitempty"`
	// Name is the variable: "main.Registry.peers", "main.cache".
	Name string `json:"name,omitempty"`
	// Expr names the map as the function sees it: "r.peers".
	Expr string `json:"expr,omitempty"`
	// Offset is the field's, where the map is in a struct.
	Offset int64 `json:"offset,omitempty"`
	// Address is the variable's, of a global.
	Address uint64 `json:"address,omitempty"`
	// By says what the names come from: dwarf, types or symbols.
	By string `json:"by,omitempty"`
	// Missing says why there is no name.
	Missing string `json:"missing,omitempty"`
	// Value is what Chain writes.
	Value *Value `json:"-"`
}

// Variable names what holds a value just before instruction i: Origin's answer,
// or a local variable.
func (c *Code) Variable(i int, v *Value) Origin {
	o := c.Origin(v)
	if o.Name == "" || o.Kind == Local {
		if name, kind, ok := c.localName(i, v); ok {
			o.Name, o.Expr, o.Kind, o.By, o.Missing = c.outer(i)+"."+name, name, kind, "dwarf", ""
		}
	}
	if o.Name == "" && o.Missing == "" {
		o.Missing = c.whyNoName(v)
	}
	return o
}

// outer is the function whose code, inlined or not, makes the call.
func (c *Code) outer(i int) string {
	if fr := c.f.Frames(c.Insts[i].PC); len(fr) > 0 {
		return fr[0].Func
	}
	return c.Func.Name
}

func (c *Code) whyNoName(v *Value) string {
	switch {
	case v.Kind == Unknown, v.Kind == Several:
		return "its argument is " + v.String()
	case !c.f.info.DWARF:
		return errNoDWARF.Error()
	}
	return "DWARF does not describe " + v.String()
}

// A place is what a value is known to be: a type, and words for it.
type place struct {
	typ  *Type
	expr string
	name string
	kind Kind
	off  int64
	addr uint64
	by   string
	why  string
}

// Origin names what a value of this function is.
func (c *Code) Origin(v *Value) Origin {
	p := c.place(v, 0)
	return Origin{
		Chain: v.String(), Kind: p.kind, Name: p.name, Expr: p.expr, Offset: p.off, Address: p.addr, By: p.by, Missing: p.why, Value: v,
	}
}

func (c *Code) place(v *Value, depth int) place {
	if depth > maxNesting {
		return place{why: "too deep"}
	}
	switch v.Kind {
	case Param:
		return c.param(int(v.N))
	case Slot:
		if v.N > 0 {
			return c.stackParam(v.N)
		}
		return place{kind: Local}
	case Frame0:
		return place{kind: Local}
	case Result:
		return c.resultPlace(v, depth)
	case Loaded:
		return c.loaded(v, depth)
	case Const:
		return c.globalAt(uint64(v.N))
	case Several:
		return c.common(v, depth)
	case Added:
		return place{why: "an address inside " + v.X.String()}
	}
	return place{}
}

// common is what all values have in common: their type, and their name too
// where it is one. A nil among them is no map.
func (c *Code) common(v *Value, depth int) place {
	var out place
	first := true
	for _, a := range v.Any {
		if a.Kind == Const && a.N == 0 {
			continue
		}
		p := c.place(a, depth+1)
		switch {
		case first:
			out, first = p, false
			continue
		case out.typ == nil || p.typ == nil || out.typ.Name != p.typ.Name || !sameElem(out.typ, p.typ):
			return place{why: v.String()}
		}
		if p.name != out.name || p.kind != out.kind {
			out = place{typ: out.typ, by: out.by, why: v.String()}
		} else if p.expr != out.expr {
			out.expr = ""
		}
	}
	return out
}

// sameElem compares what unnamed pointers point to.
func sameElem(a, b *Type) bool {
	if a.Name != "" || a.Kind != KindPointer || b.Kind != KindPointer {
		return true
	}
	x, y := a.Elem(), b.Elem()
	return x != nil && y != nil && x.Name == y.Name
}

// loaded names what stands in memory at X+N.
func (c *Code) loaded(v *Value, depth int) place {
	if v.X.Kind == Context {
		return c.captured(v.N)
	}
	if v.X.Kind == Const {
		return c.globalAt(uint64(v.X.N + v.N))
	}
	if v.X.Kind == Indexed {
		return c.indexed(v, depth)
	}
	base := c.place(v.X, depth+1)
	if base.typ == nil || base.typ.Kind != KindPointer {
		out := place{off: v.N, by: base.by, why: base.why}
		// "&m": what it points to is the variable itself.
		if base.typ == nil && base.kind != "" && v.N == 0 {
			out.kind = base.kind
		}
		return out
	}
	elem := base.typ.Elem()
	path, at, owner, rest := elem.At(v.N)
	if base.kind == Element || path == "" && base.kind != "" {
		// The element of another map, or a captured variable behind its pointer.
		out := base
		out.typ = at
		if path != "" && owner != nil {
			out.kind, out.off, out.name, out.expr = FieldOf, v.N, owner.Name+rest, base.expr+path
		}
		out.expr = strings.TrimPrefix(out.expr, "&")
		out.name = strings.Replace(out.name, ".&", ".", 1)
		return out
	}
	if path == "" {
		return place{typ: at, expr: "*" + base.expr, off: v.N, by: base.by}
	}
	out := place{typ: at, expr: base.expr + path, kind: FieldOf, off: v.N, by: base.by}
	if base.expr == "" {
		out.expr = "" // one of several
	}
	if owner != nil {
		out.name = owner.Name + rest
	}
	return out
}

// indexed names an element of a slice whose array the address is behind.
func (c *Code) indexed(v *Value, depth int) place {
	base := c.place(v.X.X, depth+1)
	if base.typ == nil || base.typ.Kind != KindSlice {
		return place{why: "an indexed address", by: base.by}
	}
	out := place{kind: Element, by: base.by}
	elem := base.typ.Elem()
	path, at, owner, rest := elem.At(v.N)
	out.typ = at
	switch {
	case path != "" && owner != nil:
		out.kind, out.off, out.name, out.expr = FieldOf, v.N, owner.Name+rest, base.expr+"[]"+path
	case path == "" && base.name != "":
		out.name, out.expr = base.name+"[]", base.expr+"[]"
	}
	return out
}

// captured names what stands in the running closure at an offset.
func (c *Code) captured(off int64) place {
	d, err := c.f.debug()
	if err != nil {
		return place{kind: Captured, off: off, why: err.Error()}
	}
	var found *entry
	d.children(d.funcEntry(c.Func.Entry), func(e *entry) (bool, bool) {
		if at, ok := e.Val(attrGoClosureOffset).(int64); ok && at == off {
			found = e
		}
		return false, found == nil
	})
	if found == nil {
		found = c.capturedEntry(d, off)
	}
	if found == nil {
		return place{kind: Captured, off: off, why: "DWARF does not say what the closure holds there"}
	}
	name := d.name(found)
	return place{typ: d.varType(found), expr: name, name: Enclosing(c.Func.Name) + "." + name, kind: Captured, by: "dwarf"}
}

// Enclosing is the function that a function literal's name starts with.
func Enclosing(fn string) string {
	if i := strings.LastIndex(fn, ".func"); i > 0 {
		return fn[:i]
	}
	return fn
}

// globalAt names the package variable, or the part of one, at an address.
func (c *Code) globalAt(addr uint64) place {
	f := c.f
	p := place{kind: Global, addr: addr}
	if d, err := f.debug(); err == nil {
		// Addresses inside a struct or array belong to the variable before.
		for off := uint64(0); off < 1<<12; off += 8 {
			g, ok := d.globals[addr-off]
			if !ok {
				continue
			}
			t := d.typeAt(g.typ)
			if t == nil || off > 0 && int64(off) >= t.Size {
				break
			}
			path, at, _, _ := t.At(int64(off))
			p.typ, p.name, p.expr, p.by = at, g.name+path, g.name+path, "dwarf"
			p.off = int64(off)
			return p
		}
	}
	if s, ok := f.syms.at(addr); ok {
		p.name, p.expr, p.by, p.off = s.name, s.name, "symbols", int64(addr-s.addr)
		if p.off > 0 {
			p.name = fmt.Sprintf("%s+%#x", s.name, p.off)
			p.expr = p.name
		}
		return p
	}
	p.why = fmt.Sprintf("the package variable at %#x has a name only in the symbol table; build without -ldflags=-s", addr)
	return p
}

// resultPlace types what a call returned.
func (c *Code) resultPlace(v *Value, depth int) place {
	i, ok := c.At(v.PC)
	if !ok {
		return place{}
	}
	if mf, ok := mapFuncs[v.Call]; ok && (mf.op == Lookup || mf.op == Assign) && v.N == 0 && depth < 8 {
		// A pointer to the element of another map.
		m := c.place(c.Arg(i, int(mf.hdr)), depth+1)
		out := place{kind: Element, by: m.by, why: m.why}
		if m.name != "" {
			out.name, out.expr = m.name+"[]", m.expr+"[]"
		}
		if t := m.typ; t != nil && t.Kind == KindMap {
			out.typ = &Type{Kind: KindPointer, Size: 8, src: pointerTo{t.Elem()}}
		} else if tv := c.Arg(i, int(mf.typ)); tv.Kind == Const {
			if t, err := c.f.TypeAt(uint64(tv.N)); err == nil && t.Kind == KindMap {
				out.typ = &Type{Kind: KindPointer, Size: 8, src: pointerTo{t.Elem()}}
			}
		}
		return out
	}
	switch v.Call {
	case "runtime.newobject":
		if tv := c.Arg(i, 0); tv.Kind == Const {
			if t, err := c.f.TypeAt(uint64(tv.N)); err == nil {
				out := place{typ: &Type{Kind: KindPointer, Size: 8, src: pointerTo{t}}, expr: "new(" + t.Name + ")", by: "types"}
				if full := c.f.fullType(t); full != nil {
					out.typ.src, out.by = pointerTo{full}, "dwarf"
				}
				if t.Kind == KindMap || t.Kind == KindPointer {
					out.kind = Local
				}
				return out
			}
		}
		return place{}
	case "runtime.makemap", "runtime.makemap_small", "runtime.makemap64":
		return place{kind: Local}
	case "":
		return place{kind: ResultOf, why: "the result of a call through a register"}
	}
	p := c.f.resultOf(v.Call, int(v.N))
	p.kind = ResultOf
	p.expr = v.Call + "()"
	return p
}

// fullType is DWARF's view of a type that has a descriptor: its names carry
// import paths.
func (f *File) fullType(t *Type) *Type {
	d, err := f.debug()
	if err != nil || t.Addr == 0 {
		return nil
	}
	d.once.Do(d.indexDescriptors)
	if off, ok := d.byDescriptor[t.Addr]; ok {
		return d.typeAt(off)
	}
	return nil
}

// pointerTo is the source of a pointer type that nothing describes.
type pointerTo struct{ to *Type }

func (p pointerTo) elem(*Type) *Type     { return p.to }
func (p pointerTo) key(*Type) *Type      { return nil }
func (p pointerTo) fields(*Type) []Field { return nil }
