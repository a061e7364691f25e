package rt

import "unsafe"

// An arena hands out zeroed blocks of one size that 32-bit indexes name; index
// 0 names none. Its memory stays with it.
type arena struct {
	mu     spin
	size   uintptr
	free   uint32 // blocks linked by their first four bytes
	n      uint32 // blocks 1..n exist
	live   uint32
	chunks [arenaChunks]uintptr
}

const (
	arenaChunk  = 1024 // blocks
	arenaChunks = 1 << 15
)

func (a *arena) init(size uintptr) { a.size = size }

func (a *arena) at(i uint32) unsafe.Pointer {
	return at(a.chunks[i/arenaChunk] + uintptr(i%arenaChunk)*a.size)
}

// get returns the index of a block, 0 if there is room for no more.
func (a *arena) get() uint32 {
	a.mu.lock()
	if i := a.free; i != 0 {
		b := a.at(i)
		a.free = *(*uint32)(b)
		a.live++
		a.mu.unlock()
		clearBlock(b, a.size)
		return i
	}
	i := a.n + 1
	if i/arenaChunk == arenaChunks {
		a.mu.unlock()
		return 0
	}
	if c := i / arenaChunk; a.chunks[c] == 0 {
		stptr(&a.chunks[c], uintptr(SysAlloc(arenaChunk*a.size)))
	}
	a.n = i
	a.live++
	a.mu.unlock()
	return i
}

func (a *arena) put(i uint32) {
	a.mu.lock()
	*(*uint32)(a.at(i)) = a.free
	a.free = i
	a.live--
	a.mu.unlock()
}
