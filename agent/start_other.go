//go:build !linux

package agent

import (
	"os"
	"os/exec"
)

// Stopped is a process that waits to be released.
type Stopped struct{ *os.Process }

// Release belongs to what Start does not return here.
func (*Stopped) Release() error { return nil }

// Start fails like Attach.
func Start(*exec.Cmd) (*Stopped, error) {
	_, err := Attach(0, Options{})
	return nil, err
}

// Adopted is nil: there are no capabilities to give up.
func Adopted() (*Stopped, error) { return nil, nil }

// Confine does nothing.
func Confine() error { return nil }
