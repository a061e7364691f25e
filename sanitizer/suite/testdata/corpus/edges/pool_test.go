package edges

import (
	"runtime"
	"sync"
	"testing"

	"corpus/order"
)

// pooled puts a map that f has used into a pool and lets g have it from
// another goroutine. It tries until the pool gives back the same map.
func pooled(t *testing.T, f, g func(m map[int]int), afterPut func(m map[int]int)) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one local pool
	for range 100 {
		var pool sync.Pool
		m := map[int]int{0: 0}
		same := false
		order.Sequence(func() {
			f(m)
			pool.Put(&m)
			afterPut(m)
		}, func() {
			if p, _ := pool.Get().(*map[int]int); p != nil {
				same = true
				g(*p)
			}
		})
		if same {
			return
		}
	}
	t.Fatal("the pool never gave back what was put")
}

func TestOK_Pool(t *testing.T) {
	pooled(t, func(m map[int]int) { m[1] = 1 }, func(m map[int]int) { m[1] = 2 }, func(map[int]int) {})
}

// want: assign/assign
func TestRace_Pool_UseAfterPut(t *testing.T) {
	pooled(t, func(map[int]int) {}, func(m map[int]int) { m[1] = 2 }, func(m map[int]int) { m[1] = 1 })
}

func TestOK_Pool_New(t *testing.T) {
	pool := sync.Pool{New: func() any { m := map[int]int{}; m[0] = 0; return m }}
	use := func() { m := pool.Get().(map[int]int); m[1]++; pool.Put(m) }
	order.Sequence(use, use, use, use)
}

// New hands out one map to all.
//
// want: assign/assign
func TestRace_Pool_SharedNew(t *testing.T) {
	m := map[int]int{}
	pool := sync.Pool{New: func() any { return m }}
	use := func() { pool.Get().(map[int]int)[1]++ }
	order.Sequence(use, use)
}
