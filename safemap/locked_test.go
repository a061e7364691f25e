package safemap

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func lockedOf[K comparable, V any](m map[K]V) *Locked[K, V] {
	l := new(Locked[K, V])
	for k, v := range m {
		l.Store(k, v)
	}
	return l
}

func wantEntries[K comparable, V comparable](t *testing.T, m *Locked[K, V], want map[K]V) {
	t.Helper()
	if got := m.Snapshot(); !maps.Equal(got, want) {
		t.Errorf("the map has %v, want %v", got, want)
	}
}

// panicOf returns what f panics with, as text.
func panicOf(f func()) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprint(r)
		}
	}()
	f()
	return ""
}

func wantPanic(t *testing.T, f func(), parts ...string) {
	t.Helper()
	text := panicOf(f)
	if text == "" {
		t.Errorf("no panic, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the panic %q has no %q", text, part)
		}
	}
}

func TestLockedMethods(t *testing.T) {
	// Each starts with a=1. A result is what the method returned.
	tests := []struct {
		name   string
		do     func(m *Locked[string, int]) (int, bool)
		result int
		ok     bool
		after  map[string]int
	}{
		{"Load", func(m *Locked[string, int]) (int, bool) { return m.Load("a") },
			1, true, map[string]int{"a": 1}},
		{"Load/missing", func(m *Locked[string, int]) (int, bool) { return m.Load("b") },
			0, false, map[string]int{"a": 1}},
		{"Swap", func(m *Locked[string, int]) (int, bool) { return m.Swap("a", 2) },
			1, true, map[string]int{"a": 2}},
		{"Swap/missing", func(m *Locked[string, int]) (int, bool) { return m.Swap("b", 2) },
			0, false, map[string]int{"a": 1, "b": 2}},
		{"LoadOrStore", func(m *Locked[string, int]) (int, bool) { return m.LoadOrStore("a", 2) },
			1, true, map[string]int{"a": 1}},
		{"LoadOrStore/missing", func(m *Locked[string, int]) (int, bool) { return m.LoadOrStore("b", 2) },
			2, false, map[string]int{"a": 1, "b": 2}},
		{"LoadOrCompute", func(m *Locked[string, int]) (int, bool) {
			return m.LoadOrCompute("a", func() int { panic("called for a key that is there") })
		}, 1, true, map[string]int{"a": 1}},
		{"LoadOrCompute/missing", func(m *Locked[string, int]) (int, bool) {
			return m.LoadOrCompute("b", func() int { return 2 })
		}, 2, false, map[string]int{"a": 1, "b": 2}},
		{"LoadAndDelete", func(m *Locked[string, int]) (int, bool) { return m.LoadAndDelete("a") },
			1, true, map[string]int{}},
		{"LoadAndDelete/missing", func(m *Locked[string, int]) (int, bool) { return m.LoadAndDelete("b") },
			0, false, map[string]int{"a": 1}},
		{"CompareAndSwap", func(m *Locked[string, int]) (int, bool) { return 0, m.CompareAndSwap("a", 1, 2) },
			0, true, map[string]int{"a": 2}},
		{"CompareAndSwap/other", func(m *Locked[string, int]) (int, bool) { return 0, m.CompareAndSwap("a", 3, 2) },
			0, false, map[string]int{"a": 1}},
		{"CompareAndSwap/missing", func(m *Locked[string, int]) (int, bool) { return 0, m.CompareAndSwap("b", 0, 2) },
			0, false, map[string]int{"a": 1}},
		{"CompareAndDelete", func(m *Locked[string, int]) (int, bool) { return 0, m.CompareAndDelete("a", 1) },
			0, true, map[string]int{}},
		{"CompareAndDelete/other", func(m *Locked[string, int]) (int, bool) { return 0, m.CompareAndDelete("a", 3) },
			0, false, map[string]int{"a": 1}},
		{"CompareAndDelete/missing", func(m *Locked[string, int]) (int, bool) { return 0, m.CompareAndDelete("b", 0) },
			0, false, map[string]int{"a": 1}},
		{"Compute/Keep", func(m *Locked[string, int]) (int, bool) {
			return m.Compute("a", func(old int, loaded bool) (int, Op) { return 9, Keep })
		}, 1, true, map[string]int{"a": 1}},
		{"Compute/Keep/missing", func(m *Locked[string, int]) (int, bool) {
			return m.Compute("b", func(old int, loaded bool) (int, Op) { return 9, Keep })
		}, 0, false, map[string]int{"a": 1}},
		{"Compute/Set", func(m *Locked[string, int]) (int, bool) {
			return m.Compute("a", func(old int, loaded bool) (int, Op) { return old + 1, Set })
		}, 2, true, map[string]int{"a": 2}},
		{"Compute/Set/missing", func(m *Locked[string, int]) (int, bool) {
			return m.Compute("b", func(old int, loaded bool) (int, Op) {
				if loaded {
					panic("loaded")
				}
				return old + 7, Set
			})
		}, 7, true, map[string]int{"a": 1, "b": 7}},
		{"Compute/Remove", func(m *Locked[string, int]) (int, bool) {
			return m.Compute("a", func(old int, loaded bool) (int, Op) { return 9, Remove })
		}, 0, false, map[string]int{}},
		{"Delete", func(m *Locked[string, int]) (int, bool) { m.Delete("a"); return 0, false },
			0, false, map[string]int{}},
		{"Clear", func(m *Locked[string, int]) (int, bool) { m.Clear(); return m.Len(), false },
			0, false, map[string]int{}},
		{"Grow", func(m *Locked[string, int]) (int, bool) { m.Grow(100); return m.Len(), true },
			1, true, map[string]int{"a": 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := lockedOf(map[string]int{"a": 1})
			if got, ok := test.do(m); got != test.result || ok != test.ok {
				t.Errorf("returned %d, %t, want %d, %t", got, ok, test.result, test.ok)
			}
			wantEntries(t, m, test.after)
		})
	}
}

// Every method must work on a map that was never written.
func TestLockedZero(t *testing.T) {
	var m Locked[string, int]
	_, found := m.Load("a")
	_, deleted := m.LoadAndDelete("a")
	m.Delete("a")
	m.Clear()
	m.View(func(v View[string, int]) {
		if _, ok := v.Load("a"); ok || v.Len() != 0 {
			t.Error("a View of the zero map has entries")
		}
	})
	m.Update(func(tx Tx[string, int]) { tx.Delete("a"); tx.Clear() })
	if found || deleted || m.CompareAndSwap("a", 0, 1) || m.CompareAndDelete("a", 0) {
		t.Error("the zero map has entries")
	}
	for range m.All() {
		t.Error("the zero map yields entries")
	}
	if s := m.Snapshot(); s == nil || len(s) != 0 {
		t.Errorf("the Snapshot of the zero map is %v, want an empty map that can be written", s)
	}
	writes := map[string]func(m *Locked[string, int]){
		"Store":       func(m *Locked[string, int]) { m.Store("a", 1) },
		"Swap":        func(m *Locked[string, int]) { m.Swap("a", 1) },
		"LoadOrStore": func(m *Locked[string, int]) { m.LoadOrStore("a", 1) },
		"Compute":     func(m *Locked[string, int]) { m.Compute("a", func(int, bool) (int, Op) { return 1, Set }) },
		"Update":      func(m *Locked[string, int]) { m.Update(func(tx Tx[string, int]) { tx.Store("a", 1) }) },
		"Grow":        func(m *Locked[string, int]) { m.Grow(5); m.Store("a", 1) },
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			var m Locked[string, int]
			write(&m)
			wantEntries(t, &m, map[string]int{"a": 1})
		})
	}
}

func TestLockedIterators(t *testing.T) {
	want := map[string]int{"a": 1, "b": 2, "c": 3}
	m := lockedOf(want)
	if got := maps.Collect(m.All()); !maps.Equal(got, want) {
		t.Errorf("All yields %v, want %v", got, want)
	}
	if got := slices.Sorted(m.Keys()); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("Keys yields %v", got)
	}
	if got := slices.Sorted(m.Values()); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("Values yields %v", got)
	}
	loops := map[string]func(){
		"All": func() {
			for range m.All() {
				break
			}
		},
		"Keys": func() {
			for range m.Keys() {
				break
			}
		},
		"Values": func() {
			for range m.Values() {
				break
			}
		},
		"a View's All": func() {
			m.View(func(v View[string, int]) {
				for range v.All() {
					break
				}
			})
		},
	}
	for name, loop := range loops {
		if p := panicOf(loop); p != "" {
			t.Errorf("break in a loop over %s: %s", name, p)
		}
	}

	// Neither the loop's own writes are seen, nor do they deadlock.
	n := 0
	for k, v := range m.All() {
		m.Delete(k)
		m.Store(fmt.Sprint(k, v), v)
		n++
	}
	if n != 3 {
		t.Errorf("the loop ran %d times, want 3", n)
	}
	wantEntries(t, m, map[string]int{"a1": 1, "b2": 2, "c3": 3})
}

func TestLockedSnapshotIsACopy(t *testing.T) {
	m := lockedOf(map[string]int{"a": 1})
	s := m.Snapshot()
	m.Store("a", 2)
	s["b"] = 3
	if s["a"] != 1 {
		t.Error("a Store changed the Snapshot")
	}
	wantEntries(t, m, map[string]int{"a": 2})
}

// Keys that are not equal to themselves cannot be found, but they are there.
func TestLockedNaN(t *testing.T) {
	nan := math.NaN()
	var m Locked[float64, int]
	m.Store(nan, 1)
	m.Store(nan, 2)
	m.Delete(nan)
	if _, ok := m.Load(nan); ok || m.Len() != 2 {
		t.Errorf("found %t, %d entries; want a native map's false, 2", ok, m.Len())
	}
	m.Grow(100)
	if got := slices.Sorted(m.Values()); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("after Grow: %v", got)
	}
	m.Clear()
	if m.Len() != 0 {
		t.Errorf("%d entries after Clear", m.Len())
	}
}

// A key that cannot be hashed panics as that of a native map does, and leaves
// the map unlocked.
func TestLockedUnhashable(t *testing.T) {
	type holder struct {
		n int
		a [1]any
	}
	bad := holder{1, [1]any{[]int{1}}}
	calls := map[string]func(m *Locked[holder, int]){
		"Load":          func(m *Locked[holder, int]) { m.Load(bad) },
		"Store":         func(m *Locked[holder, int]) { m.Store(bad, 1) },
		"Swap":          func(m *Locked[holder, int]) { m.Swap(bad, 1) },
		"LoadOrStore":   func(m *Locked[holder, int]) { m.LoadOrStore(bad, 1) },
		"LoadOrCompute": func(m *Locked[holder, int]) { m.LoadOrCompute(bad, func() int { return 1 }) },
		"Delete":        func(m *Locked[holder, int]) { m.Delete(bad) },
		"LoadAndDelete": func(m *Locked[holder, int]) { m.LoadAndDelete(bad) },
		"Compute": func(m *Locked[holder, int]) {
			m.Compute(bad, func(int, bool) (int, Op) { return 1, Set })
		},
		"CompareAndSwap":   func(m *Locked[holder, int]) { m.CompareAndSwap(bad, 1, 2) },
		"CompareAndDelete": func(m *Locked[holder, int]) { m.CompareAndDelete(bad, 1) },
		"View":             func(m *Locked[holder, int]) { m.View(func(v View[holder, int]) { v.Load(bad) }) },
		"Update":           func(m *Locked[holder, int]) { m.Update(func(tx Tx[holder, int]) { tx.Store(bad, 1) }) },
	}
	for name, call := range calls {
		for _, state := range []string{"zero", "written"} {
			t.Run(name+"/"+state, func(t *testing.T) {
				var m Locked[holder, int]
				if state == "written" {
					m.Store(holder{n: 2}, 2)
				}
				wantPanic(t, func() { call(&m) }, "hash of unhashable type", "[]int")
				m.Store(holder{n: 3}, 3)
				if v, ok := m.Load(holder{n: 3}); v != 3 || !ok {
					t.Error("the map does not work afterwards")
				}
			})
		}
	}
}

func TestLockedUncomparableValues(t *testing.T) {
	var slices Locked[string, []int]
	wantPanic(t, func() { slices.CompareAndSwap("a", nil, nil) }, "Locked.CompareAndSwap", "[]int", "Compute")
	wantPanic(t, func() { slices.CompareAndDelete("a", nil) }, "Locked.CompareAndDelete", "[]int", "Compute")

	var anys Locked[string, any]
	anys.Store("slice", []int{1})
	wantPanic(t, func() { anys.CompareAndSwap("slice", any([]int{1}), nil) }, "[]int")
	if anys.CompareAndSwap("slice", 1, 2) || anys.CompareAndDelete("slice", 1) {
		t.Error("a slice equals an int")
	}
	anys.Store("none", nil)
	if !anys.CompareAndSwap("none", nil, 5) {
		t.Error("nil does not equal nil")
	}
}

func TestLockedBadArguments(t *testing.T) {
	m := lockedOf(map[string]int{"a": 1})
	wantPanic(t, func() { m.Grow(-1) }, "Locked.Grow", "-1")
	wantPanic(t, func() { m.Compute("a", func(int, bool) (int, Op) { return 5, Op(77) }) }, "Locked.Compute", "77", "Keep, Set or Remove")
	wantEntries(t, m, map[string]int{"a": 1})
	m.Store("a", 2)
}

func TestLockedView(t *testing.T) {
	m := lockedOf(map[string]int{"a": 1, "b": 2})
	m.View(func(v View[string, int]) {
		if x, ok := v.Load("a"); x != 1 || !ok {
			t.Errorf("Load: %d, %t", x, ok)
		}
		if _, ok := v.Load("c"); ok {
			t.Error("Load finds what is not there")
		}
		if got := maps.Collect(v.All()); v.Len() != 2 || !maps.Equal(got, map[string]int{"a": 1, "b": 2}) {
			t.Errorf("All yields %v, Len is %d", got, v.Len())
		}
	})
}

func TestLockedUpdate(t *testing.T) {
	m := lockedOf(map[string]int{"a": 1, "b": 2, "c": 3})
	m.Update(func(tx Tx[string, int]) {
		tx.Store("a", 10)
		tx.Store("d", 4)
		tx.Delete("b")
		tx.Delete("none")
		if x, _ := tx.Load("a"); x != 10 {
			t.Errorf("an Update reads %d, not its own write", x)
		}
		if tx.Len() != 3 {
			t.Errorf("Len is %d", tx.Len())
		}
		for k := range tx.All() {
			tx.Delete(k) // as in a loop over a native map
		}
		tx.Store("e", 5)
		tx.Clear()
		tx.Store("f", 6)
	})
	wantEntries(t, m, map[string]int{"f": 6})
}

// What an Update wrote is undone whichever way it ends early, and every kind
// of write is.
func TestLockedUpdateUndone(t *testing.T) {
	nan := math.NaN()
	writes := map[string]func(tx Tx[float64, int]){
		"overwrite":          func(tx Tx[float64, int]) { tx.Store(1, 100); tx.Store(1, 101) },
		"add":                func(tx Tx[float64, int]) { tx.Store(5, 5); tx.Store(5, 6); tx.Delete(5) },
		"delete":             func(tx Tx[float64, int]) { tx.Delete(1); tx.Store(1, 9); tx.Delete(2); tx.Delete(7) },
		"clear":              func(tx Tx[float64, int]) { tx.Store(5, 5); tx.Clear(); tx.Store(1, 7); tx.Store(6, 6) },
		"NaN":                func(tx Tx[float64, int]) { tx.Store(nan, 5); tx.Store(1, 2); tx.Store(nan, 6) },
		"NaN, clear":         func(tx Tx[float64, int]) { tx.Store(nan, 5); tx.Clear(); tx.Store(nan, 6) },
		"clear, NaN, clear":  func(tx Tx[float64, int]) { tx.Clear(); tx.Store(nan, 6); tx.Clear() },
		"more than is kept":  func(tx Tx[float64, int]) { storeMany(tx, 2*maxKeptUndo); tx.Clear() },
		"add, clear, delete": func(tx Tx[float64, int]) { tx.Store(5, 5); tx.Clear(); tx.Delete(1); tx.Store(2, 0) },
	}
	ends := map[string]func(){
		"panic":  func() { panic("on purpose") },
		"Goexit": runtime.Goexit,
	}
	for name, write := range writes {
		for how, end := range ends {
			t.Run(name+"/"+how, func(t *testing.T) {
				m := lockedOf(map[float64]int{1: 1, 2: 2})
				m.Store(nan, 3)
				for range 2 { // the second time with a log that was used
					done := make(chan any)
					go func() {
						defer func() { done <- recover() }()
						m.Update(func(tx Tx[float64, int]) { write(tx); end() })
					}()
					if r := <-done; how == "panic" && r != "on purpose" {
						t.Errorf("Update panicked with %v", r)
					}
					a, _ := m.Load(1)
					b, _ := m.Load(2)
					values := slices.Sorted(m.Values())
					if a != 1 || b != 2 || !slices.Equal(values, []int{1, 2, 3}) {
						t.Errorf("1: %d, 2: %d, values %v; want all as before", a, b, values)
					}
				}
				m.Update(write)
				if a, _ := m.Load(1); a == 1 && m.Len() == 3 && name != "add" {
					t.Error("an Update that returns changed nothing")
				}
			})
		}
	}
}

func storeMany(tx Tx[float64, int], n int) {
	for i := range n {
		tx.Store(float64(i), -1)
	}
}

func TestLockedCallbackPanics(t *testing.T) {
	calls := map[string]func(m *Locked[string, int]){
		"View":          func(m *Locked[string, int]) { m.View(func(View[string, int]) { panic("on purpose") }) },
		"Update":        func(m *Locked[string, int]) { m.Update(func(Tx[string, int]) { panic("on purpose") }) },
		"Compute":       func(m *Locked[string, int]) { m.Compute("a", func(int, bool) (int, Op) { panic("on purpose") }) },
		"LoadOrCompute": func(m *Locked[string, int]) { m.LoadOrCompute("b", func() int { panic("on purpose") }) },
		"All": func(m *Locked[string, int]) {
			for range m.All() {
				panic("on purpose")
			}
		},
		"a View's All": func(m *Locked[string, int]) {
			m.View(func(v View[string, int]) {
				for range v.All() {
					panic("on purpose")
				}
			})
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			m := lockedOf(map[string]int{"a": 1})
			wantPanic(t, func() { call(m) }, "on purpose")
			wantEntries(t, m, map[string]int{"a": 1})
			m.Store("b", 2)
			m.View(func(v View[string, int]) {})
			wantEntries(t, m, map[string]int{"a": 1, "b": 2})
		})
	}
}

// A handle that outlives its callback must not read a map that others write.
func TestLockedStaleHandle(t *testing.T) {
	m := lockedOf(map[string]int{"a": 1})
	var view View[string, int]
	var tx Tx[string, int]
	m.View(func(v View[string, int]) { view = v })
	m.Update(func(x Tx[string, int]) { tx = x })
	uses := map[string]func(){
		"View.Load": func() { view.Load("a") },
		"View.Len":  func() { view.Len() },
		"View.All":  func() { sumOf(view) },
		"Tx.Load":   func() { tx.Load("a") },
		"Tx.Len":    func() { tx.Len() },
		"Tx.All":    func() { sumOf(tx.View) },
		"Tx.Store":  func() { tx.Store("a", 2) },
		"Tx.Delete": func() { tx.Delete("a") },
		"Tx.Clear":  func() { tx.Clear() },
	}
	for name, use := range uses {
		t.Run(name, func(t *testing.T) {
			_, method, _ := strings.Cut(name, ".")
			want := []string{"safemap: " + method, "Locked[string,int]", "has returned", "keep what was read"}
			wantPanic(t, use, want...)
			// A later callback may have the same session, or the same lock.
			m.View(func(View[string, int]) { wantPanic(t, use, want...) })
			m.Update(func(Tx[string, int]) { wantPanic(t, use, want...) })
		})
	}
	wantEntries(t, m, map[string]int{"a": 1})

	wantPanic(t, func() { new(View[string, int]).Len() }, "Len", "no View or Update made")
	wantPanic(t, func() { new(Tx[string, int]).Store("a", 1) }, "Store", "no View or Update made")
}

// An iterator is a handle, too.
func TestLockedStaleIterator(t *testing.T) {
	m := lockedOf(map[string]int{"a": 1, "b": 2})
	wantPanic(t, func() {
		var rest func(func(string, int) bool)
		m.View(func(v View[string, int]) { rest = v.All() })
		rest(func(string, int) bool { return true })
	}, "All", "has returned")

	next, stop := func() (string, int, bool) { return "", 0, false }, func() {}
	m.View(func(v View[string, int]) {
		next, stop = iter.Pull2(v.All())
		if _, _, ok := next(); !ok {
			t.Error("nothing to pull")
		}
	})
	defer stop()
	wantPanic(t, func() { next() }, "All", "has returned")
}

func sumOf[K comparable](v View[K, int]) (sum int) {
	for _, x := range v.All() {
		sum += x
	}
	return sum
}
