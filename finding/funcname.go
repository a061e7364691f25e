package finding

import (
	"strconv"
	"strings"
)

// PackagePath is the import path in a function's symbol name:
// "example.com/shop/store" for "example.com/shop/store.(*Store).Put".
func PackagePath(fn string) string {
	path, _ := splitFunc(fn)
	return path
}

// ShortFunc is a function's name without the directories of its import path,
// as a person would say it: "store.(*Store).Put".
func ShortFunc(fn string) string {
	path, name := splitFunc(fn)
	if path == "" {
		return fn
	}
	return path[strings.LastIndexByte(path, '/')+1:] + "." + name
}

// splitFunc cuts a symbol name behind its import path.
func splitFunc(fn string) (path, name string) {
	// Type arguments and receivers may hold slashes and dots of their own.
	head := fn
	if i := strings.IndexAny(head, "[("); i >= 0 {
		head = head[:i]
	}
	slash := strings.LastIndexByte(head, '/') + 1
	dot := strings.IndexByte(head[slash:], '.')
	if dot < 0 {
		return "", fn
	}
	// The linker escapes the dots of the last path element.
	return strings.ReplaceAll(fn[:slash+dot], "%2e", "."), fn[slash+dot+1:]
}

// normalFunc is a function's name as the fingerprint knows it: what changes
// with the compiler's mood or with a neighbouring closure is taken out.
//
//	p.F[go.shape.int]      -> p.F[...]
//	p.(*T).M-fm            -> p.(*T).M         a method value
//	p.F-range1             -> p.F              the body of a range over func
//	p.F.func2, p.F.func1.3 -> p.F.func         closures are numbered by position
//	p.main.F.func1         -> p.F.func         F's closure, F inlined into main
//	p.F.gowrap1            -> p.F              the wrapper of a go statement
func normalFunc(fn string) string {
	path, name := splitFunc(fn)
	if path == "" {
		return fn
	}
	name = strings.TrimSuffix(elideTypeArgs(name), "-fm")
	var named []string
	closure := false
	for _, seg := range segments(name) {
		seg, _, _ = strings.Cut(seg, "-range")
		switch {
		case numbered(seg, "func") || numbered(seg, ""):
			closure = true
		case numbered(seg, "gowrap"), numbered(seg, "deferwrap"):
		default:
			named = append(named, seg)
		}
	}
	if len(named) == 0 {
		return path + "." + name
	}
	if closure {
		// Callers that F was inlined into stand before it. A pointer receiver
		// can be told from such a caller, a value receiver can not.
		keep := 1
		if len(named) > 1 && strings.HasPrefix(named[len(named)-2], "(") {
			keep = 2
		}
		named = append(named[len(named)-keep:], "func")
	}
	return path + "." + strings.Join(named, ".")
}

// segments splits at the dots outside parentheses and brackets.
func segments(name string) []string {
	var out []string
	depth, start := 0, 0
	for i := range len(name) {
		switch name[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case '.':
			if depth <= 0 {
				out = append(out, name[start:i])
				start = i + 1
			}
		}
	}
	return append(out, name[start:])
}

// elideTypeArgs writes every bracketed part as [...], as tracebacks do.
func elideTypeArgs(s string) string {
	if !strings.Contains(s, "[") {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			if depth == 0 {
				b.WriteString("[...]")
			}
			depth++
		case ']':
			depth = max(depth-1, 0)
		default:
			if depth == 0 {
				b.WriteByte(s[i])
			}
		}
	}
	return b.String()
}

// numbered reports whether s is prefix followed by a number.
func numbered(s, prefix string) bool {
	digits, ok := strings.CutPrefix(s, prefix)
	if !ok || digits == "" || digits[0] == '+' || digits[0] == '-' {
		return false
	}
	_, err := strconv.Atoi(digits)
	return err == nil
}
