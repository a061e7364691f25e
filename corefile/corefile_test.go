package corefile

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/internal/coredump"
)

// crash builds testdata/crash, lets it die in the given way, and returns its
// core, its executable and the address of the map.
func crash(t *testing.T, how string) (core, binary string, header uint64) {
	t.Helper()
	dir := t.TempDir()
	binary = filepath.Join(dir, "crash")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = filepath.Join("testdata", "crash")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d, err := coredump.Crash(t.Context(), dir, binary, how)
	if errors.Is(err, coredump.ErrNoCore) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	header, err = strconv.ParseUint(strings.TrimSpace(string(d.Stdout)), 0, 64)
	if err != nil {
		t.Fatalf("the program printed %q", d.Stdout)
	}
	return d.Core, binary, header
}

func open(t *testing.T, core, binary string) (*Process, []*Goroutine) {
	t.Helper()
	p, err := Open(core, binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	gs, err := p.Goroutines()
	if err != nil {
		t.Fatal(err)
	}
	return p, gs
}

func in(g *Goroutine, name string) bool {
	for _, f := range g.Frames {
		if f.Func == name {
			return true
		}
	}
	return false
}

func TestCrash(t *testing.T) {
	for _, how := range []string{"write-write", "read-write", "busy"} {
		t.Run(how, func(t *testing.T) {
			core, binary, header := crash(t, how)
			p, gs := open(t, core, binary)
			if !strings.HasPrefix(p.GoVersion(), "go1.") {
				t.Errorf("Go version %q", p.GoVersion())
			}
			sides, mapFrames, unreadable := map[int64]string{}, 0, 0
			for _, g := range gs {
				if g.State == "waiting" || g.State == "" {
					t.Errorf("goroutine %d: state %q does not say why it waits", g.ID, g.State)
				}
				if g.Unreadable != nil { // as when it died in the middle of a signal
					unreadable++
				}
				for _, side := range []string{"main.reader", "main.writer", "main.bystander"} {
					if in(g, side) {
						sides[g.ID] = side
						if want := "main.main"; g.CreatedBy.Func != want {
							t.Errorf("goroutine %d was created by %s, want %s", g.ID, g.CreatedBy.Func, want)
						}
					}
				}
				if in(g, "main.main") && g.ID != 1 {
					t.Errorf("goroutine %d runs main.main", g.ID)
				}
				at := mapFrame(g)
				if at < 0 {
					continue
				}
				f := g.Frames[at]
				mapFrames++
				// A read that stops at its first check may have saved nothing yet.
				got, err := p.Spill(f, 1)
				if strings.HasPrefix(f.Func, "runtime.mapassign") && (err != nil || got != header) {
					t.Errorf("goroutine %d: the map of %s is %#x (%v), want %#x", g.ID, f.Func, got, err, header)
				}
			}
			if len(sides)+unreadable < 3 || len(sides) < 2 {
				t.Errorf("goroutines by function: %v, want two sides and a bystander", sides)
				for _, g := range gs {
					t.Logf("goroutine %d, %s, thread %d: %v\n%+v", g.ID, g.State, g.Thread, g.Unreadable, g.Frames)
				}
			}
			if mapFrames == 0 {
				t.Error("no goroutine is in a map function, the one that detected must be")
			}
			holders := map[int64]bool{}
			for _, h := range p.Holders(gs, header) {
				holders[h.Goroutine.ID] = true
				if h.Object != 0 {
					if got, err := p.Word(h.Object + h.Offset); err != nil || got != header {
						t.Errorf("the object %#x holds %#x (%v), not the map", h.Object, got, err)
					}
				}
			}
			for id, side := range sides {
				if want := side != "main.bystander"; holders[id] != want {
					t.Errorf("goroutine %d (%s) holds the map: %v, want %v", id, side, holders[id], want)
				}
			}
		})
	}
}

// TestDamaged cuts a core off and overwrites parts of it. Whatever is left
// must come back without a panic, and what is missing must be said.
func TestDamaged(t *testing.T) {
	core, binary, _ := crash(t, "busy")
	whole, err := os.ReadFile(core)
	if err != nil {
		t.Fatal(err)
	}
	try := func(name string, data []byte) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "core")
			if err := os.WriteFile(path, data, 0o666); err != nil {
				t.Fatal(err)
			}
			p, err := Open(path, binary)
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("not one line: %v", err)
				}
				return
			}
			defer p.Close()
			gs, err := p.Goroutines()
			complete := err == nil
			for _, g := range gs {
				complete = complete && g.Unreadable == nil
			}
			if complete && len(gs) < 4 {
				t.Errorf("%d goroutines, and nothing is said to be missing", len(gs))
			}
		})
	}
	for _, percent := range []int{0, 1, 10, 50, 90, 99} {
		try(fmt.Sprint(percent, "%"), whole[:len(whole)*percent/100])
	}
	for _, at := range []int{16, 64, 4096, len(whole) / 2} {
		bad := append([]byte(nil), whole...)
		for i := at; i < at+2048 && i < len(bad); i++ {
			bad[i] = 0xff
		}
		try(fmt.Sprintf("overwritten at %d", at), bad)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("not a core\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{filepath.Join(dir, "none"), text}, {text, filepath.Join(dir, "none")}, {dir, text}, {text, text},
	} {
		if p, err := Open(c[0], c[1]); err == nil {
			p.Close()
			t.Errorf("Open(%s, %s) succeeds", c[0], c[1])
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("not one line: %v", err)
		}
	}
}

// TestMessage: only a fatal error in a map operation says what the operation was.
func TestMessage(t *testing.T) {
	stack := func(names ...string) *Goroutine {
		g := &Goroutine{ID: 1}
		for _, name := range names {
			g.Frames = append(g.Frames, Frame{Location: Location{Func: name}})
		}
		return g
	}
	for _, c := range []struct {
		g    *Goroutine
		want string
	}{
		{stack("runtime.fatal", "internal/runtime/maps.fatal", "runtime.mapdelete_fast64", "main.f"), "concurrent map writes"},
		{stack("runtime.fatal", "runtime.mapiternext", "main.f"), "concurrent map read and map write"},
		{stack("runtime.throw", "runtime.mallocgc", "runtime.mapassign", "main.f"), "the message is not in the core"},
		{stack("runtime.fatal", "sync.fatal", "main.f"), "the message is not in the core"},
		{stack("main.f"), "not a fatal error of the Go runtime"},
	} {
		// No frame has an address, so that no message can be read.
		if got := new(Process).Conflict([]*Goroutine{c.g}).Message; got != c.want {
			t.Errorf("%s: %q, want %q", c.g.Frames[0].Func, got, c.want)
		}
	}
}
