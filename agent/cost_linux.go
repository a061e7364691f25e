//go:build amd64 || arm64

package agent

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// measure measures what probes cost on this machine: they are set in this process
// for a moment, which then uses a map.
var measure = sync.OnceValues(func() (Costs, error) {
	t, err := openTarget(os.Getpid())
	if err != nil {
		return Costs{}, fmt.Errorf("measure what a probe costs: %w", err)
	}
	defer t.close()
	var o Options
	if err := o.complete(); err != nil {
		return Costs{}, err
	}
	p, err := loadProbes(t, nil, o, Costs{})
	if err != nil {
		return Costs{}, err
	}
	defer p.close()
	if err := p.set(); err != nil {
		return Costs{}, err
	}
	m := map[int]int{}
	alone, err := p.timed(m)
	if err != nil {
		return Costs{}, err
	}
	// The other one comes near to what this one did.
	near := make(chan error)
	var with time.Duration
	go func() {
		var err error
		with, err = p.timed(m)
		near <- err
	}()
	if err := <-near; err != nil {
		return Costs{}, err
	}
	return Costs{Hit: alone, Stack: max(0, with-alone)}, p.remove()
})

// measured is the map of measureTrap: in memory that is not moved.
var measured map[int]int

// measureTrap measures what a watchpoint costs, and tries whether the kernel
// lets a program end it.
var measureTrap = sync.OnceValues(func() (time.Duration, error) {
	const n = 300
	t, err := openTarget(os.Getpid())
	if err != nil {
		return 0, fmt.Errorf("measure what a trap costs: %w", err)
	}
	defer t.close()
	f := &focus{t: t}
	if f.layout, err = layoutOf(t.bin); err == nil {
		f.touches, err = touches(t.bin, f.layout)
	}
	var o Options
	if err := errors.Join(err, o.complete()); err != nil {
		return 0, fmt.Errorf("measure what a trap costs: %w", err)
	}
	for _, c := range f.touches {
		f.sites = append(f.sites, c.Site)
	}
	p, err := loadProbes(t, f, o, Costs{})
	if err != nil {
		return 0, err
	}
	defer p.close()
	measured = map[int]int{}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	header := *(*uintptr)(unsafe.Pointer(&measured))
	w, err := openWatchpoint(0, uint64(header)+f.layout.seed, f.layout.size, p.access.Trap, 0)
	if err != nil {
		return 0, err
	}
	defer w.close()
	began, err1 := threadTime()
	for i := range n {
		measured[i&3] = i // of eight entries it would grow
	}
	ended, err2 := threadTime()
	totals, err3 := p.totals()
	if err := errors.Join(err1, err2, err3); err != nil {
		return 0, err
	}
	switch {
	case totals.Traps == 1:
		return 0, errLimit // it counts what must not count
	case totals.Traps != n || totals.Strange != 0:
		return 0, fmt.Errorf("measure what a trap costs: %d traps and %d in other code by %d writes", totals.Traps, totals.Strange, n)
	}
	return (ended - began) / n, nil
})

// timed is the processor time of one use of a map by this goroutine.
func (p *probes) timed(m map[int]int) (time.Duration, error) {
	const n = 5000
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err1 := p.totals()
	began, err2 := threadTime()
	for i := range n {
		m[i&7] = i
	}
	ended, err3 := threadTime()
	after, err4 := p.totals()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return 0, err
	}
	if got := after.Hits - before.Hits; got < n {
		return 0, fmt.Errorf("measure what a probe costs: %d of %d accesses came by a probe", got, n)
	}
	return (ended - began - (after.Delayed - before.Delayed)) / n, nil
}

func threadTime() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0, fmt.Errorf("read the clock of this thread: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}

// monotonic is the kernel's clock, in ns.
func monotonic() uint64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // it cannot fail
	return uint64(ts.Nano())
}
