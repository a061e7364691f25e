//go:build amd64 || arm64

package agent

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

// focus watches some maps only: at the calls that findings know, where it may hold who
// comes, and by watchpoints at the maps' hash seeds, where others are met, wherever they
// come from: writers, and readers that hash their key. Where a map is in memory is read
// from its variable, or learnt from these calls.
type focus struct {
	t        *target
	access   *accessObjects
	attach   func([]Site, []uint64) ([]link.Link, error)
	detach   func([]link.Link, []uint64) error
	layout   seedLayout
	suspects []*suspect
	missing  []string
	sites    []Site // what cookies number: calls, then touches
	touches  []touch
	tids     map[int]bool
	watches  []*watchedMap
	trapped  uint64 // traps at the last look
	on       bool
	links    []link.Link
	linked   []uint64 // the cookies of the sites that have probes
	learning time.Time
	looked   time.Time
}

// How often threads, variables and what was learnt are looked at; how long maps are
// gathered before some are chosen; how long a map may be unused before another one is
// looked for; and how long a learnt address is believed.
const (
	focusLook  = 50 * time.Millisecond
	focusLearn = 200 * time.Millisecond
	focusIdle  = 3 * time.Second
	focusAge   = time.Minute
)

// newFocus finds the suspects in a target. lacking says why no watchpoint can be set
// here; then they are watched by their calls.
func newFocus(t *target, findings []*finding.Finding, lacking error) (*focus, error) {
	if t.bin.Arch() != binfo.AMD64 {
		return nil, fmt.Errorf("focus: executable for %s: watchpoints were tried on amd64 only", t.bin.Arch())
	}
	f := &focus{t: t}
	var err error
	if f.layout, err = layoutOf(t.bin); err != nil {
		return nil, fmt.Errorf("focus: %w", err)
	}
	if f.touches, err = touches(t.bin, f.layout); err != nil {
		return nil, fmt.Errorf("focus: %w", err)
	}
	all, left := suspects(findings)
	if f.suspects, f.missing, err = locateAll(t.bin, all); err != nil {
		return nil, err
	}
	if left > 0 {
		f.missing = append(f.missing, fmt.Sprintf("%d more: a processor watches %d maps", left, maxSuspects))
	}
	for _, s := range f.suspects {
		if err := t.place(s.sites); err != nil {
			return nil, fmt.Errorf("focus: %w", err)
		}
		f.sites = append(f.sites, s.sites...)
		if lacking != nil {
			s.why = lacking.Error()
		}
	}
	for _, c := range f.touches {
		f.sites = append(f.sites, c.Site)
	}
	return f, nil
}

// load tells the program which instructions are known.
func (f *focus) load(a *accessObjects) error {
	f.access = a
	first := len(f.sites) - len(f.touches)
	for i, c := range f.touches {
		cookie := c.cookie(first + i)
		switch {
		case c.Inside:
			cookie = inside
		case first > 0:
			// Held are those at the calls: here interrupts would wait meanwhile, and come
			// when the flag is set.
			cookie |= cookieMeets
		}
		if err := a.Touches.Put(c.Next+f.t.bias, cookie); err != nil {
			return fmt.Errorf("name the instructions that use a seed: %w", err)
		}
	}
	return nil
}

// set begins to watch.
func (f *focus) set() error {
	f.on = true
	now := time.Now()
	f.learning, f.looked = now, now
	for _, w := range f.watches {
		w.opened = now
	}
	return f.look(now)
}

// remove removes everything from the target. The maps' addresses are kept.
func (f *focus) remove() error {
	if f.access == nil {
		return nil // its programs could not be loaded
	}
	f.on = false
	// The credit may be used up before there was time to learn.
	errs := []error{f.unlink(), f.learn(time.Now(), true)}
	for _, w := range f.watches {
		errs = append(errs, w.close())
	}
	return errors.Join(errs...)
}

func (f *focus) unlink() error {
	links, cookies := f.links, f.linked
	f.links, f.linked = nil, nil
	return f.detach(links, cookies)
}

// tend is called now and then while it watches. traps counts those of all watchpoints.
func (f *focus) tend(now time.Time, traps uint64) error {
	if !f.on {
		return nil
	}
	if traps != f.trapped {
		f.trapped = traps
		for _, w := range slices.Clone(f.watches) {
			n, err := f.inside(w.number)
			if err != nil {
				return err
			}
			if n == w.inside {
				continue
			}
			w.suspect.wasInside()
			f.learning = now
			if err := f.drop(w); err != nil {
				return err
			}
		}
	}
	if now.Sub(f.looked) < focusLook {
		return nil
	}
	f.looked = now
	return f.look(now)
}

// inside is how often the program saw a seed used behind the flag.
func (f *focus) inside(number int) (n uint64, err error) {
	if err := f.access.Inside.Lookup(uint32(number), &n); err != nil {
		return 0, fmt.Errorf("read where watchpoints trapped: %w", err)
	}
	return n, nil
}

// insideMost is how often a map may turn out to use its seed while the writing flag is
// set: one that does not grow for good may, and one that has the address by now.
const insideMost = 3

// wasInside ends the watchpoints of a suspect that would trap where nothing may.
func (s *suspect) wasInside() {
	if s.insides++; s.insides == insideMost {
		s.why = "it grows or is cleared, which uses its seed while the map's writing flag is set"
	}
}

// look brings everything up to date: which threads there are, where the maps are, and
// which probes are needed for that.
func (f *focus) look(now time.Time) (err error) {
	if f.tids, err = threads(f.t.pid); err != nil {
		return err
	}
	if err := f.follow(); err != nil {
		return err
	}
	if err := f.dropIdle(now); err != nil {
		return err
	}
	if err := f.learn(now, false); err != nil {
		return err
	}
	if err := f.cover(); err != nil {
		return err
	}
	return f.probe()
}

// cover sets the watchpoints that are not set.
func (f *focus) cover() error {
	for _, w := range slices.Clone(f.watches) {
		if w.suspect.why != "" {
			continue
		}
		err := w.cover(f.tids, f.layout, f.access.Trap)
		if errors.Is(err, errRegisters) {
			w.suspect.why, err = err.Error(), f.drop(w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// follow reads where the maps of package variables are: a variable may be assigned
// another one.
func (f *focus) follow() error {
	for _, s := range f.suspects {
		if s.variable == 0 {
			continue
		}
		addr, err := f.word(s.variable + f.t.bias)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(f.watches, func(w *watchedMap) bool { return w.suspect == s })
		if i >= 0 && f.watches[i].addr != addr {
			if err := f.drop(f.watches[i]); err != nil {
				return err
			}
			i = -1
		}
		if i < 0 && addr != 0 {
			if err := f.add(s, addr); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropIdle lets go of learnt addresses that nobody uses, since the map may be gone, and
// of all after some time, since another one may have the address by now.
func (f *focus) dropIdle(now time.Time) error {
	clock := monotonic()
	for _, w := range slices.Clone(f.watches) {
		if w.suspect.variable != 0 || now.Sub(w.opened) < focusIdle {
			continue
		}
		var m accessMemory
		if err := f.access.Maps.Lookup(w.addr, &m); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("read when a map was used: %w", err)
		}
		// It may have been used since the clock was read.
		if used := max(m.ReadAt, m.Last.At); used+uint64(focusIdle) < clock || now.Sub(w.since) > focusAge {
			f.learning = now
			if err := f.drop(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// learn chooses from the maps that came by the calls of suspects without a watch: after
// some time, or at once where last says that there will be no more.
func (f *focus) learn(now time.Time, last bool) error {
	var need []*suspect
	for _, s := range f.suspects {
		if s.variable == 0 && !slices.ContainsFunc(f.watches, func(w *watchedMap) bool { return w.suspect == s }) {
			need = append(need, s)
		}
	}
	if len(need) == 0 || !last && now.Sub(f.learning) < focusLearn {
		return nil
	}
	clock := monotonic()
	since := clock - uint64(now.Sub(f.learning))
	type candidate struct {
		addr, at uint64
		shared   bool // by two goroutines
	}
	found := map[*suspect][]candidate{}
	var addr uint64
	var m accessMemory
	all := f.access.Maps.Iterate()
	for all.Next(&addr, &m) {
		s := f.suspectOf(m.Cookie)
		if at := max(m.ReadAt, m.Last.At); at >= since && slices.Contains(need, s) {
			shared := m.Before.Goid != 0 || m.Reader != 0 && m.Last.Goid != 0 && m.Reader != m.Last.Goid
			found[s] = append(found[s], candidate{addr, at, shared})
		}
	}
	if err := all.Err(); err != nil {
		return fmt.Errorf("read which maps were seen: %w", err)
	}
	each := max(1, maxSuspects/len(f.suspects))
	for _, s := range need {
		c := found[s]
		slices.SortFunc(c, func(a, b candidate) int {
			if a.shared != b.shared {
				if a.shared {
					return -1
				}
				return 1
			}
			return cmp.Compare(b.at, a.at)
		})
		if len(c) == 0 || !last && !c[0].shared && now.Sub(f.learning) < 5*focusLearn {
			continue
		}
		for _, c := range c[:min(each, len(c))] {
			if err := f.add(s, c.addr); err != nil {
				return err
			}
		}
	}
	return nil
}

// suspectOf is whose call a cookie is of, nil where others come by, too.
func (f *focus) suspectOf(cookie uint64) *suspect {
	n := int(cookie >> cookieSite)
	for _, s := range f.suspects {
		if n < len(s.sites) {
			if s.sites[n].Watched {
				return nil
			}
			return s
		}
		n -= len(s.sites)
	}
	return nil
}

// add watches one more map. Its watchpoints are set by look.
func (f *focus) add(s *suspect, addr uint64) error {
	if addr%8 != 0 || slices.ContainsFunc(f.watches, func(w *watchedMap) bool { return w.addr == addr }) {
		return nil
	}
	for n := range maxSuspects {
		if slices.ContainsFunc(f.watches, func(w *watchedMap) bool { return w.number == n }) {
			continue
		}
		before, err := f.inside(n)
		if err != nil {
			return err
		}
		now := time.Now()
		f.watches = append(f.watches, &watchedMap{
			suspect: s, number: n, addr: addr, since: now, opened: now, inside: before, points: map[int]watchpoint{},
		})
		if err := f.access.Watched.Put(addr, uint8(1)); err != nil {
			return fmt.Errorf("name a watched map: %w", err)
		}
		return nil
	}
	return nil
}

func (f *focus) drop(w *watchedMap) error {
	f.watches = slices.DeleteFunc(f.watches, func(v *watchedMap) bool { return v == w })
	err := f.access.Watched.Delete(w.addr)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		err = nil
	}
	return errors.Join(err, w.close())
}

// probe sets the probes that are needed now.
func (f *focus) probe() error {
	var want []int
	var cookies []uint64
	n := 0
	for _, s := range f.suspects {
		known := slices.ContainsFunc(f.watches, func(w *watchedMap) bool { return w.suspect == s })
		for _, site := range s.sites {
			// Where others come by, a watchpoint does as well for what takes the seed.
			if !site.Watched || known && (s.why != "" || !site.Op.IsWrite()) {
				want = append(want, n)
				cookies = append(cookies, site.cookie(n))
			}
			n++
		}
	}
	if slices.Equal(cookies, f.linked) {
		return nil
	}
	if err := f.unlink(); err != nil {
		return err
	}
	var sites []Site
	for _, n := range want {
		sites = append(sites, f.sites[n])
	}
	if len(sites) == 0 {
		return nil
	}
	links, err := f.attach(sites, cookies)
	if err != nil {
		return err
	}
	f.links, f.linked = links, cookies
	return nil
}

func (f *focus) word(addr uint64) (uint64, error) {
	b := make([]byte, 8)
	if err := f.read(addr, b); err != nil {
		return 0, fmt.Errorf("read a variable of the process: %w", err)
	}
	return binary.LittleEndian.Uint64(b), nil
}

func (f *focus) read(addr uint64, b []byte) error {
	local := []unix.Iovec{{Base: &b[0], Len: uint64(len(b))}}
	n, err := unix.ProcessVMReadv(f.t.pid, local, []unix.RemoteIovec{{Base: uintptr(addr), Len: len(b)}}, 0)
	if err == nil && n != len(b) {
		err = errors.New("only a part of it is there")
	}
	return err
}

// status says how each suspect is watched.
func (f *focus) status() []Suspect {
	var out []Suspect
	for _, s := range f.suspects {
		v := Suspect{Map: s.name, How: ByCalls, Why: s.why}
		for _, w := range f.watches {
			if w.suspect == s {
				v.Addrs = append(v.Addrs, finding.Addr(w.addr))
			}
		}
		switch {
		case s.why != "":
		case len(v.Addrs) > 0:
			v.How = ByWatchpoint
		default:
			v.How = Sought
		}
		out = append(out, v)
	}
	return out
}
