// Package fresh: maps that nobody else can have yet.
package fresh

type S struct{ m map[string]int }

var last *S

func New() *S {
	s := &S{m: map[string]int{}}
	s.m["a"] = 1 //> assign fresh.S.m fresh
	go s.run()
	s.m["b"] = 2 //> assign fresh.S.m
	return s
}

func (s *S) run() { s.m["c"] = 3 } //> assign fresh.S.m

func Keep() {
	s := &S{m: map[string]int{}}
	last = s
	s.m["a"] = 1 //> assign fresh.S.m
}

func Alone() int {
	m := map[string]int{}
	for i := range 3 {
		m["x"] = i //> assign fresh.Alone.m fresh
	}
	return m["x"] //> lookup fresh.Alone.m fresh
}
