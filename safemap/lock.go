package safemap

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// lock takes the writers' lock of the chain that begins at b and returns seq as
// it stood, unlocked.
func lock(b unsafe.Pointer) uint64 {
	p := seqAt(b)
	if s := atomic.LoadUint64(p); s&lockBit == 0 && atomic.CompareAndSwapUint64(p, s, s|lockBit) {
		return s
	}
	return lockSlow(p)
}

// lockSlow waits for the lock. Its holder needs some ten nanoseconds unless it
// was preempted or runs a function of the user's, so a short spin comes first,
// then room for others on this processor, then sleep.
func lockSlow(p *uint64) uint64 {
	var w waiter
	for {
		if s := atomic.LoadUint64(p); s&lockBit == 0 && atomic.CompareAndSwapUint64(p, s, s|lockBit) {
			return s
		}
		w.wait()
	}
}

func unlock(b unsafe.Pointer, seq uint64) { atomic.StoreUint64(seqAt(b), seq) }

// waiter waits for what another goroutine will do soon, longer each time.
type waiter struct{ n int }

const (
	spins  = 8
	yields = 64
)

func (w *waiter) wait() {
	w.n++
	switch {
	case w.n <= spins && multicore:
		for range 8 << min(w.n, 4) {
			spin()
		}
	case w.n <= spins+yields:
		runtime.Gosched()
	default:
		time.Sleep(min(time.Duration(w.n-spins-yields)*20*time.Microsecond, time.Millisecond))
	}
}

var multicore = runtime.NumCPU() > 1

//go:noinline
func spin() {}
