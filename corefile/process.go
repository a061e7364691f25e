package corefile

import (
	"errors"
	"fmt"
	"os"

	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/core"

	"github.com/mapsan/mapsan/binfo"
)

// A Process is a dead process as its core shows it.
type Process struct {
	target *proc.Target
	group  *proc.TargetGroup
	core   string
	lines  *binfo.File // of the executable; nil if it cannot be read
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
	p.lines, _ = binfo.Open(binary) // without it, DWARF's lines have to do
	return p, nil
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

// ReadMemory fills buf from address addr of the dead process. It reads all or fails.
func (p *Process) ReadMemory(buf []byte, addr uint64) (err error) {
	defer guard(&err, "read memory")
	n, err := p.target.Memory().ReadMemory(buf, addr)
	if err != nil {
		return fmt.Errorf("read %d bytes at %#x: %w", len(buf), addr, err)
	}
	if n < len(buf) {
		return fmt.Errorf("read %d bytes at %#x: the core has only %d", len(buf), addr, n)
	}
	return nil
}

// Word returns the word of memory at addr.
func (p *Process) Word(addr uint64) (uint64, error) {
	buf := make([]byte, p.target.BinInfo().Arch.PtrSize())
	if err := p.ReadMemory(buf, addr); err != nil {
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
