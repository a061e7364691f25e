package safemap_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mapsan/mapsan/safemap"
)

type loadStorer interface {
	Load(key int) (int, bool)
	Store(key, value int)
}

// rwMutexMap and mutexMap are what people write who need no more.
type rwMutexMap struct {
	mu sync.RWMutex
	m  map[int]int
}

func (m *rwMutexMap) Load(key int) (int, bool) {
	m.mu.RLock()
	v, ok := m.m[key]
	m.mu.RUnlock()
	return v, ok
}

func (m *rwMutexMap) Store(key, value int) {
	m.mu.Lock()
	m.m[key] = value
	m.mu.Unlock()
}

type mutexMap struct {
	mu sync.Mutex
	m  map[int]int
}

func (m *mutexMap) Load(key int) (int, bool) {
	m.mu.Lock()
	v, ok := m.m[key]
	m.mu.Unlock()
	return v, ok
}

func (m *mutexMap) Store(key, value int) {
	m.mu.Lock()
	m.m[key] = value
	m.mu.Unlock()
}

// random returns a generator of numbers below n, cheap beside an operation.
func random(seed, n int) func() int {
	x := uint64(seed)*0x9e3779b97f4a7c15 + 0x2545f4914f6cdd1d
	return func() int {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		return int((x >> 32) * uint64(n) >> 32)
	}
}

// inParallel runs n calls of what work returns, on g goroutines.
func inParallel(g, n int, work func(w int) func()) {
	var wg sync.WaitGroup
	for w := range g {
		wg.Go(func() {
			op := work(w)
			for range n/g + 1 {
				op()
			}
		})
	}
	wg.Wait()
}

// BenchmarkBeside measures Locked beside a mutex and a map. Run it several
// times with -count=1 for the cells to be interleaved.
func BenchmarkBeside(b *testing.B) {
	maps := []struct {
		name string
		make func() loadStorer
	}{
		{"RWMutex", func() loadStorer { return &rwMutexMap{m: map[int]int{}} }},
		{"Mutex", func() loadStorer { return &mutexMap{m: map[int]int{}} }},
		{"Locked", func() loadStorer { return new(safemap.Locked[int, int]) }},
	}
	for _, keys := range []int{100, 10_000} {
		for _, reads := range []int{0, 50, 90} {
			for _, g := range []int{1, 2, 8} {
				for _, mk := range maps {
					b.Run(fmt.Sprintf("keys=%d/reads=%d/g=%d/%s", keys, reads, g, mk.name), func(b *testing.B) {
						m := mk.make()
						for k := range keys {
							m.Store(k, k)
						}
						b.ResetTimer()
						inParallel(g, b.N, func(w int) func() {
							next := random(w, keys*100)
							return func() {
								r := next()
								if k := r / 100; r%100 < reads {
									m.Load(k)
								} else {
									m.Store(k, r)
								}
							}
						})
					})
				}
			}
		}
	}
}

// BenchmarkBehindReaders measures writes that wait for two readers of the
// whole map, who never pause. Run it with a fixed number of
// writes (-benchtime=20000x): while few writes are left, they take turns with
// the readers for the processors, not for the lock.
func BenchmarkBehindReaders(b *testing.B) {
	const keys, readers = 1000, 2
	for _, writers := range []int{1, 2, 4, 16} {
		run := func(name string, store func(k, v int), scan func()) {
			b.Run(fmt.Sprintf("writers=%d/%s", writers, name), func(b *testing.B) {
				for k := range keys {
					store(k, k)
				}
				var wg sync.WaitGroup
				var stop atomic.Bool
				for range readers {
					wg.Go(func() {
						for !stop.Load() {
							scan()
						}
					})
				}
				b.ResetTimer()
				inParallel(writers, b.N, func(w int) func() {
					next := random(w, keys)
					return func() { store(next(), w) }
				})
				b.StopTimer()
				stop.Store(true)
				wg.Wait()
			})
		}
		plain := &rwMutexMap{m: map[int]int{}}
		run("RWMutex", plain.Store, func() {
			plain.mu.RLock()
			defer plain.mu.RUnlock()
			for k, v := range plain.m {
				_ = k + v
			}
		})
		var locked safemap.Locked[int, int]
		run("Locked", locked.Store, func() {
			locked.View(func(v safemap.View[int, int]) {
				for k, v := range v.All() {
					_ = k + v
				}
			})
		})
	}
}

// BenchmarkUpdate measures what the undo log costs: n writes in one critical
// section, per write.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{1, 8, 64} {
		plain := &rwMutexMap{m: map[int]int{}}
		b.Run(fmt.Sprintf("writes=%d/RWMutex", n), func(b *testing.B) {
			next := random(1, 1000)
			for range b.N/n + 1 {
				plain.mu.Lock()
				for range n {
					plain.m[next()] = n
				}
				plain.mu.Unlock()
			}
		})
		var locked safemap.Locked[int, int]
		b.Run(fmt.Sprintf("writes=%d/Locked", n), func(b *testing.B) {
			next := random(1, 1000)
			for range b.N/n + 1 {
				locked.Update(func(tx safemap.Tx[int, int]) {
					for range n {
						tx.Store(next(), n)
					}
				})
			}
		})
	}
}
