package crashlog

import (
	"math"
	"strconv"
)

// words keeps one copy of each name and path, since a log repeats them
// without end. Its ids tell stacks apart.
type words struct {
	known map[string]word
	last  uint64
}

type word struct {
	name string
	id   uint64
}

const (
	maxWords = 1 << 16
	// maxWordLen bounds what the table can hold; longer names are rare.
	maxWordLen = 1 << 10
)

func (w *words) of(b []byte) (string, uint64) {
	if k, ok := w.known[string(b)]; ok {
		return k.name, k.id
	}
	w.last++
	s := string(b)
	if len(b) > maxWordLen {
		return s, w.last
	}
	if w.known == nil || len(w.known) >= maxWords {
		w.known = map[string]word{}
	}
	w.known[s] = word{s, w.last}
	return s, w.last
}

func (w *words) name(s string) string {
	if k, ok := w.known[s]; ok {
		return k.name
	}
	kept, _ := w.of([]byte(s))
	return kept
}

// cutDecimal reads the digits that s begins with.
func cutDecimal(s []byte) (uint64, []byte, bool) {
	n := 0
	var v uint64
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		d := uint64(s[n] - '0')
		if v > (math.MaxUint64-d)/10 {
			return 0, nil, false
		}
		v = v*10 + d
		n++
	}
	return v, s[n:], n > 0
}

// cutHex reads the 0x1f that s begins with.
func cutHex(s []byte) (uint64, []byte, bool) {
	if len(s) < 3 || s[0] != '0' || s[1] != 'x' {
		return 0, nil, false
	}
	n := 2
	var v uint64
	for n < len(s) && n < 18 {
		c := s[n]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return v, s[n:], n > 2
		}
		v = v<<4 | uint64(c)
		n++
	}
	return v, s[n:], n > 2
}

// toLine reads a line number that is all of s.
func toLine(s []byte) (int, bool) {
	if len(s) == 0 || len(s) > 9 {
		return 0, false
	}
	n, err := strconv.Atoi(string(s))
	return n, err == nil && s[0] != '-' && s[0] != '+'
}
