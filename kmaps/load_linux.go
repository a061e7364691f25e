//go:build amd64 || arm64

package kmaps

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
)

// probes are the programs in the kernel.
type probes struct {
	c      *ebpf.Collection
	hooks  []hook // those of functions that this kernel has
	absent []string
	links  []link.Link
}

// load loads a program for each end of each function that the kernel has.
func load(window time.Duration) (*probes, error) {
	if err := rlimit.RemoveMemlock(); err != nil {
		return nil, fmt.Errorf("raise the limit of locked memory: %w", err)
	}
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return nil, fmt.Errorf("read the kernel's types: %w", err)
	}
	p := new(probes)
	for _, h := range hooks {
		var fn *btf.Func
		if kernel.TypeByName(h.function, &fn) == nil {
			p.hooks = append(p.hooks, h)
		} else {
			p.absent = append(p.absent, h.function)
		}
	}
	if len(p.hooks) == 0 {
		return nil, errNoFunctions
	}
	spec, err := loadKmaps()
	if err != nil {
		return nil, fmt.Errorf("read the eBPF programs: %w", err)
	}
	var random [8]byte
	rand.Read(random[:])
	err = errors.Join(spec.Variables["seed"].Set(binary.LittleEndian.Uint64(random[:])),
		spec.Variables["window_us"].Set(uint32(window/1024)))
	if err != nil {
		return nil, fmt.Errorf("set what the eBPF programs know: %w", err)
	}
	patterns := spec.Programs
	spec.Programs = map[string]*ebpf.ProgramSpec{}
	for _, h := range p.hooks {
		for _, name := range h.programs {
			s := patterns[name].Copy()
			s.AttachTo = h.function
			spec.Programs[name+" "+h.function] = s
		}
	}
	if p.c, err = ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{Programs: ebpf.ProgramOptions{KernelTypes: kernel}}); err != nil {
		return nil, fmt.Errorf("load the eBPF programs: %w", err)
	}
	if err := p.nameOwn(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// nameOwn tells the programs which maps are theirs.
func (p *probes) nameOwn() error {
	var own [8]uint32
	if len(p.c.Maps) > len(own) {
		return fmt.Errorf("%d maps of our own are more than the %d that the programs leave out", len(p.c.Maps), len(own))
	}
	n := 0
	for name, m := range p.c.Maps {
		id, err := mapID(m)
		if err != nil {
			return fmt.Errorf("ask for the number of map %s: %w", name, err)
		}
		own[n] = id
		n++
	}
	if err := p.c.Variables["own"].Set(own); err != nil {
		return fmt.Errorf("tell the eBPF programs which maps are theirs: %w", err)
	}
	return nil
}

func mapID(m *ebpf.Map) (uint32, error) {
	info, err := m.Info()
	if err != nil {
		return 0, err
	}
	id, ok := info.ID()
	if !ok {
		return 0, errors.New("the kernel does not say it")
	}
	return uint32(id), nil
}

// attach sets the programs at returns first: an update whose entry alone was seen
// would keep its place.
func (p *probes) attach() error {
	for _, entry := range []bool{false, true} {
		for _, h := range p.hooks {
			for _, name := range h.programs {
				if atEntry(name) != entry {
					continue
				}
				l, err := link.AttachTracing(link.TracingOptions{Program: p.c.Programs[name+" "+h.function]})
				if err != nil {
					return fmt.Errorf("set a program at %s: %w", h.function, err)
				}
				p.links = append(p.links, l)
			}
		}
	}
	return nil
}

// atEntry reports whether a program, or a copy of it, takes note of updates that begin.
func atEntry(name string) bool {
	pattern, _, _ := strings.Cut(name, " ")
	return strings.HasSuffix(pattern, "_begins")
}

// remove takes the programs off: those at returns first, too. A return whose entry was
// not seen could be taken for that of an earlier update.
func (p *probes) remove() error {
	var errs []error
	for _, l := range p.links {
		errs = append(errs, l.Close())
	}
	p.links = nil
	return errors.Join(errs...)
}

func (p *probes) close() error {
	err := p.remove()
	p.c.Close()
	return err
}

// ids are the numbers of the programs, so that a stack's other ones can be told.
func (p *probes) ids() (map[ebpf.ProgramID]bool, error) {
	out := map[ebpf.ProgramID]bool{}
	for name, prog := range p.c.Programs {
		info, err := prog.Info()
		if err != nil {
			return nil, fmt.Errorf("ask for the number of program %s: %w", name, err)
		}
		if id, ok := info.ID(); ok {
			out[id] = true
		}
	}
	return out, nil
}

// misses are how often the kernel left out programs, because the same one was at work
// on that processor.
type misses struct {
	all     uint64
	entries uint64 // of all, those at entries of updates
	lookups uint64 // and those that take note of lookups
}

func (p *probes) misses() (n misses, err error) {
	for name, prog := range p.c.Programs {
		st, err := prog.Stats()
		if err != nil {
			return n, fmt.Errorf("ask what program %s missed: %w", name, err)
		}
		n.all += st.RecursionMisses
		switch pattern, _, _ := strings.Cut(name, " "); {
		case atEntry(name):
			n.entries += st.RecursionMisses
		case pattern == "hash_looked_up" || pattern == "copied":
			n.lookups += st.RecursionMisses
		}
	}
	return n, nil
}

// entries reads a variable that is an array, and hands on the elements whose first
// word is not 0. An element is the callee's only until it returns.
func entries[T any](p *probes, variable string, take func(*T)) error {
	v := p.c.Variables[variable]
	raw := make([]byte, v.Size())
	if err := v.Get(raw); err != nil {
		return fmt.Errorf("read %s of the eBPF programs: %w", variable, err)
	}
	var one T
	size := binary.Size(one)
	for ; len(raw) >= size; raw = raw[size:] {
		if binary.LittleEndian.Uint64(raw) == 0 {
			continue
		}
		if _, err := binary.Decode(raw[:size], binary.LittleEndian, &one); err != nil {
			return fmt.Errorf("read %s of the eBPF programs: %w", variable, err)
		}
		take(&one)
	}
	return nil
}

// tellPrograms tells the programs which stacks are of eBPF programs: those are
// counted once, whatever process they ran for.
func (w *Watcher) tellPrograms(stacks []int32) error {
	changed := false
	for _, id := range stacks {
		if !w.told[id] {
			w.told[id] = true
			changed = true
		}
	}
	if !changed {
		return nil
	}
	v := w.p.c.Variables["by_program"]
	raw := make([]byte, v.Size())
	for id := range w.told {
		raw[int(id)%len(raw)] = 1
	}
	if err := v.Set(raw); err != nil {
		return fmt.Errorf("tell the eBPF programs which stacks are of programs: %w", err)
	}
	return nil
}
