// Package weak stands in for the standard library's in code that is run by
// schedules. When the collector comes is not decided by a seed: what a Pointer
// leads to is there as long as the Pointer.
package weak

type Pointer[T any] struct{ p *T }

func Make[T any](p *T) Pointer[T] { return Pointer[T]{p} }

func (p Pointer[T]) Value() *T { return p.p }
