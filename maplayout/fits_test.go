package maplayout

import (
	"testing"
	"unsafe"
)

// TestFits: headers of real maps fit, and objects that are much like one do not.
func TestFits(t *testing.T) {
	l := ownLayout(t)
	for _, n := range []int{0, 1, 8, 9, 1000, 100_000} {
		m := map[int]int{}
		for i := range n {
			m[i] = i
		}
		if n == 0 {
			m[1] = 1
			delete(m, 1)
		}
		if _, addr := words(m); !l.Fits(everything{}, addr) {
			t.Errorf("a map of %d entries does not fit", n)
		}
	}
	x := new(int)
	at := uint64(uintptr(unsafe.Pointer(x)))
	for what, words := range map[string][8]uint64{
		"zeros":                     {},
		"a slice and a string":      {at, 3, 4, at, 7, at, 0, 0},
		"numbers and a pointer":     {4, 17, at, 0, 0, 0, 0, 0},
		"a depth without directory": {4, 1 << 50, at, 0, 2, 0, 0, 0},
		"a directory of other size": {400, 1 << 50, at, 3, 1 | 63<<8, 0, 0, 0},
		"a flag of two bits":        {4, 1 << 50, at, 0, 3 << 16, 0, 0, 0},
		"too much for one group":    {9, 1 << 50, at, 0, 0, 0, 0, 0},
	} {
		if l.Fits(everything{}, uint64(uintptr(unsafe.Pointer(&words)))) {
			t.Errorf("%s: fits as a map's header", what)
		}
	}
	if l.Fits(&own{}, at) {
		t.Error("what cannot be read fits")
	}
}
