package report

import (
	"strconv"
	"strings"
)

// scanner reads a line of fixed form from the left. After the first thing that
// is not as expected ok is false and everything that follows is zero.
type scanner struct {
	rest string
	ok   bool
}

func scan(s string) *scanner { return &scanner{rest: s, ok: true} }

func (s *scanner) word(w string) {
	rest, ok := strings.CutPrefix(s.rest, w)
	s.rest, s.ok = rest, s.ok && ok
}

func (s *scanner) skip(w string) { s.rest = strings.TrimPrefix(s.rest, w) }

func (s *scanner) until(sep string) string {
	before, after, ok := strings.Cut(s.rest, sep)
	return s.take(before, after, ok)
}

func (s *scanner) untilLast(sep string) string {
	i := strings.LastIndex(s.rest, sep)
	if i < 0 {
		return s.take("", "", false)
	}
	return s.take(s.rest[:i], s.rest[i+len(sep):], true)
}

func (s *scanner) take(before, after string, ok bool) string {
	s.rest, s.ok = after, s.ok && ok
	if !s.ok {
		return ""
	}
	return before
}

// maxDigits is what the largest number needs.
const maxDigits = 20

// number reads digits: lower-case ones when the base is 16, as the runtime
// prints them.
func (s *scanner) number(base int) uint64 {
	n := 0
	for n < len(s.rest) && ('0' <= s.rest[n] && s.rest[n] <= '9' || base == 16 && 'a' <= s.rest[n] && s.rest[n] <= 'f') {
		n++
	}
	v, err := strconv.ParseUint(s.rest[:n], base, 64)
	s.rest, s.ok = s.rest[n:], s.ok && err == nil && n <= maxDigits
	return v
}

func (s *scanner) end() bool { return s.ok && s.rest == "" }
