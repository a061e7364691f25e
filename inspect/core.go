package inspect

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mapsan/mapsan/binfo"
)

// dead reads a core.
type dead struct {
	file   *os.File
	segs   []coreSegment // by address
	bin    *binfo.File   // has what the kernel did not write: it is in the executable
	base   uint64        // where that is loaded
	regs   regsLayout
	auxv   []byte
	thread []thread
	mapped []string // files that were mapped
}

type coreSegment struct {
	addr, size uint64
	off        int64
}

// Notes of a core, by elf.h.
const (
	noteStatus = 1
	noteAuxv   = 6
	noteFile   = 0x46494c45
	// statusRegs is where pr_reg lies in struct elf_prstatus, and statusPid pr_pid.
	statusRegs, statusPid = 112, 32
	maxNotes              = 64 << 20
)

func openCore(path string) (d *dead, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		// The standard library's reader is not made for hostile files.
		if r := recover(); r != nil {
			err = fmt.Errorf("read core %s: damaged: %v", path, r)
		}
		if err != nil {
			file.Close()
		}
	}()
	ef, err := elf.NewFile(file)
	if err != nil || ef.Type != elf.ET_CORE {
		return nil, fmt.Errorf("%s is no core dump", path)
	}
	d = &dead{file: file}
	switch {
	case ef.Class != elf.ELFCLASS64 || ef.Data != elf.ELFDATA2LSB:
		return nil, fmt.Errorf("core %s: only 64-bit little-endian ones are read", path)
	case ef.Machine == elf.EM_X86_64:
		d.regs = regsAMD64
	case ef.Machine == elf.EM_AARCH64:
		d.regs = regsARM64
	default:
		return nil, fmt.Errorf("core %s: of %s; only amd64 and arm64 are read", path, ef.Machine)
	}
	for _, p := range ef.Progs {
		switch {
		case p.Type == elf.PT_LOAD && p.Filesz > 0:
			d.segs = append(d.segs, coreSegment{p.Vaddr, p.Filesz, int64(p.Off)})
		case p.Type == elf.PT_NOTE && p.Filesz <= maxNotes:
			b := make([]byte, p.Filesz)
			n, _ := p.ReadAt(b, 0) // a cut one has what there is
			d.notes(b[:n])
		}
	}
	slices.SortFunc(d.segs, func(a, b coreSegment) int { return cmp.Compare(a.addr, b.addr) })
	if len(d.segs) == 0 {
		return nil, fmt.Errorf("core %s: it has no memory in it; is it cut off?", path)
	}
	return d, nil
}

func (d *dead) notes(b []byte) {
	for len(b) >= 12 {
		nameSize, size, kind := uint64(half(b)), uint64(half(b[4:])), half(b[8:])
		b = b[12:]
		skip := (nameSize + 3) &^ 3
		if skip > uint64(len(b)) || (size+3)&^3 > uint64(len(b))-skip {
			return
		}
		desc := b[skip : skip+size]
		b = b[skip+(size+3)&^3:]
		switch kind {
		case noteStatus:
			if len(desc) > statusRegs {
				if t, ok := d.regs.thread(int(half(desc[statusPid:])), desc[statusRegs:]); ok {
					d.thread = append(d.thread, t)
				}
			}
		case noteAuxv:
			d.auxv = desc
		case noteFile:
			d.files(desc)
		}
	}
}

// files reads the names of what was mapped: count, page size, three words for
// each, and then the names.
func (d *dead) files(b []byte) {
	if len(b) < 16 {
		return
	}
	n := word(b)
	if n > uint64(len(b))/24 {
		return
	}
	for _, name := range strings.Split(string(b[16+n*24:]), "\x00") {
		if name != "" && !slices.Contains(d.mapped, name) {
			d.mapped = append(d.mapped, name)
		}
	}
}

// executable finds the program that wrote the core among the files it had mapped,
// where it was then or beside the core.
func (d *dead) executable() (string, error) {
	for _, name := range d.mapped {
		for _, path := range []string{name, filepath.Join(filepath.Dir(d.file.Name()), filepath.Base(name))} {
			if f, err := binfo.Open(path); err == nil {
				f.Close()
				return path, nil
			}
		}
	}
	if len(d.mapped) == 0 {
		return "", errors.New("it does not say which program wrote it; name the executable by -bin")
	}
	return "", fmt.Errorf("it was written by %s, which cannot be read here; name the executable by -bin", d.mapped[0])
}

func (d *dead) ReadAt(p []byte, off int64) (int, error) {
	addr, n := uint64(off), 0
	for n < len(p) {
		got, err := d.piece(p[n:], addr+uint64(n))
		n += got
		if err != nil {
			return n, fmt.Errorf("read %d bytes at %#x of the core: %w", len(p), off, err)
		}
	}
	return n, nil
}

// piece reads up to the end of a segment.
func (d *dead) piece(p []byte, addr uint64) (int, error) {
	i, ok := slices.BinarySearchFunc(d.segs, addr, func(s coreSegment, a uint64) int { return cmp.Compare(s.addr, a) })
	if !ok {
		i--
	}
	if i >= 0 && addr-d.segs[i].addr < d.segs[i].size {
		s := d.segs[i]
		p = p[:min(uint64(len(p)), s.size-(addr-s.addr))]
		n, err := d.file.ReadAt(p, s.off+int64(addr-s.addr))
		if err == io.EOF {
			err = errors.New("the core is cut off")
		}
		return n, err
	}
	if d.bin != nil {
		if s, err := d.bin.String(addr-d.base, uint64(len(p))); err == nil {
			return copy(p, s), nil
		}
	}
	return 0, errors.New("not in the core")
}

func (d *dead) readMany(addrs []uint64, bufs [][]byte) []bool {
	whole := make([]bool, len(addrs))
	for i := range addrs {
		_, err := d.ReadAt(bufs[i], int64(addrs[i]))
		whole[i] = err == nil
	}
	return whole
}

func (d *dead) stopped(look func([]thread)) (time.Duration, int, error) {
	look(d.thread)
	return 0, 0, nil
}

func (d *dead) entry() (uint64, error) { return auxEntry(d.auxv) }

func (d *dead) close() error { return d.file.Close() }

// auxEntry finds AT_ENTRY in an auxiliary vector.
func auxEntry(b []byte) (uint64, error) {
	const atEntry = 9
	for ; len(b) >= 16; b = b[16:] {
		if word(b) == atEntry {
			return word(b[8:]), nil
		}
	}
	return 0, errors.New("the auxiliary vector has no entry point")
}
