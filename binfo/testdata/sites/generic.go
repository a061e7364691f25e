package main

type Store[K comparable, V any] struct {
	n int
	m map[K]V
}

//go:noinline
func (s *Store[K, V]) Load(k K) V {
	return s.m[k] // want lookup map[string]int field main.Store.m // want lookup map[int]*main.Peer field main.Store.m
}

//go:noinline
func sum[K comparable](m map[K]int, keys ...K) (n int) {
	for _, k := range keys {
		n += m[k] // want lookup map[string]int parameter main.sum.m
	}
	return n
}

func generics(n int) int {
	a := &Store[string, int]{n, map[string]int{"a": 1}}
	b := &Store[int, *Peer]{n, map[int]*Peer{1: {1}}}
	return a.Load("a") + b.Load(1).ID + sum(map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8, "i": 9}, "a", "i")
}
