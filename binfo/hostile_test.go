package binfo_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"runtime"
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

// big is a file of which only the beginning is kept: behind it come zeros, or what fill
// is, up to size.
type big struct {
	head []byte
	size int64
	fill byte
}

func (b big) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	if at < int64(len(b.head)) {
		n = copy(p, b.head[at:])
	}
	for i := range p[n:] {
		p[n+i] = b.fill
	}
	return len(p), nil
}

// TestTooLarge: what is made to fill memory is refused, or left out, before it does.
func TestTooLarge(t *testing.T) {
	base, err := os.ReadFile(program(t, "sites", build{arch: "amd64"}))
	if err != nil {
		t.Fatal(err)
	}
	ef, err := elf.NewFile(bytes.NewReader(base))
	if err != nil {
		t.Fatal(err)
	}
	const much = 1 << 31
	header := func(data []byte, n int) []byte {
		return data[binary.LittleEndian.Uint64(data[40:])+64*uint64(n):]
	}
	number := func(name string) int {
		for i, s := range ef.Sections {
			if s.Name == name {
				return i
			}
		}
		t.Fatalf("no section %s", name)
		return 0
	}
	// at puts a section behind the file's end.
	at := func(data []byte, n int, size uint64) {
		binary.LittleEndian.PutUint64(header(data, n)[24:], uint64(len(data)))
		binary.LittleEndian.PutUint64(header(data, n)[32:], size)
	}
	for name, c := range map[string]struct {
		change func(data []byte)
		why    string // it is refused
	}{
		"many sections": {func(data []byte) { binary.LittleEndian.PutUint16(data[60:], 60000) }, "damaged: 60000 or more sections"},
		"more sections": {func(data []byte) { binary.LittleEndian.PutUint16(data[60:], 0) }, "damaged: 1024 or more sections"},
		"long names of sections": {func(data []byte) {
			at(data, int(binary.LittleEndian.Uint16(data[62:])), 1<<20)
		}, "damaged: 1048576 bytes of sections' names"},
		"long names of symbols": {func(data []byte) { at(data, number(".strtab"), 64<<20) }, ""},
		"many symbols":          {func(data []byte) { at(data, number(".symtab"), much) }, ""},
		"much DWARF":            {func(data []byte) { at(data, number(".debug_info"), 300<<20) }, ""},
		"a large function table": {func(data []byte) {
			s := ef.Section(".gopclntab")
			binary.LittleEndian.PutUint64(header(data, number(".gopclntab"))[32:], much)
			for i, p := range ef.Progs {
				if s.Addr >= p.Vaddr && s.Addr < p.Vaddr+p.Filesz && p.Type == elf.PT_LOAD {
					h := data[binary.LittleEndian.Uint64(data[32:])+56*uint64(i):]
					binary.LittleEndian.PutUint64(h[32:], 2*much)
					binary.LittleEndian.PutUint64(h[40:], 2*much)
				}
			}
		}, "damaged function table"},
	} {
		t.Run(name, func(t *testing.T) {
			data := bytes.Clone(base)
			c.change(data)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			within(t, 20*time.Second, func() {
				f, err := binfo.NewStrangers(big{data, 3 * much, 'x'}, 3*much)
				switch {
				case c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)):
					t.Errorf("%v, want %q", err, c.why)
				case c.why == "" && err != nil:
					t.Error(err)
				case err == nil:
					use(f)
				}
			})
			runtime.ReadMemStats(&after)
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 600 {
				t.Errorf("%d MiB were used", used)
			}
		})
	}
}

// TestLargeFunctions: of an executable from strangers they are not decoded, but for
// their beginning.
func TestLargeFunctions(t *testing.T) {
	base, err := os.ReadFile(program(t, "sites", build{arch: "amd64"}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := binfo.NewStrangers(bytes.NewReader(base), int64(len(base)))
	if err != nil {
		t.Fatal(err)
	}
	fn := f.FuncsNamed("main.main")[0]
	whole, err := f.Code(fn)
	if err != nil {
		t.Fatal(err)
	}
	some, err := f.Beginning(fn, 64)
	if err != nil || len(some) < 4 || len(some) >= len(whole.Insts) {
		t.Fatalf("%d of %d instructions, %v", len(some), len(whole.Insts), err)
	}
	for i, in := range some {
		if in.End() > fn.Entry+48 {
			break // the next one may be cut off
		}
		if w := whole.Insts[i]; in.PC != w.PC || in.Flow != w.Flow || !bytes.Equal(in.Bytes(), w.Bytes()) {
			t.Errorf("instruction %d is %+v, not %+v", i, in, w)
		}
	}
	fn.Entry-- // where none is kept
	fn.End = fn.Entry + 257<<10
	if _, err := f.Code(fn); err == nil || !strings.Contains(err.Error(), "are more than the 262144 allowed") {
		t.Errorf("a large one: %v", err)
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
