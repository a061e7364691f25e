//go:build unix

package sanitizer

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/toolchain"
)

// block is a report as the runtime prints it, with fn as one party.
func block(fn string) string {
	return `==================
WARNING: MAP RACE (pid=4242 finding=1)
Write (assign) at 0x00c000012345 of map[string]int by goroutine 8:
  main.` + fn + `()
      /abs/store.go:41 +0x1a4

Previous read (lookup) by goroutine 7:
  main.reader()
      /abs/store.go:33 +0x64

Goroutine 8 (running) created at:
  main.main()
      /abs/main.go:20 +0x44

Goroutine 7 (finished) created at:
  main.main()
      /abs/main.go:24 +0x44

Clocks: goroutine 8 at time 17 knows goroutine 7 up to time 8; the previous access was at time 9
==================
`
}

// scripted is a toolchain whose go command is a shell script.
func scripted(t *testing.T, script string) toolchain.Laid {
	t.Helper()
	laid := toolchain.Laid{Root: t.TempDir(), Cache: t.TempDir()}
	if err := os.Mkdir(filepath.Join(laid.Root, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(laid.Go(), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return laid
}

// says returns the shell command that prints text.
func says(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return "cat " + name
}

type watching struct {
	Result
	out, err bytes.Buffer
}

func watch(t *testing.T, laid toolchain.Laid, verb string, json bool) *watching {
	t.Helper()
	var w watching
	opts := Options{
		Env: os.Environ(), Stdout: &w.out, Stderr: &w.err,
		Found: func(to io.Writer, f *finding.Finding, seen Seen) {
			if to != nil {
				fmt.Fprintf(to, "<finding %d, time %d>\n", seen.Number, seen.Times)
			}
		},
	}
	var err error
	if w.Result, err = watched(laid, verb, nil, opts, json); err != nil {
		t.Fatal(err)
	}
	return &w
}

func TestFindingsInPlace(t *testing.T) {
	script := "echo before\n" + says(t, block("put")) + "\necho between\n" + says(t, block("drop")) + "\n" + says(t, block("put")) + "\necho after\nexit 1\n"
	w := watch(t, scripted(t, script), "test", false)
	want := "before\n<finding 1, time 1>\nbetween\n<finding 2, time 1>\n<finding 1, time 2>\nafter\n"
	if got := w.out.String(); got != want {
		t.Errorf("stdout:\n%swant:\n%s", got, want)
	}
	if w.Total != 3 || len(w.Findings) != 2 || w.Status != 1 {
		t.Errorf("%d findings, %d distinct, status %d; want 3, 2, 1", w.Total, len(w.Findings), w.Status)
	}
}

// TestRunStreams: the program's stdout is its own, its stderr is read.
func TestRunStreams(t *testing.T) {
	script := "echo out\n" + says(t, block("put")) + "\n" + says(t, block("put")) + " >&2\nexit 3\n"
	w := watch(t, scripted(t, script), "run", false)
	if got, want := w.out.String(), "out\n"+block("put"); got != want {
		t.Errorf("stdout was changed:\n%s", got)
	}
	if got := w.err.String(); got != "<finding 1, time 1>\n" {
		t.Errorf("stderr: %q", got)
	}
	if w.Total != 1 || w.Status != 3 {
		t.Errorf("%d findings, status %d; want 1, 3", w.Total, w.Status)
	}
}

func TestJSONUnchanged(t *testing.T) {
	var events strings.Builder
	for line := range strings.Lines("hello\n" + block("put")) {
		fmt.Fprintf(&events, `{"Action":"output","Package":"p","Test":"TestA","Output":%q}`+"\n", line)
	}
	w := watch(t, scripted(t, says(t, events.String())), "test", true)
	if got := w.out.String(); got != events.String() {
		t.Errorf("the stream was changed:\n%s", got)
	}
	if w.Total != 1 || w.Findings[0].Resource.Test != "TestA" {
		t.Errorf("%d findings %+v, want 1 of TestA", w.Total, w.Findings)
	}
}

// TestCutOff: what was printed whole is a finding, the rest is shown as it came.
func TestCutOff(t *testing.T) {
	half := block("drop")[:300]
	script := says(t, block("put")+half) + "\nkill -KILL $$\n"
	w := watch(t, scripted(t, script), "test", false)
	if want := "<finding 1, time 1>\n" + half; w.out.String() != want {
		t.Errorf("stdout:\n%s\nwant:\n%s", w.out.String(), want)
	}
	if w.Total != 1 || w.Broken != 1 || w.Status == 0 {
		t.Errorf("%d findings, %d broken, status %d; want 1, 1, not 0", w.Total, w.Broken, w.Status)
	}
}

// TestInterrupt: we stay until what the command still says is read.
func TestInterrupt(t *testing.T) {
	if foreground() {
		t.Skip("a terminal would have to send the interrupt to all")
	}
	script := "trap '" + says(t, block("put")) + "; exit 1' INT\necho ready\nwhile :; do sleep 0.05; done\n"
	go func() {
		time.Sleep(300 * time.Millisecond)
		syscall.Kill(os.Getpid(), syscall.SIGINT)
	}()
	w := watch(t, scripted(t, script), "test", false)
	if w.Signal != syscall.SIGINT || w.Total != 1 || !strings.Contains(w.out.String(), "ready\n<finding 1") {
		t.Errorf("signal %v, %d findings, stdout %q; want an interrupt and the finding", w.Signal, w.Total, w.out.String())
	}
}

// TestLeftBehind: a process that the command left behind holds the streams and
// does not hold us.
func TestLeftBehind(t *testing.T) {
	began := time.Now()
	w := watch(t, scripted(t, "echo out\nsleep 30 &\n"), "test", false)
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("waited %v for a process that was left behind", took)
	}
	if w.out.String() != "out\n" {
		t.Errorf("stdout is %q", w.out.String())
	}
}

// TestGigabyte: however much a program prints, memory stays flat and the
// findings in it are seen.
func TestGigabyte(t *testing.T) {
	size := 1 << 30
	if testing.Short() {
		size = 64 << 20
	}
	script := fmt.Sprintf("yes 'a line of output as tests print it' | head -c %d\necho\n%s\n", size, says(t, block("put")))
	laid := scripted(t, script)
	out := &peak{}
	opts := Options{Env: os.Environ(), Stdout: out, Stderr: io.Discard}
	res, err := watched(laid, "test", nil, opts, false)
	if err != nil {
		t.Fatal(err)
	}
	if res.Total != 1 || out.n < size {
		t.Errorf("%d findings in %d bytes, want 1 in %d", res.Total, out.n, size)
	}
	if out.heap > 64<<20 {
		t.Errorf("the heap grew to %d MB", out.heap>>20)
	}
}

// peak counts what is written and watches the heap meanwhile.
type peak struct {
	n, writes int
	heap      uint64
}

func (p *peak) Write(b []byte) (int, error) {
	p.n += len(b)
	if p.writes++; p.writes%1024 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		p.heap = max(p.heap, m.HeapSys-m.HeapReleased)
	}
	return len(b), nil
}

// TestManyFindings: the distinct ones that are kept are bounded, the count is
// not.
func TestManyFindings(t *testing.T) {
	s := &sightings{number: map[string]int{}}
	for i := range maxDistinct + 10 {
		f := &finding.Finding{Rule: "MS1001"}
		f.Parties[0].Stack = []finding.Frame{{Func: fmt.Sprintf("main.f%d", i)}}
		s.take(nil, f)
	}
	if s.total != maxDistinct+10 || len(s.distinct) != maxDistinct {
		t.Errorf("%d counted, %d kept; want %d, %d", s.total, len(s.distinct), maxDistinct+10, maxDistinct)
	}
}
