package crashlog

import "bytes"

// What fatalthrow's callers print before the message (runtime/panic.go, throw
// and fatal), and printpanics before a panic's value.
const (
	fatalHead = "fatal error: "
	panicHead = "panic: "
)

// messages are the fatal messages of runtime/map*.go up to Go 1.23 and of
// internal/runtime/maps from 1.24. Other messages are of other things.
var messages = []struct {
	text  string
	cause Cause
}{
	{"concurrent map writes", CauseWriteWrite},
	{"concurrent map read and map write", CauseReadWrite},
	{"concurrent map iteration and map write", CauseIterateWrite},
	{"concurrent map clone and map write", CauseCloneWrite},
	// internal/runtime/maps/runtime_fast*.go and map.go, Go 1.24 to 1.26
	{"small map with no empty slot (concurrent map writes?)", CauseCorrupt},
}

// fatalText is what stands behind the first "fatal error: " of a line.
type fatalText struct {
	heads int // how often "fatal error: " stands there
	known []string
	cause Cause
	rest  []byte // what is neither
}

// parseFatal reads s, which begins with fatalHead. Up to Go 1.23 two threads
// could print at once, each in three pieces, so heads and messages may stand
// in any order.
func parseFatal(s []byte) fatalText {
	var t fatalText
	for {
		if r, ok := bytes.CutPrefix(s, []byte(fatalHead)); ok {
			s = r
			t.heads++
			continue
		}
		m, cause := leadingMessage(s)
		if m == "" {
			break
		}
		s = s[len(m):]
		t.known = append(t.known, m)
		if t.cause == CauseUnknown {
			t.cause = cause
		}
	}
	t.rest = s
	return t
}

func leadingMessage(s []byte) (string, Cause) {
	for _, m := range messages {
		if len(s) >= len(m.text) && string(s[:len(m.text)]) == m.text {
			return m.text, m.cause
		}
	}
	return "", CauseUnknown
}

// cutMessage reports whether s is the beginning of a map message, long enough
// to be no other's.
func cutMessage(s []byte) bool {
	if len(s) < len("concurrent map ") {
		return false
	}
	for _, m := range messages {
		if len(s) < len(m.text) && m.text[:len(s)] == string(s) {
			return true
		}
	}
	return false
}

// takeOutFatal removes what another thread's fatal printed into the middle of
// a line.
func takeOutFatal(s []byte) (out []byte, known []string) {
	for i := 0; i < len(s); {
		if bytes.HasPrefix(s[i:], []byte(fatalHead)) {
			i += len(fatalHead)
			continue
		}
		if m, _ := leadingMessage(s[i:]); m != "" {
			known = append(known, m)
			i += len(m)
			continue
		}
		out = append(out, s[i])
		i++
	}
	return out, known
}
