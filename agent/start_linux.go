package agent

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Stopped is a process that was started and stopped before its first instruction,
// so that it can be attached to. It is traced until it is released, by the thread
// that started it: Start, Adopted and Release belong into one goroutine.
type Stopped struct{ *os.Process }

// stoppedEnv tells the program that Confine starts which process it has stopped.
const stoppedEnv = "MAPSAN_STOPPED"

// The thread that comes out of Confine is the main one: init's lock keeps the main
// goroutine there.
func init() {
	if os.Getenv(stoppedEnv) != "" {
		runtime.LockOSThread()
	}
}

// Start starts a command that waits to be released.
func Start(cmd *exec.Cmd) (*Stopped, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Ptrace = true
	runtime.LockOSThread()
	if err := cmd.Start(); err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	pid := cmd.Process.Pid
	var st syscall.WaitStatus
	_, err := syscall.Wait4(pid, &st, 0, nil)
	for err == syscall.EINTR {
		_, err = syscall.Wait4(pid, &st, 0, nil)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("wait for the start of %s: %w", cmd.Path, err)
	case !st.Stopped():
		return nil, fmt.Errorf("%s ended before it began", cmd.Path)
	}
	return &Stopped{cmd.Process}, os.Setenv(stoppedEnv, strconv.Itoa(pid))
}

// Adopted is the process that this program had started before Confine started it
// anew; nil if there is none.
func Adopted() (*Stopped, error) {
	v, ok := os.LookupEnv(stoppedEnv)
	if !ok {
		return nil, nil
	}
	pid, err := strconv.Atoi(v)
	if err != nil {
		return nil, fmt.Errorf("%s=%s: no process id", stoppedEnv, v)
	}
	// It may be named by somebody who has nothing to do with us.
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); err != nil {
		return nil, fmt.Errorf("%s=%s: no process of ours: %w", stoppedEnv, v, err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return nil, err
	}
	return &Stopped{p}, nil
}

// Release lets the process run; it is not traced after that.
func (s *Stopped) Release() error {
	defer runtime.UnlockOSThread()
	if err := syscall.PtraceDetach(s.Pid); err != nil {
		return fmt.Errorf("let go of process %d: %w", s.Pid, err)
	}
	return nil
}
