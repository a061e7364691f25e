package edges

import (
	"sync"
	"testing"

	"corpus/order"
)

func TestOK_SyncMap(t *testing.T) {
	fresh := func() map[int]int { m := map[int]int{}; m[1] = 1; return m }
	write := func(v any) { v.(map[int]int)[1]++ }
	for name, publish := range map[string]func(s *sync.Map){
		"Store":           func(s *sync.Map) { s.Store("k", fresh()) },
		"LoadOrStore":     func(s *sync.Map) { s.LoadOrStore("k", fresh()) },
		"Swap":            func(s *sync.Map) { s.Swap("k", fresh()) },
		"CompareAndSwap":  func(s *sync.Map) { s.Store("k", 0); s.CompareAndSwap("k", 0, fresh()) },
		"Store over":      func(s *sync.Map) { s.Store("k", 0); s.Store("k", fresh()) },
		"Store of others": func(s *sync.Map) { s.Store("a", 0); s.Store("k", fresh()); s.Store("b", 0) },
	} {
		for how, take := range map[string]func(s *sync.Map){
			"Load":          func(s *sync.Map) { v, _ := s.Load("k"); write(v) },
			"LoadOrStore":   func(s *sync.Map) { v, _ := s.LoadOrStore("k", 0); write(v) },
			"LoadAndDelete": func(s *sync.Map) { v, _ := s.LoadAndDelete("k"); write(v) },
			"Swap":          func(s *sync.Map) { v, _ := s.Swap("k", 0); write(v) },
			"Range": func(s *sync.Map) {
				s.Range(func(k, v any) bool {
					if k == "k" {
						write(v)
					}
					return true
				})
			},
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				var s sync.Map
				order.Sequence(func() { publish(&s) }, func() { take(&s) })
			})
		}
	}
}

// want: assign/assign
func TestRace_SyncMap_WriteAfterStore(t *testing.T) {
	var s sync.Map
	order.Sequence(func() {
		m := map[int]int{}
		s.Store("k", m)
		m[1] = 1
	}, func() {
		v, _ := s.Load("k")
		v.(map[int]int)[1] = 2
	})
}

// A sync.Map of maps: each load finds the same inner map.
//
// want: assign/assign
func TestRace_SyncMap_InnerMap(t *testing.T) {
	var s sync.Map
	s.Store("k", map[int]int{})
	use := func() { v, _ := s.Load("k"); v.(map[int]int)[1]++ }
	order.Sequence(use, use)
}

// want: assign/assign
func TestRace_SyncMap_InnerMapLoadOrStore(t *testing.T) {
	var s sync.Map
	use := func() { v, _ := s.LoadOrStore("k", map[int]int{}); v.(map[int]int)[1]++ }
	order.Sequence(use, use)
}
