//go:build amd64 || arm64

package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"
)

// Watcher watches one process.
type Watcher struct {
	t      *target
	p      *probes
	o      Options
	status Status
	budget *budget
	began  time.Time
	since  time.Time // when the probes were set
	forgot time.Time // when the programs forgot all maps
	used   Totals    // at the last settlement
	life   *life
	own    time.Duration // processor time of the thread that watches, at the last settlement
	shown  atomic.Int64  // and of the one that shows findings, not charged yet, in ns
	set    period        // the last time that the probes were set
}

// period is when all probes were set, by the kernel's clock; to is 0 while they are.
type period struct{ from, to uint64 }

func (p period) has(at uint64) bool { return p.from != 0 && p.from <= at && (p.to == 0 || at <= p.to) }

// Attach prepares to watch a process. Its code is not changed yet.
func Attach(pid int, o Options) (*Watcher, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	costs, err := measure()
	if err != nil {
		return nil, err
	}
	var lacking error
	if len(o.Focus) > 0 {
		costs.Trap, lacking = measureTrap()
		if lacking != nil && !errors.Is(lacking, errRegisters) && !errors.Is(lacking, errLimit) {
			return nil, lacking
		}
	}
	t, err := openTarget(pid)
	if err != nil {
		return nil, err
	}
	var f *focus
	if len(o.Focus) > 0 {
		if f, err = newFocus(t, o.Focus, lacking); err != nil {
			return nil, errors.Join(fmt.Errorf("process %d: %w", pid, err), t.close())
		}
	}
	w, err := newWatcher(t, f, costs, o)
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return w, nil
}

func newWatcher(t *target, f *focus, costs Costs, o Options) (w *Watcher, err error) {
	w = &Watcher{t: t, o: o, status: Status{PID: t.pid, Sites: len(t.sites), Costs: costs}}
	if f != nil {
		w.status.Focus, w.status.Unfound = f.status(), f.missing
	}
	if w.life, err = lifeOf(t.pid); err != nil {
		return nil, err
	}
	if w.p, err = loadProbes(t, f, o, costs); err != nil {
		return nil, errors.Join(fmt.Errorf("process %d: %w", t.pid, err), w.life.close())
	}
	return w, nil
}

// Try sets probes in this process for a moment. It returns how they are set here,
// and what they cost.
func Try() (how string, costs Costs, err error) {
	how = "a uprobe for each map function"
	if haveMulti() {
		how = "one multi-uprobe link"
	}
	costs, err = measure()
	return how, costs, err
}

// TryFocus sets a watchpoint in this process for a moment. It returns what a trap costs.
func TryFocus() (time.Duration, error) { return measureTrap() }

// Status is how it went so far.
func (w *Watcher) Status() Status { return w.status }

// Close removes what was set.
func (w *Watcher) Close() error {
	return errors.Join(w.p.close(), w.t.close(), w.life.close())
}

func (w *Watcher) gone() bool { return w.life.over() }

// How often the cost is looked at, although the kernel says when the credit is used
// up: for what has no price of its own, and for who wants to see how it goes.
const (
	settleEvery = time.Second
	tickEvery   = 100 * time.Millisecond
	tendEvery   = 20 * time.Millisecond // with focus
)

// Watch watches until ctx ends, which is no error, or the process does: ErrGone.
func (w *Watcher) Watch(ctx context.Context) (err error) {
	r, err := ringbuf.NewReader(w.p.access.Conflicts)
	if err != nil {
		return fmt.Errorf("read the ring of conflicts: %w", err)
	}
	u, err := ringbuf.NewReader(w.p.access.UsedUp)
	if err != nil {
		return errors.Join(fmt.Errorf("read the ring of the credit: %w", err), r.Close())
	}
	if err := w.p.setFatal(); err != nil {
		return errors.Join(w.notSet(err), r.Close(), u.Close())
	}
	read, listened, usedUp := make(chan error, 1), make(chan error, 1), make(chan struct{}, 1)
	go func() { read <- records(r, "conflicts", w.found) }()
	go func() {
		listened <- records(u, "the credit", func(*uint64) error {
			select {
			case usedUp <- struct{}{}:
			default: // it is known already
			}
			return nil
		})
	}()
	// What this thread uses is charged too.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if w.own, err = threadTime(); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, w.removeProbes(), w.settle())
		w.budget.end()
		// What is in the ring by now is still read.
		err = errors.Join(err, r.Flush(), <-read, r.Close(), u.Flush(), <-listened, u.Close())
		if errors.Is(err, ErrGone) || w.gone() {
			err = errors.Join(err, w.crashed())
		}
	}()
	w.began = time.Now()
	w.forgot = w.began
	from := w.o.from
	if from == nil {
		from = purseOf(w.o.Budget)
	}
	w.budget = from.budget(w.began)
	for {
		if !w.p.isSet() && w.budget.wait() == 0 {
			if err := w.setProbes(); err != nil {
				return err
			}
		}
		every := settleEvery
		if !w.p.isSet() {
			every = w.budget.wait()
		}
		switch {
		case w.p.focus != nil:
			every = min(every, tendEvery)
		case w.o.Tick != nil && !w.o.seldom:
			every = min(every, tickEvery)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-w.life.ended:
			return fmt.Errorf("process %d: %w", w.t.pid, ErrGone)
		case <-usedUp:
		case <-time.After(every):
		}
		if err := w.settle(); err != nil {
			return err
		}
		if err := w.tend(); err != nil {
			return err
		}
		if w.p.isSet() {
			if w.budget.over() || time.Since(w.forgot) > w.o.forget {
				err = w.removeProbes()
			} else {
				err = w.p.limit(w.budget.credit)
			}
			if err != nil {
				return err
			}
		}
		if w.o.Tick != nil {
			w.o.Tick(w.status)
		}
	}
}

func (w *Watcher) setProbes() error {
	if time.Since(w.forgot) > w.o.forget {
		if err := w.p.forget(); err != nil {
			return err
		}
		w.forgot = time.Now()
	}
	if err := w.p.limit(w.budget.credit); err != nil {
		return err
	}
	if err := w.p.set(); err != nil {
		return w.notSet(err)
	}
	w.set = period{from: monotonic()}
	w.since = time.Now()
	w.status.Set = true
	w.charge(change)
	if w.o.Ready != nil {
		w.o.Ready()
		w.o.Ready = nil
	}
	return nil
}

// tend lets focus do what it must from time to time.
func (w *Watcher) tend() error {
	f := w.p.focus
	if f == nil {
		return nil
	}
	if err := f.tend(time.Now(), w.used.Traps); err != nil {
		return w.notSet(err)
	}
	w.status.Focus = f.status()
	return nil
}

// notSet is why probes could not be set: it may be that the process is about to end.
func (w *Watcher) notSet(err error) error {
	const ending = 100 * time.Millisecond // in which its memory and threads go before it does
	if errors.Is(err, unix.ESRCH) || errors.Is(err, os.ErrNotExist) || w.life.overWithin(ending) {
		err = ErrGone
	}
	return fmt.Errorf("process %d: %w", w.t.pid, err)
}

func (w *Watcher) removeProbes() error {
	if !w.p.isSet() {
		return nil
	}
	// The code is restored at the beginning; then the kernel waits, for up to a second
	// on a busy machine, for probes that are under way.
	w.status.Watching += time.Since(w.since)
	w.set.to = monotonic()
	err := w.p.remove()
	w.status.Set = false
	w.charge(change)
	return errors.Join(err, w.settle())
}

// change is what the target pays when probes are set or removed, beside the
// processor time of this thread, which is charged as it is: each byte of code that
// changes interrupts the processors that run it. Most of the time that it takes, it
// waits for the kernel, and nobody works.
const change = 300 * time.Microsecond

// settle takes what was used since the last call: by the target, and by us.
func (w *Watcher) settle() error {
	t, err := w.p.totals()
	if err != nil {
		return err
	}
	used := time.Duration(t.Hits-w.used.Hits)*w.status.Hit +
		time.Duration(t.Traps-w.used.Traps)*w.status.Trap +
		time.Duration(t.Kept-w.used.Kept)*w.status.Stack + t.Delayed - w.used.Delayed
	own, err := threadTime()
	if err != nil {
		return err
	}
	used += own - w.own + time.Duration(w.shown.Swap(0))
	w.own = own
	w.used, w.status.Totals = t, t
	w.charge(used)
	return nil
}

func (w *Watcher) charge(used time.Duration) {
	now := time.Now()
	w.status.Cost += used
	w.status.Elapsed = now.Sub(w.began)
	w.budget.spend(used, now)
}

func (w *Watcher) found(raw *accessConflict) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, err := threadTime()
	if err != nil {
		return err
	}
	if w.o.Found != nil {
		if err := w.t.load(); err != nil {
			return err
		}
		f := describe(w.conflict(raw), w.t.bin, w.t.bias)
		f.Resource = w.t.resource
		w.o.Found(f)
	}
	ended, err := threadTime()
	w.shown.Add(int64(ended - began))
	return err
}

func (w *Watcher) conflict(raw *accessConflict) conflict {
	return conflict{
		addr: raw.Other.Map, overlap: int64(raw.Other.Start - raw.Held.Start),
		sides: [2]access{w.access(&raw.Other), w.access(&raw.Held)},
	}
}

func (w *Watcher) access(raw *accessAccess) access {
	a := access{goid: raw.Goid, goPC: raw.GoPc}
	sites := w.t.sites
	if w.p.focus != nil {
		sites = w.p.focus.sites
	}
	if n := raw.Cookie >> cookieSite; n < uint64(len(sites)) {
		a.site = sites[n]
	}
	if raw.Bytes < 0 {
		a.lacked = fmt.Sprintf("the kernel could not walk it: error %d", raw.Bytes)
		return a
	}
	n := min(int(raw.Bytes/8), len(raw.Stack))
	a.stack, a.cut = raw.Stack[:n], n == len(raw.Stack)
	if n > 0 && a.site.Return != 0 {
		// It was at the call: the callee, to which the first one belongs, is yet to come.
		a.stack = append([]uint64{0, a.site.Return + w.t.bias}, a.stack[1:]...)
	}
	return a
}
