package inspect

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openLive finds the process.
func openLive(pid int) (*live, error) {
	if pid <= 0 || unix.Kill(pid, 0) == unix.ESRCH {
		return nil, fmt.Errorf("process %d: %w", pid, ErrGone)
	}
	l := &live{pid: pid, regs: regsAMD64}
	if runtime.GOARCH == "arm64" {
		l.regs = regsARM64
	}
	return l, nil
}

// live reads a process that runs.
type live struct {
	pid  int
	regs regsLayout
}

// maxIov is IOV_MAX of linux/uio.h.
const maxIov = 1024

// executable returns a path to open the program by, and its name.
func (l *live) executable() (path, name string, err error) {
	path = fmt.Sprintf("/proc/%d/exe", l.pid)
	name, err = os.Readlink(path)
	if err != nil {
		return "", "", explainProc(l.pid, err)
	}
	return path, name, nil
}

func (l *live) ReadAt(p []byte, addr int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	local := []unix.Iovec{{Base: &p[0], Len: uint64(len(p))}}
	n, err := unix.ProcessVMReadv(l.pid, local, []unix.RemoteIovec{{Base: uintptr(addr), Len: len(p)}}, 0)
	if err != nil {
		return 0, fmt.Errorf("read %d bytes at %#x of process %d: %w", len(p), addr, l.pid, explainErrno(err))
	}
	if n < len(p) {
		return n, fmt.Errorf("read %d bytes at %#x of process %d: only %d are there", len(p), addr, l.pid, n)
	}
	return n, nil
}

func (l *live) readMany(addrs []uint64, bufs [][]byte) []bool {
	whole := make([]bool, len(addrs))
	local := make([]unix.Iovec, 0, maxIov)
	remote := make([]unix.RemoteIovec, 0, maxIov)
	for from := 0; from < len(addrs); {
		to := min(from+maxIov, len(addrs))
		local, remote = local[:0], remote[:0]
		for i := from; i < to; i++ {
			local = append(local, unix.Iovec{Base: &bufs[i][0], Len: uint64(len(bufs[i]))})
			remote = append(remote, unix.RemoteIovec{Base: uintptr(addrs[i]), Len: len(bufs[i])})
		}
		n, err := unix.ProcessVMReadv(l.pid, local, remote, 0)
		if err != nil {
			n = 0
		}
		// The call ends at the first that cannot be read: go on behind it.
		for ; from < to && n >= len(bufs[from]); from++ {
			n -= len(bufs[from])
			whole[from] = true
		}
		if from < to {
			from++
		}
	}
	return whole
}

func (l *live) entry() (uint64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", l.pid))
	if err != nil {
		return 0, explainProc(l.pid, err)
	}
	return auxEntry(b)
}

func (l *live) close() error { return nil }

func (l *live) stopped(look func([]thread)) (took time.Duration, missing int, err error) {
	// All requests must come from one thread. Whatever it still holds when it ends,
	// the kernel lets go of.
	tid := ownThread(func() { took, missing, err = l.stop(look) })
	if missing > 0 || err != nil {
		// Until then the process could not be stopped again.
		for until := time.Now().Add(time.Second); unix.Tgkill(os.Getpid(), tid, 0) == nil && time.Now().Before(until); {
			time.Sleep(100 * time.Microsecond)
		}
	}
	return took, missing, err
}

// ownThread runs f on a thread that ends with it, and returns its number.
func ownThread(f func()) int {
	ran := make(chan int)
	go func() {
		runtime.LockOSThread()
		if tid := unix.Gettid(); tid != os.Getpid() {
			f()
			ran <- tid
			return
		}
		// The main thread never ends. While it is kept here, another one runs f.
		defer runtime.UnlockOSThread()
		ran <- ownThread(f)
	}()
	return <-ran
}

func (l *live) stop(look func([]thread)) (took time.Duration, missing int, err error) {
	var start time.Time
	seized := map[int]*tracee{}
	own := map[int]int{}
	var threads []thread
	defer func() {
		for tid, t := range seized {
			if t.stopped {
				ptrace(unix.PTRACE_DETACH, tid, 0, uintptr(t.signal))
			}
		}
		if !start.IsZero() {
			took = time.Since(start)
		}
	}()
	// A thread that is being made while we look appears in a later round.
	for range 3 {
		tids, err := l.tids()
		if err != nil {
			return 0, 0, err
		}
		var fresh []int
		for _, tid := range tids {
			if _, known := seized[tid]; known {
				continue
			}
			own[tid] = ownID(l.pid, tid)
			if errno := ptrace(unix.PTRACE_SEIZE, tid, 0, 0); errno != 0 {
				if errno == unix.ESRCH {
					continue // it ended
				}
				return 0, 0, fmt.Errorf("stop thread %d of process %d: %w", tid, l.pid, explainStop(l.pid, errno))
			}
			seized[tid] = &tracee{}
			fresh = append(fresh, tid)
		}
		if len(fresh) == 0 {
			break
		}
		if start.IsZero() {
			start = time.Now()
		}
		for _, tid := range fresh {
			ptrace(unix.PTRACE_INTERRUPT, tid, 0, 0)
		}
		for _, tid := range fresh {
			if !seized[tid].wait(tid, start.Add(maxStop)) {
				missing++
				continue
			}
			b := make([]byte, 1024)
			iov := unix.Iovec{Base: &b[0], Len: uint64(len(b))}
			const prStatus = 1 // NT_PRSTATUS of elf.h
			if errno := ptrace(unix.PTRACE_GETREGSET, tid, prStatus, uintptr(unsafe.Pointer(&iov))); errno != 0 {
				missing++
				continue
			}
			if t, ok := l.regs.thread(own[tid], b[:iov.Len]); ok {
				threads = append(threads, t)
			}
		}
	}
	if start.IsZero() {
		return 0, 0, fmt.Errorf("process %d: %w", l.pid, ErrGone)
	}
	look(threads)
	return 0, missing, nil
}

// tracee is a thread that we hold.
type tracee struct {
	stopped bool
	signal  unix.Signal // that stopped it before we did, and that it must have when it goes on
}

// wait waits until the thread has stopped.
func (t *tracee) wait(tid int, until time.Time) bool {
	for pause := 20 * time.Microsecond; ; pause = min(2*pause, time.Millisecond) {
		var status unix.WaitStatus
		got, err := unix.Wait4(tid, &status, unix.WNOHANG|unix.WALL, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return false
		case got == tid:
			t.stopped = status.Stopped()
			if t.stopped && int(status)>>16 != unix.PTRACE_EVENT_STOP {
				t.signal = status.StopSignal()
			}
			return t.stopped
		case time.Now().After(until):
			return false
		}
		time.Sleep(pause)
	}
}

// ownID is the number by which a thread knows itself: in a container it is not ours.
func ownID(pid, tid int) int {
	names := strings.Fields(procStatus(fmt.Sprintf("%d/task/%d", pid, tid), "NSpid"))
	if len(names) > 1 {
		if id, err := strconv.Atoi(names[len(names)-1]); err == nil {
			return id
		}
	}
	return tid
}

func ptrace(request, tid int, addr, data uintptr) unix.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), addr, data, 0, 0)
	return errno
}

func (l *live) tids() ([]int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", l.pid))
	if err != nil {
		return nil, explainProc(l.pid, err)
	}
	var out []int
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			out = append(out, tid)
		}
	}
	return out, nil
}

func explainErrno(err error) error {
	switch {
	case errors.Is(err, unix.ESRCH):
		return ErrGone
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return ErrPermission
	}
	return err
}

// explainProc says what an error of the proc file system means.
func explainProc(pid int, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ESRCH):
		return fmt.Errorf("process %d: %w", pid, ErrGone)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("process %d: %w: run as its user or as root%s", pid, ErrPermission, yama())
	}
	return fmt.Errorf("process %d: %w", pid, err)
}

// explainStop says why a thread cannot be stopped.
func explainStop(pid int, errno unix.Errno) error {
	if errno != unix.EPERM {
		return explainErrno(errno)
	}
	if tracer := procStatus(strconv.Itoa(pid), "TracerPid"); tracer != "" && tracer != "0" {
		return fmt.Errorf("%w: process %s traces it already", ErrPermission, tracer)
	}
	return fmt.Errorf("%w%s", ErrPermission, yama())
}

// PtraceScope is the kernel's setting of who may trace whom, kernel.yama.ptrace_scope;
// "" where there is no such rule.
func PtraceScope() string {
	b, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// yama says what that rule demands.
func yama() string {
	if scope := PtraceScope(); scope != "" && scope != "0" {
		return "; kernel.yama.ptrace_scope is " + scope + ": it needs CAP_SYS_PTRACE, or sysctl kernel.yama.ptrace_scope=0"
	}
	return ""
}

// procStatus reads a line of the status file of a process or thread.
func procStatus(of, name string) string {
	f, err := os.Open("/proc/" + of + "/status")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), name+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
