//go:build race || safemap_debug

package safemap

import (
	"fmt"
	"testing"
)

// A callback that calls back into its map would wait for itself. All of these
// hang without the guard.
func TestLockedReentry(t *testing.T) {
	type lm = Locked[string, int]
	methods := map[string]func(m *lm){
		"Load":             func(m *lm) { m.Load("a") },
		"Store":            func(m *lm) { m.Store("a", 1) },
		"Swap":             func(m *lm) { m.Swap("a", 1) },
		"LoadOrStore":      func(m *lm) { m.LoadOrStore("a", 1) },
		"LoadOrCompute":    func(m *lm) { m.LoadOrCompute("a", func() int { return 1 }) },
		"Delete":           func(m *lm) { m.Delete("a") },
		"LoadAndDelete":    func(m *lm) { m.LoadAndDelete("a") },
		"CompareAndSwap":   func(m *lm) { m.CompareAndSwap("a", 1, 1) },
		"CompareAndDelete": func(m *lm) { m.CompareAndDelete("a", 1) },
		"Compute":          func(m *lm) { m.Compute("a", func(int, bool) (int, Op) { return 1, Set }) },
		"Clear":            func(m *lm) { m.Clear() },
		"Grow":             func(m *lm) { m.Grow(1) },
		"Len":              func(m *lm) { m.Len() },
		"Snapshot":         func(m *lm) { m.Snapshot() },
		"View":             func(m *lm) { m.View(func(View[string, int]) {}) },
		"Update":           func(m *lm) { m.Update(func(Tx[string, int]) {}) },
		"All": func(m *lm) {
			for range m.All() {
			}
		},
	}
	callbacks := map[string]func(m *lm, call func()){
		"View":   func(m *lm, call func()) { m.View(func(View[string, int]) { call() }) },
		"Update": func(m *lm, call func()) { m.Update(func(Tx[string, int]) { call() }) },
		"Compute": func(m *lm, call func()) {
			m.Compute("a", func(int, bool) (int, Op) { call(); return 0, Keep })
		},
		"LoadOrCompute": func(m *lm, call func()) { m.LoadOrCompute("none", func() int { call(); return 0 }) },
	}
	for inner, call := range methods {
		for outer, callback := range callbacks {
			t.Run(inner+" in "+outer, func(t *testing.T) {
				m := lockedOf(map[string]int{"a": 1})
				wantPanic(t, func() { callback(m, func() { call(m) }) },
					"safemap: "+inner+" of a *safemap.Locked[string,int]", "callback of its own "+outer, "wait forever", "after "+outer+" has returned")
				call(m) // works when the callback is over
			})
		}
	}
}

// The guard must not take other maps, or other goroutines, for its own.
func TestLockedNoReentry(t *testing.T) {
	a, b := lockedOf(map[string]int{"a": 1}), lockedOf(map[string]int{"b": 2})
	a.View(func(va View[string, int]) {
		b.Update(func(tb Tx[string, int]) {
			tb.Store("c", 3)
			done := make(chan int)
			go func() { done <- a.Len() }()
			if n := <-done; n != va.Len() {
				t.Errorf("another goroutine reads %d entries, want %d", n, va.Len())
			}
		})
		b.Store("d", 4)
	})
	wantEntries(t, b, map[string]int{"b": 2, "c": 3, "d": 4})
}

// More callbacks at a time than the guard watches are not an error.
func TestLockedManyViews(t *testing.T) {
	m := lockedOf(map[string]int{"a": 1})
	const views = 3 * len(m.guard.in)
	inside, leave, done := make(chan bool), make(chan bool), make(chan error, views)
	for range views {
		go func() {
			m.View(func(v View[string, int]) {
				inside <- true
				<-leave
				if x, _ := v.Load("a"); x != 1 {
					done <- fmt.Errorf("a View loads %d, want 1", x)
				}
			})
			done <- nil
		}()
	}
	for range views {
		<-inside
	}
	close(leave)
	for range views {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	m.Store("a", 2)
	m.Update(func(tx Tx[string, int]) { wantPanic(t, func() { m.Len() }, "Len") })
}
