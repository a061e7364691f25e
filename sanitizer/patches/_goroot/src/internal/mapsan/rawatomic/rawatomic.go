// Package rawatomic is what package sync, and atomic.Value, use of sync/atomic, as plain
// instructions that the detector does not see: the locks tell it of their
// edges themselves, and more precisely than their innards would.
package rawatomic

import (
	"internal/runtime/atomic"
	"unsafe"
)

// An Int32 is an atomic int32.
type Int32 struct{ v int32 }

func (x *Int32) Load() int32                        { return atomic.Loadint32(&x.v) }
func (x *Int32) Store(v int32)                      { atomic.Storeint32(&x.v, v) }
func (x *Int32) Add(d int32) int32                  { return atomic.Xaddint32(&x.v, d) }
func (x *Int32) Swap(v int32) int32                 { return atomic.Xchgint32(&x.v, v) }
func (x *Int32) CompareAndSwap(old, new int32) bool { return atomic.Casint32(&x.v, old, new) }

// A Uint64 is an atomic uint64.
type Uint64 struct{ v uint64 }

func (x *Uint64) Load() uint64                        { return atomic.Load64(&x.v) }
func (x *Uint64) Store(v uint64)                      { atomic.Store64(&x.v, v) }
func (x *Uint64) Add(d uint64) uint64                 { return atomic.Xadd64(&x.v, int64(d)) }
func (x *Uint64) Or(m uint64) uint64                  { return atomic.Or64(&x.v, m) }
func (x *Uint64) And(m uint64) uint64                 { return atomic.And64(&x.v, m) }
func (x *Uint64) CompareAndSwap(old, new uint64) bool { return atomic.Cas64(&x.v, old, new) }

// A Pointer is an atomic *T.
type Pointer[T any] struct{ v atomic.UnsafePointer }

func (x *Pointer[T]) Load() *T   { return (*T)(x.v.Load()) }
func (x *Pointer[T]) Store(p *T) { x.v.Store(unsafe.Pointer(p)) }
func (x *Pointer[T]) CompareAndSwap(old, new *T) bool {
	return x.v.CompareAndSwap(unsafe.Pointer(old), unsafe.Pointer(new))
}

func CompareAndSwapInt32(p *int32, old, new int32) bool { return atomic.Casint32(p, old, new) }
func AddInt32(p *int32, d int32) int32                  { return atomic.Xaddint32(p, d) }
func LoadUintptr(p *uintptr) uintptr                    { return atomic.Loaduintptr(p) }
func StoreUintptr(p *uintptr, v uintptr)                { atomic.Storeuintptr(p, v) }
func LoadPointer(p *unsafe.Pointer) unsafe.Pointer      { return atomic.Loadp(unsafe.Pointer(p)) }
func StorePointer(p *unsafe.Pointer, v unsafe.Pointer) {
	(*atomic.UnsafePointer)(unsafe.Pointer(p)).Store(v)
}
func CompareAndSwapPointer(p *unsafe.Pointer, old, new unsafe.Pointer) bool {
	return (*atomic.UnsafePointer)(unsafe.Pointer(p)).CompareAndSwap(old, new)
}
