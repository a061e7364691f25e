package corefile

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/core"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/internal/layouts"
	"github.com/mapsan/mapsan/maplayout"
)

// A Process is a dead process as its core shows it.
type Process struct {
	target *proc.Target
	group  *proc.TargetGroup
	core   string
	lines  *binfo.File       // of the executable; nil if it cannot be read
	layout *maplayout.Layout // of its maps; nil if it is not known
}

// ErrNoGoroutines: the core lacks the runtime's list of goroutines, or the
// executable is not the one that wrote it.
var ErrNoGoroutines = errors.New("no goroutines can be read")

// Open opens a core and the executable that wrote it.
func Open(corePath, binary string) (p *Process, err error) {
	for _, path := range []string{corePath, binary} {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a file", path)
		}
	}
	defer guard(&err, "open core "+corePath)
	group, err := core.OpenCore(corePath, binary, nil)
	if err != nil {
		return nil, fmt.Errorf("open core %s of %s: %w", corePath, binary, err)
	}
	p = &Process{target: group.Selected, group: group, core: corePath}
	// Without it, DWARF's lines and the layout of the Go version have to do.
	if p.lines, err = binfo.Open(binary); err == nil {
		p.know(layouts.Of(p.lines))
	} else {
		p.know(maplayout.Known(p.GoVersion()))
	}
	return p, nil
}

func (p *Process) know(l maplayout.Layout, err error) {
	if err == nil {
		p.layout = &l
	}
}

// guard turns a panic of the reader below, which trusts its input more than
// it should, into an error.
func guard(err *error, doing string) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%s: the core is damaged: %v", doing, r)
	}
}

// Close gives back the files.
func (p *Process) Close() error {
	err := p.group.Detach(false)
	if p.lines != nil {
		err = errors.Join(err, p.lines.Close())
	}
	return err
}

// GoVersion returns the version that built the executable, as "go1.26.8".
func (p *Process) GoVersion() string { return goVersion(p.target.BinInfo().Producer()) }

// ReadAt makes p an io.ReaderAt of the dead process's memory: off is an address.
func (p *Process) ReadAt(buf []byte, off int64) (n int, err error) {
	defer guard(&err, "read memory")
	n, err = p.target.Memory().ReadMemory(buf, uint64(off))
	if err == nil && n < len(buf) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return n, fmt.Errorf("read %d bytes at %#x: %w", len(buf), off, err)
	}
	return n, nil
}

// read fills buf from addr and reports whether all of it is there.
func (p *Process) read(buf []byte, addr uint64) bool {
	_, err := p.ReadAt(buf, int64(addr))
	return err == nil
}

// Word returns the word of memory at addr.
func (p *Process) Word(addr uint64) (uint64, error) {
	buf := make([]byte, p.target.BinInfo().Arch.PtrSize())
	if _, err := p.ReadAt(buf, int64(addr)); err != nil {
		return 0, err
	}
	return word(buf), nil
}

// word decodes little-endian bytes: so are all machines that cores are read of.
func word(b []byte) uint64 {
	w := uint64(0)
	for i := len(b) - 1; i >= 0; i-- {
		w = w<<8 | uint64(b[i])
	}
	return w
}
