package rt

import "unsafe"

// A spin is a lock for a few instructions' worth of work by threads that
// cannot be preempted by the scheduler.
type spin struct{ v uint32 }

func (s *spin) lock() {
	for i := 0; !cas32(&s.v, 0, 1); i++ {
		relax(i)
	}
}

func (s *spin) unlock() { st32(&s.v, 0) }

// relax waits a little, the i-th time in a row: the holder of a lock may have
// been descheduled by the operating system.
func relax(i int) {
	if i < 16 {
		procyield(10)
	} else {
		osyield()
	}
}

// A pool hands out zeroed blocks of one size and takes them back. Its memory
// stays with it.
type pool struct {
	mu   spin
	size uintptr
	free uintptr // blocks linked by their first word
	bump uintptr
	end  uintptr
	live uint64 // blocks handed out and not returned
}

// poolChunk is what a pool asks for at a time, in bytes.
const poolChunk = 64 << 10

func (p *pool) get() unsafe.Pointer {
	p.mu.lock()
	p.live++
	if p.free != 0 {
		b := at(p.free)
		p.free = *(*uintptr)(b)
		p.mu.unlock()
		clearBlock(b, p.size)
		return b
	}
	if p.bump+p.size > p.end {
		p.bump = uintptr(SysAlloc(poolChunk))
		p.end = p.bump + poolChunk
	}
	b := at(p.bump)
	p.bump += p.size
	p.mu.unlock()
	return b
}

func (p *pool) put(b unsafe.Pointer) {
	p.mu.lock()
	p.live--
	*(*uintptr)(b) = p.free
	p.free = uintptr(b)
	p.mu.unlock()
}

// at turns an address outside the Go heap into a pointer.
func at(addr uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }

func clearBlock(b unsafe.Pointer, n uintptr) {
	for i := uintptr(0); i < n; i += 8 {
		*(*uint64)(unsafe.Add(b, i)) = 0
	}
}
