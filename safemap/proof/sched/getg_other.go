//go:build !amd64 && !arm64

package sched

import (
	"bytes"
	"runtime"
	"strconv"
)

// getg returns a number that no other living goroutine has: where there is no
// faster way, the one that heads its stack trace.
func getg() uintptr {
	var b [64]byte
	_, rest, _ := bytes.Cut(b[:runtime.Stack(b[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(rest, []byte(" "))
	n, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil {
		panic("sched: a stack trace without the goroutine's number")
	}
	return uintptr(n)
}
