package crashlog

import (
	"bytes"
	"regexp"
)

// What loggers put before a line, when it is known for nothing else. Behind
// one of these a map message is a crash even without a goroutine after it.
var (
	isoTime  = `\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[ ]?[+-]\d\d:?\d\d| UTC)?\]?`
	bsdTime  = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?`
	ident    = `\S+ [\w./@-]+(?:\[[\w.]+\])?:`
	wrappers = []*regexp.Regexp{
		regexp.MustCompile(`^$`),
		regexp.MustCompile(`^` + isoTime + `:?[ \t]+$`),
		regexp.MustCompile(`^\[?\d{10,19}(?:\.\d+)?\]?:? $`),
		// journald -o short, syslog of RFC 3164
		regexp.MustCompile(`^(?:<\d+>)?(?:` + bsdTime + `|` + isoTime + `) ` + ident + ` $`),
		// syslog of RFC 5424
		regexp.MustCompile(`^<\d+>1 \S+ \S+ \S+ \S+ \S+ (?:-|\[[^\]]*\]) (?:\x{FEFF})?$`),
		regexp.MustCompile(`^(?:` + isoTime + ` )?\[ ?[A-Za-z]+ ?\] $`),
		// docker compose, heroku
		regexp.MustCompile(`^[\w.-]+ +\| $`),
		regexp.MustCompile(`^` + isoTime + ` [\w]+\[[\w.]+\]: $`),
	}
)

func knownPrefix(p []byte) bool {
	if len(p) > 300 {
		return false
	}
	for _, w := range wrappers {
		if w.Match(p) {
			return true
		}
	}
	return false
}

// quotingPrefix reports whether what stands before a message makes it a
// quotation, as in source code.
func quotingPrefix(p []byte) bool {
	p = bytes.TrimRight(p, " \t")
	if len(p) == 0 {
		return false
	}
	if bytes.IndexByte([]byte("\"'`"), p[len(p)-1]) >= 0 {
		return true
	}
	p = bytes.TrimLeft(p, " \t")
	return bytes.HasPrefix(p, []byte("//")) || bytes.HasPrefix(p, []byte("/*")) || string(p) == "*" || string(p) == "#"
}
