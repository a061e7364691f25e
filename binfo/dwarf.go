package binfo

import (
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// debugInfo is an index of what DWARF has.
type debugInfo struct {
	data    *dwarf.Data
	cfa     int64  // the frame base DWARF uses, above SP at entry
	rtypes  uint64 // where the type descriptors begin
	funcs   map[uint64]dwarf.Offset
	types   map[string]dwarf.Offset
	globals map[uint64]global
	lists   []byte // .debug_loclists (5) or .debug_loc (4)
	addrs   []byte // .debug_addr
	v5      bool

	once         sync.Once
	byDescriptor map[uint64]dwarf.Offset
}

type global struct {
	name string
	typ  dwarf.Offset
}

// Attributes of Go's own in DWARF, as cmd/internal/dwarf numbers them.
const (
	attrGoKind          dwarf.Attr = 0x2900
	attrGoKey           dwarf.Attr = 0x2901
	attrGoElem          dwarf.Attr = 0x2902
	attrGoEmbedded      dwarf.Attr = 0x2903
	attrGoRuntimeType   dwarf.Attr = 0x2904
	attrGoClosureOffset dwarf.Attr = 0x2907
)

const (
	maxDebug   = uint64(2 << 30) // bytes of DWARF, decompressed
	maxEntries = 50_000_000
)

// errNoDWARF says that there is none.
var errNoDWARF = errors.New("the binary has no DWARF; build it without -ldflags=-w")

// debug reads the index on first use.
func (f *File) debug() (*debugInfo, error) {
	d := &f.dwarf
	d.once.Do(func() {
		defer func() {
			if p := recover(); p != nil {
				d.debugInfo, d.err = nil, fmt.Errorf("damaged DWARF: %v", p)
			}
		}()
		d.debugInfo, d.err = f.readDebug()
	})
	return d.debugInfo, d.err
}

func (f *File) readDebug() (*debugInfo, error) {
	if !f.info.DWARF {
		return nil, errNoDWARF
	}
	ef := f.image.elf
	var total uint64
	for _, s := range ef.Sections {
		if len(s.Name) > 7 && (s.Name[:7] == ".debug_" || s.Name[:7] == ".zdebug") {
			if s.Size > maxDebug {
				return nil, fmt.Errorf("DWARF section %s: %d bytes are too many", s.Name, s.Size)
			}
			total += s.Size
		}
	}
	// DWARF packs to a quarter or so; far more is made to fill memory.
	if limit := min(maxDebug, f.left, 1<<20+32*uint64(f.image.size)); total > limit {
		return nil, fmt.Errorf("DWARF: %d bytes are more than the %d allowed for this file", total, limit)
	}
	data, err := ef.DWARF()
	if err != nil {
		return nil, fmt.Errorf("damaged DWARF: %w", err)
	}
	d := &debugInfo{
		data: data, rtypes: f.mod.types, funcs: map[uint64]dwarf.Offset{}, types: map[string]dwarf.Offset{}, globals: map[uint64]global{},
	}
	if f.arch == AMD64 {
		d.cfa = 8 // the return address
	}
	d.readLists(ef)
	return d, d.index(total)
}

func (d *debugInfo) readLists(ef *elf.File) {
	for _, s := range ef.Sections {
		switch s.Name {
		case ".debug_loclists":
			d.lists, _ = s.Data()
			d.v5 = true
		case ".debug_loc":
			if !d.v5 {
				d.lists, _ = s.Data()
			}
		case ".debug_addr":
			d.addrs, _ = s.Data()
		}
	}
}

// index reads what is at the top. Its text is not much more than all of DWARF, which
// may have a name once for many entries, unless that is made to fill memory.
func (d *debugInfo) index(size uint64) error {
	r := d.data.Reader()
	text := 1<<20 + 8*size
	for range maxEntries {
		e, err := r.Next()
		if err != nil {
			return fmt.Errorf("damaged DWARF: %w", err)
		}
		if e == nil {
			return nil
		}
		for _, field := range e.Field {
			if s, ok := field.Val.(string); ok {
				if uint64(len(s)) > text {
					return errors.New("damaged DWARF: too much text")
				}
				text -= uint64(len(s))
			}
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		switch e.Tag {
		case dwarf.TagCompileUnit, dwarf.TagPartialUnit, 0:
			continue
		case dwarf.TagSubprogram:
			if low, ok := e.Val(dwarf.AttrLowpc).(uint64); ok {
				d.funcs[low] = e.Offset
			}
		case dwarf.TagVariable:
			loc, _ := e.Val(dwarf.AttrLocation).([]byte)
			typ, _ := e.Val(dwarf.AttrType).(dwarf.Offset)
			if len(loc) == 9 && loc[0] == 0x03 { // DW_OP_addr
				d.globals[binary.LittleEndian.Uint64(loc[1:])] = global{name, typ}
			}
		default:
			if name != "" && isType(e.Tag) {
				d.types[name] = e.Offset
			}
		}
		if e.Children {
			r.SkipChildren()
		}
	}
	return errors.New("damaged DWARF: too many entries")
}

func isType(tag dwarf.Tag) bool {
	switch tag {
	case dwarf.TagStructType, dwarf.TagTypedef, dwarf.TagPointerType, dwarf.TagBaseType, dwarf.TagArrayType, dwarf.TagSubroutineType, dwarf.TagUnspecifiedType:
		return true
	}
	return false
}

// entry reads the entry at an offset.
func (d *debugInfo) entry(off dwarf.Offset) *dwarf.Entry {
	r := d.data.Reader()
	r.Seek(off)
	e, err := r.Next()
	if err != nil {
		return nil
	}
	return e
}

// children calls fn with the entries below e, and below lexical blocks in it,
// until it returns false.
func (d *debugInfo) children(e *dwarf.Entry, fn func(*dwarf.Entry) (into, more bool)) {
	if e == nil || !e.Children {
		return
	}
	r := d.data.Reader()
	r.Seek(e.Offset)
	if _, err := r.Next(); err != nil {
		return
	}
	for depth, n := 1, 0; depth > 0 && n < 1<<20; n++ {
		c, err := r.Next()
		if err != nil || c == nil {
			return
		}
		if c.Tag == 0 {
			depth--
			continue
		}
		into, more := fn(c)
		switch {
		case !more:
			return
		case c.Children && into:
			depth++
		case c.Children:
			r.SkipChildren()
		}
	}
}

// Type returns the type of that name, from DWARF, where a name has its full
// import path, else from a type descriptor.
func (f *File) Type(name string) (*Type, error) {
	d, err := f.debug()
	if err == nil {
		if off, ok := d.types[name]; ok {
			if t := d.typeAt(off); t != nil {
				return t, nil
			}
		}
	}
	if list := f.TypesNamed(name); len(list) == 1 {
		return list[0], nil
	}
	if err == nil {
		err = errors.New("neither DWARF nor a type descriptor has it")
	}
	return nil, fmt.Errorf("type %s: %w", name, err)
}

// typeAt makes a Type of a DWARF entry.
func (d *debugInfo) typeAt(off dwarf.Offset) *Type {
	var name string
	for range maxNesting {
		e := d.entry(off)
		if e == nil {
			return nil
		}
		if name == "" {
			name, _ = e.Val(dwarf.AttrName).(string)
		}
		kind, _ := e.Val(attrGoKind).(int64)
		next, isRef := e.Val(dwarf.AttrType).(dwarf.Offset)
		if e.Tag == dwarf.TagTypedef && TypeKind(kind) != KindMap && TypeKind(kind) != KindChan && isRef {
			off = next
			continue
		}
		t := &Type{Name: name, Kind: TypeKind(kind), src: d, ref: uint64(e.Offset)}
		t.Size, _ = e.Val(dwarf.AttrByteSize).(int64)
		switch e.Tag {
		case dwarf.TagPointerType:
			t.Size = 8
			if t.Kind == 0 {
				t.Kind = KindPointer
			}
		case dwarf.TagTypedef:
			t.Size = 8
		case dwarf.TagStructType:
			if t.Kind == 0 {
				t.Kind = KindStruct
			}
		case dwarf.TagSubroutineType:
			t.Kind, t.Size = KindFunc, 8
		case dwarf.TagArrayType:
			t.Kind = KindArray
			d.children(e, func(c *dwarf.Entry) (bool, bool) {
				if n, ok := c.Val(dwarf.AttrCount).(int64); ok {
					t.Len = n
				}
				return false, true
			})
		}
		if t.Kind == KindFunc {
			t.Size = 8
		}
		if own, _ := e.Val(dwarf.AttrName).(string); own == "runtime.iface" || own == "runtime.eface" {
			t.Kind = KindInterface
		}
		t.Addr = d.descriptor(e)
		return t
	}
	return nil
}

// descriptor is the address of a type's descriptor, 0 if it has none. Newer
// linkers count it from where the descriptors begin.
func (d *debugInfo) descriptor(e *dwarf.Entry) uint64 {
	a, _ := e.Val(attrGoRuntimeType).(uint64)
	if a != 0 && a < d.rtypes {
		a += d.rtypes
	}
	return a
}

func (d *debugInfo) ref(t *Type, attr dwarf.Attr) *Type {
	e := d.entry(dwarf.Offset(t.ref))
	if e == nil {
		return nil
	}
	off, ok := e.Val(attr).(dwarf.Offset)
	if !ok {
		return nil
	}
	return d.typeAt(off)
}

func (d *debugInfo) elem(t *Type) *Type {
	switch t.Kind {
	case KindMap, KindSlice, KindChan:
		return d.ref(t, attrGoElem)
	}
	return d.ref(t, dwarf.AttrType)
}

func (d *debugInfo) key(t *Type) *Type { return d.ref(t, attrGoKey) }

func (d *debugInfo) fields(t *Type) []Field {
	var out []Field
	d.children(d.entry(dwarf.Offset(t.ref)), func(c *dwarf.Entry) (bool, bool) {
		if c.Tag != dwarf.TagMember || len(out) >= maxFields {
			return false, true
		}
		f := Field{}
		f.Name, _ = c.Val(dwarf.AttrName).(string)
		f.Offset, _ = c.Val(dwarf.AttrDataMemberLoc).(int64)
		f.Embedded, _ = c.Val(attrGoEmbedded).(bool)
		if off, ok := c.Val(dwarf.AttrType).(dwarf.Offset); ok {
			f.Type = d.typeAt(off)
		}
		out = append(out, f)
		return false, true
	})
	return out
}

// indexDescriptors finds the entries of types by their descriptors.
func (d *debugInfo) indexDescriptors() {
	d.byDescriptor = map[uint64]dwarf.Offset{}
	r := d.data.Reader()
	for range maxEntries {
		e, err := r.Next()
		if err != nil || e == nil {
			return
		}
		switch e.Tag {
		case dwarf.TagCompileUnit, 0:
			continue
		}
		if a := d.descriptor(e); a != 0 {
			d.byDescriptor[a] = e.Offset
		}
		if e.Children {
			r.SkipChildren()
		}
	}
}
