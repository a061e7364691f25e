package binfo_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// frameAt is a frame of a traceback: the function, then its place. An
// inlined call has no offset: that of the function it is in stands below.
var frameAt = regexp.MustCompile(`(?m)^(main\.\S*)\(.*\)\n\t\S+:(\d+)(?: \+0x([0-9a-f]+))?`)

// TestTraceback reads what a dying program prints, and names the map.
func TestTraceback(t *testing.T) {
	for _, b := range builds(t) {
		if b.arch != "amd64" {
			continue // it must run here
		}
		t.Run(b.String(), func(t *testing.T) {
			path := program(t, "panics", b)
			f := open(t, path)
			for arg, want := range map[string]want{
				"put":     {"assign", "map[interface {}]int", "field", "main.store.byID"},
				"get":     {"lookup", "map[interface {}]int", "field", "main.store.byID"},
				"drop":    {"delete", "map[interface {}]int", "field", "main.store.byID"},
				"global":  {"lookup", "map[interface {}]string", "global", "main.table"},
				"closure": {"assign", "map[interface {}]int", "field", "main.store.byID"},
			} {
				out, err := exec.Command(path, arg).CombinedOutput()
				if err == nil {
					t.Fatalf("%s: it did not fail", arg)
				}
				frames := frameAt.FindAllStringSubmatch(string(out), -1)
				if len(frames) == 0 {
					t.Fatalf("%s: no frame in\n%s", arg, out)
				}
				at := frames[0]
				if at[3] == "" {
					at = frames[1]
				}
				off, err := strconv.ParseUint(at[3], 16, 64)
				if err != nil {
					t.Fatal(err)
				}
				s, err := f.CallIn(at[1], off)
				if err != nil {
					t.Errorf("%s: %v", arg, err)
					continue
				}
				if g := got(s); g != want {
					t.Errorf("%s: %s, want %s (%s)", arg, g, want, s.Map.Missing)
				}
				if line := frames[0][2]; strconv.Itoa(s.Frames[0].Line) != line {
					t.Errorf("%s: line %d, the traceback has %s", arg, s.Frames[0].Line, line)
				}
				if arg == "drop" && (len(s.Frames) != 2 || s.Frames[0].Func != "main.(*store).drop" || s.Frames[1].Func != "main.inlines") {
					t.Errorf("%s: frames %v", arg, s.Frames)
				}
			}
		})
	}
}
