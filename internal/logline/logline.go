// Package logline takes off a line of a log what stands around a program's own
// line: a container runtime's wrapper, go test's event, a prefix.
package logline

import "bytes"

// Line is what a line of a log holds of a program's line.
type Line struct {
	// Text is valid until the next call with the same scratch.
	Text    []byte
	Stream  int
	Form    Form
	Partial bool // the rest follows on a later line of the stream
	Ended   bool // the program's own line end is there
	Strict  bool // the wrapper is one that holds nothing but program output
	Cut     bool // the wrapper itself ends too early
	// Package and Test are those of an event of go test -json, still escaped.
	Package, Test []byte
}

// Form is the wrapper of whole lines.
type Form int

// The forms.
const (
	Plain Form = iota
	JSON
	CRI
)

// The streams of a program, and their number.
const (
	Stderr = iota
	Stdout
	Streams
)

// Unwrap undoes the wrappers of whole lines. buf is scratch.
func Unwrap(s []byte, buf *[]byte) Line {
	s = bytes.TrimSuffix(s, []byte("\n"))
	s = bytes.TrimSuffix(s, []byte("\r"))
	if len(s) > 0 {
		if s[0] == '{' {
			if f, ok := unwrapJSON(s, buf); ok {
				f.Text = clean(f.Text)
				return f
			}
		} else if isDigit(s[0]) {
			if f, ok := unwrapCRI(s); ok {
				f.Text = clean(f.Text)
				return f
			}
		}
	}
	return Line{Text: clean(s), Strict: true}
}

// clean takes colours and what is left of a line's end away, in place.
func clean(s []byte) []byte {
	if bytes.IndexByte(s, 0x1b) >= 0 {
		s = stripANSI(s)
	}
	return bytes.TrimSuffix(s, []byte("\r"))
}

func stripANSI(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != 0x1b {
			out = append(out, s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '[' {
			i += 2
			for i < len(s) && (s[i] < 0x40 || s[i] > 0x7e) {
				i++
			}
		}
	}
	return out
}

// unwrapCRI undoes "2024-05-06T07:08:09.123456789Z stderr F text".
func unwrapCRI(s []byte) (Line, bool) {
	if len(s) < len("2006-01-02T15:04:05Z stderr F") || s[4] != '-' || s[10] != 'T' {
		return Line{}, false
	}
	sp := bytes.IndexByte(s, ' ')
	if sp < 0 || sp > 40 {
		return Line{}, false
	}
	f := Line{Form: CRI, Strict: true}
	r, ok := bytes.CutPrefix(s[sp+1:], []byte("stderr "))
	if !ok {
		if r, ok = bytes.CutPrefix(s[sp+1:], []byte("stdout ")); !ok {
			return Line{}, false
		}
		f.Stream = Stdout
	}
	tags, text, ok := bytes.Cut(r, []byte(" "))
	switch {
	case len(tags) == 0:
		return Line{}, false
	case tags[0] == 'P':
		f.Partial = true
	case tags[0] != 'F':
		return Line{}, false
	}
	// Empty lines lose the space behind their tag.
	if !ok && len(tags) > 1 {
		return Line{}, false
	}
	f.Text = text
	return f, true
}

// outputKeys are where a JSON line holds a program's output. Of the others, a
// program's own logger uses some, too.
var outputKeys = map[string]bool{
	"log":         true, // docker json-file
	"MESSAGE":     true, // journald
	"Output":      true, // go test -json
	"message":     false,
	"msg":         false,
	"textPayload": false,
	"line":        false,
}

// unwrapJSON finds the text in a line that is a JSON object. A line that was
// cut off inside the text gives what is there.
func unwrapJSON(s []byte, buf *[]byte) (Line, bool) {
	var f Line
	found, docker := false, false
	depth := 0
	for i := 0; i < len(s); {
		switch s[i] {
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case '"':
			end, closed := endOfString(s, i)
			key := s[i+1 : end]
			if !closed {
				i = len(s)
				continue
			}
			i = end + 1
			j := skipSpace(s, i)
			if depth != 1 || j >= len(s) || s[j] != ':' {
				continue
			}
			j = skipSpace(s, j+1)
			if j >= len(s) || s[j] != '"' {
				i = j
				continue
			}
			vend, closed := endOfString(s, j)
			val := s[j+1 : vend]
			i = min(vend+1, len(s))
			if strict, ok := outputKeys[string(key)]; ok && !found {
				found = true
				f.Strict = strict
				f.Cut = !closed
				*buf = unescapeJSON((*buf)[:0], val)
				docker = string(key) == "log" || string(key) == "Output"
				continue
			}
			switch string(key) {
			case "stream":
				if string(val) == "stdout" {
					f.Stream = Stdout
				}
			case "Package":
				f.Package = val
			case "Test":
				f.Test = val
			}
		default:
			i++
		}
	}
	if !found {
		return Line{}, false
	}
	f.Text, f.Form = *buf, JSON
	if docker {
		var ended bool
		f.Text, ended = bytes.CutSuffix(f.Text, []byte("\n"))
		f.Ended = ended
		f.Partial = !ended && !f.Cut
	}
	return f, true
}

func skipSpace(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}

// endOfString finds the quote that closes the string at i.
func endOfString(s []byte, i int) (end int, closed bool) {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i, true
		}
	}
	return len(s), false
}

func unescapeJSON(out, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 == len(s) {
			out = append(out, c)
			continue
		}
		i++
		switch s[i] {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'u':
			r, n := unescapeRune(s[i-1:])
			if n == 0 {
				return out // cut off inside the escape
			}
			out = append(out, r...)
			i += n - 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}
