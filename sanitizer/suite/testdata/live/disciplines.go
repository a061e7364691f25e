package main

import (
	"context"
	"maps"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

var disciplines = []discipline{
	underMutex, underTryLock, underRWMutex, underToken, underCapacity, underSpinLock, copyOnWrite,
	handedOver, handedRound, inPhases, initialisedOnce, broadcast, queued, pooled, published,
	lastOneOut, doubleChecked, byTimer, byContext,
}

func underMutex(rnd *rand.Rand, n, ops int) {
	var mu sync.Mutex
	m := map[int]int{}
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			mu.Lock()
			touch(rnd, m)
			mu.Unlock()
		}
	})
	touch(rnd, m)
}

func underTryLock(rnd *rand.Rand, n, ops int) {
	var mu sync.Mutex
	m := map[int]int{}
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			if mu.TryLock() {
				touch(rnd, m)
				mu.Unlock()
			}
		}
	})
}

func underRWMutex(rnd *rand.Rand, n, ops int) {
	var mu sync.RWMutex
	m := map[int]int{}
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			switch rnd.IntN(8) {
			case 0:
				mu.Lock()
				touch(rnd, m)
				mu.Unlock()
			case 1:
				if mu.TryLock() {
					touch(rnd, m)
					mu.Unlock()
				}
			case 2:
				if mu.TryRLock() {
					look(rnd, m)
					mu.RUnlock()
				}
			default:
				mu.RLock()
				look(rnd, m)
				mu.RUnlock()
			}
		}
	})
}

// underToken takes a token out of a channel.
func underToken(rnd *rand.Rand, n, ops int) {
	token := make(chan int, 1)
	token <- 0
	m := map[int]int{}
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			<-token
			touch(rnd, m)
			token <- 0
		}
	})
}

// underCapacity fills a channel: the receive is before the next send ends.
func underCapacity(rnd *rand.Rand, n, ops int) {
	full := make(chan struct{}, 1)
	m := map[int]int{}
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			full <- struct{}{}
			touch(rnd, m)
			<-full
		}
	})
}

func underSpinLock(rnd *rand.Rand, n, ops int) {
	var lock atomic.Bool
	m := map[int]int{}
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			for !lock.CompareAndSwap(false, true) {
				runtime.Gosched()
			}
			touch(rnd, m)
			lock.Store(false)
		}
	})
}

func copyOnWrite(rnd *rand.Rand, n, ops int) {
	var p atomic.Pointer[map[int]int]
	p.Store(&map[int]int{})
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			old := p.Load()
			if rnd.IntN(4) > 0 {
				look(rnd, *old)
				continue
			}
			next := maps.Clone(*old)
			touch(rnd, next)
			p.CompareAndSwap(old, &next)
		}
	})
}

// handedOver sends a map from one goroutine to the next without a buffer.
func handedOver(rnd *rand.Rand, n, ops int) {
	c := make(chan map[int]int)
	go func() {
		defer close(c)
		for range ops {
			m := map[int]int{}
			touch(rnd, m)
			c <- m
		}
	}()
	each(rand.New(rand.NewPCG(1, 2)), n, func(_ int, rnd *rand.Rand) {
		for m := range c {
			touch(rnd, m)
		}
	})
}

// handedRound passes few maps among many goroutines through a buffer.
func handedRound(rnd *rand.Rand, n, ops int) {
	c := make(chan map[int]int, 3)
	for range cap(c) - 1 {
		c <- map[int]int{}
	}
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			select {
			case m := <-c:
				touch(rnd, m)
				c <- m
			default:
				runtime.Gosched()
			}
		}
	})
}

// inPhases writes, then reads from many goroutines, and so on.
func inPhases(rnd *rand.Rand, n, ops int) {
	m := map[int]int{}
	for range ops / 20 {
		touch(rnd, m)
		each(rnd, n, func(_ int, rnd *rand.Rand) { look(rnd, m) })
	}
}

func initialisedOnce(rnd *rand.Rand, n, ops int) {
	var once sync.Once
	var m map[int]int
	get := sync.OnceValue(func() map[int]int { return map[int]int{1: 1} })
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			once.Do(func() {
				m = map[int]int{}
				touch(rnd, m)
			})
			look(rnd, m)
			look(rnd, get())
		}
	})
}

func broadcast(rnd *rand.Rand, n, _ int) {
	m := map[int]int{}
	ready := make(chan struct{})
	go func() {
		touch(rand.New(rand.NewPCG(3, 4)), m)
		close(ready)
	}()
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		<-ready
		look(rnd, m)
	})
}

// queued is a queue by hand, with a condition.
func queued(rnd *rand.Rand, n, ops int) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	var queue []map[int]int
	left := n * ops
	each(rnd, 2*n, func(i int, rnd *rand.Rand) {
		for range ops {
			if i < n {
				m := map[int]int{}
				touch(rnd, m)
				mu.Lock()
				queue = append(queue, m)
				mu.Unlock()
				cond.Signal()
				continue
			}
			mu.Lock()
			for len(queue) == 0 {
				cond.Wait()
			}
			m := queue[0]
			queue = queue[1:]
			left--
			mu.Unlock()
			touch(rnd, m)
		}
	})
	must(left == 0)
}

func pooled(rnd *rand.Rand, n, ops int) {
	pool := sync.Pool{New: func() any { return map[int]int{} }}
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			m := pool.Get().(map[int]int)
			touch(rnd, m)
			clear(m)
			pool.Put(m)
		}
	})
}

func published(rnd *rand.Rand, n, ops int) {
	var all sync.Map
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			k := rnd.IntN(10)
			m := map[int]int{}
			touch(rnd, m)
			switch rnd.IntN(5) {
			case 0:
				all.Store(k, m)
			case 1:
				all.Delete(k)
			case 2:
				all.Range(func(_, m any) bool { look(rnd, m.(map[int]int)); return true })
			case 3:
				old, _ := all.Swap(k, m)
				if old != nil {
					look(rnd, old.(map[int]int))
				}
			default:
				old, _ := all.LoadOrStore(k, m)
				look(rnd, old.(map[int]int))
			}
		}
	})
}

// lastOneOut lets whoever counts down to zero read what all wrote.
func lastOneOut(rnd *rand.Rand, n, ops int) {
	var left atomic.Int32
	left.Store(int32(n))
	ms := make([]map[int]int, n)
	each(rnd, n, func(i int, rnd *rand.Rand) {
		ms[i] = map[int]int{}
		for range ops / 10 {
			touch(rnd, ms[i])
		}
		if left.Add(-1) == 0 {
			for _, m := range ms {
				touch(rnd, m)
			}
		}
	})
}

func doubleChecked(rnd *rand.Rand, n, ops int) {
	var mu sync.Mutex
	var p atomic.Value
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		for range ops {
			m, _ := p.Load().(map[int]int)
			if m == nil {
				mu.Lock()
				if m, _ = p.Load().(map[int]int); m == nil {
					m = map[int]int{}
					touch(rnd, m)
					p.Store(m)
				}
				mu.Unlock()
			}
			look(rnd, m)
		}
	})
}

func byTimer(rnd *rand.Rand, n, _ int) {
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		m := map[int]int{}
		touch(rnd, m)
		done := make(chan int)
		time.AfterFunc(time.Microsecond, func() {
			touch(rnd, m)
			close(done)
		})
		<-done
		touch(rnd, m)
	})
}

func byContext(rnd *rand.Rand, n, _ int) {
	m := map[int]int{}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(time.Microsecond, func() {
		touch(rand.New(rand.NewPCG(5, 6)), m)
		cancel()
	})
	each(rnd, n, func(_ int, rnd *rand.Rand) {
		<-ctx.Done()
		look(rnd, m)
	})
}
