package rt

import (
	"testing"
	"time"
)

// TestManyGoroutines keeps many goroutines alive that all touched one map under
// one lock and tell one WaitGroup. Work that grew with the square of their
// number would take minutes.
func TestManyGoroutines(t *testing.T) {
	resetEngine()
	const n, lock, group = 50000, 0x100, 0x200
	start := time.Now()
	main := NewG(1)
	var m shadow
	gs := make([]*G, n)
	var prior Access
	for i := range gs {
		gs[i] = Fork(main, uint64(i+2), 0, false)
	}
	for i, g := range gs {
		if !g.AcquireExclusiveFast(lock) {
			g.Acquire(lock)
		}
		if m.head.Access(&m.index, 1, g, OpLookup, 0, &prior, func(uint32) {}) {
			t.Fatalf("goroutine %d races under the lock", i)
		}
		releaseTo(g, lock)
		mergeInto(g, group)
	}
	acquire(main, group)
	if m.head.Access(&m.index, 1, main, OpAssign, 0, &prior, func(uint32) {}) {
		t.Fatal("main races after it waited")
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("%d goroutines took %v", n, d)
	}
	if per := nodePool.live * 136 / n; per > 1200 {
		t.Errorf("%d bytes of clocks per live goroutine", per)
	}
	for _, g := range gs {
		g.End()
	}
	main.End()
}

// TestManyReleasers lets goroutines that all know much tell one object, each
// with something new.
func TestManyReleasers(t *testing.T) {
	resetEngine()
	const n, group, start, done = 20000, 0x200, 0x300, 0x400
	main := NewG(1)
	main.own()
	gs := make([]*G, n)
	for i := range gs {
		gs[i] = Fork(main, uint64(i+2), 0, false)
		gs[i].own()
		mergeInto(gs[i], group)
	}
	acquire(main, group)
	releaseTo(main, start)
	began := time.Now()
	for _, g := range gs {
		acquire(g, start)
		mergeInto(g, done)
	}
	acquire(main, done)
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("%d releasers took %v", n, d)
	}
	for i, g := range gs {
		if !main.knowsName(g.name) {
			t.Fatalf("goroutine %d was not heard", i)
		}
	}
}
