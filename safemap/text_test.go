package safemap

import (
	"strings"
	"testing"
	"unsafe"
)

// TestTextLengths: the length of a string key stands in one byte, or, from
// longText on, elsewhere. Strings of all lengths are one another's prefixes
// here, so that a wrong length is a wrong key.
func TestTextLengths(t *testing.T) {
	const n = 2 * longText
	all := strings.Repeat("x", n)
	check := func(t *testing.T, m *Map[string, int], from int) {
		t.Helper()
		s := m.Snapshot()
		for i := range n {
			for _, key := range []string{all[:i], strings.Clone(all[:i])} {
				v, ok := m.Load(key)
				w, was := s.Load(key)
				if ok != (i >= from) || ok && v != i || w != v || was != ok {
					t.Fatalf("length %d, from %d on: Load is %d, %t; of a snapshot %d, %t", i, from, v, ok, w, was)
				}
			}
		}
		seen := 0
		for k, v := range s.All() {
			if len(k) != v {
				t.Fatalf("key of %d bytes has %d", len(k), v)
			}
			seen++
		}
		if seen != n-from {
			t.Fatalf("%d keys in a snapshot, not %d", seen, n-from)
		}
	}
	var m Map[string, int]
	for round := range 2 { // the second in slots that were used
		for i := range n {
			m.Store(strings.Clone(all[:i]), -1)
			m.Store(all[:i], i)
		}
		check(t, &m, 0)
		for i := range n {
			m.Delete(all[:i])
			if i%100 == round {
				check(t, &m, i+1)
			}
		}
	}
}

// TestTextIsNotCopied: a string key costs no allocation, unless it is long; nor
// does it cost one to overwrite or to find it.
func TestTextIsNotCopied(t *testing.T) {
	for _, c := range []struct{ length, want int }{{20, 0}, {longText - 1, 0}, {longText, 1}, {1000, 1}} {
		m := New[string, int](Options[string]{Size: 100})
		key := strings.Repeat("k", c.length)
		if got := testing.AllocsPerRun(100, func() {
			m.Store(key, 1)
			m.Store(key, 2)
			m.Swap(key, 3)
			m.Load(key)
			m.Delete(key)
		}); int(got) != c.want {
			t.Errorf("%v allocations for a key of %d bytes, not %d", got, c.length, c.want)
		}
		m.Store(key, 1)
		for k := range m.All() {
			if unsafe.StringData(k) != unsafe.StringData(key) {
				t.Errorf("a key of %d bytes was copied", c.length)
			}
		}
	}
}
