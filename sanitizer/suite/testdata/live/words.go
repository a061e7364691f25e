package main

import (
	"sync/atomic"
	"unsafe"
)

// A word is something that is used atomically. No two of its values are equal,
// so that a compare-and-swap can be made to fail.
type word interface {
	load()
	store()
	swap()
	add(variant int)
	cas(succeed bool) bool
}

// words makes the atomic objects of a program.
var words = []func() word{
	func() word { return new(int64Word) },
	func() word { return new(uint32Word) },
	func() word { return new(pointerWord) },
	func() word {
		w := new(valueWord)
		w.store()
		return w
	},
	func() word { return new(unsafeWord) },
}

// int64Word uses the methods. now is its value: the turns order the plain variable.
type int64Word struct {
	v   atomic.Int64
	now int64
}

func (w *int64Word) load()  { use(w.v.Load()) }
func (w *int64Word) store() { w.now++; w.v.Store(w.now) }
func (w *int64Word) swap()  { w.now++; w.v.Swap(w.now) }
func (w *int64Word) add(variant int) {
	switch variant % 3 {
	case 0:
		w.now = w.v.Add(1)
	case 1:
		w.v.And(-1)
	default:
		w.v.Or(0)
	}
}

func (w *int64Word) cas(succeed bool) bool {
	if !succeed {
		return w.v.CompareAndSwap(w.now+1, 0)
	}
	w.now++
	return w.v.CompareAndSwap(w.now-1, w.now)
}

// uint32Word uses the functions.
type uint32Word struct{ v, now uint32 }

func (w *uint32Word) load()  { use(atomic.LoadUint32(&w.v)) }
func (w *uint32Word) store() { w.now++; atomic.StoreUint32(&w.v, w.now) }
func (w *uint32Word) swap()  { w.now++; atomic.SwapUint32(&w.v, w.now) }
func (w *uint32Word) add(variant int) {
	switch variant % 3 {
	case 0:
		w.now = atomic.AddUint32(&w.v, 1)
	case 1:
		atomic.AndUint32(&w.v, ^uint32(0))
	default:
		atomic.OrUint32(&w.v, 0)
	}
}

func (w *uint32Word) cas(succeed bool) bool {
	if !succeed {
		return atomic.CompareAndSwapUint32(&w.v, w.now+1, 0)
	}
	w.now++
	return atomic.CompareAndSwapUint32(&w.v, w.now-1, w.now)
}

type pointerWord struct {
	v   atomic.Pointer[int]
	now *int
}

func (w *pointerWord) load()   { use(w.v.Load()) }
func (w *pointerWord) store()  { w.now = new(int); w.v.Store(w.now) }
func (w *pointerWord) swap()   { w.now = new(int); w.v.Swap(w.now) }
func (w *pointerWord) add(int) { w.swap() }
func (w *pointerWord) cas(succeed bool) bool {
	if !succeed {
		return w.v.CompareAndSwap(new(int), nil)
	}
	old := w.now
	w.now = new(int)
	return w.v.CompareAndSwap(old, w.now)
}

type valueWord struct {
	v   atomic.Value
	now int
}

func (w *valueWord) load()   { use(w.v.Load()) }
func (w *valueWord) store()  { w.now++; w.v.Store(w.now) }
func (w *valueWord) swap()   { w.now++; w.v.Swap(w.now) }
func (w *valueWord) add(int) { w.swap() }
func (w *valueWord) cas(succeed bool) bool {
	if !succeed {
		return w.v.CompareAndSwap(w.now+1, 0)
	}
	w.now++
	return w.v.CompareAndSwap(w.now-1, w.now)
}

type unsafeWord struct{ v, now unsafe.Pointer }

func (w *unsafeWord) fresh() unsafe.Pointer { w.now = unsafe.Pointer(new(int)); return w.now }

func (w *unsafeWord) load()   { use(atomic.LoadPointer(&w.v)) }
func (w *unsafeWord) store()  { atomic.StorePointer(&w.v, w.fresh()) }
func (w *unsafeWord) swap()   { atomic.SwapPointer(&w.v, w.fresh()) }
func (w *unsafeWord) add(int) { w.swap() }
func (w *unsafeWord) cas(succeed bool) bool {
	if !succeed {
		return atomic.CompareAndSwapPointer(&w.v, unsafe.Pointer(new(int)), nil)
	}
	old := w.now
	return atomic.CompareAndSwapPointer(&w.v, old, w.fresh())
}
