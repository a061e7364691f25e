package safemap_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mapsan/mapsan/safemap"
)

// BenchmarkBuffered measures Store with the flushes it leads to, beside Store
// of the Map, with and without a Snapshot every 64 writes.
func BenchmarkBuffered(b *testing.B) {
	type value [4]int
	for _, keys := range []int{16, 1000} {
		for _, snapshots := range []bool{false, true} {
			for _, g := range []int{1, 2} {
				for _, size := range []int{0, 64, 1024, 4096} {
					name := fmt.Sprintf("size%d", size)
					if size == 0 {
						name = "Map"
					}
					b.Run(fmt.Sprintf("keys=%d/snapshots=%t/g=%d/%s", keys, snapshots, g, name), func(b *testing.B) {
						m := safemap.New[int, value](safemap.Options[int]{Snapshots: snapshots})
						store := m.Store
						if size > 0 {
							store = safemap.NewBuffered(m, safemap.BufferedOptions{MaxDelay: time.Hour, MaxSize: size}).Store
						}
						inParallel(g, b.N, func(w int) func() {
							next := random(w, keys)
							n := 0
							var last safemap.Snapshot[int, value]
							return func() {
								if n++; snapshots && n%64 == 0 {
									last = m.Snapshot()
									last.Load(n)
								}
								store(next(), value{n})
							}
						})
					})
				}
			}
		}
	}
}

// BenchmarkBufferedLoad measures Load of keys that are in the buffer, in the
// Map only, or nowhere.
func BenchmarkBufferedLoad(b *testing.B) {
	for _, size := range []int{8, 256} {
		m := safemap.New[int, int](safemap.Options[int]{})
		buffered := safemap.NewBuffered(m, safemap.BufferedOptions{MaxDelay: time.Hour, MaxSize: size + 1})
		for k := range size {
			buffered.Store(k, k)
			m.Store(size+k, k)
		}
		for i, where := range []string{"buffer", "Map", "nowhere"} {
			b.Run(fmt.Sprintf("size=%d/%s", size, where), func(b *testing.B) {
				next := random(1, size)
				for range b.N {
					buffered.Load(i*size + next())
				}
			})
		}
	}
}
