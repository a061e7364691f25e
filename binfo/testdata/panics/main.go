// Command panics fails in a map operation, so that a traceback shows its caller.
package main

import "os"

type store struct {
	pad  [2]int
	byID map[any]int
}

var table = map[any]string{}

//go:noinline
func (s *store) put(k any) { s.byID[k] = 1 }

//go:noinline
func (s *store) get(k any) int { return s.byID[k] }

func (s *store) drop(k any) { delete(s.byID, k) }

//go:noinline
func inlines(s *store, k any) { s.drop(k) }

//go:noinline
func global(k any) string { return table[k] }

//go:noinline
func closure(s *store) func(any) {
	return func(k any) { s.byID[k]++ }
}

func main() {
	s, k := &store{byID: map[any]int{1: 1}}, any(func() {})
	table[1] = "x"
	switch os.Args[1] {
	case "put":
		s.byID = nil
		s.put(1)
	case "get":
		println(s.get(k))
	case "drop":
		inlines(s, k)
	case "global":
		println(global(k))
	case "closure":
		closure(s)(k)
	}
}
