package subject

import (
	"testing"

	"github.com/mapsan/mapsan/safemap/proof/model"
)

func TestKinds(t *testing.T) {
	kindTest(t, Ints())
	kindTest(t, Strings())
	kindTest(t, Fenced())
	kindTest(t, Structs())
	kindTest(t, Floats())
	kindTest(t, Anys())
	kindTest(t, Boxes())
	kindTest(t, Pointers())
	kindTest(t, Texts())
}

// kindTest: numbers become keys and values that are told apart, and come back.
func kindTest[K comparable, V any](t *testing.T, kind Kind[K, V]) {
	t.Run(kind.Name, func(t *testing.T) {
		keys := map[K]int32{}
		for _, n := range []int32{0, 1, 2, 3, 1024, 1025, 1026, 1 << 20, 1<<22 + 5} {
			k := kind.Key(n)
			if got := kind.KeyNumber(k); got != n {
				t.Errorf("key %d comes back as %d", n, got)
			}
			if other, is := keys[k]; is {
				t.Errorf("keys %d and %d are equal", other, n)
			}
			keys[k] = n
			if kind.Twin != nil && kind.Twin(n) != k {
				t.Errorf("key %d is not equal to its twin", n)
			}
			if n == 0 {
				continue // no value has this number
			}
			if got := kind.Number(kind.Value(n)); got != n {
				t.Errorf("value %d comes back as %d", n, got)
			}
		}
		var zero V
		if got := kind.Number(zero); got != 0 {
			t.Errorf("the zero value is taken for %d", got)
		}
	})
}

// TestTorn: what is made of two values is none.
func TestTorn(t *testing.T) {
	a, b := box(7), box(8)
	for _, torn := range []Box{{a.A, b.B, b.C}, {a.A, a.B, b.C}, {0, a.B, a.C}, {A: 7}, {^uint64(0), 0, 0}} {
		if got := torn.number(); got != model.Torn {
			t.Errorf("%v is taken for %d", torn, got)
		}
		if got := Pointers().Number(&torn); got != model.Torn {
			t.Errorf("a pointer to %v is taken for %d", torn, got)
		}
	}
	for _, text := range []string{"7 8", "x", "-3", "99999999999"} {
		if got := Texts().Number(text); got != model.Torn {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}
