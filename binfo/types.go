package binfo

// TypeKind is the kind of a type, by reflect's numbers.
type TypeKind uint8

// The kinds that matter here; the rest have reflect's numbers too.
const (
	KindBool      TypeKind = 1
	KindUintptr   TypeKind = 12
	KindFloat32   TypeKind = 13
	KindFloat64   TypeKind = 14
	KindComplex64 TypeKind = 15
	KindComplex   TypeKind = 16
	KindArray     TypeKind = 17
	KindChan      TypeKind = 18
	KindFunc      TypeKind = 19
	KindInterface TypeKind = 20
	KindMap       TypeKind = 21
	KindPointer   TypeKind = 22
	KindSlice     TypeKind = 23
	KindString    TypeKind = 24
	KindStruct    TypeKind = 25
	KindUnsafe    TypeKind = 26
)

// Type is a Go type, from DWARF or from its descriptor in the binary. Its
// parts are read when asked for, and nil when they cannot be.
type Type struct {
	// Name is as reflect prints it from a descriptor, and with full import
	// paths from DWARF.
	Name string
	Kind TypeKind
	Size int64
	Len  int64  // of an array
	Addr uint64 // of the descriptor; 0 when only DWARF has the type

	src typeSource
	ref uint64 // the source's own handle
}

// Field is one field of a struct.
type Field struct {
	Name     string
	Offset   int64
	Embedded bool
	Type     *Type
}

type typeSource interface {
	elem(*Type) *Type
	key(*Type) *Type
	fields(*Type) []Field
}

// Elem is what a pointer, slice, array, channel or map holds.
func (t *Type) Elem() *Type {
	if t == nil {
		return nil
	}
	return t.src.elem(t)
}

// Key is the type of a map's keys.
func (t *Type) Key() *Type {
	if t == nil || t.Kind != KindMap {
		return nil
	}
	return t.src.key(t)
}

// Fields are those of a struct, in order.
func (t *Type) Fields() []Field {
	if t == nil || t.Kind != KindStruct {
		return nil
	}
	return t.src.fields(t)
}

const maxNesting = 32

// At returns the path to what stands at an offset in a value of the type, down
// to a value of one word, as ".inner.peers", and the type there. For the
// innermost named struct on the way it gives the rest of the path from there.
func (t *Type) At(off int64) (path string, at *Type, owner *Type, rest string) {
	for range maxNesting {
		if t == nil {
			return path, nil, owner, rest
		}
		switch t.Kind {
		case KindStruct:
			var hit *Field
			for _, f := range t.Fields() {
				if f.Type != nil && f.Offset <= off && off < f.Offset+max(f.Type.Size, 1) {
					hit = &f
					break
				}
			}
			if hit == nil {
				return path, nil, owner, rest
			}
			if isNamed(t.Name) || owner == nil {
				owner, rest = t, ""
			}
			path += "." + hit.Name
			rest += "." + hit.Name
			off -= hit.Offset
			t = hit.Type
		case KindArray:
			e := t.Elem()
			if e == nil || e.Size <= 0 {
				return path, nil, owner, rest
			}
			path, rest = path+"[]", rest+"[]"
			off %= e.Size
			t = e
		default:
			if off != 0 {
				return path, nil, owner, rest
			}
			return path, t, owner, rest
		}
	}
	return path, nil, owner, rest
}

// isNamed tells "main.Registry" from "struct { ... }".
func isNamed(name string) bool {
	return len(name) > 0 && name[0] != '*' && name[0] != '[' && !(len(name) > 6 && (name[:6] == "struct" || name[:4] == "map[" || name[:4] == "func"))
}
