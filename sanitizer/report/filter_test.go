package report

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mapsan/mapsan/finding"
)

const wholeBlock = `==================
WARNING: MAP RACE (pid=4242 finding=1)
Write (assign) at 0x00c000012345 of map[string]*main.Session by goroutine 8:
  main.(*Store).Put()
      /abs/store.go:41 +0x1a4
  main.main.func1()
      /abs/main.go:20 +0x44

Previous read (lookup) by goroutine 7:
  main.(*Store).Get()
      /abs/store.go:33
  main.main.func2()
      /abs/main.go:25 +0x64

Goroutine 8 (running) created at:
  main.main()
      /abs/main.go:20 +0x44

Goroutine 7 (finished) created at:
  main.main()
      /abs/main.go:24 +0x44

Synchronisation of goroutine 8, latest last:
  acquire 0x00c000010000 learnt goroutine 7 up to time 8
      /abs/store.go:40
  release 0x00c000010000 at time 17
      /abs/store.go:45
Clocks: goroutine 8 at time 17 knows goroutine 7 up to time 8; the previous access was at time 9
==================
`

// filtered sends in through a Filter in pieces of the given size.
func filtered(t testing.TB, in string, size int) (out string, found []*finding.Finding, broken int) {
	t.Helper()
	var b bytes.Buffer
	f := NewFilter(&b, func(x *finding.Finding) { found = append(found, x) })
	for s := in; s != ""; {
		n := min(size, len(s))
		if got, err := f.Write([]byte(s[:n])); err != nil || got != n {
			t.Fatalf("Write of %d bytes: %d, %v", n, got, err)
		}
		s = s[n:]
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), found, f.Broken
}

func TestFilterReadsEverything(t *testing.T) {
	out, found, broken := filtered(t, wholeBlock, 1<<20)
	if out != "" || broken != 0 || len(found) != 1 {
		t.Fatalf("output %q, %d findings, %d broken; want one finding and nothing else", out, len(found), broken)
	}
	want := &finding.Finding{
		Schema: 1, Rule: finding.ReadWrite, Engine: finding.Sanitizer, Grade: finding.Proved,
		Map: finding.Map{Type: "map[string]*main.Session", Addr: 0xc000012345, Missing: finding.Missing{
			"expr": "the source was not looked at", "name": "the source was not looked at", "decl": "the source was not looked at",
		}},
		Parties: [2]finding.Party{
			{
				Access: finding.Access{Op: finding.Assign, Missing: finding.Missing{"expr": "the source was not looked at"}},
				Goroutine: finding.Goroutine{ID: 8, State: "running",
					Origin: []finding.Frame{{Func: "main.main", File: "/abs/main.go", Line: 20, Offset: 0x44}}},
				Stack: []finding.Frame{
					{Func: "main.(*Store).Put", File: "/abs/store.go", Line: 41, Offset: 0x1a4},
					{Func: "main.main.func1", File: "/abs/main.go", Line: 20, Offset: 0x44},
				},
			},
			{
				Access: finding.Access{Op: finding.Lookup, Missing: finding.Missing{"expr": "the source was not looked at"}},
				Goroutine: finding.Goroutine{ID: 7, State: "finished",
					Origin: []finding.Frame{{Func: "main.main", File: "/abs/main.go", Line: 24, Offset: 0x44}}},
				Stack: []finding.Frame{
					{Func: "main.(*Store).Get", File: "/abs/store.go", Line: 33},
					{Func: "main.main.func2", File: "/abs/main.go", Line: 25, Offset: 0x64},
				},
			},
		},
		Evidence: finding.Evidence{
			Clocks: &finding.Clocks{
				Current:  finding.Epoch{Goroutine: 8, Time: 17},
				Known:    finding.Epoch{Goroutine: 7, Time: 8},
				Previous: finding.Epoch{Goroutine: 7, Time: 9},
			},
			Sync: []finding.Sync{
				{Goroutine: 8, Kind: "acquire", Object: 0xc000010000, Learnt: &finding.Epoch{Goroutine: 7, Time: 8},
					Site: finding.Position{File: "/abs/store.go", Line: 40}},
				{Goroutine: 8, Kind: "release", Object: 0xc000010000, Time: 17, Site: finding.Position{File: "/abs/store.go", Line: 45}},
			},
		},
		Resource: finding.Resource{PID: 4242},
	}
	if diff := cmp.Diff(want, found[0]); diff != "" {
		t.Errorf("the finding differs (-want +got):\n%s", diff)
	}
}

// edit changes the block in one place, which must be there.
func edit(t testing.TB, old, new string) string {
	t.Helper()
	if strings.Count(wholeBlock, old) == 0 {
		t.Fatalf("the block has no %q", old)
	}
	return strings.Replace(wholeBlock, old, new, 1)
}

// each puts something before every line.
func each(s, prefix string) string {
	return prefix + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n"+prefix) + "\n"
}

func numberedLines(s string) string {
	var b strings.Builder
	for i, l := range strings.SplitAfter(s, "\n") {
		if l != "" {
			fmt.Fprintf(&b, "2026-11-25T15:%02d:07.5Z web-1 | %s", i, l)
		}
	}
	return b.String()
}

func TestFilter(t *testing.T) {
	race := "==================\nWARNING: DATA RACE\nRead at 0x00c000012345 by goroutine 8:\n  main.f()\n      /x.go:3 +0x1\n==================\n"
	cut := wholeBlock[:len(wholeBlock)/2]
	onlyLast := strings.TrimSuffix(wholeBlock, "==================\n")
	headless := strings.TrimPrefix(wholeBlock, "==================\n")
	for _, c := range []struct {
		name, in, out string
		found, broken int
	}{
		{"nothing", "", "", 0, 0},
		{"no block", "hello\nworld\n", "hello\nworld\n", 0, 0},
		{"no newline at the end", "hello", "hello", 0, 0},
		{"empty lines", "\n\n\r\n", "\n\n\r\n", 0, 0},
		{"between other lines", "a\n" + wholeBlock + "b\n", "a\nb\n", 1, 0},
		{"two in a row", wholeBlock + wholeBlock, "", 2, 0},
		{"last line without newline", strings.TrimSuffix(wholeBlock, "\n"), "", 1, 0},
		{"CRLF", strings.ReplaceAll("a\n"+wholeBlock+"b\n", "\n", "\r\n"), "a\r\nb\r\n", 1, 0},
		{"a separator alone", "==================\nx\n", "==================\nx\n", 0, 0},
		{"a separator at the end", "==================", "==================", 0, 0},
		{"a separator before the block", "==================\n" + wholeBlock, "==================\n", 1, 0},
		{"a longer rule", "===================\n" + headless, "===================\n" + headless, 0, 0},
		{"a data race", race, race, 0, 0},
		{"a data race and a map race", race + wholeBlock + race, race + race, 1, 0},

		{"indented, as by t.Log", "    x_test.go:7: " + strings.TrimPrefix(each(wholeBlock, "        "), "        "), "", 1, 0},
		{"indented, blank lines trimmed", strings.ReplaceAll(each(wholeBlock, "    "), "    \n", "\n"), "", 1, 0},
		{"a prefix", each(wholeBlock, "web-1  | "), "", 1, 0},
		{"a prefix, blank lines trimmed", strings.ReplaceAll(each(wholeBlock, "web-1  | "), "| \n", "|\n"), "", 1, 0},
		{"a time on each line", numberedLines(wholeBlock), "", 1, 0},
		{"a prefix that ends", each(cut, "web-1 | ") + "web-2 | x\n", each(cut, "web-1 | ") + "web-2 | x\n", 0, 1},
		{"a prefix that is too long", each(wholeBlock, strings.Repeat("x", 300)), each(wholeBlock, strings.Repeat("x", 300)), 0, 0},

		{"cut off", cut, cut, 0, 1},
		{"cut off before the last line", onlyLast, onlyLast, 0, 1},
		{"cut off, then another", cut + "\n" + wholeBlock, cut + "\n", 1, 1},
		{"cut off in a line, then another", cut + wholeBlock, cut + "\n", 1, 1},
		{"cut off before its end, then another", onlyLast + wholeBlock, "", 2, 0},
		{"other output inside", edit(t, "  main.main.func1()", "boom\n  main.main.func1()"), edit(t, "  main.main.func1()", "boom\n  main.main.func1()"), 0, 1},
		{"a panic after", wholeBlock + "panic: x\n\ngoroutine 1 [running]:\n", "panic: x\n\ngoroutine 1 [running]:\n", 1, 0},
		{"a fatal error after", wholeBlock + "fatal error: concurrent map writes\n", "fatal error: concurrent map writes\n", 1, 0},
		{"a long line before", strings.Repeat("x", 1<<20) + "\n" + wholeBlock, strings.Repeat("x", 1<<20) + "\n", 1, 0},
		{"a long line that ends like a separator", strings.Repeat("x", 5000) + "==================\n" + headless, strings.Repeat("x", 5000) + "==================\n" + headless, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1 << 21, 4096, 64, 7, 1} {
				if len(c.in) > 1<<19 && size < 64 {
					continue
				}
				out, found, broken := filtered(t, c.in, size)
				if len(found) != c.found || broken != c.broken {
					t.Fatalf("pieces of %d: %d findings and %d broken, want %d and %d", size, len(found), broken, c.found, c.broken)
				}
				// What stood before a separator may have gone on already.
				if out != c.out && !(strings.Contains(c.name, "prefix") || strings.Contains(c.name, "t.Log") || strings.Contains(c.name, "time on")) {
					t.Fatalf("pieces of %d: output %q, want %q", size, short(out), short(c.out))
				}
			}
		})
	}
}

func short(s string) string {
	if len(s) > 2000 {
		return s[:1000] + " ... " + s[len(s)-1000:]
	}
	return s
}

// Lines that a block may have, each with the nearest one that it must not.
func TestBlockGrammar(t *testing.T) {
	for _, c := range []struct{ name, old, good, bad string }{
		{"pid", "pid=4242", "pid=1", "pid=x"},
		{"finding", "finding=1)", "finding=77)", "finding=)"},
		{"write", "Write (assign)", "Write (delete)", "Write (lookup)"},
		{"clear", "Write (assign)", "Write (clear)", "write (clear)"},
		{"read first", "Write (assign)", "Write (assign)", "Read (lookup)"}, // two reads are no race
		{"previous", "Previous read (lookup)", "Previous write (assign)", "Previous Write (assign)"},
		{"len", "Previous read (lookup)", "Previous read (len)", "Previous read (length)"},
		{"iterate", "Previous read (lookup)", "Previous read (iterate)", "Previous read"},
		{"clone", "Previous read (lookup)", "Previous read (clone)", "Previous read ()"},
		{"address", "0x00c000012345", "0xc1", "c000012345"},
		{"no type", "of map[string]*main.Session", "of map", "map[string]*main.Session"},
		{"type with spaces", "map[string]*main.Session", `map[string]struct { A int "x by goroutine 3:" }`, "map[string]int by goroutine 3:\n"},
		{"goroutine", "by goroutine 8:", "by goroutine 8:", "by goroutine 9:"}, // of which no origin is told
		{"inlined", "store.go:41 +0x1a4", "store.go:41", "store.go"},
		{"offset", "+0x1a4", "+0x1", "+1a4"},
		{"line", "store.go:41", "store.go:0", "store.go:-1"},
		{"file with spaces", "/abs/store.go:41", "/my dir/a +b.go:41", "  /abs/store.go:41"},
		{"Windows file", "/abs/store.go:41", `C:\abs\store.go:41`, ":41"},
		{"generic function", "main.(*Store).Put()", "main.Put[...]()", "main.Put[...]"},
		{"function", "  main.(*Store).Put()", "  x.Y()", "  ()"},
		{"indentation of functions", "  main.(*Store).Put()", "  main.(*Store).Put()", "   main.(*Store).Put()"},
		{"partial stack", "      /abs/main.go:25 +0x64\n", "      /abs/main.go:25 +0x64\n  [partial stack]\n", "  [partial stack]\n"},
		{"stack that is not there", "  main.(*Store).Get()\n      /abs/store.go:33\n  main.main.func2()\n      /abs/main.go:25 +0x64\n", "  [partial stack]\n", "  [partial stack]\n  main.f()\n      /x.go:1\n"},
		{"main goroutine", "Goroutine 8 (running) created at:\n  main.main()\n      /abs/main.go:20 +0x44\n", "Goroutine 8 (running) is the main goroutine\n", "Goroutine 8 (running) is the main\n"},
		{"runtime's goroutine", "Goroutine 8 (running) created at:\n  main.main()\n      /abs/main.go:20 +0x44\n", "Goroutine 8 (running) created at:\n  [created by the runtime]\n", "Goroutine 8 (running) created by the runtime\n"},
		{"origin", "Goroutine 7 (finished) created at:\n  main.main()\n      /abs/main.go:24 +0x44\n\n", "Goroutine 7 (finished) created at:\n  main.main()\n      /abs/main.go:24 +0x44\n", ""},
		{"origin told once", "Goroutine 7 (finished) created at:", "Goroutine 7 (waiting) created at:", "Goroutine 8 (running) created at:"},
		{"no history", "Synchronisation of goroutine 8, latest last:\n  acquire 0x00c000010000 learnt goroutine 7 up to time 8\n      /abs/store.go:40\n  release 0x00c000010000 at time 17\n      /abs/store.go:45\n", "", "Synchronisation of goroutine 8\n"},
		{"event without a place", "      /abs/store.go:45\n", "", "  /abs/store.go:45\n"},
		{"event with two places", "      /abs/store.go:45\n", "      /abs/store.go:45\n", "      /abs/store.go:45\n      /abs/store.go:46\n"},
		{"event that taught nothing", " learnt goroutine 7 up to time 8", "", " learnt goroutine 7"},
		{"spawn", "acquire 0x00c000010000", "spawn", "Spawn"},
		{"event of another kind", "release 0x", "merge-release 0x", "merge release 0x"},
		{"clocks", "knows goroutine 7 up to time 8", "knows goroutine 7 up to time 0", "knows goroutine 7"},
		{"no clocks", "Clocks: ", "Clocks: ", "clocks: "},
		{"blank lines", "Clocks: ", "\n\nClocks: ", "\n \nClocks: "},
		{"after the clocks", "was at time 9\n", "was at time 9\n\n", "was at time 9\nClocks: \n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out, found, broken := filtered(t, edit(t, c.old, c.good), 1<<20); len(found) != 1 || out != "" || broken != 0 {
				t.Errorf("%q: %d findings, %d broken, output %q; want it read", c.good, len(found), broken, out)
			} else if err := found[0].Validate(); err != nil {
				t.Errorf("%q: %v", c.good, err)
			}
			bad := edit(t, c.old, c.bad)
			if out, found, _ := filtered(t, bad, 1<<20); len(found) != 0 || out != bad {
				t.Errorf("%q: %d findings, output %q; want it passed on", c.bad, len(found), out)
			}
		})
	}
}

// Generic code knows a type's shape: map[string]*uint8 stands for every map to pointers.
func TestFilterShapes(t *testing.T) {
	_, found, _ := filtered(t, edit(t, "map[string]*main.Session", "map[go.shape.string]go.shape.*uint8"), 100)
	if len(found) != 1 || found[0].Map.Type != "" || !strings.Contains(found[0].Map.Missing["type"], "go.shape.*uint8") {
		t.Fatalf("%d findings; want one without a type, and why", len(found))
	}
}

func TestFilterClocksThatMovedOn(t *testing.T) {
	_, found, _ := filtered(t, edit(t, "up to time 8; the", "up to time 12; the"), 100)
	if len(found) != 1 || found[0].Evidence.Clocks != nil || found[0].Evidence.Missing["clocks"] == "" {
		t.Fatalf("%d findings; want one without clocks, and why", len(found))
	}
}

// What no block can begin with must not wait for the rest of its line.
func TestFilterPassesPromptsOn(t *testing.T) {
	for _, c := range []struct {
		write string
		held  int
	}{
		{"Name: ", 0},
		{"$ ", 0},
		{"Name: \nAge: ", 0},
		{"====", 4}, // may become a separator
		{"==================", 18},
		{"==================\n", 19},
		{"==================\nWARNING: M", 29},
		{"==================\nWARNING: MAP RACE (pid=", 42},
		{"==================\nName: ", 0},
		{"==================\nWARNING: DATA RACE\n", 0},
		{"   ", 3},
		{"   x", 0},
		{strings.Repeat("=", 400), 0},
	} {
		var out bytes.Buffer
		f := NewFilter(&out, func(*finding.Finding) {})
		f.Write([]byte(c.write))
		if held := len(c.write) - out.Len(); held != c.held {
			t.Errorf("after %q: %d bytes are held back, want %d", short(c.write), held, c.held)
		}
		f.Close()
		if out.String() != c.write {
			t.Errorf("%q came out as %q", short(c.write), short(out.String()))
		}
	}
}

// A finding is not lost because a prefix had to go on before it was known for one.
func TestFilterPrefixWrittenAlone(t *testing.T) {
	var out bytes.Buffer
	n := 0
	f := NewFilter(&out, func(*finding.Finding) { n++ })
	for _, l := range strings.SplitAfter(wholeBlock, "\n") {
		if l != "" {
			f.Write([]byte("web-1 | "))
			f.Write([]byte(l))
		}
	}
	f.Write([]byte("next\n"))
	f.Close()
	if n != 1 || !strings.HasSuffix(out.String(), "\nnext\n") {
		t.Errorf("%d findings, output %q; want one, and the next line at the start of a line", n, out.String())
	}
}

func TestFilterOrder(t *testing.T) {
	var out bytes.Buffer
	f := NewFilter(&out, func(*finding.Finding) { out.WriteString("FOUND\n") })
	f.Write([]byte("before\n" + wholeBlock + "after\n"))
	if got := out.String(); got != "before\nFOUND\nafter\n" {
		t.Errorf("output %q, want the finding in its place", got)
	}
}

func TestFilterBoundedMemory(t *testing.T) {
	// A block without an end, made of lines that all belong to it.
	var b strings.Builder
	b.WriteString(wholeBlock[:strings.Index(wholeBlock, "\nPrevious")])
	for b.Len() < 3*maxBlock {
		b.WriteString("  main.f()\n      /x.go:1 +0x1\n")
	}
	var out countingWriter
	f := NewFilter(&out, func(*finding.Finding) { t.Error("a finding") })
	f.Write([]byte(b.String()))
	if held := b.Len() - out.n; held > maxBlock {
		t.Errorf("%d bytes are held back, want at most %d", held, maxBlock)
	}
	chunk := bytes.Repeat([]byte("y"), 1<<16)
	for range 1 << 8 { // one line of 16 MiB
		f.Write(chunk)
	}
	if cap(f.line)+cap(f.held) > 4*maxBlock {
		t.Errorf("%d bytes are kept for a long line", cap(f.line)+cap(f.held))
	}
	f.Close()
	if want := b.Len() + 16<<20; out.n != want {
		t.Errorf("%d bytes came out, want %d", out.n, want)
	}
}

type countingWriter struct{ n int }

func (w *countingWriter) Write(p []byte) (int, error) {
	w.n += len(p)
	return len(p), nil
}

type failingWriter struct{}

var errFull = errors.New("disk full")

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

func TestFilterWriterFails(t *testing.T) {
	for _, in := range []string{"x\n", "x", wholeBlock + "x\n", "==================\nx\n"} {
		f := NewFilter(failingWriter{}, func(*finding.Finding) {})
		if _, err := f.Write([]byte(in)); !errors.Is(err, errFull) {
			t.Errorf("Write(%q): %v, want %v", short(in), err, errFull)
		}
	}
	f := NewFilter(failingWriter{}, func(*finding.Finding) {})
	f.Write([]byte("=="))
	if err := f.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: %v, want %v", err, errFull)
	}
}

func BenchmarkFilter(b *testing.B) {
	in := []byte(strings.Repeat("=== RUN   TestSomething\n    some_test.go:12: a line of output as tests print them\n", 400))
	var out countingWriter
	f := NewFilter(&out, func(*finding.Finding) {})
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		f.Write(in)
	}
}
