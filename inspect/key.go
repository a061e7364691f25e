package inspect

import (
	"fmt"
	"math"
	"strconv"

	"github.com/mapsan/mapsan/binfo"
)

const maxKeyText = 24

// keyText writes a key as Go would, if it is a number or a string.
func keyText(s *shape, b []byte, p *Process) string {
	if s == nil || s.size > len(b) {
		return "?"
	}
	switch {
	case s.kind == binfo.KindString && len(b) >= 16:
		n := word(b[8:])
		text, err := p.read(word(b), int(min(n, maxKeyText)))
		if err != nil {
			return "?"
		}
		q := strconv.QuoteToASCII(string(text))
		if n > maxKeyText {
			q = q[:len(q)-1] + `..."`
		}
		return q
	case s.kind >= 2 && s.kind <= binfo.KindUintptr || s.kind == binfo.KindBool:
		return intText(s, b)
	case s.kind == binfo.KindFloat64:
		return fmt.Sprint(math.Float64frombits(word(b)))
	case s.kind == binfo.KindPointer:
		return fmt.Sprintf("%#x", word(b))
	}
	return "..."
}

// intText writes an integer or bool; kinds 2 to 6 are signed.
func intText(s *shape, b []byte) string {
	var full [8]byte
	copy(full[:], b[:min(s.size, 8)])
	v := word(full[:])
	switch {
	case s.kind == binfo.KindBool:
		return strconv.FormatBool(v != 0)
	case s.kind <= 6:
		shift := 64 - 8*min(s.size, 8)
		return strconv.FormatInt(int64(v<<shift)>>shift, 10)
	}
	return strconv.FormatUint(v, 10)
}
