package binfo

import (
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Type descriptors, internal/abi.Type: the same from Go 1.20 to 1.27.
const (
	rtypeSize   = 48
	rtypeTFlag  = 20
	rtypeKind   = 23
	rtypeStr    = 40
	tflagStar   = 1 << 1 // the name has a "*" too many
	kindMask    = 1<<5 - 1
	maxFields   = 1 << 14
	structField = 24
)

// rtypes reads types from their descriptors.
type rtypes struct{ f *File }

// TypeAt reads the type descriptor at an address, of a stripped binary too.
func (f *File) TypeAt(addr uint64) (*Type, error) {
	bad := func(what string) error { return fmt.Errorf("no type descriptor at %#x: %s", addr, what) }
	if f.mod.types != 0 && (addr < f.mod.types || addr >= f.mod.etypes) {
		return nil, bad("outside the types")
	}
	if addr%8 != 0 {
		return nil, bad("not aligned")
	}
	b, err := f.image.bytes(addr, rtypeSize)
	if err != nil {
		return nil, bad(err.Error())
	}
	t := &Type{
		Kind: TypeKind(b[rtypeKind] & kindMask), Size: int64(binary.LittleEndian.Uint64(b)),
		Addr: addr, src: rtypes{f}, ref: addr,
	}
	if t.Kind == 0 || t.Kind > KindUnsafe || t.Size < 0 {
		return nil, bad("no such kind")
	}
	t.Name, err = f.typeName(f.mod.types + uint64(binary.LittleEndian.Uint32(b[rtypeStr:])))
	if err != nil || t.Name == "" {
		return nil, bad("its name is damaged")
	}
	if b[rtypeTFlag]&tflagStar != 0 {
		t.Name = strings.TrimPrefix(t.Name, "*")
	}
	if t.Kind == KindArray {
		n, err := f.image.ptr(addr + rtypeSize + 16)
		if err != nil {
			return nil, bad(err.Error())
		}
		t.Len = int64(n)
	}
	return t, nil
}

// typeName reads an internal/abi.Name: flags, length, text.
func (f *File) typeName(addr uint64) (string, error) {
	s, ok := f.image.segment(addr)
	if !ok || addr-s.addr >= s.filesz {
		return "", errUnmapped
	}
	b, err := f.image.bytes(addr, min(12, s.filesz-(addr-s.addr)))
	if err != nil {
		return "", err
	}
	n, w := binary.Uvarint(b[1:])
	if w <= 0 || n > maxName {
		return "", errUnmapped
	}
	return f.String(addr+1+uint64(w), n)
}

func (r rtypes) word(t *Type, i uint64) *Type {
	p, err := r.f.image.ptr(t.ref + rtypeSize + i*8)
	if err != nil {
		return nil
	}
	out, err := r.f.TypeAt(p)
	if err != nil {
		return nil
	}
	return out
}

func (r rtypes) elem(t *Type) *Type {
	switch t.Kind {
	case KindPointer, KindSlice, KindArray, KindChan:
		return r.word(t, 0)
	case KindMap:
		return r.word(t, 1)
	}
	return nil
}

func (r rtypes) key(t *Type) *Type { return r.word(t, 0) }

func (r rtypes) fields(t *Type) []Field {
	w, err := r.f.image.words(t.ref+rtypeSize+8, 2)
	if err != nil || w[1] > maxFields {
		return nil
	}
	out := make([]Field, 0, w[1])
	for i := range w[1] {
		fw, err := r.f.image.words(w[0]+i*structField, 3)
		if err != nil {
			return nil
		}
		name, err := r.f.typeName(fw[0])
		if err != nil {
			return nil
		}
		typ, err := r.f.TypeAt(fw[1])
		if err != nil {
			return nil
		}
		var flags [1]byte
		if r.f.image.readAt(flags[:], fw[0]) != nil {
			return nil
		}
		out = append(out, Field{Name: name, Offset: int64(fw[2]), Embedded: flags[0]&8 != 0, Type: typ})
	}
	return out
}

// StructWith finds the struct of that name that has the field, nil if there is none.
func (f *File) StructWith(name, field string) *Type {
	list := f.TypesNamed(name)
	if t, err := f.Type(name); err == nil {
		list = append([]*Type{t}, list...)
	}
	for _, t := range list {
		if slices.ContainsFunc(t.Fields(), func(x Field) bool { return x.Name == field }) {
			return t
		}
	}
	return nil
}

// TypesNamed finds descriptors by name, among those that code refers to by a
// pointer: "*main.Registry". A name stands for the type's package without its
// path, so more than one may be found.
func (f *File) TypesNamed(name string) []*Type {
	f.rtypeOnce.Do(func() { f.rtypeIndex = f.indexTypes() })
	var out []*Type
	for _, addr := range f.rtypeIndex[name] {
		if t, err := f.TypeAt(addr); err == nil && t.Name == name {
			out = append(out, t)
		}
	}
	return out
}

// Types yields the types that have descriptors: structs, pointers and maps.
func (f *File) Types() iter.Seq[*Type] {
	return func(yield func(*Type) bool) {
		f.rtypeOnce.Do(func() { f.rtypeIndex = f.indexTypes() })
		for _, name := range slices.Sorted(maps.Keys(f.rtypeIndex)) {
			for _, t := range f.TypesNamed(name) {
				if !yield(t) {
					return
				}
			}
		}
	}
}

const maxTypesScan = 256 << 20

// indexTypes walks the memory that holds descriptors. They are not listed all
// in one place, so each aligned word is tried for the shape of one: a size, a
// kind, and a name that starts where names do.
func (f *File) indexTypes() map[string][]uint64 {
	index := map[string][]uint64{}
	if f.mod.types == 0 || f.mod.etypes-f.mod.types > maxTypesScan {
		return index
	}
	data, err := f.image.bytes(f.mod.types, f.mod.etypes-f.mod.types)
	if err != nil {
		return index
	}
	names := 4 * len(data) // bytes of them; what is made for it has more than it is long
	for o := uint64(0); o+rtypeSize <= uint64(len(data)) && names > 0; o += 8 {
		b := data[o:]
		kind := TypeKind(b[rtypeKind] & kindMask)
		if kind != KindStruct && kind != KindPointer && kind != KindMap {
			continue
		}
		align, fieldAlign := b[21], b[22]
		if align == 0 || align > 16 || align&(align-1) != 0 || fieldAlign != align {
			continue
		}
		size, ptrs := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		if ptrs > size || size > 1<<40 || kind != KindStruct && size != 8 {
			continue
		}
		str := uint64(binary.LittleEndian.Uint32(b[rtypeStr:]))
		if str == 0 || str+2 >= uint64(len(data)) || data[str] > 15 {
			continue
		}
		n, w := binary.Uvarint(data[str+1 : min(str+11, uint64(len(data)))])
		if from := str + 1 + uint64(w); w > 0 && n > 0 && n <= maxName && from+n <= uint64(len(data)) {
			name := string(data[from : from+n])
			names -= len(name)
			if b[rtypeTFlag]&tflagStar != 0 {
				name = strings.TrimPrefix(name, "*")
			}
			if len(index[name]) < 8 {
				index[name] = append(index[name], f.mod.types+o)
			}
		}
	}
	return index
}
