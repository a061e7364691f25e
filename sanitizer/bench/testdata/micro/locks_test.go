package micro

import (
	"sync"
	"sync/atomic"
	"testing"
)

func BenchmarkMutex(b *testing.B) {
	var mu sync.Mutex
	for range b.N {
		mu.Lock()
		mu.Unlock()
	}
}

func BenchmarkMutexMapWrite(b *testing.B) {
	b.Run("own", func(b *testing.B) {
		var mu sync.Mutex
		m := own(ints)
		for i := range b.N {
			mu.Lock()
			m[i%size] = i
			mu.Unlock()
		}
	})
	b.Run("shared", func(b *testing.B) {
		var mu sync.Mutex
		m := shared(ints, 1)
		for i := range b.N {
			mu.Lock()
			m[i%size] = i
			mu.Unlock()
		}
	})
	b.Run("parallel", func(b *testing.B) {
		var mu sync.Mutex
		m := own(ints)
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				mu.Lock()
				m[i%size] = i
				mu.Unlock()
			}
		})
	})
}

func BenchmarkRWMutexMapRead(b *testing.B) {
	b.Run("own", func(b *testing.B) {
		var mu sync.RWMutex
		m := own(ints)
		for i := range b.N {
			mu.RLock()
			sink += m[i%size]
			mu.RUnlock()
		}
	})
	b.Run("parallel", func(b *testing.B) {
		var mu sync.RWMutex
		m := own(ints)
		b.RunParallel(func(pb *testing.PB) {
			sum := 0
			for i := 0; pb.Next(); i++ {
				mu.RLock()
				sum += m[i%size]
				mu.RUnlock()
			}
		})
	})
	b.Run("parallel, some writes", func(b *testing.B) {
		var mu sync.RWMutex
		m := own(ints)
		b.RunParallel(func(pb *testing.PB) {
			sum := 0
			for i := 0; pb.Next(); i++ {
				if i%100 == 99 {
					mu.Lock()
					m[i%size]++
					mu.Unlock()
					continue
				}
				mu.RLock()
				sum += m[i%size]
				mu.RUnlock()
			}
		})
	})
}

func BenchmarkAtomic(b *testing.B) {
	b.Run("Add", func(b *testing.B) {
		var n atomic.Int64
		for range b.N {
			n.Add(1)
		}
	})
	b.Run("Load", func(b *testing.B) {
		var n atomic.Int64
		for range b.N {
			sink += int(n.Load())
		}
	})
	b.Run("Store", func(b *testing.B) {
		var n atomic.Int64
		for i := range b.N {
			n.Store(int64(i))
		}
	})
	b.Run("CompareAndSwap", func(b *testing.B) {
		var n atomic.Int64
		for i := range b.N {
			n.CompareAndSwap(int64(i), int64(i+1))
		}
	})
	b.Run("Add, parallel", func(b *testing.B) {
		var n atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n.Add(1)
			}
		})
	})
	b.Run("Add and map write", func(b *testing.B) {
		var n atomic.Int64
		m := shared(ints, 1)
		for i := range b.N {
			m[i%size] = i
			n.Add(1)
		}
	})
}

func BenchmarkSyncMap(b *testing.B) {
	b.Run("Load", func(b *testing.B) {
		var m sync.Map
		for i := range size {
			m.Store(i, i)
		}
		for i := range b.N {
			v, _ := m.Load(i % size)
			sink += v.(int)
		}
	})
	b.Run("Store", func(b *testing.B) {
		var m sync.Map
		for i := range b.N {
			m.Store(i%size, i)
		}
	})
}

func BenchmarkOnce(b *testing.B) {
	var once sync.Once
	for range b.N {
		once.Do(func() { sink++ })
	}
}

func BenchmarkPool(b *testing.B) {
	pool := sync.Pool{New: func() any { return new([64]byte) }}
	for range b.N {
		x := pool.Get().(*[64]byte)
		x[0]++
		pool.Put(x)
	}
}
