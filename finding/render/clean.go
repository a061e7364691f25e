package render

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

func printable(r rune) bool {
	return r == '\n' || r == '\t' || r != utf8.RuneError && unicode.IsPrint(r)
}

func escape(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n <= 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case printable(r):
			b.WriteString(s[:n])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// OneLine makes text of a finding, or of a process, safe to print within a line: what is
// not printable, line breaks and what reorders text are written as escapes.
func OneLine(s string) string {
	return strings.NewReplacer("\n", `\n`, "\t", " ").Replace(clean(s))
}

// escapeJSON writes the characters of JSON's strings that are not printable as escapes,
// which mean the same.
func escapeJSON(line []byte) []byte {
	if bytes.IndexFunc(line, unprintable) < 0 {
		return line
	}
	var out []byte
	for _, r := range string(line) {
		if !unprintable(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			out = fmt.Appendf(out, `\u%04x`, u)
		}
	}
	return out
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
