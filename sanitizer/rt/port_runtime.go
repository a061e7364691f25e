//go:build mapsanrt

package rt

import (
	"internal/runtime/atomic"
	"internal/runtime/sys"
	"unsafe"
)

// notInHeap keeps write barriers away: all of the engine's memory is off the heap.
type notInHeap = sys.NotInHeap

// SysAlloc returns n zeroed bytes that are never freed. Package runtime sets it at start.
var SysAlloc func(n uintptr) unsafe.Pointer

func ld32(p *uint32) uint32                 { return atomic.Load(p) }
func st32(p *uint32, v uint32)              { atomic.Store(p, v) }
func cas32(p *uint32, old, new uint32) bool { return atomic.Cas(p, old, new) }
func add32(p *uint32, d int32) uint32       { return atomic.Xadd(p, d) }
func ld64(p *uint64) uint64                 { return atomic.Load64(p) }
func st64(p *uint64, v uint64)              { atomic.StoreRel64(p, v) }
func cas64(p *uint64, old, new uint64) bool { return atomic.Cas64(p, old, new) }
func add64(p *uint64, d int64) uint64       { return atomic.Xadd64(p, d) }
func ldptr(p *uintptr) uintptr              { return atomic.LoadAcquintptr(p) }
func stptr(p *uintptr, v uintptr)           { atomic.StoreReluintptr(p, v) }

func prefetch(addr uintptr) { sys.Prefetch(addr) }

// A goroutine is the beginning of runtime.g, in every version and on every machine.
type goroutine struct {
	stack, stackguard [2]uintptr
	clock             *G
}

// getg is made an instruction by the compiler, as the runtime's own is.
func getg() *goroutine

// Current returns the clock of the present goroutine, nil if it has none.
func Current() *G { return getg().clock }

// ProcYield and OSYield wait a little: on the processor, and by giving it up.
// Package runtime sets them at start.
var (
	ProcYield func(cycles uint32)
	OSYield   func()
)

func procyield(cycles uint32) { ProcYield(cycles) }
func osyield()                { OSYield() }
