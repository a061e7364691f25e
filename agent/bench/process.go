//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const serverPackage, serverVersion = "github.com/mochi-mqtt/server/v2/cmd", "v2.7.9"

// build builds the server, and mapsan of this tree.
func (o *options) build(ctx context.Context, dir string) error {
	o.server, o.mapsan = filepath.Join(dir, "cmd"), filepath.Join(dir, "mapsan")
	progress("building")
	install := exec.CommandContext(ctx, "go", "install", serverPackage+"@"+serverVersion)
	install.Env = append(os.Environ(), "GOBIN="+dir)
	for _, cmd := range []*exec.Cmd{install, exec.CommandContext(ctx, "go", "build", "-o", o.mapsan, "github.com/mapsan/mapsan/cmd/mapsan")} {
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", cmd, err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// A process is one that this program started.
type process struct {
	cmd   *exec.Cmd
	ended chan error
}

func start(cmd *exec.Cmd) (*process, error) {
	// Not left behind if this program is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	begun, p := make(chan error), &process{cmd: cmd, ended: make(chan error, 1)}
	go func() { // the kernel takes the death of the thread for that of the parent
		lockThread()
		err := cmd.Start()
		begun <- err
		if err == nil {
			p.ended <- cmd.Wait()
		}
	}()
	return p, <-begun
}

// used is the processor time of the process up to now.
func (p *process) used() (time.Duration, error) {
	// The clock of a process by its number: include/linux/posix-timers_types.h.
	const sched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^p.cmd.Process.Pid<<3|sched), &ts); err != nil {
		return 0, fmt.Errorf("read the processor time of %s: %w", p.cmd.Path, err)
	}
	return time.Duration(ts.Nano()), nil
}

// stop ends it, and kills it if it does not end.
func (p *process) stop(s os.Signal) error {
	p.cmd.Process.Signal(s)
	select {
	case err := <-p.ended:
		return err
	case <-time.After(10 * time.Second):
		p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not end", p.cmd.Path)
	}
}

// startServer starts the server at a free port of this machine.
func (o *options) startServer() (p *process, addr string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	addr = l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, "", err
	}
	p, err = start(exec.Command(o.server, "-tcp", addr, "-ws", "127.0.0.1:0", "-info", "127.0.0.1:0"))
	if err != nil {
		return nil, "", fmt.Errorf("start the server: %w", err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			return p, addr, c.Close()
		}
		if time.Now().After(end) {
			return nil, "", errors.Join(fmt.Errorf("the server does not listen: %w", err), p.stop(os.Kill))
		}
	}
}

// attached is mapsan attach at work.
type attached struct {
	*process
	stderr  said
	watches chan struct{} // closed when it says so
}

// said is what it wrote to stderr, to be read when it has ended.
type said struct {
	text    bytes.Buffer
	watches chan<- struct{}
}

func (s *said) Write(b []byte) (int, error) {
	n, err := s.text.Write(b)
	if s.watches != nil && bytes.Contains(s.text.Bytes(), []byte("mapsan: watching")) {
		close(s.watches)
		s.watches = nil
	}
	return n, err
}

func (o *options) attach(pid int) (*attached, error) {
	a := &attached{watches: make(chan struct{})}
	a.stderr.watches = a.watches
	cmd := exec.Command(o.mapsan, "attach", "-json", "-budget", fmt.Sprint(o.budget), strconv.Itoa(pid))
	cmd.Stderr = &a.stderr
	var err error
	if a.process, err = start(cmd); err != nil {
		return nil, fmt.Errorf("start mapsan: %w", err)
	}
	return a, nil
}

// An account is what mapsan says at its end.
type account struct {
	Hits, Delays      int
	Elapsed, Watching time.Duration
	Cost              float64 // percent of a processor
	Races             int     // distinct
}

// end ends mapsan.
func (a *attached) end() (account, error) {
	err := a.stop(os.Interrupt)
	const findings = 66
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != findings) {
		return account{}, fmt.Errorf("mapsan attach: %w: %s", err, strings.TrimSpace(a.stderr.text.String()))
	}
	return parseAccount(a.stderr.text.String())
}

var (
	endLine   = regexp.MustCompile(`(?m)^mapsan: (\d+) map operations? in (\S+), probes set for (\S+) of it: (\d+) delays?; cost about (\S+) % of a processor$`)
	racesLine = regexp.MustCompile(`(?m)caught \((\d+) distinct\)$`)
)

func parseAccount(text string) (account, error) {
	m := endLine.FindStringSubmatch(text)
	if m == nil {
		return account{}, fmt.Errorf("mapsan attach did not say what it did: %q", text)
	}
	var a account
	var errs [5]error
	a.Hits, errs[0] = strconv.Atoi(m[1])
	a.Elapsed, errs[1] = time.ParseDuration(m[2])
	a.Watching, errs[2] = time.ParseDuration(m[3])
	a.Delays, errs[3] = strconv.Atoi(m[4])
	a.Cost, errs[4] = strconv.ParseFloat(m[5], 64)
	if r := racesLine.FindStringSubmatch(text); r != nil {
		a.Races, _ = strconv.Atoi(r[1]) // digits
	}
	return a, errors.Join(errs[:]...)
}

// progress says on a terminal what is being done.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}
