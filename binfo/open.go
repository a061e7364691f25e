package binfo

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// ErrNotGo is what Open's error wraps when the file is an executable without
// Go's function table.
var ErrNotGo = errors.New("not a Go program")

// ErrUnsupported is what an error wraps when the file is of a kind that this
// package does not read.
var ErrUnsupported = errors.New("not supported")

// Arch is the architecture of the code.
type Arch string

// The architectures whose code is decoded.
const (
	AMD64 Arch = "amd64"
	ARM64 Arch = "arm64"
)

// File is an open executable. Its methods may be called from several
// goroutines at once.
type File struct {
	arch   Arch
	image  *image
	mod    module
	pcln   *pcln
	funcs  []Func // by entry
	byName map[string][]int
	info   Info
	syms   symbols
	closer io.Closer
	left   uint64 // bytes of its tables and of its DWARF that may still be read

	dwarf struct {
		once sync.Once
		*debugInfo
		err error
	}
	rtypeOnce  sync.Once
	rtypeIndex map[string][]uint64

	mu    sync.Mutex
	codes map[uint64]*Code // by entry; bounded by maxCodes and maxCode
	bytes uint64           // of code in codes
	most  uint64           // bytes of one function
}

// Open opens the executable at path. Close it after use.
func Open(path string) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := r.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("open %s: not a regular file", path)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	f, err := New(r, st.Size())
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("read binary %s: %w", path, err)
	}
	f.closer = r
	return f, nil
}

// New reads an executable of size bytes from r, which must stay usable as
// long as the File is.
func New(r io.ReaderAt, size int64) (*File, error) {
	return newFile(r, size, &File{left: maxPcln + maxDebug, most: maxCode})
}

// How much of an executable from strangers is read.
const (
	strangersTables = 256 << 20
	strangersCode   = 256 << 10
)

// NewStrangers is New for an executable that somebody chose who may want to do harm.
// Where its tables are too large it is refused, and DWARF or functions that are too
// large are as if they could not be read.
func NewStrangers(r io.ReaderAt, size int64) (*File, error) {
	return newFile(r, size, &File{left: strangersTables, most: strangersCode})
}

func newFile(r io.ReaderAt, size int64, limits *File) (f *File, err error) {
	// The decoders of the standard library are not all made for hostile input.
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, fmt.Errorf("damaged: %v", p)
		}
	}()
	r = io.NewSectionReader(r, 0, size)
	if err := checkSections(r); err != nil {
		return nil, err
	}
	ef, err := elf.NewFile(r)
	if err != nil {
		return nil, explainELF(r, err)
	}
	f = limits
	f.codes = map[uint64]*Code{}
	switch {
	case ef.Class != elf.ELFCLASS64 || ef.Data != elf.ELFDATA2LSB:
		return nil, fmt.Errorf("%s %s: %w; use a 64-bit little-endian build", ef.Class, ef.Data, ErrUnsupported)
	case ef.Machine == elf.EM_X86_64:
		f.arch = AMD64
	case ef.Machine == elf.EM_AARCH64:
		f.arch = ARM64
	default:
		return nil, fmt.Errorf("architecture %s: %w; use an amd64 or arm64 build", ef.Machine, ErrUnsupported)
	}
	if f.image, err = newImage(ef, r, size); err != nil {
		return nil, err
	}
	f.info = readInfo(ef, r, f)
	if err := f.readFuncs(ef); err != nil {
		return nil, err
	}
	f.syms = f.readSymbols(ef)
	f.info.Symbols = len(f.syms.byAddr) > 0
	f.image.elf = ef
	return f, nil
}

// Close closes what Open opened.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Arch is the architecture of the code.
func (f *File) Arch() Arch { return f.arch }

// checkSections refuses what would fill memory before anything is known: a section's
// name may be all of the table of names, which may be compressed. Linkers make some
// forty sections.
func checkSections(r io.ReaderAt) error {
	const maxSections, maxNames = 1024, 1 << 16
	var h elf.Header64
	if err := binary.Read(io.NewSectionReader(r, 0, 64), binary.LittleEndian, &h); err != nil ||
		h.Ident[elf.EI_CLASS] != byte(elf.ELFCLASS64) || h.Ident[elf.EI_DATA] != byte(elf.ELFDATA2LSB) || h.Shoff == 0 {
		return nil // which others refuse, or there are none
	}
	if h.Shnum == 0 || h.Shnum > maxSections {
		return fmt.Errorf("damaged: %d or more sections", max(h.Shnum, maxSections))
	}
	var names elf.Section64
	at := int64(h.Shoff) + int64(h.Shstrndx)*int64(h.Shentsize)
	if err := binary.Read(io.NewSectionReader(r, at, 64), binary.LittleEndian, &names); err != nil {
		return fmt.Errorf("damaged or cut off: the sections' names: %w", err)
	}
	if names.Size > maxNames || elf.SectionFlag(names.Flags)&elf.SHF_COMPRESSED != 0 {
		return fmt.Errorf("damaged: %d bytes of sections' names", names.Size)
	}
	return nil
}

// explainELF says what the file is when it is no ELF file.
func explainELF(r io.ReaderAt, err error) error {
	var head [4]byte
	n, _ := r.ReadAt(head[:], 0)
	switch s := string(head[:n]); {
	case n == 0:
		return errors.New("empty file")
	case s == "\x7fELF":
		return fmt.Errorf("damaged or cut off: %w", err)
	case len(s) >= 2 && s[:2] == "MZ":
		return fmt.Errorf("a Windows executable: %w; use a linux build", ErrUnsupported)
	case s == "\xcf\xfa\xed\xfe" || s == "\xca\xfe\xba\xbe":
		return fmt.Errorf("a macOS executable: %w; use a linux build", ErrUnsupported)
	}
	return fmt.Errorf("not an ELF executable: %w", ErrUnsupported)
}
