//go:build race || safemap_debug

package safemap

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
)

// lockedGuard finds callbacks that call back into their map: it knows the
// goroutines that run one. The name of a goroutine costs a microsecond, so
// that this is only done in builds that look for misuse, and only while a
// callback runs.
//
// It has atomics only, and hides them from the race detector: what orders two
// goroutines here does not in other builds, and would hide their races.
type lockedGuard struct {
	running atomic.Int32
	// in has a goroutine's number << 8 | lockedCallback, or 0. Callbacks that
	// find no room are not watched.
	in [32]atomic.Uint64
}

// check panics if the calling goroutine is in a callback of this map.
func (g *lockedGuard) check(m any, method string) {
	raceIgnore()
	at := g.find()
	raceHeed()
	if at != 0 {
		panic(reentered(m, method, at))
	}
}

// enter does check, and notes that the calling goroutine calls back. The
// result is for leave.
func (g *lockedGuard) enter(m any, cb lockedCallback) int {
	g.check(m, cb.String())
	raceIgnore()
	defer raceHeed()
	at := goroutine()<<8 | uint64(cb)
	for i := range g.in {
		if g.in[i].CompareAndSwap(0, at) {
			g.running.Add(1)
			return i
		}
	}
	return -1
}

func (g *lockedGuard) leave(i int) {
	if i < 0 {
		return
	}
	raceIgnore()
	g.running.Add(-1)
	g.in[i].Store(0)
	raceHeed()
}

// find returns the entry of the calling goroutine's callback, or 0.
func (g *lockedGuard) find() uint64 {
	if g.running.Load() == 0 {
		return 0
	}
	id := goroutine()
	for i := range g.in {
		if at := g.in[i].Load(); at>>8 == id {
			return at
		}
	}
	return 0
}

func reentered(m any, method string, at uint64) string {
	cb := lockedCallback(at & 0xff)
	advice := "use the value that it is given and what it returns"
	if cb == inView || cb == inUpdate {
		advice = "use the handle that it is given"
	}
	return fmt.Sprintf("safemap: %s of a %T, called in the callback of its own %s (goroutine %d): it would wait forever for the lock that %[3]s holds; %[5]s, or call it after %[3]s has returned", method, m, cb, at>>8, advice)
}

func (cb lockedCallback) String() string {
	switch cb {
	case inView:
		return "View"
	case inUpdate:
		return "Update"
	case inCompute:
		return "Compute"
	}
	return "LoadOrCompute"
}

// goroutine returns the number of the calling goroutine, from the header of
// its stack: "goroutine 18 [running]:".
func goroutine() uint64 {
	var buf [64]byte
	head := buf[:runtime.Stack(buf[:], false)]
	digits, _, _ := bytes.Cut(bytes.TrimPrefix(head, []byte("goroutine ")), []byte(" "))
	id, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("safemap: a stack begins with %q", head))
	}
	return id
}
