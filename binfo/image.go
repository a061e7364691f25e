package binfo

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// An image is the executable as the kernel would lay it out, before the
// program runs.
type image struct {
	elf    *elf.File
	r      io.ReaderAt
	size   int64
	segs   []segment // by address
	relocs []reloc   // by address
}

type segment struct {
	addr, filesz, memsz uint64
	off                 int64
	exec                bool
}

// A reloc is a word that the loader fills: in a position independent
// executable the file may hold zeros in its place.
type reloc struct{ addr, value uint64 }

const (
	maxSegments = 256
	maxName     = 1 << 16 // a function's or type's name; generic ones get long
)

var errUnmapped = errors.New("not in the file")

func newImage(ef *elf.File, r io.ReaderAt, size int64) (*image, error) {
	im := &image{r: r, size: size}
	var dynamic segment
	for _, p := range ef.Progs {
		s := segment{addr: p.Vaddr, filesz: p.Filesz, memsz: p.Memsz, off: int64(p.Off), exec: p.Flags&elf.PF_X != 0}
		if s.off < 0 || s.off > size {
			continue // cut off before it
		}
		s.filesz = min(s.filesz, uint64(size-s.off))
		if s.addr+s.memsz < s.addr {
			return nil, fmt.Errorf("damaged: a segment at %#x wraps around", s.addr)
		}
		switch p.Type {
		case elf.PT_LOAD:
			im.segs = append(im.segs, s)
		case elf.PT_DYNAMIC:
			dynamic = s
		}
	}
	if len(im.segs) == 0 || len(im.segs) > maxSegments {
		return nil, fmt.Errorf("%d loadable segments: %w; use a linked executable", len(im.segs), ErrUnsupported)
	}
	slices.SortFunc(im.segs, func(a, b segment) int { return cmp.Compare(a.addr, b.addr) })
	im.readRelocs(dynamic, ef.Machine, size)
	return im, nil
}

// readRelocs reads the words that only need the load address, which is 0 here.
func (im *image) readRelocs(dyn segment, machine elf.Machine, size int64) {
	const dtRela, dtRelaSz = 7, 8
	relative := uint32(elf.R_X86_64_RELATIVE)
	if machine == elf.EM_AARCH64 {
		relative = uint32(elf.R_AARCH64_RELATIVE)
	}
	var at, n uint64
	for o := uint64(0); o+16 <= min(dyn.filesz, 1<<16); o += 16 {
		var b [16]byte
		if _, err := im.r.ReadAt(b[:], dyn.off+int64(o)); err != nil {
			break
		}
		switch v := binary.LittleEndian.Uint64(b[8:]); binary.LittleEndian.Uint64(b[:]) {
		case dtRela:
			at = v
		case dtRelaSz:
			n = v
		}
	}
	if at == 0 || n == 0 || n > uint64(size) {
		return
	}
	data, err := im.bytes(at, n)
	if err != nil {
		return
	}
	for ; len(data) >= 24; data = data[24:] {
		if uint32(binary.LittleEndian.Uint64(data[8:])) != relative {
			continue
		}
		im.relocs = append(im.relocs, reloc{binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[16:])})
	}
	slices.SortFunc(im.relocs, func(a, b reloc) int { return cmp.Compare(a.addr, b.addr) })
}

// segment returns the segment that holds addr.
func (im *image) segment(addr uint64) (segment, bool) {
	i, ok := slices.BinarySearchFunc(im.segs, addr, func(s segment, a uint64) int { return cmp.Compare(s.addr, a) })
	if !ok {
		i--
	}
	if i < 0 || addr-im.segs[i].addr >= im.segs[i].memsz {
		return segment{}, false
	}
	return im.segs[i], true
}

// readAt fills p from addr. Memory that the file does not hold, as bss, is an
// error: what a program will have there is not known.
func (im *image) readAt(p []byte, addr uint64) error {
	s, ok := im.segment(addr)
	if !ok || addr-s.addr > s.filesz || uint64(len(p)) > s.filesz-(addr-s.addr) {
		return fmt.Errorf("address %#x: %w", addr, errUnmapped)
	}
	if _, err := im.r.ReadAt(p, s.off+int64(addr-s.addr)); err != nil {
		return fmt.Errorf("address %#x: %w", addr, err)
	}
	return nil
}

// bytes reads n bytes, which must lie in one segment of the file.
func (im *image) bytes(addr, n uint64) ([]byte, error) {
	s, ok := im.segment(addr)
	if !ok || addr-s.addr > s.filesz || n > s.filesz-(addr-s.addr) {
		return nil, fmt.Errorf("address %#x, %d bytes: %w", addr, n, errUnmapped)
	}
	p := make([]byte, n)
	return p, im.readAt(p, addr)
}

// ptr reads a word as it will be once loaded at address 0.
func (im *image) ptr(addr uint64) (uint64, error) {
	if i, ok := slices.BinarySearchFunc(im.relocs, addr, func(r reloc, a uint64) int { return cmp.Compare(r.addr, a) }); ok {
		return im.relocs[i].value, nil
	}
	var b [8]byte
	err := im.readAt(b[:], addr)
	return binary.LittleEndian.Uint64(b[:]), err
}

// words reads n words.
func (im *image) words(addr uint64, n int) ([]uint64, error) {
	out := make([]uint64, n)
	for i := range out {
		v, err := im.ptr(addr + uint64(i)*8)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}
