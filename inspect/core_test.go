//go:build linux

package inspect

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mapsan/mapsan/internal/coredump"
)

func checkXML(t *testing.T, b []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("the drawing is no XML: %v", err)
		}
	}
}

// dump lets the program die and returns its core.
func dump(t *testing.T) (core, exe string) {
	t.Helper()
	exe = build(t, "")
	death, err := coredump.Crash(t.Context(), t.TempDir(), exe, "-die")
	if errors.Is(err, coredump.ErrNoCore) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return death.Core, exe
}

func TestCore(t *testing.T) {
	core, exe := dump(t)
	for _, binary := range []string{"", exe} {
		p, err := OpenCore(core, binary)
		if err != nil {
			t.Fatal(err)
		}
		v, err := p.Look(Options{})
		p.Close()
		if err != nil {
			t.Fatal(err)
		}
		checkMaps(t, v)
		for _, in := range v.Inside {
			if in.Func != "main.busy" {
				t.Errorf("inside: %+v", in)
			}
		}
	}
	if _, err := OpenCore(exe, ""); err == nil {
		t.Error("an executable is taken for a core")
	}
}

// TestDamagedCore cuts cores off and changes bytes of them: there must be an
// answer, or an error, and no panic.
func TestDamagedCore(t *testing.T) {
	core, exe := dump(t)
	whole, err := os.ReadFile(core)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged")
	answers, errs := 0, 0
	try := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := OpenCore(path, exe)
		if err == nil {
			_, err = p.Look(Options{Budget: 100 * time.Millisecond})
			p.Close()
		}
		if err != nil {
			errs++
		} else {
			answers++
		}
	}
	for _, n := range []int{0, 1, 63, 64, 100, 4096, len(whole) / 100, len(whole) / 10, len(whole) / 2, len(whole) - 4096} {
		try(whole[:n])
	}
	r := rand.New(rand.NewSource(1))
	head := min(len(whole), 64<<10) // the headers and notes
	for range 15 {
		b := bytes.Clone(whole)
		for range 1 + r.Intn(20) {
			b[r.Intn(head)] ^= 1 << r.Intn(8)
			b[r.Intn(len(b))] = byte(r.Int())
		}
		try(b)
	}
	t.Logf("%d answers, %d errors", answers, errs)
	if answers == 0 || errs == 0 {
		t.Errorf("%d answers, %d errors: all alike", answers, errs)
	}
}

func FuzzNotes(f *testing.F) {
	f.Add([]byte{4, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 'C', 'O', 'R', 'E', 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add(append([]byte{5, 0, 0, 0, 24, 0, 0, 0, 0x45, 0x4c, 0x49, 0x46, 'C', 'O', 'R', 'E', 0, 0, 0, 0}, make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := &dead{regs: regsAMD64}
		d.notes(b)
		if len(d.thread)*statusRegs > len(b) || len(d.mapped) > len(b) {
			t.Errorf("%d threads and %d files in %d bytes", len(d.thread), len(d.mapped), len(b))
		}
	})
}
