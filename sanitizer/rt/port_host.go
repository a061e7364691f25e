//go:build !mapsanrt

package rt

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

type notInHeap = struct{}

var hostMemory [][]uint64 // keeps what SysAlloc gave alive

// SysAlloc returns n zeroed bytes that are never freed.
var SysAlloc = func(n uintptr) unsafe.Pointer {
	b := make([]uint64, (n+7)/8)
	hostMemory = append(hostMemory, b)
	return unsafe.Pointer(&b[0])
}

func ld32(p *uint32) uint32                 { return atomic.LoadUint32(p) }
func st32(p *uint32, v uint32)              { atomic.StoreUint32(p, v) }
func cas32(p *uint32, old, new uint32) bool { return atomic.CompareAndSwapUint32(p, old, new) }
func add32(p *uint32, d int32) uint32       { return atomic.AddUint32(p, uint32(d)) }
func ld64(p *uint64) uint64                 { return atomic.LoadUint64(p) }
func st64(p *uint64, v uint64)              { atomic.StoreUint64(p, v) }
func cas64(p *uint64, old, new uint64) bool { return atomic.CompareAndSwapUint64(p, old, new) }
func add64(p *uint64, d int64) uint64       { return atomic.AddUint64(p, uint64(d)) }
func ldptr(p *uintptr) uintptr              { return atomic.LoadUintptr(p) }
func stptr(p *uintptr, v uintptr)           { atomic.StoreUintptr(p, v) }

func procyield(uint32) {}
func osyield()         { runtime.Gosched() }

func prefetch(uintptr) {}
