package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/maplayout"
)

// look is one look at a process, while it is taken.
type look struct {
	p    *Process
	opts Options
	view *View
	ms   map[uint64]bool // machines that goroutines were seen on
	// samples are frames whose local variables lead to maps, a few of each pc.
	samples []sample
	sampled map[uint64]int
	// restless are goroutines, by address, that were running when they were read, or
	// went on meanwhile; they are read again when nothing runs.
	restless []uint64
	caught   []caught
}

// caught is a goroutine that a thread ran when it was stopped.
type caught struct {
	g     goroutine
	stack stack
	exact bool // g has the thread's registers
}

// sample is a frame of a goroutine.
type sample struct {
	goroutine uint64
	f         frame
}

const perPC = 64

// Look reads the process as it stands. What could not be read is among the
// view's problems; an error means that nothing could be.
func (p *Process) Look(opts Options) (*View, error) {
	start := time.Now()
	if opts.Budget <= 0 {
		opts.Budget = time.Second
	}
	l := &look{
		p: p, opts: opts, ms: map[uint64]bool{}, sampled: map[uint64]int{},
		view: &View{
			PID: p.pid, Core: p.core, Binary: p.binary, GoVersion: p.bin.Info().GoVersion, Goroutines: map[string]int{},
			Inside: []Inside{}, Maps: []*Map{},
		},
	}
	if err := p.goroutines(l.parked); err != nil {
		return nil, fmt.Errorf("inspect %s: %w", p, err)
	}
	if opts.NoStop && p.pid != 0 {
		l.view.NoStop = "-no-stop"
	} else {
		took, missing, err := l.stop()
		for i := range l.caught {
			c := &l.caught[i]
			if in := l.goroutine(&c.g, &c.stack, c.exact); in != nil {
				l.view.Inside = append(l.view.Inside, *in)
			}
		}
		l.view.Stopped = took
		if err != nil {
			l.view.NoStop = err.Error()
		}
		if missing > 0 {
			l.problem("%d threads did not stop within %v, %d times, and were let go", missing, maxStop, stopTries)
		}
	}
	for i := range l.view.Inside {
		l.name(&l.view.Inside[i])
	}
	slices.SortFunc(l.view.Inside, func(a, b Inside) int { return cmp.Compare(a.Goroutine, b.Goroutine) })
	l.maps()
	l.view.Took = time.Since(start)
	return l.view, nil
}

// stop stops the process and catches what it runs. A thread that waits for a
// processor does not stop in time: on a busy machine it is tried again, and the
// try that missed least counts.
func (l *look) stop() (took time.Duration, missing int, err error) {
	took, missing, err = l.p.src.stopped(l.running)
	for try := 1; try < stopTries && missing > 0 && err == nil; try++ {
		time.Sleep(stopPause)
		before := l.caught
		l.caught = nil
		t, m, failed := l.p.src.stopped(l.running)
		took += t
		if failed != nil || m >= missing {
			l.caught = before // nothing that was found is lost
		} else {
			missing = m
		}
	}
	return took, missing, err
}

func (p *Process) String() string {
	if p.pid != 0 {
		return fmt.Sprintf("process %d", p.pid)
	}
	return "core " + p.core
}

func (l *look) problem(format string, args ...any) {
	l.view.Problems = append(l.view.Problems, fmt.Sprintf(format, args...))
}

// stackStart is how much of a stack is read first: most have ended by then.
const stackStart = 1 << 10

// parked looks at goroutines that are on no thread. They may be running again when
// their stacks are read: who turns out to be inside a map is asked once more.
func (l *look) parked(gs []goroutine) error {
	addrs := make([]uint64, 0, len(gs))
	bufs := make([][]byte, 0, len(gs))
	still := gs[:0]
	for _, g := range gs {
		if g.gone() {
			continue
		}
		l.view.Goroutines[g.state()]++
		if g.m != 0 {
			l.ms[g.m] = true
		}
		if g.status == statusRunning {
			l.restless = append(l.restless, g.addr)
			continue
		}
		if g.sp < g.lo || g.sp >= g.hi {
			continue
		}
		still = append(still, g)
		addrs = append(addrs, g.sp)
		bufs = append(bufs, make([]byte, min(g.hi-g.sp, stackStart)))
	}
	whole := l.p.src.readMany(addrs, bufs)
	for i := range still {
		if !whole[i] {
			continue
		}
		g := &still[i]
		switch in := l.goroutine(g, &stack{at: g.sp, hi: g.hi, b: bufs[i]}, false); {
		case in == nil:
		case l.movedOn(g):
			l.restless = append(l.restless, g.addr)
		default:
			l.view.Inside = append(l.view.Inside, *in)
		}
	}
	return nil
}

// maxCaught is how much of a running goroutine's stack is kept.
const maxCaught = 64 << 10

// running keeps what the threads run, while they stand still: it must be quick.
func (l *look) running(threads []thread) {
	machines := l.p.machines(l.ms)
	for _, t := range threads {
		m, ok := machines[t.tid]
		if !ok || m.curg == 0 {
			continue
		}
		gs := l.p.readGs([]uint64{m.curg})
		if len(gs) != 1 || gs[0].status != statusRunning {
			continue
		}
		g := gs[0]
		switch {
		case g.lo <= t.sp && t.sp < g.hi:
			g.pc, g.sp, g.lr = t.pc, t.sp, t.lr
			l.catch(g, true)
		case l.on(m.g0, t.sp):
			// The runtime works on the thread's own stack, and left a note where it came from.
			l.catch(g, false)
		}
		// Else it is in a signal handler, or in C.
	}
	for _, g := range l.p.readGs(l.restless) {
		if g.status != statusRunning && !g.gone() {
			l.catch(g, false)
		}
	}
}

func (l *look) catch(g goroutine, exact bool) {
	if g.sp < g.lo || g.sp >= g.hi {
		return
	}
	if b, err := l.p.read(g.sp, int(min(g.hi-g.sp, maxCaught))); err == nil {
		l.caught = append(l.caught, caught{g, stack{g.sp, g.hi, b, true}, exact})
	}
}

// on reports whether sp lies in the stack of the goroutine at addr.
func (l *look) on(addr, sp uint64) bool {
	gs := l.p.readGs([]uint64{addr})
	return len(gs) == 1 && gs[0].lo <= sp && sp < gs[0].hi
}

// goroutine looks through a stack for a map operation, and for frames whose
// variables may lead to maps; it returns nil if it is in no operation.
func (l *look) goroutine(g *goroutine, s *stack, exact bool) (in *Inside) {
	l.p.unwind(g, exact, s, func(f frame, st step) bool {
		switch {
		case st.mapFunc && (in == nil || in.Func == ""):
			// The runtime's functions call one another: the outermost is the operation.
			in = l.inside(g, s, f, st, in)
			return true
		case in != nil && (in.Func == "" || isWrapper(in.Func)):
			l.caller(in, f)
		}
		if !f.exact && l.sampled[f.pc] < perPC {
			l.sampled[f.pc]++
			l.samples = append(l.samples, sample{g.id, f})
		}
		return true
	})
	return in
}

// movedOn reports whether a goroutine is not where it was when it was read.
func (l *look) movedOn(g *goroutine) bool {
	now := l.p.readGs([]uint64{g.addr})
	return len(now) != 1 || now[0].id != g.id || now[0].status != g.status || now[0].sp != g.sp || now[0].pc != g.pc
}

// inside says what the map function of a frame does. inner is what one that it
// called does, or nil.
func (l *look) inside(g *goroutine, s *stack, f frame, st step, inner *Inside) *Inside {
	op, _, header, iter, _ := binfo.OpOf(st.fn.Name)
	in := &Inside{Goroutine: g.id, State: g.state(), Op: string(op), Write: op.IsWrite(), Runtime: st.fn.Name}
	addr, ok := uint64(0), false
	switch {
	case header >= 0:
		addr, ok = l.p.spill(s, f, header)
	case iter >= 0 && l.p.rt.iterMap >= 0:
		if it, saved := l.p.spill(s, f, iter); saved {
			v, err := l.p.word(it + uint64(l.p.rt.iterMap))
			addr, ok = v, err == nil
		}
	}
	switch {
	case ok && l.p.layout.Fits(l.p.src, addr):
		in.Map = addr
	case inner != nil && inner.Map != 0:
		in.Map = inner.Map
	default:
		in.NoMap = "its frame has not saved the map's address"
	}
	return in
}

// caller says who called the operation.
func (l *look) caller(in *Inside, f frame) {
	pc := f.pc - l.p.base
	if in.Func == "" {
		if s, err := l.p.bin.Call(pc); err == nil {
			in.Type, in.typeAddr, in.Name = s.Type, s.TypeAddr, s.Map.Name
		}
	}
	if !f.exact {
		pc--
	}
	for i, fr := range l.p.bin.Frames(pc) {
		if i == 0 || isWrapper(in.Func) {
			in.Func, in.File, in.Line = fr.Func, fr.File, fr.Line
		}
	}
}

// isWrapper reports whether a function only hands a map operation on.
func isWrapper(name string) bool {
	return strings.HasPrefix(name, "maps.") || strings.HasPrefix(name, "internal/runtime/maps.") || strings.HasPrefix(name, "runtime.")
}

// name gives what the process says of a map that a goroutine is inside of: its
// type with the full import path.
func (l *look) name(in *Inside) {
	if in.typeAddr == 0 {
		return
	}
	if t, err := l.p.bin.TypeAt(in.typeAddr); err == nil {
		in.Type = l.p.bin.Described(t).Name
	}
}

// maps finds the maps and reads each.
func (l *look) maps() {
	w := newWalk(l.p, l.opts)
	for i := range l.view.Inside {
		w.inside(&l.view.Inside[i])
	}
	w.globals(false)
	for _, s := range l.samples {
		w.locals(s)
	}
	w.globals(true)
	if err := w.noNames; err != nil {
		l.problem("package variables are not searched for maps: %v", err)
	}
	l.view.Cut = w.cut
	for _, m := range w.found {
		if m.Std && !l.opts.Std && len(m.Inside) == 0 {
			continue
		}
		l.read(m)
		l.view.Maps = append(l.view.Maps, m)
	}
	slices.SortStableFunc(l.view.Maps, func(a, b *Map) int {
		return cmp.Or(
			cmp.Compare(len(b.Inside), len(a.Inside)),
			less(a.Std, b.Std),
			cmp.Compare(b.Used, a.Used),
			cmp.Compare(a.Path, b.Path),
		)
	})
}

func less(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// read reads one map.
func (l *look) read(m *Map) {
	opts := maplayout.Options{CountOnly: l.opts.Entries == 0, MaxEntries: l.opts.Entries, MaxGroups: 1 << 17}
	m.Map = l.p.layout.Read(l.p.src, m.Map.Addr, m.slots, opts)
	for _, t := range m.Tables {
		m.Capacity += int(t.Capacity)
		if !m.Small {
			m.GrowthLeft += int(t.GrowthLeft)
		}
	}
	if m.Small {
		m.GrowthLeft = max(0, m.Capacity-int(m.Used))
	}
}
