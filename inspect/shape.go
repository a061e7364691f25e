package inspect

import (
	"strings"

	"github.com/mapsan/mapsan/binfo"
)

// A shape is what the search for maps needs of a type.
type shape struct {
	t      *binfo.Type
	name   string
	kind   binfo.TypeKind
	size   int
	len    int
	fields []shapeField // of a struct, those that may lead to a map
	elem   *shape       // of a pointer, slice or array; of a map its elements
	key    *shape
	// leads: a map may be in it or behind it.
	leads, known bool
}

type shapeField struct {
	name  string
	at    int
	shape *shape
}

type shapeKey struct {
	name string
	addr uint64
	kind binfo.TypeKind
	size int64
}

// shape returns the shape of a type, nil for none.
func (p *Process) shape(t *binfo.Type) *shape {
	if t == nil {
		return nil
	}
	key := shapeKey{t.Name, t.Addr, t.Kind, t.Size}
	if s, ok := p.shapes[key]; ok {
		return s
	}
	s := &shape{t: t, name: t.Name, kind: t.Kind, size: int(t.Size), len: int(t.Len)}
	p.shapes[key] = s
	return s
}

const maxObject = 1 << 20 // bytes of a value that is looked through

// expand reads what the type consists of, once.
func (p *Process) expand(s *shape) {
	if s.known {
		return
	}
	s.known = true
	switch s.kind {
	case binfo.KindPointer, binfo.KindSlice:
		s.elem = p.shape(s.t.Elem())
		s.leads = s.elem != nil
	case binfo.KindMap:
		s.elem, s.key, s.leads = p.shape(s.t.Elem()), p.shape(s.t.Key()), true
	case binfo.KindInterface, binfo.KindFunc:
		s.leads = true
	case binfo.KindArray:
		s.elem = p.shape(s.t.Elem())
		s.leads = s.elem != nil && s.len > 0 && s.size <= maxObject && p.leads(s.elem)
	case binfo.KindStruct:
		if strings.HasPrefix(s.name, "runtime.") || strings.HasPrefix(s.name, "internal/runtime/") {
			return // its own affairs lead to everything
		}
		fields := s.t.Fields()
		if f, ok := p.atomicPointer(s.name, fields); ok {
			s.fields, s.leads = []shapeField{f}, true
			return
		}
		for _, f := range fields {
			if sub := p.shape(f.Type); sub != nil && s.size <= maxObject && p.leads(sub) {
				s.fields = append(s.fields, shapeField{f.Name, int(f.Offset), sub})
				s.leads = true
			}
		}
	}
}

// leads reports whether a value of the shape may lead to a map. A type that holds
// itself does so only behind a pointer, which is not followed here.
func (p *Process) leads(s *shape) bool {
	p.expand(s)
	return s.leads
}

// atomicPointer sees through sync/atomic.Pointer, whose pointer has no type but
// that of an empty array beside it.
func (p *Process) atomicPointer(name string, fields []binfo.Field) (shapeField, bool) {
	if !strings.HasPrefix(name, "sync/atomic.Pointer[") && !strings.HasPrefix(name, "atomic.Pointer[") {
		return shapeField{}, false
	}
	var elem *binfo.Type
	for _, f := range fields {
		switch {
		case f.Type == nil:
		case f.Type.Kind == binfo.KindArray && f.Type.Len == 0:
			elem = f.Type.Elem()
		case f.Name == "v" && elem != nil && elem.Kind == binfo.KindPointer:
			return shapeField{"", int(f.Offset), p.shape(elem)}, true
		}
	}
	return shapeField{}, false
}
