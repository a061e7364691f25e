package micro

import (
	"context"
	"sync"
	"testing"
	"time"
)

// BenchmarkChan sends one value and receives it: in one goroutine, between two.
func BenchmarkChan(b *testing.B) {
	b.Run("buffered", func(b *testing.B) {
		c := make(chan int, 1)
		for i := range b.N {
			c <- i
			sink += <-c
		}
	})
	b.Run("between goroutines", func(b *testing.B) {
		c := make(chan int, 100)
		go func() {
			for i := range b.N {
				c <- i
			}
			close(c)
		}()
		for v := range c {
			sink += v
		}
	})
	b.Run("unbuffered", func(b *testing.B) {
		c := make(chan int)
		go func() {
			for i := range b.N {
				c <- i
			}
			close(c)
		}()
		for v := range c {
			sink += v
		}
	})
}

func BenchmarkSelect(b *testing.B) {
	b.Run("default", func(b *testing.B) {
		c := make(chan int)
		for range b.N {
			select {
			case v := <-c:
				sink += v
			default:
			}
		}
	})
	b.Run("two", func(b *testing.B) {
		c, d := make(chan int, 1), make(chan int)
		for i := range b.N {
			c <- i
			select {
			case v := <-c:
				sink += v
			case v := <-d:
				sink += v
			}
		}
	})
}

func BenchmarkGoWaitGroup(b *testing.B) {
	b.Run("empty", func(b *testing.B) {
		var wg sync.WaitGroup
		for range b.N {
			wg.Add(1)
			go wg.Done()
			wg.Wait()
		}
	})
	b.Run("with a map", func(b *testing.B) {
		var wg sync.WaitGroup
		for i := range b.N {
			wg.Go(func() {
				m := map[int]int{i: i}
				m[1]++
			})
			wg.Wait()
		}
	})
	b.Run("with a shared map", func(b *testing.B) {
		var wg sync.WaitGroup
		m := map[int]int{}
		for i := range b.N {
			wg.Go(func() { m[i%size]++ })
			wg.Wait()
		}
	})
}

func BenchmarkContext(b *testing.B) {
	for range b.N {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		if ctx.Err() == nil {
			sink++
		}
		cancel()
	}
}
