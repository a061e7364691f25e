package binfo

import "strings"

// dictionaries finds the dictionaries that a generic function may be given, by
// symbol: that of p.F[go.shape.int] is p..dict.F[int], and those of the methods
// of p.T[go.shape.int] are p..dict.T[int].
func (f *File) dictionaries(fn Func) []uint64 {
	full := f.fullName(fn)
	i, j := strings.IndexByte(full, '['), matching(full)
	if i < 0 || j < i {
		return nil
	}
	slash := strings.LastIndexByte(full[:i], '/') + 1
	dot := strings.IndexByte(full[slash:i], '.')
	if dot < 0 {
		return nil
	}
	pkg := full[:slash+dot]
	head := strings.TrimPrefix(full[slash+dot+1:i], "(*")
	prefix := pkg + "..dict." + head + "["
	shape := typeArgs(full[i+1 : j])
	var out []uint64
	for name, k := range f.syms.byName {
		if !strings.HasPrefix(name, prefix) || len(out) >= 256 {
			continue
		}
		end := matching(name)
		if end == len(name)-1 && shapesMatch(shape, typeArgs(name[len(prefix):end])) {
			out = append(out, f.syms.byAddr[k].addr)
		}
	}
	return out
}

// matching is the index of the bracket that closes the first one.
func matching(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// typeArgs splits a list of types at its outer commas.
func typeArgs(s string) []string {
	var out []string
	depth, from := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '[', '(', '{':
			depth++
		case ']', ')', '}':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, s[from:i])
				from = i + 1
			}
		}
	}
	return append(out, s[from:])
}

var basic = map[string]bool{
	"bool": true, "string": true, "int": true, "int8": true, "int16": true, "int32": true, "int64": true,
	"uint": true, "uint8": true, "uint16": true, "uint32": true, "uint64": true, "uintptr": true,
	"float32": true, "float64": true, "complex64": true, "complex128": true,
}

// shapesMatch reports whether arguments may have the shapes. A named type has
// the shape of its underlying type, which its name does not tell.
func shapesMatch(shapes, args []string) bool {
	if len(shapes) != len(args) {
		return false
	}
	for i, a := range args {
		s, ok := strings.CutPrefix(shapes[i], "go.shape.")
		switch {
		case !ok:
			if s != a {
				return false
			}
		case basic[a]:
			if s != a {
				return false
			}
		case strings.HasPrefix(a, "*") && !strings.HasPrefix(s, "*"): // all pointers have one shape
			return false
		case basic[s] && (strings.HasPrefix(a, "[") || strings.HasPrefix(a, "map[")):
			return false
		}
	}
	return true
}

// fullName is the function's name with its type arguments: Go 1.20 leaves them
// out of the function table.
func (f *File) fullName(fn Func) string {
	if strings.Contains(fn.Name, "[...]") {
		if s, ok := f.syms.at(fn.Entry); ok && s.addr == fn.Entry {
			return s.name
		}
	}
	return fn.Name
}
