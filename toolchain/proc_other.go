//go:build !linux

package toolchain

import "os/exec"

// dieWithParent does nothing: only Linux ties a child's life to its parent's.
// The scratch directory of a killed preparation is unique, so what an orphan
// still writes is never used.
func dieWithParent(*exec.Cmd) {}
