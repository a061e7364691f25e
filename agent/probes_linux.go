//go:build amd64 || arm64

package agent

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
)

// probes are the programs in the kernel, and where they are set.
type probes struct {
	access accessObjects
	crash  crashObjects
	t      *target
	focus  *focus // nil: all maps are watched
	exe    *link.Executable
	multi  bool // one link for all sites: Linux 6.6
	links  []link.Link
	linked []uint64    // the links' cookies
	fatal  []link.Link // set all the time: it is hit once
}

// loadProbes loads the programs. Nothing of the target is touched yet.
func loadProbes(t *target, f *focus, o Options, c Costs) (*probes, error) {
	if err := rlimit.RemoveMemlock(); err != nil {
		return nil, permission("raise the limit of locked memory", err)
	}
	p := &probes{t: t, focus: f, multi: !o.single && haveMulti()}
	numbers := map[string]uint64{
		"goid_offset": t.goid, "gopc_offset": t.goPC, "iter_map_offset": t.iterMap,
		"delay_ns": uint64(o.Delay), "gap_ns": uint64(o.gap()),
		"hit_ns": uint64(c.Hit), "stack_ns": uint64(c.Stack), "trap_ns": uint64(c.Trap),
	}
	var trap **ebpf.Program
	if f != nil {
		numbers["seed_offset"], numbers["focused"] = f.layout.seed, 1
		trap = &p.access.Trap
		f.detach = p.detach
	}
	err := p.load(loadAccess, numbers, nil, &p.access.AccessMulti, &p.access.AccessSingle, trap, &p.access.accessMaps)
	if err == nil && f != nil {
		f.attach = func(sites []Site, cookies []uint64) ([]link.Link, error) {
			return p.attach(p.access.AccessMulti, p.access.AccessSingle, sites, cookies)
		}
		err = f.load(&p.access)
	}
	if err == nil {
		shared := map[string]*ebpf.Map{"over": p.access.Over, "latest": p.access.Latest}
		err = p.load(loadCrash, numbers, shared, &p.crash.FatalMulti, &p.crash.FatalSingle, nil, &p.crash.crashMaps)
	}
	if err == nil {
		p.exe, err = link.OpenExecutable(t.path())
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// load loads one object: of its two programs for probes the one that the kernel can
// set, that for watchpoints where trap wants it, and its maps.
func (p *probes) load(read func() (*ebpf.CollectionSpec, error), numbers map[string]uint64, shared map[string]*ebpf.Map, multi, single, trap **ebpf.Program, maps any) error {
	spec, err := read()
	if err != nil {
		return fmt.Errorf("read an eBPF program: %w", err)
	}
	for name, v := range spec.Variables {
		if n, ok := numbers[name]; ok {
			if err := v.Set(n); err != nil {
				return fmt.Errorf("set %s of an eBPF program: %w", name, err)
			}
		}
	}
	into := map[string]**ebpf.Program{"uprobe": single, "perf_event": trap}
	if p.multi {
		into = map[string]**ebpf.Program{"uprobe.multi": multi, "perf_event": trap}
	}
	taken := map[string]**ebpf.Program{}
	for name, s := range spec.Programs {
		if taken[name] = into[s.SectionName]; taken[name] == nil {
			delete(spec.Programs, name)
		}
	}
	c, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{MapReplacements: shared})
	var refused *ebpf.VerifierError // of which the kernel says the same as of what is not permitted
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("load an eBPF program: %w", err)
	case err != nil:
		return permission("load an eBPF program", err)
	}
	defer c.Close() // but for what is taken out of it
	for name := range spec.Programs {
		*taken[name] = c.DetachProgram(name)
	}
	return c.Assign(maps)
}

// setFatal sets the probe of the runtime's end, which stays.
func (p *probes) setFatal() (err error) {
	if err := p.t.touch(); err != nil {
		return err
	}
	p.fatal, err = p.attach(p.crash.FatalMulti, p.crash.FatalSingle, []Site{p.t.fatal}, []uint64{0})
	return err
}

// set sets the probes of the map functions, or what focus has in their place.
func (p *probes) set() (err error) {
	if p.focus != nil {
		return p.focus.set()
	}
	if err := p.t.touch(); err != nil {
		return err
	}
	var cookies []uint64
	for i, s := range p.t.sites {
		cookies = append(cookies, s.cookie(i))
	}
	p.links, err = p.attach(p.access.AccessMulti, p.access.AccessSingle, p.t.sites, cookies)
	p.linked = cookies
	return err
}

func (p *probes) attach(multi, single *ebpf.Program, sites []Site, cookies []uint64) ([]link.Link, error) {
	if p.multi {
		var offsets []uint64
		for _, s := range sites {
			offsets = append(offsets, s.Offset)
		}
		l, err := p.exe.UprobeMulti(nil, multi, &link.UprobeMultiOptions{Addresses: offsets, Cookies: cookies, PID: uint32(p.t.pid)})
		if err != nil {
			return nil, permission("set probes", err)
		}
		return []link.Link{l}, nil
	}
	var links []link.Link
	for i, s := range sites {
		l, err := p.exe.Uprobe("", single, &link.UprobeOptions{Address: s.Offset, Cookie: cookies[i], PID: p.t.pid})
		if err != nil {
			return nil, errors.Join(permission("set the probe of "+s.Func, err), closeAll(links))
		}
		links = append(links, l)
	}
	return links, nil
}

// forget forgets all maps and stacks. Races of one map are shown a few times only, and a
// stack has its place as long as it is kept: over days both would be used up. The probes
// are not set meanwhile.
func (p *probes) forget() error {
	for _, m := range []*ebpf.Map{p.access.Maps, p.access.Stacks} {
		var keys [][]byte
		key, err := m.NextKeyBytes(nil)
		for ; key != nil; key, err = m.NextKeyBytes(key) {
			keys = append(keys, key)
		}
		for _, k := range keys {
			if gone := m.Delete(k); !errors.Is(gone, ebpf.ErrKeyNotExist) {
				err = errors.Join(err, gone)
			}
		}
		if err != nil {
			return fmt.Errorf("forget what was remembered of maps: %w", err)
		}
	}
	return nil
}

// remove removes those of the map functions: their code is as it was.
func (p *probes) remove() error {
	if p.focus != nil {
		return p.focus.remove()
	}
	links, cookies := p.links, p.linked
	p.links, p.linked = nil, nil
	return p.detach(links, cookies)
}

// detach removes probes. For each link the kernel waits a tenth of a second, although
// the code is restored at once: so the probe that is hit most comes first.
func (p *probes) detach(links []link.Link, cookies []uint64) error {
	if len(links) < 2 {
		return closeAll(links)
	}
	var each []accessCounts
	if err := p.access.Totals.Lookup(uint32(0), &each); err != nil {
		return errors.Join(fmt.Errorf("read the counters: %w", err), closeAll(links))
	}
	hits := func(i int) (n uint64) {
		for _, c := range each {
			n += uint64(c.At[cookies[i]>>cookieSite%uint64(len(c.At))])
		}
		return n
	}
	order := make([]int, len(links))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(hits(b), hits(a)) })
	sorted := make([]link.Link, len(links))
	for i, n := range order {
		sorted[i] = links[n]
	}
	return closeAll(sorted)
}

// limit says how much may be spent from now on before the ring says so.
func (p *probes) limit(d time.Duration) error {
	if err := p.access.Credits.Put(uint32(0), accessCredit{Limit: uint64(max(d, 1))}); err != nil {
		return fmt.Errorf("limit what is spent: %w", err)
	}
	return nil
}

func (p *probes) isSet() bool { return len(p.links) > 0 || p.focus != nil && p.focus.on }

func (p *probes) close() error {
	return errors.Join(p.remove(), closeAll(p.fatal), p.access.Close(), p.crash.Close())
}

func closeAll(links []link.Link) error {
	var errs []error
	for _, l := range links {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

func (p *probes) totals() (Totals, error) {
	var each []accessCounts
	if err := p.access.Totals.Lookup(uint32(0), &each); err != nil {
		return Totals{}, fmt.Errorf("read the counters: %w", err)
	}
	var t Totals
	for _, c := range each {
		t.Hits += c.Hits
		t.Traps += c.Traps
		t.Strange += c.Strange
		t.Near += c.Near
		t.Kept += c.Kept
		t.Delays += c.Delays
		t.Delayed += time.Duration(c.DelayedNs)
		t.Cut += c.Cut
		t.Conflicts += c.Conflicts
		t.Dropped += c.Dropped
	}
	return t, nil
}
