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

func Batches(out chan<- map[int]int) {
	for i := range 3 {
		m := map[int]int{}
		m[i] = i //> assign fresh.Batches.m fresh
		out <- m
		m[i] = 0 //> assign fresh.Batches.m
	}
}

func Started(out chan<- *S) {
	go Keep()
	s := &S{m: map[string]int{}}
	for i := range 3 {
		s.m["a"] = i //> assign fresh.S.m
		if i > 1 {
			out <- s
		}
	}
}
