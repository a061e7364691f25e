package binfo

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// pcln is Go's function table: runtime.pcHeader and what follows it, as the
// linker has written it since Go 1.20.
type pcln struct {
	data    []byte
	addr    uint64
	quantum uint64
	nfunc   uint64
	text    uint64 // 0 since Go 1.26, which leaves it to the moduledata
	names   string
	cutab   []byte
	files   []byte
	pctab   []byte
	table   []byte // function records and their index
}

const (
	pclnMagic  = 0xfffffff1
	maxPcln    = 1 << 30
	pcHeaderSz = 72
	funcRecord = 44 // runtime._func without its tables
)

// Func is one function of machine code. Inlined calls are part of it.
type Func struct {
	Name      string `json:"name"`
	Entry     uint64 `json:"entry"`
	End       uint64 `json:"end"` // the next function's entry; padding included
	StartLine int    `json:"start_line"`

	rec []byte // its record, to the end of the table
}

func (f *File) readFuncs(ef *elf.File) error {
	p, err := f.findPcln(ef)
	if err != nil {
		return err
	}
	off := binary.LittleEndian.Uint64(p.data[32:])
	f.mod, err = f.readModule(ef, p.addr, p.addr+off)
	if err != nil {
		// The header's own word served until 1.25, when it is not for the loader to fill.
		if p.text == 0 {
			return err
		}
		f.mod = module{text: p.text}
	}
	f.pcln = p
	f.left -= uint64(len(p.data))
	if err := f.indexFuncs(); err != nil {
		return err
	}
	return f.checkText()
}

// findPcln finds the table by its section, else by its first bytes.
func (f *File) findPcln(ef *elf.File) (*pcln, error) {
	var firstErr error
	for _, s := range ef.Sections {
		if s.Type != elf.SHT_PROGBITS || !strings.HasSuffix(s.Name, ".gopclntab") {
			continue
		}
		p, err := f.parsePcln(s.Addr, s.Size)
		if err == nil {
			return p, nil
		}
		firstErr = err
	}
	quantum := byte(1)
	if f.arch == ARM64 {
		quantum = 4
	}
	magic := []byte{pclnMagic & 0xff, 0xff, 0xff, 0xff, 0, 0, quantum, 8}
	var found *pcln
	for _, s := range f.image.segs {
		tries := 0
		f.image.scan(s, magic, 8, func(addr uint64) bool {
			p, err := f.parsePcln(addr, s.addr+s.filesz-addr)
			if err != nil {
				tries++
				return tries < 16
			}
			found = p
			return false
		})
		if found != nil {
			return found, nil
		}
	}
	if firstErr != nil {
		return nil, firstErr
	}
	if f.info.GoVersion != "" {
		return nil, fmt.Errorf("no function table of Go 1.20 or newer in a %s binary: %w; build it with Go 1.20 to 1.27", f.info.GoVersion, ErrUnsupported)
	}
	return nil, ErrNotGo
}

func (f *File) parsePcln(addr, size uint64) (*pcln, error) {
	bad := func(what string) error { return fmt.Errorf("damaged function table at %#x: %s", addr, what) }
	seg, ok := f.image.segment(addr)
	if !ok || addr-seg.addr >= seg.filesz {
		return nil, bad("outside the file; it is cut off")
	}
	size = min(size, seg.filesz-(addr-seg.addr))
	if size < pcHeaderSz || size > min(maxPcln, f.left) {
		return nil, bad(fmt.Sprintf("%d bytes", size))
	}
	var head [8]byte
	if err := f.image.readAt(head[:], addr); err != nil {
		return nil, err
	}
	if m := binary.LittleEndian.Uint32(head[:]); m != pclnMagic {
		if m >= 0xfffffff0 || m == 0xfffffffa || m == 0xfffffffb {
			return nil, fmt.Errorf("function table %#x, of a Go version before 1.20: %w; build it with Go 1.20 to 1.27", m, ErrUnsupported)
		}
		return nil, bad("not one")
	}
	if head[4] != 0 || head[5] != 0 || head[7] != 8 || (head[6] != 1 && head[6] != 4) {
		return nil, bad("its header")
	}
	data, err := f.image.bytes(addr, size)
	if err != nil {
		return nil, err
	}
	p := &pcln{data: data, addr: addr, quantum: uint64(head[6])}
	w := func(i int) uint64 { return binary.LittleEndian.Uint64(data[8+8*i:]) }
	p.nfunc = w(0)
	if p.text, err = f.image.ptr(addr + 24); err != nil {
		return nil, err
	}
	names, cus, files, pcs, table := w(3), w(4), w(5), w(6), w(7)
	// In this order since 1.16, each up to the next.
	if names > cus || cus > files || files > pcs || pcs > table || table > size {
		return nil, bad("its parts lie outside it")
	}
	if p.nfunc == 0 || p.nfunc > (size-table)/(8+funcRecord) {
		return nil, bad(fmt.Sprintf("%d functions in %d bytes", p.nfunc, size))
	}
	p.names = string(data[names:cus])
	p.cutab, p.files, p.pctab, p.table = data[cus:files], data[files:pcs], data[pcs:table], data[table:]
	return p, nil
}

// name reads a name of the name table.
func (p *pcln) name(off uint32) string { return cstring(p.names, off) }

// cstring is the text at an offset, up to the zero byte that ends it.
func cstring(names string, off uint32) string {
	if uint64(off) >= uint64(len(names)) {
		return ""
	}
	s := names[off:]
	i := strings.IndexByte(s[:min(len(s), maxName)], 0)
	if i < 0 {
		return ""
	}
	return s[:i]
}

func (f *File) indexFuncs() error {
	p := f.pcln
	u32 := func(o uint64) uint64 { return uint64(binary.LittleEndian.Uint32(p.table[o:])) }
	if p.nfunc*8+4 > uint64(len(p.table)) {
		return errors.New("damaged function table: its index is cut off")
	}
	f.funcs = make([]Func, 0, p.nfunc)
	for i := range p.nfunc {
		entry, rec, end := u32(i*8), u32(i*8+4), u32(i*8+8)
		if end < entry || rec+funcRecord > uint64(len(p.table)) {
			return fmt.Errorf("damaged function table: function %d of %d", i, p.nfunc)
		}
		r := p.table[rec:]
		f.funcs = append(f.funcs, Func{
			Name: p.name(binary.LittleEndian.Uint32(r[4:])), Entry: f.mod.text + entry, End: f.mod.text + end,
			StartLine: int(int32(binary.LittleEndian.Uint32(r[36:]))), rec: r,
		})
	}
	f.byName = make(map[string][]int, len(f.funcs))
	for i, fn := range f.funcs {
		f.byName[fn.Name] = append(f.byName[fn.Name], i)
	}
	return nil
}

// checkText refuses a base address that puts functions where no code is.
func (f *File) checkText() error {
	for i := 0; i < len(f.funcs); i += max(1, len(f.funcs)/16) {
		if s, ok := f.image.segment(f.funcs[i].Entry); !ok || !s.exec {
			return fmt.Errorf("damaged: function %s at %#x is not in executable memory", f.funcs[i].Name, f.funcs[i].Entry)
		}
	}
	return nil
}

// Funcs yields all functions by address.
func (f *File) Funcs() iter.Seq[Func] { return slices.Values(f.funcs) }

// FuncAt returns the function that holds the address.
func (f *File) FuncAt(pc uint64) (Func, bool) {
	i, ok := slices.BinarySearchFunc(f.funcs, pc, func(fn Func, pc uint64) int { return cmp.Compare(fn.Entry, pc) })
	if !ok {
		i--
	}
	for i >= 0 && i+1 < len(f.funcs) && f.funcs[i+1].Entry == pc {
		i++ // an empty one before it
	}
	if i < 0 || pc >= f.funcs[i].End {
		return Func{}, false
	}
	return f.funcs[i], true
}

// FuncsNamed returns the functions of that name. A traceback shortens type
// arguments to "[...]", which stands for any here.
func (f *File) FuncsNamed(name string) []Func {
	var out []Func
	for _, i := range f.byName[name] {
		out = append(out, f.funcs[i])
	}
	if before, after, ok := strings.Cut(name, "[...]"); ok {
		for _, fn := range f.funcs {
			if strings.HasPrefix(fn.Name, before+"[") && shorten(fn.Name) == before+"[...]"+after {
				out = append(out, fn)
			}
		}
	}
	return out
}

// shorten is what a traceback makes of a name with type arguments.
func shorten(name string) string {
	i, j := strings.IndexByte(name, '['), strings.LastIndexByte(name, ']')
	if i < 0 || j <= i {
		return name
	}
	return name[:i] + "[...]" + name[j+1:]
}

// file is the name of file number n of the compilation unit at cu.
func (p *pcln) file(cu uint32, n int32) string {
	o := (uint64(cu) + uint64(n)) * 4
	if n < 0 || o+4 > uint64(len(p.cutab)) {
		return ""
	}
	off := uint64(binary.LittleEndian.Uint32(p.cutab[o:]))
	if off >= uint64(len(p.files)) {
		return ""
	}
	s := p.files[off:]
	i := bytes.IndexByte(s[:min(len(s), maxName)], 0)
	if i < 0 {
		return ""
	}
	return string(s[:i])
}
