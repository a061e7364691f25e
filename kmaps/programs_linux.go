//go:build amd64 || arm64

package kmaps

import (
	"cmp"
	"errors"
	"os"
	"slices"

	"github.com/cilium/ebpf"
)

// code is where the machine code of a function of an eBPF program lies.
type code struct {
	from, to uint64
	frame    frame
	gone     bool // anything may be there now
}

// programs are the eBPF programs of the machine, and where their code lies.
type programs struct {
	own    map[ebpf.ProgramID]bool
	seen   map[ebpf.ProgramID]bool // those of the last refresh
	all    []code                  // sorted; what is gone stays, until its place is another's
	hidden bool                    // the kernel does not say where code lies

	// What the last refresh came to.
	added    bool // there are programs that were not there before
	replaced bool // where one of them lies, another one was
}

// refresh looks for programs that were loaded since, and that are gone. Those that went
// since the last time are still found: what they did is told now.
func (p *programs) refresh() error {
	p.added, p.replaced = false, false
	before := p.seen
	p.seen = map[ebpf.ProgramID]bool{}
	var id ebpf.ProgramID
	for {
		next, err := ebpf.ProgramGetNextID(id)
		switch {
		case errors.Is(err, os.ErrNotExist):
			for i, c := range p.all {
				id := ebpf.ProgramID(c.frame.program)
				p.all[i].gone = !p.seen[id] && !before[id]
			}
			slices.SortStableFunc(p.all, func(a, b code) int { return cmp.Compare(a.from, b.from) })
			return nil
		case errors.Is(err, os.ErrPermission):
			p.hidden = true
			return nil
		case err != nil:
			return err
		}
		id = next
		p.seen[id] = true
		if !before[id] {
			p.add(id)
		}
	}
}

func (p *programs) add(id ebpf.ProgramID) {
	prog, err := ebpf.NewProgramFromID(id)
	if err != nil {
		return // gone meanwhile
	}
	defer prog.Close()
	info, err := prog.Info()
	if err != nil {
		return
	}
	addrs, ok := info.JitedKsymAddrs()
	lens, _ := info.JitedFuncLens()
	if !ok || len(addrs) != len(lens) {
		p.hidden = true
		return
	}
	name := info.Name
	// The type information has the whole name, where the other one is cut.
	if funcs, err := info.FuncInfos(); err == nil && len(funcs) > 0 && funcs[0].Func != nil {
		name = funcs[0].Func.Name
	}
	for i, a := range addrs {
		c := code{from: uint64(a), to: uint64(a) + uint64(lens[i]), frame: frame{name: name, program: uint32(id), own: p.own[id]}}
		n := len(p.all)
		p.all = slices.DeleteFunc(p.all, func(old code) bool { return old.from < c.to && c.from < old.to })
		p.replaced = p.replaced || len(p.all) < n
		p.added = true
		p.all = append(p.all, c)
	}
}

func (p *programs) find(addr uint64) (frame, bool) {
	i, exact := slices.BinarySearchFunc(p.all, addr, func(c code, a uint64) int { return cmp.Compare(c.from, a) })
	if !exact {
		i--
	}
	if i < 0 || p.all[i].gone || addr > p.all[i].to { // a return address may be the end
		return frame{}, false
	}
	return p.all[i].frame, true
}
