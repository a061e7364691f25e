package edges

import (
	"sync/atomic"
	"unsafe"
)

// A word is one atomic variable, by one of the ways to use it. Nil operations
// do not exist for it. After store, cas succeeds once; fail never does.
type word struct {
	name                            string
	load, store, swap, add, and, or func()
	cas, fail                       func()
}

type integer interface {
	~int32 | ~int64 | ~uint32 | ~uint64 | ~uintptr
}

func funcs[T integer](name string, load func(*T) T, store func(*T, T), swap, add, and, or func(*T, T) T, cas func(*T, T, T) bool) func() word {
	return func() word {
		v := new(T)
		return word{
			name:  name,
			load:  func() { load(v) },
			store: func() { store(v, 1) },
			swap:  func() { swap(v, 1) },
			add:   func() { add(v, 0) },
			and:   func() { and(v, 1) },
			or:    func() { or(v, 1) },
			cas: func() {
				if !cas(v, 1, 2) && !cas(v, 0, 1) {
					panic("CompareAndSwap failed")
				}
			},
			fail: func() {
				if cas(v, 77, 1) {
					panic("CompareAndSwap succeeded")
				}
			},
		}
	}
}

type method[T any] interface {
	Load() T
	Store(T)
	Swap(T) T
	Add(T) T
	And(T) T
	Or(T) T
	CompareAndSwap(T, T) bool
}

func methods[T integer](name string, fresh func() method[T]) func() word {
	return func() word {
		v := fresh()
		return word{
			name:  name,
			load:  func() { v.Load() },
			store: func() { v.Store(1) },
			swap:  func() { v.Swap(1) },
			add:   func() { v.Add(0) },
			and:   func() { v.And(1) },
			or:    func() { v.Or(1) },
			cas: func() {
				if !v.CompareAndSwap(1, 2) && !v.CompareAndSwap(0, 1) {
					panic("CompareAndSwap failed")
				}
			},
			fail: func() {
				if v.CompareAndSwap(77, 1) {
					panic("CompareAndSwap succeeded")
				}
			},
		}
	}
}

var words = []func() word{
	funcs("func int32", atomic.LoadInt32, atomic.StoreInt32, atomic.SwapInt32, atomic.AddInt32, atomic.AndInt32, atomic.OrInt32, atomic.CompareAndSwapInt32),
	funcs("func int64", atomic.LoadInt64, atomic.StoreInt64, atomic.SwapInt64, atomic.AddInt64, atomic.AndInt64, atomic.OrInt64, atomic.CompareAndSwapInt64),
	funcs("func uint32", atomic.LoadUint32, atomic.StoreUint32, atomic.SwapUint32, atomic.AddUint32, atomic.AndUint32, atomic.OrUint32, atomic.CompareAndSwapUint32),
	funcs("func uint64", atomic.LoadUint64, atomic.StoreUint64, atomic.SwapUint64, atomic.AddUint64, atomic.AndUint64, atomic.OrUint64, atomic.CompareAndSwapUint64),
	funcs("func uintptr", atomic.LoadUintptr, atomic.StoreUintptr, atomic.SwapUintptr, atomic.AddUintptr, atomic.AndUintptr, atomic.OrUintptr, atomic.CompareAndSwapUintptr),
	methods("Int32", func() method[int32] { return new(atomic.Int32) }),
	methods("Int64", func() method[int64] { return new(atomic.Int64) }),
	methods("Uint32", func() method[uint32] { return new(atomic.Uint32) }),
	methods("Uint64", func() method[uint64] { return new(atomic.Uint64) }),
	methods("Uintptr", func() method[uintptr] { return new(atomic.Uintptr) }),
	inlined, pointerFunc, pointerType, boolType, valueType,
}

// inlined calls the functions directly, which the compiler turns into
// instructions where nobody tells it not to.
func inlined() word {
	v := new(int64)
	return word{
		name:  "direct",
		load:  func() { atomic.LoadInt64(v) },
		store: func() { atomic.StoreInt64(v, 1) },
		swap:  func() { atomic.SwapInt64(v, 1) },
		add:   func() { atomic.AddInt64(v, 0) },
		and:   func() { atomic.AndInt64(v, 1) },
		or:    func() { atomic.OrInt64(v, 1) },
		cas: func() {
			if !atomic.CompareAndSwapInt64(v, 1, 2) && !atomic.CompareAndSwapInt64(v, 0, 1) {
				panic("CompareAndSwap failed")
			}
		},
		fail: func() { atomic.CompareAndSwapInt64(v, 77, 1) },
	}
}

func pointerFunc() word {
	v := new(unsafe.Pointer)
	a, b := unsafe.Pointer(new(int)), unsafe.Pointer(new(int))
	return word{
		name:  "func pointer",
		load:  func() { atomic.LoadPointer(v) },
		store: func() { atomic.StorePointer(v, a) },
		swap:  func() { atomic.SwapPointer(v, a) },
		cas: func() {
			if !atomic.CompareAndSwapPointer(v, a, b) && !atomic.CompareAndSwapPointer(v, nil, a) {
				panic("CompareAndSwap failed")
			}
		},
		fail: func() { atomic.CompareAndSwapPointer(v, unsafe.Pointer(v), a) },
	}
}

func pointerType() word {
	v := new(atomic.Pointer[int])
	a, b, c := new(int), new(int), new(int)
	return word{
		name:  "Pointer",
		load:  func() { v.Load() },
		store: func() { v.Store(a) },
		swap:  func() { v.Swap(a) },
		cas: func() {
			if !v.CompareAndSwap(a, b) && !v.CompareAndSwap(nil, a) {
				panic("CompareAndSwap failed")
			}
		},
		fail: func() { v.CompareAndSwap(c, a) },
	}
}

func boolType() word {
	v := new(atomic.Bool)
	return word{
		name:  "Bool",
		load:  func() { v.Load() },
		store: func() { v.Store(true) },
		swap:  func() { v.Swap(true) },
		cas: func() {
			if !v.CompareAndSwap(true, false) && !v.CompareAndSwap(false, true) {
				panic("CompareAndSwap failed")
			}
		},
		fail: func() { v.CompareAndSwap(!v.Load(), true) },
	}
}

// valueType begins with a value: the first Store also publishes its type, for good.
func valueType() word {
	v := new(atomic.Value)
	v.Store(0)
	return word{
		name:  "Value",
		load:  func() { v.Load() },
		store: func() { v.Store(1) },
		swap:  func() { v.Swap(1) },
		cas: func() {
			if !v.CompareAndSwap(1, 2) && !v.CompareAndSwap(0, 1) {
				panic("CompareAndSwap failed")
			}
		},
		fail: func() { v.CompareAndSwap(77, 1) },
	}
}
