package crashlog

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mapsan/mapsan/crashlog/internal/corpus"
)

// noise is what programs print meanwhile, some of it close to a crash's lines.
var noise = []string{
	`2024/05/06 07:08:09 http: TLS handshake error from 10.0.0.7:4711: EOF`,
	`{"level":"info","ts":1714979289.1,"msg":"request","path":"/goroutine 7"}`,
	`fetched goroutine 17 [running] of 20`,
	`main.go:12: started`,
	`retry in 3s (attempt 2)`,
	`	at com.example.Shop.get(Shop.java:17)`,
	`level=info msg="saw: concurrent map writes"`,
	`created by the operator`,
	`done()`,
	`...and 3 more`,
	`[GIN] 200 | GET "/"`,
	`x`,
}

// TestInterleaved puts other output between any two lines: the crash must
// be read as without, and the output pass through as it was.
func TestInterleaved(t *testing.T) {
	for _, l := range some(t, func(l corpus.Log) bool {
		return l.Ops == "read-write/int64" || l.Ops == "write-write/string" || l.Ops == "clone/any"
	}) {
		if l.Level == "none" {
			continue // see TestNone
		}
		want, _ := parseOne(t, l.Text)
		lines := strings.SplitAfter(l.Text, "\n")
		lines = lines[:len(lines)-1]
		for i := 1; i < len(lines); i++ {
			if i > 60 && i < len(lines)-40 && i%13 != 0 {
				continue
			}
			// One line of noise, and several.
			add := noise[i%len(noise)] + "\n"
			if i%3 == 0 {
				add += noise[(i+1)%len(noise)] + "\n" + noise[(i+5)%len(noise)] + "\n"
			}
			text := strings.Join(lines[:i], "") + add + strings.Join(lines[i:], "")
			checkMixed(t, l.Name(), text, add, want)
		}
		if t.Failed() {
			return
		}
	}
}

func checkMixed(t *testing.T, name, text, add string, want *Crash) {
	t.Helper()
	c, rest := parseOne(t, text)
	if rest != add {
		t.Errorf("%s: %q in the middle: passed through %.300q", name, add, rest)
	}
	if got, want := comparableCrash(c), comparableCrash(want); !reflect.DeepEqual(want, got) {
		t.Errorf("%s: %q in the middle: differs (-without +with):\n%.1000s", name, add, cmp.Diff(want, got))
	}
}

// TestBusyLog spreads a crash over a log with much other output.
func TestBusyLog(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, l := range some(t, func(l corpus.Log) bool { return l.Pair() == "delete" && l.Level != "none" }) {
		want, _ := parseOne(t, l.Text)
		var text, others strings.Builder
		other := func() {
			line := noise[rnd.IntN(len(noise))] + "\n"
			text.WriteString(line)
			others.WriteString(line)
		}
		for range 100 {
			other()
		}
		for line := range strings.Lines(l.Text) {
			text.WriteString(line)
			// Two threads' messages stand close together, or it is two crashes.
			most := 20
			if strings.HasPrefix(line, fatalHead) {
				most = maxToAlso
			}
			for n := 0; n < most && rnd.IntN(3) == 0; n++ {
				other()
			}
		}
		for range 5000 {
			other()
		}
		checkMixed(t, l.Name(), text.String(), others.String(), want)
	}
}

// TestTwoThreads: up to Go 1.23 two threads may die at once. The second one's
// stack comes last, and both detected.
func TestTwoThreads(t *testing.T) {
	n, both := 0, 0
	for _, l := range some(t, func(l corpus.Log) bool { return strings.Count(l.Text, "fatal error: ") > 1 }) {
		n++
		c, rest := parseOne(t, l.Text)
		if rest != "" || len(c.Also) != 1 {
			t.Errorf("%s: further messages %q, passed through %q", l.Name(), c.Also, rest)
		}
		if l.Level == "none" {
			continue
		}
		seen := map[uint64]bool{}
		for _, g := range c.Goroutines {
			if seen[g.ID] {
				t.Errorf("%s: goroutine %d twice", l.Name(), g.ID)
			}
			seen[g.ID] = true
		}
		if len(c.Detecting()) == 2 {
			both++
			for _, g := range c.Detecting() {
				if g.StackUnavailable || len(g.Frames) == 0 {
					t.Errorf("%s: goroutine %d detected without a stack", l.Name(), g.ID)
				}
			}
		}
	}
	t.Logf("%d logs, both sides detected in %d", n, both)
	if both == 0 {
		t.Error("no log shows two detecting goroutines")
	}
}

// TestTornMessages tears the messages of two threads apart, as Go 1.23 can: it
// prints each in three pieces, and the first goroutine's header in more.
func TestTornMessages(t *testing.T) {
	const stack = "main.get(...)\n\t/src/x.go:12\nmain.main()\n\t/src/x.go:20 +0x1d\ncreated by main.run in goroutine 1\n\t/src/x.go:9 +0x2e\n\ngoroutine 1 [sleep]:\nmain.main()\n\t/src/x.go:3 +0x1\n"
	const w = "concurrent map writes"
	const h = "fatal error: "
	for _, text := range []string{
		h + h + w + w + "\n\n\ngoroutine 7 [running]:\n" + stack,
		h + h + w + "\n" + w + "\n\ngoroutine 7 [running]:\n" + stack,
		h + w + h + "\n" + w + "\n\ngoroutine 7 [running]:\n" + stack,
		h + w + h + w + "\n\n\ngoroutine 7 [running]:\n" + stack,
		h + w + "\n\ngoroutine 7" + h + w + "\n [running]:\n" + stack,
		h + w + "\n\ngoroutine 7 [running" + h + w + "\n]:\n" + stack,
		h + w + "\n\ngoroutine 7 [" + h + "running" + w + "]:\n\n" + stack,
		h + w + "\n\ngoroutine 7 [running]:\n" + h + w + "\n" + stack,
		h + w + "\n\ngoroutine 7 [running]:\nmain.get(...)\n" + h + w + "\n" + strings.TrimPrefix(stack, "main.get(...)\n"),
		h + w + "\n" + h + "concurrent map read and map write\n\ngoroutine 7 [running]:\n" + stack,
		"50 %" + h + w + "\n" + h + w + "\n\ngoroutine 7 [running]:\n" + stack,
	} {
		c, _ := parseOne(t, text)
		if c.Message != w || c.Cause != CauseWriteWrite || len(c.Also) != 1 {
			t.Errorf("%q: message %q, also %q", text[:90], c.Message, c.Also)
		}
		if len(c.Goroutines) != 2 || c.Goroutines[0].ID != 7 || len(c.Goroutines[0].Frames) != 2 || c.Goroutines[0].CreatedBy == nil || c.Truncated {
			t.Errorf("%q: read %s", text[:90], cmp.Diff(nil, c))
		}
	}
}

// TestRestarts: a program that is started again dies again.
func TestRestarts(t *testing.T) {
	for _, l := range some(t, func(l corpus.Log) bool { return l.Pair() == "read-write" }) {
		want, _ := parseOne(t, l.Text)
		const start = "2024/05/06 07:08:09 listening on :8080\nready\nwarm\nserving\n"
		var rest strings.Builder
		all, err := ReadAll(strings.NewReader(start+l.Text+start+l.Text+start+l.Text), Options{Rest: &rest})
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 3 || rest.String() != strings.Repeat(start, 3) {
			t.Errorf("%s: %d crashes, passed through %.200q", l.Name(), len(all), rest.String())
			continue
		}
		for i, c := range all {
			if got, want := comparableCrash(c), comparableCrash(want); !reflect.DeepEqual(want, got) {
				t.Errorf("%s: crash %d differs (-alone +here):\n%.1000s", l.Name(), i, cmp.Diff(want, got))
			}
		}
		size := int64(strings.Count(l.Text, "\n"))
		if second := all[1]; second.Line != 2*4+size+1 || second.EndLine != 2*4+2*size {
			t.Errorf("%s: second crash in lines %d to %d, want %d to %d", l.Name(), second.Line, second.EndLine, 2*4+size+1, 2*4+2*size)
		}
	}
}

// TestOthers: deaths of other kinds are told apart and pass through unchanged.
func TestOthers(t *testing.T) {
	for _, l := range some(t, isOther) {
		var rest strings.Builder
		all, err := ReadAll(strings.NewReader("before\n"+l.Text+"after\n"), Options{Rest: &rest})
		if err != nil {
			t.Fatal(err)
		}
		if rest.String() != "before\n"+l.Text+"after\n" {
			t.Errorf("%s: changed on its way: %s", l.Name(), cmp.Diff(l.Text, rest.String()))
		}
		for _, c := range all {
			if c.Cause != CauseOther || c.Message == "" {
				t.Errorf("%s: message %q, cause %q", l.Name(), c.Message, c.Cause)
			}
			for _, g := range c.Detecting() {
				if o := c.Operation(g); o.Claimed != OpNone || o.Evidence == ByMessage {
					t.Errorf("%s: goroutine %d: operation %+v", l.Name(), g.ID, o)
				}
			}
		}
		if l.Level != "none" && l.Pair() != "quit" && len(all) != 1 {
			t.Errorf("%s: %d crashes", l.Name(), len(all))
		}
	}
}

// TestLoggedStack: a stack that a program logs, after the crash and a restart,
// is not of the crash.
func TestLoggedStack(t *testing.T) {
	const logged = "2024/05/06 07:08:09 http: panic serving 10.0.0.7:4711: no such item\ngoroutine 36 [running]:\nnet/http.(*conn).serve.func1()\n" +
		"\t/usr/local/go/src/net/http/server.go:1947 +0xbe\nmain.handler(...)\n\t/src/shop/main.go:31\n" +
		"created by net/http.(*Server).Serve in goroutine 1\n\t/usr/local/go/src/net/http/server.go:3454 +0x485\n"
	const start = "2024/05/06 07:08:08 listening on :8080\nready\nwarm\nserving\n"
	for _, l := range some(t, func(l corpus.Log) bool { return l.Pair() == "read-write" }) {
		want, _ := parseOne(t, l.Text)
		for _, after := range []string{logged, start + logged, start + logged + "\n" + logged} {
			var rest strings.Builder
			all, err := ReadAll(strings.NewReader(l.Text+after), Options{Rest: &rest})
			if err != nil {
				t.Fatal(err)
			}
			if rest.String() != after {
				t.Errorf("%s: passed through %q, want %q", l.Name(), rest.String(), after)
			}
			if len(all) == 0 || !reflect.DeepEqual(comparableCrash(want), comparableCrash(all[0])) {
				t.Errorf("%s: %d crashes, or the first differs", l.Name(), len(all))
			}
			for _, c := range all[1:] {
				if c.Cause != CauseOther {
					t.Errorf("%s: another crash %q", l.Name(), c.Message)
				}
			}
		}
	}
}
