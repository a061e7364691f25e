//go:build unix

package cli

import (
	"os/signal"
	"syscall"
)

// keepRunning ignores ctrl-Z: while this process is stopped, probes would stay set, and
// nobody would hold the budget.
func keepRunning() { signal.Ignore(syscall.SIGTSTP) }
