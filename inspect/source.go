package inspect

import (
	"errors"
	"io"
	"time"
)

// A source is a process, alive or dead. Offsets of ReadAt are addresses.
type source interface {
	io.ReaderAt
	// readMany fills each buffer from its address, and tells which are whole.
	readMany(addrs []uint64, bufs [][]byte) []bool
	// stopped calls look with the registers of all threads while none of them
	// runs, and returns for how long that was, and how many would not stop.
	stopped(look func([]thread)) (took time.Duration, missing int, err error)
	// entry is the program's entry point, where it is loaded.
	entry() (uint64, error)
	close() error
}

// A look waits for threads to stop for maxStop, stopTries times, with a pause in
// which the process runs.
const (
	maxStop   = 25 * time.Millisecond
	stopTries = 4
	stopPause = 50 * time.Millisecond
)

// thread is what the registers of a thread say. lr is 0 where there is none.
type thread struct {
	tid        int
	pc, sp, lr uint64
}

// Errors that a caller may want to tell apart.
var (
	// ErrGone: the process ended, or there is none of that number.
	ErrGone = errors.New("no such process")
	// ErrPermission: the process may not be read.
	ErrPermission = errors.New("not permitted")
)

// Registers in the order of the kernel's user_regs (asm/ptrace.h), as both
// ptrace and a core's NT_PRSTATUS give them.
type regsLayout struct {
	pc, sp, lr int // word indexes; lr is -1 where there is none
	words      int
}

var (
	regsAMD64 = regsLayout{pc: 16, sp: 19, lr: -1, words: 27}
	regsARM64 = regsLayout{pc: 32, sp: 31, lr: 30, words: 34}
)

func (l regsLayout) thread(tid int, b []byte) (thread, bool) {
	if len(b) < l.words*8 {
		return thread{}, false
	}
	t := thread{tid: tid, pc: word(b[l.pc*8:]), sp: word(b[l.sp*8:])}
	if l.lr >= 0 {
		t.lr = word(b[l.lr*8:])
	}
	return t, true
}
