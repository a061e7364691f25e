//go:build amd64 || arm64

package agent

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// inside is what the program knows instructions by that use a seed behind the flag.
const inside = ^uint64(0)

// watchpoint is a debug register of one thread, by a perf event with the program that
// runs when it traps.
type watchpoint struct {
	event, link int // descriptors: when the last one is closed, the register is free
}

// errRegisters says that the processor has no debug register left, or none at all.
var errRegisters = errors.New("no debug register of the processor can be had: a debugger may hold them")

// errLimit says that a watchpoint could not be ended at once where it must not trap.
var errLimit = errors.New("this kernel cannot end a watchpoint where it traps, as Linux 6.10 can")

// openWatchpoint sets a watchpoint at size bytes of a thread's memory. number is which map
// of four that is.
func openWatchpoint(tid int, addr, size uint64, program *ebpf.Program, number uint64) (watchpoint, error) {
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_BREAKPOINT, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
		Bp_type: 3, // HW_BREAKPOINT_RW: there is none for reads only
		Ext1:    addr, Ext2: size,
		Sample: 1, Wakeup: 1,
		Bits: unix.PerfBitDisabled | unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
	}
	event, err := unix.PerfEventOpen(&attr, tid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EBUSY), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV):
		return watchpoint{}, fmt.Errorf("%w (%w)", errRegisters, err)
	case err != nil:
		return watchpoint{}, permission("set a watchpoint", err)
	}
	create := struct {
		program, target, kind, flags uint32
		cookie                       uint64
	}{uint32(program.FD()), uint32(event), unix.BPF_PERF_EVENT, 0, number}
	link, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_LINK_CREATE, uintptr(unsafe.Pointer(&create)), unsafe.Sizeof(create))
	if errno != 0 {
		unix.Close(event)
		return watchpoint{}, permission("attach the program to a watchpoint", errno)
	}
	unix.CloseOnExec(int(link))
	w := watchpoint{event: event, link: int(link)}
	// It ends with the first trap for which the program returns 1.
	if err := unix.IoctlSetInt(event, unix.PERF_EVENT_IOC_REFRESH, 1); err != nil {
		return watchpoint{}, errors.Join(fmt.Errorf("arm a watchpoint: %w", err), w.close())
	}
	return w, nil
}

func (w watchpoint) close() error { return errors.Join(unix.Close(w.link), unix.Close(w.event)) }

// watchedMap is one map that is watched, in all threads.
type watchedMap struct {
	suspect *suspect
	number  int // of four
	addr    uint64
	since   time.Time // when it was chosen
	opened  time.Time // when an operation is first waited for
	inside  uint64    // traps of its number with the writing flag set, before that
	points  map[int]watchpoint
}

// cover sets the watchpoint in threads that lack it, and lets go of those that ended.
func (w *watchedMap) cover(tids map[int]bool, l seedLayout, program *ebpf.Program) error {
	for tid, p := range w.points {
		if !tids[tid] {
			delete(w.points, tid)
			if err := p.close(); err != nil {
				return err
			}
		}
	}
	for tid := range tids {
		if _, ok := w.points[tid]; ok {
			continue
		}
		p, err := openWatchpoint(tid, w.addr+l.seed, l.size, program, uint64(w.number))
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			return err
		}
		w.points[tid] = p
	}
	return nil
}

func (w *watchedMap) close() error {
	var errs []error
	for _, p := range w.points {
		errs = append(errs, p.close())
	}
	clear(w.points)
	return errors.Join(errs...)
}

// threads lists a process's threads.
func threads(pid int) (map[int]bool, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil, fmt.Errorf("list threads: %w", err)
	}
	tids := map[int]bool{}
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			tids[tid] = true
		}
	}
	return tids, nil
}
