//go:build amd64 || arm64

package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/mapsan/mapsan/finding"
)

// WatchMachine watches every Go process of the machine but its own until ctx ends,
// which is no error.
func WatchMachine(ctx context.Context, o MachineOptions) error {
	each, err := o.complete()
	if err != nil {
		return err
	}
	costs, err := measure()
	if err != nil {
		return err
	}
	self, err := exeIDOf(os.Getpid())
	if err != nil {
		return err
	}
	each.from = purseOf(each.Budget)
	m := &machine{o: o, each: each, purse: each.from, costs: costs, self: self,
		exes: exes{known: map[exeID]*exe{}}, procs: map[int]*proc{}, ended: make(chan *proc),
		looked: make(chan *look, maxStuck+1)}
	return m.run(ctx)
}

// machine is the state of WatchMachine, which one goroutine owns; those of the
// turns share no more with it than their turn, and those that look at processes
// their look and the executables.
type machine struct {
	o      MachineOptions
	each   Options
	purse  *purse
	costs  Costs
	self   exeID
	exes   exes
	procs  map[int]*proc
	scans  int
	failed int     // scans, one after the other
	queue  []*proc // that wait, the next one first
	active int
	ended  chan *proc
	due    []*proc // that are to be looked at, the next one first
	busy   *look   // the one under way; nil if there is none
	stuck  int     // looks that were given up
	looked chan *look
	found  sync.Mutex // held while o.Found is called
}

// proc is a process; of one that is not known to be a program exe is nil.
type proc struct {
	pid     int
	id      exeID
	atStart bool // it was there before the agent
	seen    int  // in so many scans
	looking bool // it is looked at, or is to be
	exe     *exe
	Process        // as it was when its last turn ended
	told    string // why it is refused, as it was said last
	fails   int    // turns, one after the other
	retry   int    // at so many scans, after one that failed
	turn    *turn  // nil unless it is watched
	gone    bool
}

// turn is the time for which a process is watched.
type turn struct {
	began   time.Time
	stop    context.CancelFunc
	stopped bool
	err     error // how it ended
	id      exeID // what the process ran then

	mu     sync.Mutex // guards what is below
	status Status
	shown  int
}

// Not Go programs, and those that cannot be watched, are looked at again after so
// many scans: a process may become another program.
const lookAgain = 10

func (m *machine) run(ctx context.Context) error {
	// What this thread uses is charged too.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	scan := time.NewTicker(m.o.Every)
	defer scan.Stop()
	err := m.scan(ctx)
	for err == nil && ctx.Err() == nil {
		select {
		case <-ctx.Done():
			continue
		case p := <-m.ended:
			err = m.charged(false, func() error { m.end(p); m.begin(ctx); return nil })
		case l := <-m.looked:
			err = m.charged(false, func() error { m.take(l); m.begin(ctx); return nil })
		case <-scan.C:
			if m.scans > 1 && m.purse.owes(time.Now()) {
				m.tick() // what came could not begin either
				break
			}
			err = m.charged(false, func() error { return m.scan(ctx) })
		}
		m.lookOn()
	}
	err = errors.Join(err, m.stop())
	m.tick()
	return err
}

// stop ends all turns.
func (m *machine) stop() error {
	for _, p := range m.procs {
		if p.turn != nil {
			p.turn.stop()
		}
	}
	for late := time.After(patience); m.active > 0; {
		select {
		case p := <-m.ended:
			m.end(p)
		case <-late:
			return fmt.Errorf("%d processes cannot be left within %v: a file system may not answer", m.active, patience)
		}
	}
	return nil
}

// scan finds which processes came and which ones left.
func (m *machine) scan(ctx context.Context) error {
	pids, err := processes()
	if err != nil {
		if m.failed++; m.failed < lookAgain {
			return nil // memory or descriptors may be short for a moment
		}
		return err
	}
	m.failed = 0
	m.scans++
	there := make(map[int]bool, len(pids))
	for _, pid := range pids {
		there[pid] = true
		p := m.procs[pid]
		if p == nil {
			p = &proc{pid: pid, atStart: m.scans == 1}
			m.procs[pid] = p
		}
		p.seen++
		// One that is there only once may be a compiler, or the like.
		if p.seen == 2 || p.seen > 2 && (p.seen-2)%lookAgain == 0 {
			m.enqueue(p)
		}
	}
	for pid, p := range m.procs {
		if !there[pid] {
			m.left(p)
		}
	}
	m.begin(ctx)
	m.makeRoom()
	m.tick()
	return nil
}

// begin gives turns to those that wait, as long as there is room, and as far as what
// that costs is paid. The first turns of those that were there before belong to the
// start.
func (m *machine) begin(ctx context.Context) {
	for m.active < m.o.AtOnce && len(m.queue) > 0 && ctx.Err() == nil {
		p := m.queue[0]
		start := p.atStart && p.Turns == 0
		if !start && m.purse.owes(time.Now()) {
			return
		}
		m.queue = m.queue[1:]
		ctx, stop := context.WithCancel(ctx)
		t := &turn{began: time.Now(), stop: stop}
		p.turn = t
		p.State = Watched
		m.active++
		pid, id, e := p.pid, p.id, p.exe.executable
		go func() {
			t.err = m.watch(ctx, pid, id, e, t, start)
			t.id, _ = exeIDOf(pid)
			m.ended <- p
		}()
	}
}

// errOther is how a turn ends that found another program in the process.
var errOther = errors.New("it became another program")

// watch is one turn of a process. What it uses until the watcher charges that itself,
// and after that, is charged here.
func (m *machine) watch(ctx context.Context, pid int, id exeID, e *executable, turn *turn, start bool) error {
	var w *Watcher
	err := m.charged(start, func() (err error) {
		w, err = m.watcher(pid, id, e, turn)
		return err
	})
	if err != nil {
		return err
	}
	err = w.Watch(ctx)
	err = errors.Join(err, m.charged(false, w.Close))
	turn.set(w.Status())
	return err
}

func (m *machine) watcher(pid int, id exeID, e *executable, turn *turn) (*Watcher, error) {
	b, err := openExe(exePath(pid))
	if err != nil {
		return nil, err
	}
	if !b.is(id) {
		b.close()
		return nil, errOther
	}
	t, err := newTarget(pid, e, b)
	if err != nil {
		b.close()
		return nil, err
	}
	o := m.each
	o.Found = func(f *finding.Finding) {
		turn.mu.Lock()
		turn.shown++
		turn.mu.Unlock()
		m.found.Lock()
		defer m.found.Unlock()
		if m.o.Found != nil {
			m.o.Found(f)
		}
	}
	o.Tick, o.seldom = turn.set, true
	w, err := newWatcher(t, nil, m.costs, o)
	if err != nil {
		b.close()
	}
	return w, err
}

func (t *turn) set(st Status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status = st
}

// end takes what a turn came to.
func (m *machine) end(p *proc) {
	m.active--
	t := p.turn
	t.stop()
	p.Process = p.sum()
	p.Turns++
	p.turn = nil
	switch {
	case p.gone, errors.Is(t.err, ErrGone), t.id == (exeID{}):
		p.gone = true
		m.left(p)
	case t.id != p.id:
		m.forget(p)
		p.id = exeID{}
		m.enqueue(p)
	case t.err != nil: // it may be for a moment only
		p.fails++
		p.retry = p.seen + lookAgain<<min(p.fails, 6)
		m.refuse(p, t.err)
	default:
		p.fails = 0
		m.await(p)
	}
}

// sum is the process with what its turn came to so far.
func (p *proc) sum() Process {
	all := p.Process
	if p.turn != nil {
		p.turn.mu.Lock()
		defer p.turn.mu.Unlock()
		all.Status = all.Status.plus(p.turn.status)
		all.Found += p.turn.shown
	}
	return all
}

// makeRoom ends the turn of one process, if others wait: the one that uses no map,
// or else the one that was watched longest.
func (m *machine) makeRoom() {
	if len(m.queue) == 0 || m.active < m.o.AtOnce || m.purse.owes(time.Now()) {
		return
	}
	var longest *proc
	for _, p := range m.procs {
		if p.turn == nil || p.turn.stopped {
			continue
		}
		p.turn.mu.Lock()
		st := p.turn.status
		p.turn.mu.Unlock()
		idle := st.Hits == 0 && (st.Set || st.Watching > 0)
		if idle && time.Since(p.turn.began) > m.o.Turn/12 {
			p.turn.leave()
			return
		}
		if longest == nil || p.turn.began.Before(longest.turn.began) {
			longest = p
		}
	}
	if longest != nil && time.Since(longest.turn.began) > m.o.Turn {
		longest.turn.leave()
	}
}

func (t *turn) leave() {
	t.stopped = true
	t.stop()
}

// left forgets a process that has ended, once its turn has.
func (m *machine) left(p *proc) {
	p.gone = true
	if p.turn != nil || m.procs[p.pid] != p {
		return
	}
	delete(m.procs, p.pid)
	told := p.State != ""
	p.State = Ended
	m.forget(p)
	if told && m.o.Left != nil {
		m.o.Left(p.Process)
	}
}

// forget parts a process from its executable.
func (m *machine) forget(p *proc) {
	m.queue = slices.DeleteFunc(m.queue, func(q *proc) bool { return q == p })
	if p.exe != nil {
		m.exes.drop(p.exe)
	}
	p.exe = nil
	if p.State != Ended {
		p.State, p.Why = "", ""
	}
}

func (m *machine) tick() {
	if m.o.Tick == nil {
		return
	}
	var all []Process
	for _, p := range m.procs {
		if p.State != "" {
			all = append(all, p.sum())
		}
	}
	slices.SortFunc(all, func(a, b Process) int { return cmp.Compare(a.Resource.PID, b.Resource.PID) })
	m.o.Tick(all)
}
