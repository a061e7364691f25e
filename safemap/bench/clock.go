package main

import (
	"fmt"
	"sync"
	"syscall"
	"time"
)

// clock returns how many ticks a nanosecond has, and how many ticks the
// measurement of nothing shows, which is to be subtracted from each. That is a
// mean: some counters move in steps of 10 ns, and so does a median.
var clock = sync.OnceValues(func() (perNS, own float64) {
	const n = 1_000_000 // not for a time: instructions are counted, too
	begin, t := time.Now(), ticks()
	var h histogram
	for range n {
		start := ticks()
		h.add(ticks() - start)
	}
	perNS = float64(ticks()-t) / float64(time.Since(begin))
	return perNS, h.meanBelow(0.99)
})

// cpuTime returns what this process has used of all processors.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(fmt.Sprintf("getrusage: %v", err))
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
