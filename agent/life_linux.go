//go:build amd64 || arm64

package agent

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A life says when a process ends, by a descriptor of it: its number may be
// another's by then. Nobody looks; the kernel says so.
type life struct {
	pidfd *os.File
	ended chan struct{}
	done  chan struct{} // nothing waits any more
}

func lifeOf(pid int) (*life, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK) // which is how the file comes to be polled
	if err != nil {
		return nil, fmt.Errorf("process %d: %w", pid, ErrGone)
	}
	l := &life{os.NewFile(uintptr(fd), fmt.Sprintf("pidfd of %d", pid)), make(chan struct{}), make(chan struct{})}
	conn, err := l.pidfd.SyscallConn()
	if err != nil {
		l.pidfd.Close()
		return nil, fmt.Errorf("wait for the end of process %d: %w", pid, err)
	}
	go l.wait(conn)
	return l, nil
}

func (l *life) wait(conn syscall.RawConn) {
	defer close(l.done)
	over := false
	conn.Read(func(fd uintptr) bool { // an error is that it was closed
		over = pollEnded(fd)
		return over
	})
	if over {
		close(l.ended)
	}
}

func pollEnded(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// over reports whether it has ended.
func (l *life) over() bool {
	select {
	case <-l.ended:
		return true
	default:
	}
	// The one who waits may not have been told yet.
	over := false
	if conn, err := l.pidfd.SyscallConn(); err == nil {
		conn.Control(func(fd uintptr) { over = pollEnded(fd) })
	}
	return over
}

// overWithin waits a little for that.
func (l *life) overWithin(d time.Duration) bool {
	select {
	case <-l.ended:
		return true
	case <-time.After(d):
		return l.over()
	}
}

func (l *life) close() error {
	err := l.pidfd.Close()
	<-l.done
	return err
}
