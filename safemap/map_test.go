package safemap

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

func TestAgainstNative(t *testing.T) {
	t.Run("int", func(t *testing.T) { against(t, func(i int) int { return i }, func(i int) int { return i }) })
	t.Run("string", func(t *testing.T) {
		against(t, func(i int) string { return fmt.Sprintf("key%0*d", i%20, i) }, func(i int) *int { return &i })
	})
	type pad struct {
		a byte
		b int
	}
	t.Run("padded", func(t *testing.T) {
		against(t, func(i int) pad { return pad{byte(i), i} }, func(i int) [3]int { return [3]int{i, i, i} })
	})
	t.Run("float", func(t *testing.T) {
		against(t, func(i int) float64 { return float64(i) / 3 }, func(i int) string { return fmt.Sprint(i) })
	})
	t.Run("any", func(t *testing.T) {
		against(t, func(i int) any {
			if i%2 == 0 {
				return i
			}
			return fmt.Sprint(i)
		}, func(i int) any { return i })
	})
	t.Run("byte", func(t *testing.T) {
		against(t, func(i int) byte { return byte(i) }, func(i int) struct{} { return struct{}{} })
	})
}

func against[K, V comparable](t *testing.T, key func(int) K, val func(int) V) {
	for _, size := range []int{10, 300, scale(60_000)} {
		var m Map[K, V]
		ref := map[K]V{}
		type shot struct {
			s   Snapshot[K, V]
			ref map[K]V
		}
		var shots []shot
		r := rand.New(rand.NewPCG(1, uint64(size)))
		check := func(s Snapshot[K, V], ref map[K]V) {
			t.Helper()
			if s.Len() != len(ref) {
				t.Fatalf("len %d, want %d", s.Len(), len(ref))
			}
			n := 0
			for k, v := range s.All() {
				n++
				if ref[k] != v {
					t.Fatalf("size %d: %v = %v, want %v", size, k, v, ref[k])
				}
			}
			if n != len(ref) {
				t.Fatalf("size %d: all gave %d, want %d", size, n, len(ref))
			}
			for k, v := range ref {
				if got, ok := s.Load(k); !ok || got != v {
					t.Fatalf("snapshot load %v = %v %v, want %v", k, got, ok, v)
				}
			}
		}
		bias := 3
		for n := range 4 * size {
			if n%(size) == 0 {
				bias = 6 - bias
			}
			i := r.IntN(size)
			k, v := key(i), val(r.IntN(1000))
			switch op := r.IntN(10); {
			case op < bias:
				m.Delete(k)
				delete(ref, k)
			case op == 8:
				got, ok := m.Load(k)
				want, wok := ref[k]
				if got != want || ok != wok {
					t.Fatalf("size %d: load %v = %v %v, want %v %v", size, k, got, ok, want, wok)
				}
			default:
				m.Store(k, v)
				ref[k] = v
			}
			if n%(size/2) == size/4 {
				c := map[K]V{}
				for k, v := range ref {
					c[k] = v
				}
				shots = append(shots, shot{m.Snapshot(), c})
				check(shots[len(shots)-1].s, c)
			}
		}
		if m.Len() != len(ref) {
			t.Fatalf("len %d, want %d", m.Len(), len(ref))
		}
		n := 0
		for k, v := range m.All() {
			n++
			if ref[k] != v {
				t.Fatalf("%v = %v, want %v", k, v, ref[k])
			}
		}
		if n != len(ref) {
			t.Fatalf("all gave %d, want %d", n, len(ref))
		}
		for _, s := range shots {
			check(s.s, s.ref)
		}
	}
}

func TestConcurrent(t *testing.T) {
	var m Map[int, int64]
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(g)))
			for i := range scale(200_000) {
				k := r.IntN(20000)
				switch r.IntN(4) {
				case 0:
					m.Delete(k)
				case 1:
					if v, ok := m.Load(k); ok && int(v%20000) != k {
						t.Errorf("key %d has %d", k, v)
					}
				default:
					m.Store(k, int64(k)+20000*int64(i))
				}
				if i%10000 == 0 {
					s := m.Snapshot()
					n := 0
					for k, v := range s.All() {
						n++
						if int(v%20000) != k {
							t.Errorf("key %d has %d", k, v)
						}
					}
					if n != s.Len() {
						t.Errorf("%d entries, len %d", n, s.Len())
					}
				}
			}
		})
	}
	wg.Wait()
}

// scale is n, or a part of it in tests that are to be short.
func scale(n int) int {
	if testing.Short() {
		return n / 20
	}
	return n
}
