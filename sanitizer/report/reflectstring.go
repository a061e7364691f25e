package report

import (
	"go/types"
	"strconv"
	"strings"
)

// reflectString writes a type as reflect does. ok is false when the type is not
// wholly known or depends on type arguments, so that no comparison is fair.
func reflectString(t types.Type) (s string, ok bool) {
	w := typeWriter{ok: true}
	w.typ(t, 0)
	return w.b.String(), w.ok
}

type typeWriter struct {
	b  strings.Builder
	ok bool
}

func (w *typeWriter) typ(t types.Type, depth int) {
	if depth > 20 {
		w.ok = false
		return
	}
	depth++
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		w.ok = w.ok && t.Kind() != types.Invalid && t.Info()&types.IsUntyped == 0
		name := t.Name()
		switch name {
		case "byte":
			name = "uint8"
		case "rune":
			name = "int32"
		case "Pointer":
			name = "unsafe.Pointer"
		}
		w.b.WriteString(name)
	case *types.Named:
		w.ok = w.ok && t.TypeArgs().Len() == 0
		if pkg := t.Obj().Pkg(); pkg != nil {
			w.b.WriteString(pkg.Name() + ".")
		}
		w.b.WriteString(t.Obj().Name())
	case *types.Pointer:
		w.b.WriteByte('*')
		w.typ(t.Elem(), depth)
	case *types.Slice:
		w.b.WriteString("[]")
		w.typ(t.Elem(), depth)
	case *types.Array:
		w.b.WriteString("[" + strconv.FormatInt(t.Len(), 10) + "]")
		w.typ(t.Elem(), depth)
	case *types.Map:
		w.b.WriteString("map[")
		w.typ(t.Key(), depth)
		w.b.WriteByte(']')
		w.typ(t.Elem(), depth)
	case *types.Chan:
		w.b.WriteString([...]string{types.SendRecv: "chan ", types.SendOnly: "chan<- ", types.RecvOnly: "<-chan "}[t.Dir()])
		w.typ(t.Elem(), depth)
	case *types.Signature:
		w.b.WriteString("func")
		w.signature(t, depth)
	case *types.Struct:
		w.structure(t, depth)
	case *types.Interface:
		w.iface(t, depth)
	default:
		w.ok = false
	}
}

func (w *typeWriter) signature(t *types.Signature, depth int) {
	w.b.WriteByte('(')
	for i := range t.Params().Len() {
		if i > 0 {
			w.b.WriteString(", ")
		}
		p := t.Params().At(i).Type()
		if s, ok := p.(*types.Slice); ok && t.Variadic() && i == t.Params().Len()-1 {
			w.b.WriteString("...")
			p = s.Elem()
		}
		w.typ(p, depth)
	}
	w.b.WriteByte(')')
	n := t.Results().Len()
	if n == 0 {
		return
	}
	w.b.WriteByte(' ')
	if n > 1 {
		w.b.WriteByte('(')
	}
	for i := range n {
		if i > 0 {
			w.b.WriteString(", ")
		}
		w.typ(t.Results().At(i).Type(), depth)
	}
	if n > 1 {
		w.b.WriteByte(')')
	}
}

func (w *typeWriter) structure(t *types.Struct, depth int) {
	if t.NumFields() == 0 {
		w.b.WriteString("struct {}")
		return
	}
	w.b.WriteString("struct {")
	for i := range t.NumFields() {
		if i > 0 {
			w.b.WriteByte(';')
		}
		f := t.Field(i)
		w.b.WriteByte(' ')
		if !f.Embedded() {
			w.b.WriteString(f.Name() + " ")
		}
		w.typ(f.Type(), depth)
		if tag := t.Tag(i); tag != "" {
			w.b.WriteString(" " + strconv.Quote(tag))
		}
	}
	w.b.WriteString(" }")
}

func (w *typeWriter) iface(t *types.Interface, depth int) {
	if t.NumMethods() == 0 {
		w.b.WriteString("interface {}")
		return
	}
	w.b.WriteString("interface {")
	for i := range t.NumMethods() {
		if i > 0 {
			w.b.WriteByte(';')
		}
		m := t.Method(i)
		w.b.WriteByte(' ')
		if !m.Exported() && m.Pkg() != nil {
			w.b.WriteString(m.Pkg().Name() + ".")
		}
		w.b.WriteString(m.Name())
		w.signature(m.Type().(*types.Signature), depth)
	}
	w.b.WriteString(" }")
}
