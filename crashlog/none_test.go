package crashlog

import (
	"strconv"
	"strings"
	"testing"
)

// TestNone: at level none the message is all there is. It counts when it is a
// whole line by itself, or behind what a log puts before every line.
func TestNone(t *testing.T) {
	const m = "fatal error: concurrent map iteration and map write\n"
	const before, after = "listening\n", "started again\nlistening\n"
	for _, prefix := range []string{
		"", "2024-05-06T07:08:09.123Z ", "2024/05/06 07:08:09 ", "[2024-05-06 07:08:09] ", "May  6 07:08:09 node-3 shop[4711]: ",
		"<29>May  6 07:08:09 node-3 shop[4711]: ", "web-1  | ", "1714979289.123 ", "[ TRACE ] ",
		"2024-05-06T07:08:09.123456789Z stderr F ", "2024-05-06T07:08:09+0200 node-3 kernel-shop.service[1]: ",
	} {
		c, rest := parseOne(t, before+prefix+m+after)
		if c.Cause != CauseIterateWrite || c.Level != LevelNone || c.Line != 2 || c.EndLine != 2 || c.Truncated || len(c.Notes) == 0 {
			t.Errorf("behind %q: %+v", prefix, c)
		}
		if rest != before+after {
			t.Errorf("behind %q: passed through %q", prefix, rest)
		}
	}
}

// TestRestBesideEmptyLines: an empty line is the runtime's only before a goroutine.
func TestRestBesideEmptyLines(t *testing.T) {
	const before, after = "\n\nlistening\n\n", "\n\nstarted again\n\n"
	const m = "fatal error: concurrent map writes\n"
	const stack = "\ngoroutine 7 [running]:\ninternal/runtime/maps.fatal({0x1?, 0x2?})\n\t/src/runtime/panic.go:1195 +0x18\nmain.f()\n\t/src/x.go:12 +0x1d\ncreated by main.main in goroutine 1\n\t/src/x.go:9 +0x2e\n"
	for _, crash := range []string{m, m + stack} {
		if _, rest := parseOne(t, before+crash+after); rest != before+after {
			t.Errorf("%q: passed through %q", crash, rest)
		}
	}
}

// TestLossyLog takes single lines away, as rate limits do: the other frames
// stay, and it is said.
func TestLossyLog(t *testing.T) {
	lines := strings.SplitAfter("fatal error: concurrent map writes\n\ngoroutine 7 [running]:\nmain.f(0x1)\n\t/src/x.go:12 +0x1d\nmain.g(0x2)\n\t/src/x.go:22 +0x1d\nmain.h(0x3)\n\t/src/x.go:32 +0x1d\ncreated by main.main in goroutine 1\n\t/src/x.go:9 +0x2e\n\ngoroutine 1 [sleep]:\nmain.main()\n\t/src/x.go:3 +0x1\n", "\n")
	for lost, want := range map[int]string{
		4: "main.f::0 main.g:/src/x.go:22 main.h:/src/x.go:32 <- main.main:/src/x.go:9",
		5: "main.f:/src/x.go:12 main.h:/src/x.go:32 <- main.main:/src/x.go:9",
		8: "main.f:/src/x.go:12 main.g:/src/x.go:22 main.h::0 <- main.main:/src/x.go:9",
		9: "main.f:/src/x.go:12 main.g:/src/x.go:22 main.h:/src/x.go:32",
	} {
		text := strings.Join(lines[:lost], "") + strings.Join(lines[lost+1:], "")
		c, _ := parseOne(t, text)
		var got []string
		g := c.Goroutines[0]
		for _, f := range g.Frames {
			got = append(got, f.Func+":"+f.File+":"+strconv.Itoa(f.Line))
		}
		if g.CreatedBy != nil {
			got = append(got, "<- "+g.CreatedBy.Func+":"+g.CreatedBy.File+":"+strconv.Itoa(g.CreatedBy.Line))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("without line %d: %s, want %s", lost+1, s, want)
		}
		if noted := len(c.Notes) > 0; noted != (lost == 4 || lost == 8) {
			t.Errorf("without line %d: notes %q", lost+1, c.Notes)
		}
		if len(c.Goroutines) != 2 {
			t.Errorf("without line %d: %d goroutines", lost+1, len(c.Goroutines))
		}
	}
}

// TestAncestors reads what GODEBUG=tracebackancestors adds.
func TestAncestors(t *testing.T) {
	c, rest := parseOne(t, `fatal error: concurrent map writes

goroutine 7 [running]:
main.f()
	/src/x.go:12 +0x1d
created by main.g
	/src/x.go:9 +0x2e
[originating from goroutine 5]:
main.g(...)
	/src/x.go:10 +0x2e
...additional frames elided...
created by main.main
	/src/x.go:3 +0x11
[originating from goroutine 1]:
main.main(...)
	/src/x.go:4 +0x11

goroutine 1 [sleep]:
main.main()
	/src/x.go:3 +0x1
`)
	g := c.Goroutines[0]
	if rest != "" || c.Truncated || len(c.Goroutines) != 2 || len(g.Frames) != 1 || g.CreatedBy == nil || g.CreatedBy.Line != 9 || len(g.Ancestors) != 2 {
		t.Fatalf("passed through %q, read %+v", rest, g)
	}
	if a := g.Ancestors[0]; a.ID != 5 || len(a.Frames) != 1 || a.Frames[0].Line != 10 || a.CreatedBy == nil || a.CreatedBy.Line != 3 {
		t.Errorf("first ancestor %+v", a)
	}
	if a := g.Ancestors[1]; a.ID != 1 || len(a.Frames) != 1 || a.CreatedBy != nil {
		t.Errorf("second ancestor %+v", a)
	}
}

// TestSignalHandler reads what a signal handler adds at level crash: each
// thread's own stack, which had been unavailable.
func TestSignalHandler(t *testing.T) {
	c, rest := parseOne(t, `fatal error: concurrent map writes

goroutine 7 gp=0xc1 m=3 mp=0xd1 [running]:
runtime.mapassign_fast64(0x4a0, 0xc00007, 0x1)
	/src/runtime/map_fast64.go:12 +0x1d fp=0x2 sp=0x1 pc=0x3
main.f()
	/src/x.go:12 +0x1d fp=0x3 sp=0x2 pc=0x3
runtime.goexit({})
	/src/runtime/asm.s:1 +0x1 fp=0x4 sp=0x3 pc=0x3
created by main.main in goroutine 1
	/src/x.go:9 +0x2e

goroutine 8 gp=0xc2 m=4 mp=0xd2 [running]:
	goroutine running on other thread; stack unavailable
created by main.main in goroutine 1
	/src/x.go:10 +0x2e

-----

SIGQUIT: quit
PC=0x46d001 m=4 sigcode=18446744073709551610

goroutine 0 gp=0x57a m=4 mp=0xd2 [idle]:
runtime.futex(0x1, 0x2)
	/src/runtime/sys.s:1 +0x1 fp=0x4 sp=0x3 pc=0x3

goroutine 8 gp=0xc2 m=4 mp=0xd2 [running]:
runtime.mapassign_fast64(0x4a0, 0xc00007, 0x2)
	/src/runtime/map_fast64.go:12 +0x1d fp=0x2 sp=0x1 pc=0x3
main.f()
	/src/x.go:12 +0x1d fp=0x3 sp=0x2 pc=0x3
runtime.goexit({})
	/src/runtime/asm.s:1 +0x1 fp=0x4 sp=0x3 pc=0x3
created by main.main in goroutine 1
	/src/x.go:10 +0x2e

rax    0xca
rflags 0x246
`)
	if rest != "" || c.Level != LevelCrash || c.Total != 2 || c.Truncated {
		t.Errorf("passed through %q; %s", rest, summary(c))
	}
	in := c.InMap()
	if len(in) != 1 || in[0].ID != 8 || in[0].StackUnavailable || in[0].Detecting {
		t.Fatalf("in the map: %v", in)
	}
	if a, b := c.Operation(c.Detecting()[0]), c.Operation(in[0]); a.Header != b.Header || a.Header.Word != 0xc00007 || a.Type.Word != 0x4a0 {
		t.Errorf("headers %v and %v", a, b)
	}
}

// TestLongLines: a line longer than any of a crash passes through, whatever
// it holds.
func TestLongLines(t *testing.T) {
	for _, n := range []int{64<<10 - 1, 64 << 10, 64<<10 + 1, maxLine, maxLine + 70_000, 3 * maxLine} {
		long := "fatal error: " + strings.Repeat("x", n) + "\n"
		c, rest := parseOne(t, long+"fatal error: concurrent map writes\n"+long)
		if rest != long+long || c.Line != 2 {
			t.Errorf("%d bytes: passed through %d of %d, crash in line %d", n, len(rest), 2*len(long), c.Line)
		}
	}
}
