package report

import (
	"bytes"
	"strings"
	"testing"

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

func run(t *testing.T, in string, chunk int) (out string, found []*finding.Finding, broken int) {
	t.Helper()
	var b bytes.Buffer
	f := NewFilter(&b, func(x *finding.Finding) { found = append(found, x) })
	for s := in; s != ""; {
		n := min(chunk, len(s))
		if _, err := f.Write([]byte(s[:n])); err != nil {
			t.Fatal(err)
		}
		s = s[n:]
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), found, f.Broken
}

func TestSmoke(t *testing.T) {
	out, found, broken := run(t, "hi\n"+wholeBlock+"bye\n"+strings.Replace(wholeBlock, "  ma", " ma", 1), 7)
	if out != "hi\nbye\n"+strings.Replace(wholeBlock, "  ma", " ma", 1) || broken != 1 {
		t.Errorf("out %q broken %d", out, broken)
	}
	js, err := finding.Encode(found[0])
	if err != nil {
		t.Error(err)
	}
	if _, err := finding.Decode(js); err != nil {
		t.Error(err)
	}
}
