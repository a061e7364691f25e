package toolchain

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends the command when this process is killed, so that a
// killed preparation leaves no build running.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
