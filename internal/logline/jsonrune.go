package logline

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unescapeRune reads the \u1234 that s begins with, or a pair of them that
// stands for one rune. n is 0 when it is cut off or malformed.
func unescapeRune(s []byte) (text []byte, n int) {
	r, ok := hexRune(s)
	if !ok {
		return nil, 0
	}
	n = 6
	if utf16.IsSurrogate(r) {
		if low, ok := hexRune(s[6:]); ok {
			if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
				return utf8.AppendRune(nil, full), 12
			}
		}
		r = utf8.RuneError
	}
	return utf8.AppendRune(nil, r), n
}

func hexRune(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return rune(v), err == nil
}
