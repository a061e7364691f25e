//go:build unix

package sanitizer

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

var endSignals = []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP}

// forward hands sig to the go command and what it started: the go command
// itself does not hand on an interrupt, since a terminal sends it to all.
func forward(p *os.Process, sig os.Signal) {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return
	}
	if (s == syscall.SIGINT || s == syscall.SIGQUIT) && foreground() {
		return // the terminal has sent it to them
	}
	for _, pid := range descendants(p.Pid) {
		syscall.Kill(pid, s)
	}
	p.Signal(sig)
}

// foreground reports whether a terminal sends its signals to our process group.
func foreground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// descendants returns the processes below pid, where the system tells: on
// Linux.
func descendants(pid int) []int {
	var all []int
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range tasks {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
		for word := range strings.FieldsSeq(string(b)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(append(all, child), descendants(child)...)
			}
		}
	}
	return all
}
