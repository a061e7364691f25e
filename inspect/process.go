package inspect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/internal/layouts"
	"github.com/mapsan/mapsan/maplayout"
)

// Process is a process that can be looked at, alive or dead.
type Process struct {
	src    source
	pid    int // 0 of a core
	core   string
	bin    *binfo.File
	binary string
	base   uint64 // what is added to an address of the file
	layout maplayout.Layout
	rt     runtimeLayout
	pcs    map[uint64]step
	shapes map[shapeKey]*shape
	vars   map[uint64][]binfo.Var // by pc
	moved  []section              // where the process has the variables elsewhere than the file
}

// Attach opens a live process. binary is its executable, unless it is empty: that
// of one that runs stripped may be at hand.
func Attach(pid int, binary string) (*Process, error) {
	if pid == os.Getpid() {
		return nil, errors.New("inspect: that is this process itself")
	}
	l, err := openLive(pid)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	// The link leads to the file even where it was removed or lies in a container.
	own, name, err := l.executable()
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	p := &Process{src: l, pid: pid, binary: binary}
	if binary == "" {
		p.binary, binary, own = name, own, ""
	}
	if err := p.open(binary); err != nil {
		return nil, fmt.Errorf("inspect process %d: %w", pid, err)
	}
	if own != "" {
		if err := p.sameCode(own); err != nil {
			p.Close()
			return nil, fmt.Errorf("inspect process %d: %w", pid, err)
		}
	}
	return p, nil
}

// OpenCore opens a core. binary is the executable that wrote it; if it is empty,
// it is looked for where the core says that it was.
func OpenCore(core, binary string) (*Process, error) {
	d, err := openCore(core)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	if binary == "" {
		if binary, err = d.executable(); err != nil {
			d.close()
			return nil, fmt.Errorf("inspect core %s: %w", core, err)
		}
	}
	p := &Process{src: d, core: core, binary: binary}
	if err := p.open(binary); err != nil {
		return nil, fmt.Errorf("inspect core %s: %w", core, err)
	}
	d.bin, d.base = p.bin, p.base
	return p, nil
}

// open reads the executable and what must be known of its runtime.
func (p *Process) open(binary string) (err error) {
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	if p.bin, err = binfo.Open(binary); err != nil {
		return fmt.Errorf("its executable %s: %w", p.binary, err)
	}
	if p.bin.Info().PIE {
		at, err := p.src.entry()
		if err != nil {
			return fmt.Errorf("where it is loaded: %w", err)
		}
		p.base = at - p.bin.Entry()
	}
	if p.layout, err = layouts.Of(p.bin); err != nil {
		return err
	}
	p.pcs, p.shapes, p.vars = map[uint64]step{}, map[shapeKey]*shape{}, map[uint64][]binfo.Var{}
	p.rt, err = readRuntime(p.bin)
	return err
}

// sameCode says why the executable cannot stand for the one that runs: the functions
// of both must be the same and lie at the same addresses.
func (p *Process) sameCode(running string) error {
	own, err := binfo.Open(running)
	if err != nil {
		return fmt.Errorf("its own executable: %w", err)
	}
	defer own.Close()
	next, stop := iter.Pull(own.Funcs())
	defer stop()
	for fn := range p.bin.Funcs() {
		if o, ok := next(); !ok || o.Name != fn.Name || o.Entry != fn.Entry {
			return fmt.Errorf("%s is not a copy of the executable that runs: %s is not at %#x there; name one of the same build", p.binary, fn.Name, fn.Entry)
		}
	}
	if o, ok := next(); ok {
		return fmt.Errorf("%s is not a copy of the executable that runs, which has %s; name one of the same build", p.binary, o.Name)
	}
	p.moved, err = movedSections(p.binary, running)
	return err
}

// variable is where the process has the variable that the file has at addr.
func (p *Process) variable(addr uint64) uint64 {
	for _, s := range p.moved {
		if addr-s.addr < s.size {
			addr += s.by
			break
		}
	}
	return addr + p.base
}

// Close gives back what Attach or OpenCore opened.
func (p *Process) Close() error {
	err := p.src.close()
	if p.bin != nil {
		err = errors.Join(err, p.bin.Close())
	}
	return err
}

func (p *Process) read(addr uint64, n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := p.src.ReadAt(b, int64(addr))
	return b, err
}

func (p *Process) word(addr uint64) (uint64, error) {
	b, err := p.read(addr, 8)
	if err != nil {
		return 0, err
	}
	return word(b), nil
}

func word(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
func half(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
