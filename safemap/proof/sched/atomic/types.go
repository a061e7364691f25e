package atomic

import (
	"sync/atomic"

	"github.com/mapsan/mapsan/safemap/proof/sched"
)

type Int32 struct{ v atomic.Int32 }

func (x *Int32) Load() int32 {
	sched.Step(sched.Load)
	return x.v.Load()
}

func (x *Int32) Store(val int32) {
	sched.Step(sched.Store)
	x.v.Store(val)
}

func (x *Int32) Swap(new int32) int32 {
	sched.Step(sched.Swap)
	return x.v.Swap(new)
}

func (x *Int32) CompareAndSwap(old, new int32) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(x.v.CompareAndSwap(old, new))
}

func (x *Int32) Add(delta int32) int32 {
	sched.Step(sched.Add)
	return x.v.Add(delta)
}

func (x *Int32) And(mask int32) int32 {
	sched.Step(sched.And)
	return x.v.And(mask)
}

func (x *Int32) Or(mask int32) int32 {
	sched.Step(sched.Or)
	return x.v.Or(mask)
}

type Int64 struct{ v atomic.Int64 }

func (x *Int64) Load() int64 {
	sched.Step(sched.Load)
	return x.v.Load()
}

func (x *Int64) Store(val int64) {
	sched.Step(sched.Store)
	x.v.Store(val)
}

func (x *Int64) Swap(new int64) int64 {
	sched.Step(sched.Swap)
	return x.v.Swap(new)
}

func (x *Int64) CompareAndSwap(old, new int64) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(x.v.CompareAndSwap(old, new))
}

func (x *Int64) Add(delta int64) int64 {
	sched.Step(sched.Add)
	return x.v.Add(delta)
}

func (x *Int64) And(mask int64) int64 {
	sched.Step(sched.And)
	return x.v.And(mask)
}

func (x *Int64) Or(mask int64) int64 {
	sched.Step(sched.Or)
	return x.v.Or(mask)
}

type Uint32 struct{ v atomic.Uint32 }

func (x *Uint32) Load() uint32 {
	sched.Step(sched.Load)
	return x.v.Load()
}

func (x *Uint32) Store(val uint32) {
	sched.Step(sched.Store)
	x.v.Store(val)
}

func (x *Uint32) Swap(new uint32) uint32 {
	sched.Step(sched.Swap)
	return x.v.Swap(new)
}

func (x *Uint32) CompareAndSwap(old, new uint32) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(x.v.CompareAndSwap(old, new))
}

func (x *Uint32) Add(delta uint32) uint32 {
	sched.Step(sched.Add)
	return x.v.Add(delta)
}

func (x *Uint32) And(mask uint32) uint32 {
	sched.Step(sched.And)
	return x.v.And(mask)
}

func (x *Uint32) Or(mask uint32) uint32 {
	sched.Step(sched.Or)
	return x.v.Or(mask)
}

type Uint64 struct{ v atomic.Uint64 }

func (x *Uint64) Load() uint64 {
	sched.Step(sched.Load)
	return x.v.Load()
}

func (x *Uint64) Store(val uint64) {
	sched.Step(sched.Store)
	x.v.Store(val)
}

func (x *Uint64) Swap(new uint64) uint64 {
	sched.Step(sched.Swap)
	return x.v.Swap(new)
}

func (x *Uint64) CompareAndSwap(old, new uint64) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(x.v.CompareAndSwap(old, new))
}

func (x *Uint64) Add(delta uint64) uint64 {
	sched.Step(sched.Add)
	return x.v.Add(delta)
}

func (x *Uint64) And(mask uint64) uint64 {
	sched.Step(sched.And)
	return x.v.And(mask)
}

func (x *Uint64) Or(mask uint64) uint64 {
	sched.Step(sched.Or)
	return x.v.Or(mask)
}

type Uintptr struct{ v atomic.Uintptr }

func (x *Uintptr) Load() uintptr {
	sched.Step(sched.Load)
	return x.v.Load()
}

func (x *Uintptr) Store(val uintptr) {
	sched.Step(sched.Store)
	x.v.Store(val)
}

func (x *Uintptr) Swap(new uintptr) uintptr {
	sched.Step(sched.Swap)
	return x.v.Swap(new)
}

func (x *Uintptr) CompareAndSwap(old, new uintptr) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(x.v.CompareAndSwap(old, new))
}

func (x *Uintptr) Add(delta uintptr) uintptr {
	sched.Step(sched.Add)
	return x.v.Add(delta)
}

func (x *Uintptr) And(mask uintptr) uintptr {
	sched.Step(sched.And)
	return x.v.And(mask)
}

func (x *Uintptr) Or(mask uintptr) uintptr {
	sched.Step(sched.Or)
	return x.v.Or(mask)
}

type Bool struct{ v atomic.Bool }

func (x *Bool) Load() bool {
	sched.Step(sched.Load)
	return x.v.Load()
}

func (x *Bool) Store(val bool) {
	sched.Step(sched.Store)
	x.v.Store(val)
}

func (x *Bool) Swap(new bool) bool {
	sched.Step(sched.Swap)
	return x.v.Swap(new)
}

func (x *Bool) CompareAndSwap(old, new bool) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(x.v.CompareAndSwap(old, new))
}

type Pointer[T any] struct{ v atomic.Pointer[T] }

func (x *Pointer[T]) Load() *T {
	sched.Step(sched.Load)
	return x.v.Load()
}

func (x *Pointer[T]) Store(val *T) {
	sched.Step(sched.Store)
	x.v.Store(val)
}

func (x *Pointer[T]) Swap(new *T) *T {
	sched.Step(sched.Swap)
	return x.v.Swap(new)
}

func (x *Pointer[T]) CompareAndSwap(old, new *T) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(x.v.CompareAndSwap(old, new))
}

type Value struct{ v atomic.Value }

func (x *Value) Load() any {
	sched.Step(sched.Load)
	return x.v.Load()
}

func (x *Value) Store(val any) {
	sched.Step(sched.Store)
	x.v.Store(val)
}

func (x *Value) Swap(new any) any {
	sched.Step(sched.Swap)
	return x.v.Swap(new)
}

func (x *Value) CompareAndSwap(old, new any) bool {
	sched.Step(sched.CompareAndSwap)
	return swapped(x.v.CompareAndSwap(old, new))
}
