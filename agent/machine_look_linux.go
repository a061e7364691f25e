//go:build amd64 || arm64

package agent

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

// exe is an executable that is known.
type exe struct {
	*executable
	id    exeID
	err   error
	users int
	// again says that err is not the file's fault: it may be gone at the next try.
	again bool
}

// exes are the executables that processes run, and of others those that were run
// last: a compiler comes again and again. Those that were refused are among them.
type exes struct {
	mu    sync.Mutex
	known map[exeID]*exe
	idle  []*exe // that no process runs, the one for longest first
}

const maxIdle = 64

func (x *exes) find(id exeID) *exe {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.known[id]
}

// use notes that a process runs an executable. Another one may have come to know it
// meanwhile.
func (x *exes) use(e *exe) *exe {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e.again {
		return e
	}
	if k := x.known[e.id]; k != nil {
		e = k
	}
	x.known[e.id] = e
	x.idle = slices.DeleteFunc(x.idle, func(i *exe) bool { return i == e })
	e.users++
	return e
}

func (x *exes) drop(e *exe) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e.again {
		return
	}
	if e.users--; e.users > 0 {
		return
	}
	if x.idle = append(x.idle, e); len(x.idle) > maxIdle {
		delete(x.known, x.idle[0].id)
		x.idle = slices.Delete(x.idle, 0, 1)
	}
}

// look is what is found out of a process by a goroutine that may be stuck: in a file
// system that does not answer, or in a file that is made to be read for ever.
type look struct {
	p     *proc // not for that goroutine
	pid   int
	known exeID // what it ran before
	began time.Time
	start bool // it was there before the agent, whose start this belongs to
	left  *allowance
	late  bool // it was given up; not for that goroutine

	id       exeID
	err      error // it is another user's
	exe      *exe  // nil if it runs what it did before, or nothing
	resource finding.Resource
}

// How long a look may take, how long the turns may at the end, and how many may be
// stuck at a time.
const (
	patience = 30 * time.Second
	maxStuck = 4
)

// errStuck is why a process is refused whose executable takes too long.
var errStuck = fmt.Errorf("its executable cannot be read within %v", patience)

// enqueue has a process looked at.
func (m *machine) enqueue(p *proc) {
	if !p.looking {
		p.looking = true
		m.due = append(m.due, p)
	}
}

// lookOn lets the next processes be looked at, one at a time, as far as what that
// costs is paid.
func (m *machine) lookOn() {
	if l := m.busy; l != nil && time.Since(l.began) > patience {
		m.giveUp(l)
	}
	for m.busy == nil && len(m.due) > 0 && m.stuck < maxStuck {
		p := m.due[0]
		start := p.atStart && p.id == (exeID{})
		if !start && m.purse.owes(time.Now()) {
			return
		}
		m.due = m.due[1:]
		if m.procs[p.pid] != p {
			continue
		}
		m.busy = &look{p: p, pid: p.pid, known: p.id, began: time.Now(), start: start, left: newAllowance()}
		go m.look(m.busy)
	}
}

// giveUp leaves a look to itself. What it finds out late is taken all the same.
func (m *machine) giveUp(l *look) {
	l.late = true
	l.left.end()
	m.busy = nil
	m.stuck++
	if p := l.p; m.procs[p.pid] == p && p.exe == nil && p.State == "" {
		p.Resource = finding.Resource{PID: p.pid}
		m.refuse(p, errStuck)
	}
}

func (m *machine) look(l *look) {
	m.charged(l.start, func() error {
		l.find(m.self, &m.exes)
		return nil
	})
	m.looked <- l
}

// charged charges what this thread uses, unless it belongs to the start.
func (m *machine) charged(start bool, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, err := threadTime()
	if err != nil {
		return err
	}
	err = f()
	if ended, timeErr := threadTime(); timeErr == nil && !start {
		m.purse.charge(ended-began, time.Now())
	}
	return err
}

// find finds out what program a process runs, unless that is known.
func (l *look) find(self exeID, known *exes) {
	l.id, l.err = exeIDOf(l.pid)
	if l.err != nil || l.id == l.known || l.id == self || l.id == (exeID{}) {
		return
	}
	if l.exe = known.find(l.id); l.exe == nil {
		l.exe = l.examine()
	}
	if e := l.exe; e != nil && !errors.Is(e.err, binfo.ErrNotGo) {
		var info binfo.Info
		if e.err == nil {
			info = e.info
		}
		l.resource = resourceOf(l.pid, info)
	}
}

// examine is nil for what became another program just now, or is gone.
func (l *look) examine() *exe {
	e := &exe{id: l.id}
	b, err := openExe(exePath(l.pid))
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ESRCH):
		l.id = exeID{}
		return nil
	case err != nil:
		e.err, e.again = err, true
		return e
	}
	defer b.close() // it was only read
	if !b.is(l.id) {
		l.id = exeID{}
		return nil
	}
	e.executable, e.err = b.examine(l.left)
	var system syscall.Errno
	e.again = errors.As(e.err, &system)
	return e
}

// take is what the machine does with a look.
func (m *machine) take(l *look) {
	if l.late {
		m.stuck--
	} else {
		m.busy = nil
	}
	p := l.p
	p.looking = false
	switch {
	case m.procs[p.pid] != p, l.err != nil:
		return // it has ended, or is another user's
	case l.id == p.id:
		if p.State == Refused && p.exe != nil && p.exe.err == nil && p.seen >= p.retry {
			m.await(p)
		}
		return
	case p.turn != nil: // it became another program
		p.turn.stop()
		return // until that has ended
	}
	m.forget(p)
	p.id = l.id
	if l.exe == nil {
		return
	}
	p.exe = m.exes.use(l.exe)
	if errors.Is(p.exe.err, binfo.ErrNotGo) {
		return
	}
	p.Resource = l.resource
	if m.o.Match != nil && !m.o.Match(p.Resource) {
		return
	}
	if p.exe.again {
		p.id = exeID{} // to be looked at anew
	} else {
		p.told, p.fails = "", 0
	}
	if p.exe.err != nil {
		m.refuse(p, p.exe.err)
		return
	}
	m.await(p)
	if m.o.Came != nil {
		m.o.Came(p.Process)
	}
}

func (m *machine) await(p *proc) {
	p.State, p.Why = Waiting, ""
	m.queue = append(m.queue, p)
}

// refuse says so, unless it was said.
func (m *machine) refuse(p *proc, err error) {
	p.State, p.Why = Refused, err.Error()
	if p.told != p.Why && m.o.Came != nil {
		m.o.Came(p.Process)
	}
	p.told = p.Why
}
