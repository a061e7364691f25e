package logline

import "testing"

func TestCutPrefix(t *testing.T) {
	for _, test := range []struct {
		prefix, line, rest string
		ok                 bool
	}{
		{"", "x", "x", true},
		{"Dec 31 23:59:59 h p[1]: ", "Jan  1 00:00:00 h p[1]: \tx", "\tx", true},
		{"Jun 30 23:59:59 h p[1]: ", "Jul  1 00:00:00 h p[1]: x", "x", true},
		{"Dec 31 23:59:59 h p[1]: ", "Jan  1 00:00:00 h p[1]:", "", true},
		{"Dec 31 23:59:59 h p[1]: ", "Jan  1 00:00:00 h q[1]: x", "", false},
		{"2024/01/02 03:04:05 ", "2024/01/02 03:04:06     /x.go:1", "    /x.go:1", true},
		{"2024/01/02 03:04:05 ", "2024/01/02 03:04:06", "", true},
		{"1714979289.1 ", "1714979290.25 \tx", "\tx", true},
		{"web-1  | ", "web-1  | x", "x", true},
		{"web-1  | ", "db-1   | x", "", false},
		{"[ TRACE ] ", "[ INFO ] x", "", false},
	} {
		rest, ok := CutPrefix([]byte(test.line), []byte(test.prefix))
		if ok != test.ok || ok && string(rest) != test.rest {
			t.Errorf("%q off %q: %q %v, want %q %v", test.prefix, test.line, rest, ok, test.rest, test.ok)
		}
	}
}
