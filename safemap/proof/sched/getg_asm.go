//go:build amd64 || arm64

package sched

// getg returns a number that no other living goroutine has.
func getg() uintptr
