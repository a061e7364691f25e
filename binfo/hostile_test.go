package binfo_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/binfo"
)

// use asks everything of a file that may be damaged.
func use(f *binfo.File) {
	n := 0
	for fn := range f.Funcs() {
		if n++; n > 3000 {
			break
		}
		if n%100 != 0 && !strings.HasPrefix(fn.Name, "main.") {
			continue
		}
		f.Frames(fn.Entry)
		f.Frames((fn.Entry + fn.End) / 2)
		c, err := f.Code(fn)
		if err != nil {
			continue
		}
		for range c.MapCalls() {
		}
		for i := range min(len(c.Insts), 50) {
			_ = c.Text(i)
		}
	}
	if t, err := f.Type("internal/runtime/maps.Map"); err == nil {
		t.Fields()
	}
	f.CallIn("main.(*Registry).Get", 0x1d)
}

// within fails when fn takes long.
func within(t *testing.T, limit time.Duration, fn func()) {
	t.Helper()
	start := time.Now()
	fn()
	if d := time.Since(start); d > limit {
		t.Errorf("took %v, want less than %v", d, limit)
	}
}

// TestCut: cut off anywhere, a file gives an error of one line, or works.
func TestCut(t *testing.T) {
	data, err := os.ReadFile(program(t, "sites", build{arch: "amd64"}))
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for i := range 60 {
		n := len(data) * i / 60
		within(t, 5*time.Second, func() {
			f, err := binfo.New(bytes.NewReader(data[:n]), int64(n))
			if err != nil {
				failed++
				if strings.ContainsAny(err.Error(), "\n") || len(err.Error()) > 300 {
					t.Errorf("%d bytes: %q", n, err)
				}
				return
			}
			use(f)
		})
	}
	if failed < 20 {
		t.Errorf("only %d of 60 cut files were refused", failed)
	}
}

// TestRefused: each kind of wrong file is named for what it is.
func TestRefused(t *testing.T) {
	elfHead := func(class elf.Class, machine elf.Machine) []byte {
		h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: 1, Ehsize: 64, Phentsize: 56, Shentsize: 64}
		copy(h.Ident[:], "\x7fELF")
		h.Ident[4], h.Ident[5], h.Ident[6] = byte(class), 1, 1
		var b bytes.Buffer
		binary.Write(&b, binary.LittleEndian, h)
		return b.Bytes()
	}
	for _, c := range []struct {
		name, want string
		data       []byte
		is         error
	}{
		{"empty", "empty file", nil, nil},
		{"text", "not an ELF executable", []byte("#!/bin/sh\nexit 0\n"), binfo.ErrUnsupported},
		{"windows", "a Windows executable", []byte("MZ\x90\x00 and so on, long enough"), binfo.ErrUnsupported},
		{"macos", "a macOS executable", []byte("\xcf\xfa\xed\xfe and so on, long enough"), binfo.ErrUnsupported},
		{"cut header", "damaged or cut off", []byte("\x7fELF\x02\x01\x01"), nil},
		{"another machine", "architecture EM_RISCV", elfHead(elf.ELFCLASS64, elf.EM_RISCV), binfo.ErrUnsupported},
		{"nothing in it", "0 loadable segments", elfHead(elf.ELFCLASS64, elf.EM_X86_64), binfo.ErrUnsupported},
	} {
		_, err := binfo.New(bytes.NewReader(c.data), int64(len(c.data)))
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := binfo.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: %v", err)
	}
	// A C program is an executable, and not Go.
	if _, err := os.Stat("/bin/sh"); err == nil {
		if _, err := binfo.Open("/bin/sh"); !errors.Is(err, binfo.ErrNotGo) {
			t.Errorf("/bin/sh: %v", err)
		}
	}
}

// FuzzOpen overwrites parts of a binary, and cuts it.
func FuzzOpen(f *testing.F) {
	base, err := os.ReadFile(program(f, "sites", build{arch: "amd64"}))
	if err != nil {
		f.Fatal(err)
	}
	ef, err := elf.NewFile(bytes.NewReader(base))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, uint32(0), uint32(0))
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 127}, uint32(0x28), uint32(0))
	for _, s := range ef.Sections {
		switch s.Name {
		case ".gopclntab", ".go.module", ".debug_info", ".debug_abbrev", ".rodata", ".text", ".symtab", ".go.buildinfo", ".typelink", ".debug_loclists":
			for _, o := range []uint64{0, 8, 64, s.FileSize / 2} {
				f.Add([]byte{0xff, 0x7f, 1, 0, 0xff}, uint32(s.Offset+o), uint32(0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, patch []byte, at, cut uint32) {
		data := bytes.Clone(base[:len(base)-int(cut)%len(base)])
		if len(data) > 0 {
			copy(data[int(at)%len(data):], patch)
		}
		within(t, 10*time.Second, func() {
			g, err := binfo.New(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("more than a line: %q", err)
				}
				return
			}
			use(g)
		})
	})
}
