package safemap_test

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/safemap"
)

func TestFloatKeys(t *testing.T) {
	var m safemap.Map[float64, int]
	negative := math.Copysign(0, -1)
	m.Store(0, 1)
	m.Store(negative, 2)
	if v, ok := m.Load(0); v != 2 || !ok || m.Len() != 1 {
		t.Errorf("0 and -0 are one key: got %d, %v, and %d entries", v, ok, m.Len())
	}
	// As in a native map, a NaN is never found again and never the same.
	const nans = 1000
	for range nans {
		m.Store(math.NaN(), 3)
	}
	if _, ok := m.Load(math.NaN()); ok {
		t.Error("a NaN was found")
	}
	m.Delete(math.NaN())
	s := m.Snapshot()
	if m.Len() != nans+1 || s.Len() != nans+1 {
		t.Errorf("%d entries, %d in the snapshot, want %d", m.Len(), s.Len(), nans+1)
	}
	for i := range 100000 { // grow, and shrink, with them inside
		m.Store(float64(i+1), i)
	}
	for i := range 100000 {
		m.Delete(float64(i + 1))
	}
	n := 0
	for k := range m.All() {
		if k != k {
			n++
		}
	}
	if n != nans {
		t.Errorf("%d NaNs after growing and shrinking, want %d", n, nans)
	}
	m.Clear()
	if m.Len() != 0 {
		t.Errorf("%d entries after Clear", m.Len())
	}
}

func TestKeyKinds(t *testing.T) {
	type padded struct {
		a byte
		b uint32
		s string
	}
	t.Run("padded", func(t *testing.T) {
		distinct(t, func(i int) padded {
			// Whatever stands in the padding must not matter.
			dirty := [2]uint64{math.MaxUint64 * uint64(i&1), math.MaxUint64}
			runtime.KeepAlive(dirty)
			return padded{byte(i), uint32(i), strings.Repeat("x", i%40)}
		})
	})
	t.Run("array", func(t *testing.T) { distinct(t, func(i int) [40]int { return [40]int{39: i} }) })
	t.Run("odd", func(t *testing.T) { distinct(t, func(i int) [3]byte { return [3]byte{byte(i), byte(i >> 8), 9} }) })
	t.Run("complex", func(t *testing.T) { distinct(t, func(i int) complex128 { return complex(float64(i), -1) }) })
	t.Run("any", func(t *testing.T) {
		distinct(t, func(i int) any {
			switch i % 4 {
			case 0:
				return i
			case 1:
				return int64(i)
			case 2:
				return padded{a: byte(i), b: uint32(i)}
			}
			return strings.Repeat("y", i)
		})
	})
	p := make([]int, 500)
	t.Run("pointer", func(t *testing.T) { distinct(t, func(i int) *int { return &p[i] }) })
	t.Run("strings", func(t *testing.T) {
		distinct(t, func(i int) string { return strings.Repeat(string(rune('a'+i%20)), i) })
	})
}

// distinct stores, finds and removes 500 keys that key makes.
func distinct[K comparable](t *testing.T, key func(i int) K) {
	var m safemap.Map[K, int]
	const n = 500
	for i := range n {
		if _, loaded := m.LoadOrStore(key(i), i); loaded {
			t.Fatalf("key %d is there before it is stored", i)
		}
	}
	for i := range n {
		if v, ok := m.Load(key(i)); !ok || v != i {
			t.Fatalf("key %d has %d, %v", i, v, ok)
		}
	}
	for i := 0; i < n; i += 2 {
		if v, ok := m.LoadAndDelete(key(i)); !ok || v != i {
			t.Fatalf("key %d had %d, %v", i, v, ok)
		}
	}
	for i := range n {
		if _, ok := m.Load(key(i)); ok != (i%2 == 1) {
			t.Fatalf("key %d: present %v after half were removed", i, ok)
		}
	}
}

func TestZeroSize(t *testing.T) {
	var m safemap.Map[struct{}, struct{}]
	if _, ok := m.Load(struct{}{}); ok {
		t.Error("the empty map has a key")
	}
	m.Store(struct{}{}, struct{}{})
	m.Store(struct{}{}, struct{}{})
	if _, ok := m.Load(struct{}{}); !ok || m.Len() != 1 {
		t.Errorf("present %v, %d entries", ok, m.Len())
	}
	var sets safemap.Map[string, struct{}]
	sets.Store("", struct{}{})
	if _, ok := sets.Load(""); !ok {
		t.Error("the empty string is lost")
	}
}

// TestStringsAreCopied: a key does not keep the text alive that it was cut from.
func TestStringsAreCopied(t *testing.T) {
	b := []byte("0123456789")
	var m safemap.Map[string, int]
	m.Store(string(b), 1)
	for k := range m.All() {
		if k != "0123456789" {
			t.Errorf("key %q", k)
		}
	}
	gone := make(chan bool, 1)
	func() {
		big := new([1 << 16]byte)
		runtime.AddCleanup(big, func(int) { gone <- true }, 0)
		copy(big[:], "abc")
		s := string(big[:3])
		m.Store(s, 2)
	}()
	runtime.GC()
	runtime.GC()
	<-gone
}
