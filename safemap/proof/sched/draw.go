package sched

import (
	"math/rand/v2"
	"sync"
)

var (
	drawMu sync.Mutex
	draw   = rand.NewPCG(0, 0) // guarded by drawMu
)

// Reset decides what the stand-in of math/rand/v2 draws from now on. Whoever runs
// schedules calls it before each, and before what the schedule finds prepared.
func Reset(seed uint64) {
	drawMu.Lock()
	defer drawMu.Unlock()
	draw.Seed(seed, 1)
}

// Uint64 is what that stand-in draws.
func Uint64() uint64 {
	drawMu.Lock()
	defer drawMu.Unlock()
	return draw.Uint64()
}
