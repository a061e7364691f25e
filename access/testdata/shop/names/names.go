// Package names: whatever the compiler names.
package names

import "iter"

var table = []func(){
	func() { sink(1) },
	func() { func() { sink(2) }() },
}

type T struct{ f func() }

func (t *T) M(x int) {
	t.f = func() { sink(x); go t.M(x); defer sink(x) }
	defer func() { sink(3) }()
	go func(n int) { sink(n) }(x)
}

func (t T) V() { t.f = func() { sink(4) }; t.f() }

func init() { table = append(table, func() { sink(5) }) }

func init() { sink(6) }

func sink(int) {}

func Range(s iter.Seq[int]) {
	for x := range s {
		f := func() { sink(x) }
		f()
		for y := range s {
			defer sink(y)
			go func() { sink(y) }()
		}
	}
	func() {
		for z := range s {
			func() { sink(z) }()
		}
	}()
}

func Gen[E any](e E) func() E {
	return func() E { return func() E { return e }() }
}

type G[E any] struct{ e E }

func (g *G[E]) Get() func() E { return func() E { return g.e } }

func Use() {
	Gen(1)()
	(&G[string]{}).Get()()
	const debug = false
	if debug {
		func() { sink(7) }()
	}
	func() { sink(8) }()
	var a, b = func() { sink(9) }, func() { sink(10) }
	a()
	b()
}
