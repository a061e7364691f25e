// Package atomic stands in for sync/atomic in code that is run by schedules: each
// operation is a step. Types have the size and alignment of the originals.
package atomic

import (
	"sync/atomic"
	"unsafe"

	"github.com/mapsan/mapsan/safemap/proof/sched"
)

// swapped passes on whether a compare and swap worked. One that did not is most
// often tried again, which is of use only when others have gone on.
func swapped(ok bool) bool {
	if !ok {
		sched.Lower()
	}
	return ok
}

func LoadInt32(addr *int32) int32 {
	sched.Step(sched.Load)
	return atomic.LoadInt32(addr)
}

func StoreInt32(addr *int32, val int32) {
	sched.Step(sched.Store)
	atomic.StoreInt32(addr, val)
}

func SwapInt32(addr *int32, new int32) int32 {
	sched.Step(sched.Swap)
	return atomic.SwapInt32(addr, new)
}

func CompareAndSwapInt32(addr *int32, old, new int32) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(atomic.CompareAndSwapInt32(addr, old, new))
}

func AddInt32(addr *int32, delta int32) int32 {
	sched.Step(sched.Add)
	return atomic.AddInt32(addr, delta)
}

func AndInt32(addr *int32, mask int32) int32 {
	sched.Step(sched.And)
	return atomic.AndInt32(addr, mask)
}

func OrInt32(addr *int32, mask int32) int32 {
	sched.Step(sched.Or)
	return atomic.OrInt32(addr, mask)
}

func LoadInt64(addr *int64) int64 {
	sched.Step(sched.Load)
	return atomic.LoadInt64(addr)
}

func StoreInt64(addr *int64, val int64) {
	sched.Step(sched.Store)
	atomic.StoreInt64(addr, val)
}

func SwapInt64(addr *int64, new int64) int64 {
	sched.Step(sched.Swap)
	return atomic.SwapInt64(addr, new)
}

func CompareAndSwapInt64(addr *int64, old, new int64) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(atomic.CompareAndSwapInt64(addr, old, new))
}

func AddInt64(addr *int64, delta int64) int64 {
	sched.Step(sched.Add)
	return atomic.AddInt64(addr, delta)
}

func AndInt64(addr *int64, mask int64) int64 {
	sched.Step(sched.And)
	return atomic.AndInt64(addr, mask)
}

func OrInt64(addr *int64, mask int64) int64 {
	sched.Step(sched.Or)
	return atomic.OrInt64(addr, mask)
}

func LoadUint32(addr *uint32) uint32 {
	sched.Step(sched.Load)
	return atomic.LoadUint32(addr)
}

func StoreUint32(addr *uint32, val uint32) {
	sched.Step(sched.Store)
	atomic.StoreUint32(addr, val)
}

func SwapUint32(addr *uint32, new uint32) uint32 {
	sched.Step(sched.Swap)
	return atomic.SwapUint32(addr, new)
}

func CompareAndSwapUint32(addr *uint32, old, new uint32) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(atomic.CompareAndSwapUint32(addr, old, new))
}

func AddUint32(addr *uint32, delta uint32) uint32 {
	sched.Step(sched.Add)
	return atomic.AddUint32(addr, delta)
}

func AndUint32(addr *uint32, mask uint32) uint32 {
	sched.Step(sched.And)
	return atomic.AndUint32(addr, mask)
}

func OrUint32(addr *uint32, mask uint32) uint32 {
	sched.Step(sched.Or)
	return atomic.OrUint32(addr, mask)
}

func LoadUint64(addr *uint64) uint64 {
	sched.Step(sched.Load)
	return atomic.LoadUint64(addr)
}

func StoreUint64(addr *uint64, val uint64) {
	sched.Step(sched.Store)
	atomic.StoreUint64(addr, val)
}

func SwapUint64(addr *uint64, new uint64) uint64 {
	sched.Step(sched.Swap)
	return atomic.SwapUint64(addr, new)
}

func CompareAndSwapUint64(addr *uint64, old, new uint64) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(atomic.CompareAndSwapUint64(addr, old, new))
}

func AddUint64(addr *uint64, delta uint64) uint64 {
	sched.Step(sched.Add)
	return atomic.AddUint64(addr, delta)
}

func AndUint64(addr *uint64, mask uint64) uint64 {
	sched.Step(sched.And)
	return atomic.AndUint64(addr, mask)
}

func OrUint64(addr *uint64, mask uint64) uint64 {
	sched.Step(sched.Or)
	return atomic.OrUint64(addr, mask)
}

func LoadUintptr(addr *uintptr) uintptr {
	sched.Step(sched.Load)
	return atomic.LoadUintptr(addr)
}

func StoreUintptr(addr *uintptr, val uintptr) {
	sched.Step(sched.Store)
	atomic.StoreUintptr(addr, val)
}

func SwapUintptr(addr *uintptr, new uintptr) uintptr {
	sched.Step(sched.Swap)
	return atomic.SwapUintptr(addr, new)
}

func CompareAndSwapUintptr(addr *uintptr, old, new uintptr) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(atomic.CompareAndSwapUintptr(addr, old, new))
}

func AddUintptr(addr *uintptr, delta uintptr) uintptr {
	sched.Step(sched.Add)
	return atomic.AddUintptr(addr, delta)
}

func AndUintptr(addr *uintptr, mask uintptr) uintptr {
	sched.Step(sched.And)
	return atomic.AndUintptr(addr, mask)
}

func OrUintptr(addr *uintptr, mask uintptr) uintptr {
	sched.Step(sched.Or)
	return atomic.OrUintptr(addr, mask)
}

func LoadPointer(addr *unsafe.Pointer) unsafe.Pointer {
	sched.Step(sched.Load)
	return atomic.LoadPointer(addr)
}

func StorePointer(addr *unsafe.Pointer, val unsafe.Pointer) {
	sched.Step(sched.Store)
	atomic.StorePointer(addr, val)
}

func SwapPointer(addr *unsafe.Pointer, new unsafe.Pointer) unsafe.Pointer {
	sched.Step(sched.Swap)
	return atomic.SwapPointer(addr, new)
}

func CompareAndSwapPointer(addr *unsafe.Pointer, old, new unsafe.Pointer) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(atomic.CompareAndSwapPointer(addr, old, new))
}
