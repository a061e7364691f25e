package crashlog

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

const goroutineHead = "goroutine "

// parseHeader reads a line of goroutineheader (runtime/traceback.go):
//
//	goroutine 7 gp=0xc0 m=3 mp=0xc1 [running (scan), 3 minutes, locked to thread, synctest bubble 2]:
//
// with labels before the bracket closes (Go 1.26) or behind it (1.27). It fills
// g and reports whether the whole line is such a header.
func parseHeader(s []byte, g *Goroutine, w *words) bool {
	s, ok := bytes.CutPrefix(s, []byte(goroutineHead))
	if !ok {
		return false
	}
	id, s, ok := cutDecimal(s)
	if !ok {
		return false
	}
	*g = Goroutine{ID: id, MID: -1, Frames: g.Frames[:0]}
	if r, ok := bytes.CutPrefix(s, []byte(" gp=")); ok {
		if s, ok = parseAddresses(r, g); !ok {
			return false
		}
	}
	s, ok = bytes.CutPrefix(s, []byte(" ["))
	if !ok {
		return false
	}
	end := bytes.IndexByte(s, ']')
	inside := bytes.Index(s, []byte(" labels:{"))
	if inside >= 0 && (end < 0 || inside < end) { // Go 1.26
		labels, rest, ok := parseLabels(s[inside+len(" labels:"):], true)
		if !ok || string(rest) != "]:" {
			return false
		}
		g.Labels = labels
		return parseState(string(s[:inside]), g, w)
	}
	if end < 0 {
		return false
	}
	state, s := s[:end], s[end+1:]
	if r, ok := bytes.CutPrefix(s, []byte(" ")); ok { // Go 1.27
		if g.Labels, s, ok = parseLabels(r, false); !ok {
			return false
		}
	}
	return string(s) == ":" && parseState(string(state), g, w)
}

// parseAddresses reads "0xc0 m=3 mp=0xc1" or "0xc0 m=nil".
func parseAddresses(s []byte, g *Goroutine) (rest []byte, ok bool) {
	if g.G, s, ok = cutHex(s); !ok {
		return nil, false
	}
	if s, ok = bytes.CutPrefix(s, []byte(" m=")); !ok {
		return nil, false
	}
	if r, ok := bytes.CutPrefix(s, []byte("nil")); ok {
		return r, true
	}
	mid, s, ok := cutDecimal(s)
	if !ok {
		return nil, false
	}
	g.MID = int64(mid)
	if s, ok = bytes.CutPrefix(s, []byte(" mp=")); !ok {
		return nil, false
	}
	g.M, s, ok = cutHex(s)
	return s, ok
}

// parseState reads what stands in the brackets. No status has a comma.
func parseState(s string, g *Goroutine, w *words) bool {
	state, more, _ := strings.Cut(s, ", ")
	for more != "" {
		var part string
		part, more, _ = strings.Cut(more, ", ")
		if n, ok := strings.CutSuffix(part, " minutes"); ok {
			v, err := strconv.ParseInt(n, 10, 64)
			if err != nil {
				return false
			}
			g.WaitMinutes = v
			continue
		}
		if part == "locked to thread" {
			g.LockedToThread = true
			continue
		}
		n, ok := strings.CutPrefix(part, "synctest bubble ")
		if !ok {
			n, ok = strings.CutPrefix(part, "synctest group ") // Go 1.24
		}
		v, err := strconv.ParseUint(n, 10, 64)
		if !ok || err != nil {
			return false
		}
		g.Bubble = v
	}
	durable := strings.HasSuffix(state, " (durable)")
	if durable {
		state = strings.TrimSuffix(state, " (durable)")
	}
	state, g.Scan = strings.CutSuffix(state, " (scan)")
	state, g.Leaked = strings.CutSuffix(state, " (leaked)")
	if durable {
		state += " (durable)"
	}
	g.State = w.name(state)
	return plausibleState(state)
}

// plausibleState keeps text like "goroutine 7 [see below]:" apart from what
// gStatusStrings and waitReasonStrings hold only by its alphabet: each Go
// version has other reasons.
func plausibleState(s string) bool {
	if s == "" || len(s) > 60 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(" .()-_?", c) >= 0) {
			return false
		}
	}
	return true
}

// maxLabels bounds what one header can hold in memory.
const maxLabels = 1000

// parseLabels reads {"key": "value", ...}. Go 1.27 leaves the quotes out where
// there is nothing to quote (runtime/traceback.go, tracebackStringNeedsQuoting).
func parseLabels(s []byte, quoted bool) (labels map[string]string, rest []byte, ok bool) {
	if s, ok = bytes.CutPrefix(s, []byte("{")); !ok {
		return nil, nil, false
	}
	labels = map[string]string{}
	for len(labels) <= maxLabels {
		var k, v string
		if k, s, ok = cutLabel(s, quoted); !ok {
			return nil, nil, false
		}
		if s, ok = bytes.CutPrefix(s, []byte(": ")); !ok {
			return nil, nil, false
		}
		if v, s, ok = cutLabel(s, quoted); !ok {
			return nil, nil, false
		}
		labels[k] = v
		if r, ok := bytes.CutPrefix(s, []byte("}")); ok {
			return labels, r, true
		}
		if s, ok = bytes.CutPrefix(s, []byte(", ")); !ok {
			return nil, nil, false
		}
	}
	return nil, nil, false
}

func cutLabel(s []byte, quoted bool) (string, []byte, bool) {
	if len(s) > 0 && s[0] == '"' {
		return cutQuoted(s)
	}
	if quoted {
		return "", nil, false
	}
	n := 0
	for n < len(s) && isPlainLabel(s[n]) {
		n++
	}
	return string(s[:n]), s[n:], true
}

func isPlainLabel(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '/' || c == '_'
}

// cutQuoted undoes printquoted (runtime/print.go): Go's escapes, except that
// Go 1.26 writes U+FFFD for each byte that is no UTF-8.
func cutQuoted(s []byte) (string, []byte, bool) {
	var b []byte
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return string(b), s[i+1:], true
		case c != '\\':
			b = append(b, c)
		default:
			i++
			if i == len(s) {
				return "", nil, false
			}
			digits := 0
			switch s[i] {
			case 'n':
				b = append(b, '\n')
			case 'r':
				b = append(b, '\r')
			case 't':
				b = append(b, '\t')
			case '\\', '"':
				b = append(b, s[i])
			case 'x':
				digits = 2
			case 'u':
				digits = 4
			case 'U':
				digits = 8
			default:
				return "", nil, false
			}
			if digits == 0 {
				continue
			}
			if i+digits >= len(s) {
				return "", nil, false
			}
			v, err := strconv.ParseUint(string(s[i+1:i+1+digits]), 16, 32)
			if err != nil {
				return "", nil, false
			}
			if digits == 2 {
				b = append(b, byte(v))
			} else {
				b = utf8.AppendRune(b, rune(v))
			}
			i += digits
		}
	}
	return "", nil, false
}
