package safemap

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Each writer counts its two keys up, the first before the second. Whoever
// looks, through the buffer or at the Map, must see them in that order, never
// see one go back, and at the end all are there.
func TestBufferedConcurrent(t *testing.T) {
	const writers, rounds = 4, 2000
	tests := map[string]BufferedOptions{
		"flushed by size":  {MaxDelay: never, MaxSize: 7},
		"flushed by size1": {MaxDelay: never, MaxSize: 1},
		"flushed by delay": {MaxDelay: 20 * time.Microsecond, MaxSize: 1 << 20},
		"flushed by hand":  {MaxDelay: never, MaxSize: 1 << 20},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			m, b := newBuffered[int](o)
			var stop atomic.Bool
			var write, read sync.WaitGroup
			for w := range writers {
				write.Go(func() {
					for i := 1; i <= rounds; i++ {
						b.Store(2*w, i)
						b.Store(2*w+1, i)
						if got, ok := b.Load(2*w + 1); got != i || !ok {
							t.Errorf("writer %d loads %d, %t after it stored %d", w, got, ok, i)
							return
						}
						if i%100 == 0 {
							b.Flush()
							if got, ok := m.Load(2 * w); got != i || !ok {
								t.Errorf("the Map has %d, %t after a Flush of %d", got, ok, i)
								return
							}
						}
					}
				})
			}
			// Of the same writer the second key is loaded first.
			watch := func(who string, load func() func(key int) (int, bool)) {
				read.Go(func() {
					var last [2 * writers]int
					for !stop.Load() {
						get := load()
						for key := 2*writers - 1; key >= 0; key-- {
							got, _ := get(key)
							if got < last[key] {
								t.Errorf("%s: key %d went from %d back to %d", who, key, last[key], got)
								return
							}
							last[key] = got
						}
						for w := range writers {
							if last[2*w] < last[2*w+1] {
								t.Errorf("%s: writer %d has %d before %d", who, w, last[2*w+1], last[2*w])
								return
							}
						}
					}
				})
			}
			watch("Load", func() func(int) (int, bool) { return b.Load })
			watch("Snapshot", func() func(int) (int, bool) { return m.Snapshot().Load })
			if name == "flushed by hand" {
				read.Go(func() {
					for !stop.Load() {
						b.Flush()
					}
				})
			}
			write.Wait()
			stop.Store(true)
			read.Wait()
			b.Close()
			for key := range 2 * writers {
				if got, _ := m.Load(key); got != rounds {
					t.Errorf("at the end the Map has %d for key %d, want %d", got, key, rounds)
				}
			}
			if b.Pending() != 0 {
				t.Errorf("%d writes are pending after Close", b.Pending())
			}
		})
	}
}

// Writes that come while it is closed are not lost, nor overtaken by earlier
// ones, and no flush is needed for them.
func TestBufferedConcurrentClose(t *testing.T) {
	const writers, rounds = 4, 200
	for range 10 {
		m, b := newBuffered[int](BufferedOptions{MaxDelay: never, MaxSize: 1 << 20})
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := 1; i <= rounds; i++ {
					b.Store(w, i)
					b.Store(writers+w, i)
					b.Delete(writers + w)
				}
			})
		}
		wg.Go(b.Close)
		wg.Go(b.Close)
		wg.Wait()
		for w := range writers {
			if got, _ := m.Load(w); got != rounds {
				t.Errorf("the Map has %d of writer %d, want %d", got, w, rounds)
			}
			if got, ok := m.Load(writers + w); ok {
				t.Errorf("the Map has %d, which writer %d deleted", got, w)
			}
		}
		if b.Pending() != 0 {
			t.Errorf("%d writes are pending", b.Pending())
		}
	}
}
