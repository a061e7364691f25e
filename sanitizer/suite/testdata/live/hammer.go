package main

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"time"
)

// A discipline is a correct way to share maps. It starts its goroutines and
// returns when they have ended.
type discipline func(rnd *rand.Rand, goroutines, ops int)

// runHammer runs disciplines in parallel, several at once, and returns how
// many rounds it did and how many racing accesses the runtime saw.
func runHammer(seed uint64, d time.Duration) (rounds int, reports uint64) {
	before := mapsanRaw()
	for end := time.Now().Add(d); time.Now().Before(end); rounds++ {
		runtime.GOMAXPROCS(1 << (rounds % 4))
		var wg sync.WaitGroup
		for i, f := range disciplines {
			rnd := rand.New(rand.NewPCG(seed, uint64(rounds*len(disciplines)+i)))
			wg.Go(func() { f(rnd, 2+rnd.IntN(7), 20+rnd.IntN(200)) })
		}
		wg.Wait()
	}
	return rounds, mapsanRaw() - before
}

// touch does some access to m.
func touch(rnd *rand.Rand, m map[int]int) {
	k := rnd.IntN(20)
	switch rnd.IntN(8) {
	case 0:
		delete(m, k)
	case 1:
		clear(m)
	case 2, 3, 4:
		m[k]++
	default:
		look(rnd, m)
	}
}

// look does some access to m that modifies nothing.
func look(rnd *rand.Rand, m map[int]int) {
	switch rnd.IntN(5) {
	case 0:
		use(len(m))
	case 1:
		for k := range m {
			use(k)
		}
	default:
		use(m[rnd.IntN(20)])
	}
}

// each runs f in n goroutines, each with a source of its own, and waits.
func each(rnd *rand.Rand, n int, f func(i int, rnd *rand.Rand)) {
	var wg sync.WaitGroup
	for i := range n {
		own := rand.New(rand.NewPCG(rnd.Uint64(), 0))
		wg.Go(func() { f(i, own) })
	}
	wg.Wait()
}
