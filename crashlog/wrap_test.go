package crashlog

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wrapper puts a log behind what something on its way puts before its lines.
type wrapper struct {
	name string
	wrap func(lines []string) string
}

// eachLine is a wrapper of single lines; the clock ticks over a year's end.
func eachLine(f func(at time.Time, line string) string) func([]string) string {
	return func(lines []string) string {
		at := time.Date(2024, 12, 31, 23, 59, 59, 123456000, time.UTC)
		var b strings.Builder
		for _, l := range lines {
			b.WriteString(f(at, l))
			at = at.Add(77*time.Millisecond + 10*time.Nanosecond)
		}
		return b.String()
	}
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

var wrappersToTest = []wrapper{
	{"plain", eachLine(func(_ time.Time, l string) string { return l + "\n" })},
	{"crlf", eachLine(func(_ time.Time, l string) string { return l + "\r\n" })},
	{"journald", eachLine(func(at time.Time, l string) string {
		return at.Format(time.Stamp) + " node-3 shop[4711]: " + l + "\n"
	})},
	{"journald-iso", eachLine(func(at time.Time, l string) string {
		return at.Format("2006-01-02T15:04:05-0700") + " node-3 shop[4711]: " + l + "\n"
	})},
	{"syslog", eachLine(func(at time.Time, l string) string {
		return "<29>" + at.Format(time.Stamp) + " node-3 shop[4711]: " + strings.ReplaceAll(l, "\t", "#011") + "\n"
	})},
	{"syslog-5424", eachLine(func(at time.Time, l string) string {
		return "<29>1 " + at.Format("2006-01-02T15:04:05.000000Z07:00") + " node-3 shop 4711 - - " + strings.ReplaceAll(l, "\t", "#011") + "\n"
	})},
	{"docker", eachLine(func(at time.Time, l string) string {
		return `{"log":` + quote(l+"\n") + `,"stream":"stderr","time":"` + at.Format(time.RFC3339Nano) + "\"}\n"
	})},
	{"docker-split", eachLine(func(at time.Time, l string) string {
		tail := `,"stream":"stderr","time":"` + at.Format(time.RFC3339Nano) + "\"}\n"
		var b strings.Builder
		for len(l) > 60 {
			b.WriteString(`{"log":` + quote(l[:60]) + tail)
			l = l[60:]
		}
		b.WriteString(`{"log":` + quote(l+"\n") + tail)
		return b.String()
	})},
	{"kubernetes-json", eachLine(func(at time.Time, l string) string {
		return `{"time":"` + at.Format(time.RFC3339Nano) + `","stream":"stderr","kubernetes":{"pod_name":"shop-1","labels":{"log":"x"}},"log":` + quote(l+"\n") + "}\n"
	})},
	{"fluent-bit", eachLine(func(at time.Time, l string) string {
		return `{"date":` + fmt.Sprint(at.Unix()) + `.5,"stream":"stderr","log":` + quote(l) + "}\n"
	})},
	{"no-empty-lines", func(lines []string) string {
		var b strings.Builder
		for _, l := range lines {
			if l != "" {
				b.WriteString(l + "\n")
			}
		}
		return b.String()
	}},
	{"journald-json", eachLine(func(at time.Time, l string) string {
		return `{"__REALTIME_TIMESTAMP":"` + fmt.Sprint(at.UnixMicro()) + `","MESSAGE":` + quote(l) + `,"_PID":"4711"}` + "\n"
	})},
	{"cri", eachLine(func(at time.Time, l string) string {
		return at.Format("2006-01-02T15:04:05.000000000Z07:00") + " stderr F " + l + "\n"
	})},
	{"cri-split", eachLine(func(at time.Time, l string) string {
		head := at.Format("2006-01-02T15:04:05.000000000Z07:00") + " stderr "
		var b strings.Builder
		for len(l) > 9 {
			b.WriteString(head + "P " + l[:9] + "\n")
			l = l[9:]
		}
		b.WriteString(head + "F " + l + "\n")
		return b.String()
	})},
	{"timestamps", eachLine(func(at time.Time, l string) string {
		return at.Format("2006-01-02T15:04:05.000Z07:00") + " " + l + "\n"
	})},
	{"timestamps-trimmed", eachLine(func(at time.Time, l string) string {
		return strings.TrimRight(at.Format("2006/01/02 15:04:05 ")+l, " ") + "\n"
	})},
	{"bracket", eachLine(func(_ time.Time, l string) string { return "[ TRACE ] " + l + "\n" })},
	{"compose", eachLine(func(_ time.Time, l string) string { return "web-1  | " + l + "\n" })},
	{"colour", eachLine(func(_ time.Time, l string) string { return "\x1b[31m" + l + "\x1b[0m\n" })},
	{"docker-colour-timestamps", eachLine(func(at time.Time, l string) string {
		return `{"log":` + quote("\x1b[1;31m"+at.Format("15:04:05.000")+"\x1b[0m 2024-01-02 03:04:05 "+l+"\r\n") + `,"stream":"stderr"}` + "\n"
	})},
	{"pasted", eachLine(func(_ time.Time, l string) string { return strings.ReplaceAll(l, "\t", "    ") + "\n" })},
	{"one-json", func(lines []string) string {
		return `{"severity":"ERROR","message":` + quote(strings.Join(lines, "\n")+"\n") + `,"pod":"shop-1"}` + "\n"
	}},
}

// needsStack are the wrappers that could be a logger's line about a crash:
// there the message alone is none.
var needsStack = map[string]bool{"one-json": true, "docker-colour-timestamps": true}

// comparableCrash takes what a wrapper changes out of a crash.
func comparableCrash(c *Crash) *Crash {
	d := *c
	d.Line, d.EndLine, d.Prefix = 0, 0, ""
	d.Goroutines = nil
	for _, g := range c.Goroutines {
		h := *g
		h.Line = 0
		d.Goroutines = append(d.Goroutines, &h)
	}
	return &d
}

// TestWrappers reads each log of the corpus out of each wrapper: what is read
// must be what is read of the plain log, and nothing may pass through.
func TestWrappers(t *testing.T) {
	parsed, asked := 0, 0
	for i, l := range logs(t) {
		if isOther(l) {
			continue
		}
		want, _ := parseOne(t, l.Text)
		lines := strings.Split(strings.TrimSuffix(l.Text, "\n"), "\n")
		for j, w := range wrappersToTest {
			if testing.Short() && (i+j)%7 != 0 || l.Level == "none" && needsStack[w.name] {
				continue
			}
			asked++
			c, rest := parseOne(t, w.wrap(lines))
			ok := true
			if got, want := comparableCrash(c), comparableCrash(want); !reflect.DeepEqual(want, got) {
				ok = false
				t.Errorf("%s in %s: differs from the plain log (-plain +wrapped):\n%.1500s", l.Name(), w.name, cmp.Diff(want, got))
			}
			if rest != "" {
				ok = false
				t.Errorf("%s in %s: passed through: %.300q", l.Name(), w.name, rest)
			}
			if ok {
				parsed++
			} else if asked-parsed > 5 {
				t.FailNow()
			}
		}
	}
	t.Logf("%d of %d", parsed, asked)
}

// TestMessageAlone: behind a wrapper that a logger may have written the
// message is no crash without a stack.
func TestMessageAlone(t *testing.T) {
	for _, w := range wrappersToTest {
		if !needsStack[w.name] {
			continue
		}
		text := w.wrap([]string{"fatal error: concurrent map writes"})
		var rest strings.Builder
		all, err := ReadAll(strings.NewReader(text), Options{Rest: &rest})
		if err != nil || len(all) != 0 || rest.String() != text {
			t.Errorf("%s: %d crashes, %v, passed through %q", w.name, len(all), err, rest.String())
		}
	}
}
