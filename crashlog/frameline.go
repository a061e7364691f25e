package crashlog

import (
	"bytes"
)

// callKind tells what a line would be if the place of a call follows it.
type callKind int

const (
	notCall callKind = iota
	goCall           // main.f(0x1)
	cCall            // a name without arguments: printOneCgoTraceback
)

// parseCall reads a line of traceback2 (runtime/traceback.go),
//
//	main.(*T[...]).f({0x1, 0x2?}, ...)
//
// and appends the arguments to args. A line of a program's own can look the
// same: only the place on the next line tells.
func parseCall(s []byte, args []Arg) (name []byte, inlined bool, out []Arg, kind callKind) {
	if len(s) == 0 || s[0] == ' ' || s[0] == '\t' {
		return nil, false, args, notCall
	}
	if s[len(s)-1] != ')' {
		if isCName(s) {
			return s, false, args, cCall
		}
		return nil, false, args, notCall
	}
	open := bytes.LastIndexByte(s, '(')
	if open <= 0 {
		return nil, false, args, notCall
	}
	name, list := s[:open], s[open+1:len(s)-1]
	if string(list) == "..." {
		return name, true, args, goCall
	}
	out, ok := parseArgs(list, args)
	if !ok {
		return nil, false, args, notCall
	}
	return name, false, out, goCall
}

// isCName: what a cgo symbolizer calls a function, or "non-Go function".
func isCName(s []byte) bool {
	if string(s) == "non-Go function" {
		return true
	}
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == ':' || c == '~') {
			return false
		}
	}
	return true
}

// goodName reports whether a function's name is one beyond doubt.
func goodName(s []byte) bool {
	return string(s) == "panic" || bytes.IndexByte(s, '.') > 0 && bytes.IndexByte(s, ' ') < 0 && bytes.IndexByte(s, ':') < 0
}

// parseArgs reads what printArgs (runtime/traceback.go) prints.
func parseArgs(s []byte, args []Arg) ([]Arg, bool) {
	start, depth := len(args), 0
	comma := false // a comma must stand before the next token
	for len(s) > 0 {
		if s[0] == '}' {
			if depth == 0 {
				return args[:start], false
			}
			depth--
			args = append(args, Arg{Kind: ArgClose})
			s, comma = s[1:], true
			continue
		}
		if comma {
			var ok bool
			if s, ok = bytes.CutPrefix(s, []byte(", ")); !ok || len(s) == 0 {
				return args[:start], false
			}
		}
		a := Arg{Kind: argInvalid}
		switch s[0] {
		case '{':
			depth++
			args = append(args, Arg{Kind: ArgOpen})
			s, comma = s[1:], false
			continue
		case '_':
			a.Kind, s = ArgTooFar, s[1:]
		case '.':
			if bytes.HasPrefix(s, []byte("...")) {
				a.Kind, s = ArgMore, s[3:]
			}
		case '0':
			if v, r, ok := cutHex(s); ok {
				a.Word, a.Kind, s = v, ArgWord, r
				if len(s) > 0 && s[0] == '?' {
					a.Kind, s = ArgStale, s[1:]
				}
			}
		}
		if a.Kind == argInvalid {
			return args[:start], false
		}
		args = append(args, a)
		comma = true
	}
	return args, depth == 0
}

// place is the second line of a frame.
type place struct {
	file       []byte
	line       int
	offset     uint64
	fp, sp, pc uint64
	hasOffset  bool
	indented   bool
}

// parsePlace reads
//
//	<tab>/src/x.go:12 +0x1d fp=0xc0 sp=0xc1 pc=0x46
//
// What stands before the path is often lost or changed on the way.
func parsePlace(s []byte) (p place, ok bool) {
	s, p.indented = trimIndent(s)
	// Most lines have neither; looking for a byte is much faster than for a word.
	if bytes.IndexByte(s, '=') >= 0 {
		if s, ok = p.cutPointers(s); !ok || len(s) == 0 {
			return p, ok && p.indented
		}
	}
	if i := bytes.LastIndex(s, []byte(" +0x")); i >= 0 {
		var r []byte
		if p.offset, r, ok = cutHex(s[i+len(" +"):]); !ok || len(r) > 0 {
			return p, false
		}
		p.hasOffset = true
		s = s[:i]
	}
	colon := bytes.LastIndexByte(s, ':')
	if colon <= 0 {
		return p, false
	}
	if p.line, ok = toLine(s[colon+1:]); !ok {
		return p, false
	}
	p.file = s[:colon]
	return p, p.indented || sourceFile(p.file)
}

// cutPointers takes the pointers off the end of a place's line: fp, sp and pc,
// or the pc alone.
func (p *place) cutPointers(s []byte) (rest []byte, ok bool) {
	if i := bytes.LastIndex(s, []byte(" fp=0x")); i >= 0 {
		r := s[i+len(" fp="):]
		if p.fp, r, ok = cutHex(r); !ok {
			return nil, false
		}
		if r, ok = bytes.CutPrefix(r, []byte(" sp=")); !ok {
			return nil, false
		}
		if p.sp, r, ok = cutHex(r); !ok {
			return nil, false
		}
		if r, ok = bytes.CutPrefix(r, []byte(" pc=")); !ok {
			return nil, false
		}
		if p.pc, r, ok = cutHex(r); !ok || len(r) > 0 {
			return nil, false
		}
		return s[:i], true
	}
	if i := bytes.LastIndex(s, []byte("pc=0x")); i >= 0 && (i == 0 || s[i-1] == ' ') {
		// printOneCgoTraceback
		var r []byte
		if p.pc, r, ok = cutHex(s[i+len("pc="):]); !ok || len(r) > 0 {
			return nil, false
		}
		return s[:max(i-1, 0)], true
	}
	return s, true
}

// trimIndent takes the tab away, in the forms that it takes behind a logger.
func trimIndent(s []byte) ([]byte, bool) {
	n := len(s)
	for len(s) > 0 {
		switch {
		case s[0] == '\t' || s[0] == ' ':
			s = s[1:]
		case bytes.HasPrefix(s, []byte("#011")): // rsyslog
			s = s[4:]
		case bytes.HasPrefix(s, []byte(`\t`)), bytes.HasPrefix(s, []byte("^I")):
			s = s[2:]
		default:
			return s, len(s) < n
		}
	}
	return s, len(s) < n
}

func sourceFile(f []byte) bool {
	return bytes.HasSuffix(f, []byte(".go")) || bytes.HasSuffix(f, []byte(".s")) || string(f) == "<autogenerated>" || string(f) == "_cgo_gotypes.go"
}

// parseCreatedBy reads a line of printcreatedby1 (runtime/traceback.go):
// "created by main.f in goroutine 1"; no goroutine up to Go 1.20.
func parseCreatedBy(s []byte) (name []byte, parent uint64, ok bool) {
	s, ok = bytes.CutPrefix(s, []byte("created by "))
	if !ok || len(s) == 0 {
		return nil, 0, false
	}
	if i := bytes.LastIndex(s, []byte(" in goroutine ")); i > 0 {
		id, rest, ok := cutDecimal(s[i+len(" in goroutine "):])
		if ok && len(rest) == 0 {
			return s[:i], id, true
		}
		return nil, 0, false
	}
	return s, 0, true
}

// parseElided reads "...12 frames elided..." and, up to Go 1.20,
// "...additional frames elided...", whose number is unknown.
func parseElided(s []byte) (n int, ok bool) {
	s, ok = bytes.CutPrefix(s, []byte("..."))
	if !ok {
		return 0, false
	}
	if string(s) == "additional frames elided..." {
		return -1, true
	}
	v, s, ok := cutDecimal(s)
	if !ok || v > 1<<40 || string(s) != " frames elided..." {
		return 0, false
	}
	return int(v), true
}

// parseOriginating reads "[originating from goroutine 7]:"
// (runtime/traceback.go, printAncestorTraceback).
func parseOriginating(s []byte) (id uint64, ok bool) {
	s, ok = bytes.CutPrefix(s, []byte("[originating from goroutine "))
	if !ok {
		return 0, false
	}
	id, s, ok = cutDecimal(s)
	return id, ok && string(s) == "]:"
}
