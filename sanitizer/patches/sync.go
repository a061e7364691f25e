package patches

import "github.com/mapsan/mapsan/toolchain"

// syncEdits make the sync package tell the detector of its edges, without the
// side effects that race.Enabled has there: sync.Pool drops one object in four
// under it. What the locks are built of is not itself looked at: it uses
// internal/mapsan/rawatomic.
func syncEdits() []toolchain.Edit {
	var edits []toolchain.Edit
	edit := func(name, file, old, new string, times int) {
		edits = append(edits, toolchain.Edit{Name: name, File: file, Old: old, New: new, Times: times})
	}
	in := func(versions, name, file, old, new string, times int) {
		edits = append(edits, toolchain.Edit{Name: name, Go: versions, File: file, Old: old, New: new, Times: times})
	}

	const norace = "src/internal/race/norace.go"
	edit("race hooks", norace, "const Enabled = false\n", `const Enabled = false

// MapSan takes the place of Enabled where only the edges are wanted.
const MapSan = true

// AcquireExclusive is Acquire for a lock that keeps all others out.
func AcquireExclusive(addr unsafe.Pointer)

// AcquireShared is Acquire for a reader of a lock; readers is what readers release.
func AcquireShared(addr, readers unsafe.Pointer)

// AcquireClear is Acquire of what readers released, by the writer.
func AcquireClear(addr unsafe.Pointer)
`, 1)
	edit("race hooks", norace, "func Acquire(addr unsafe.Pointer) {\n}\n", "func Acquire(addr unsafe.Pointer)\n", 1)
	edit("race hooks", norace, "func Release(addr unsafe.Pointer) {\n}\n", "func Release(addr unsafe.Pointer)\n", 1)
	edit("race hooks", norace, "func ReleaseMerge(addr unsafe.Pointer) {\n}\n", "func ReleaseMerge(addr unsafe.Pointer)\n", 1)
	edit("race hooks", norace, "func Errors() int { return 0 }\n", "func Errors() int\n", 1)

	const mutex = "src/internal/sync/mutex.go"
	raw := func(file string) {
		edit("locks on bare atomics", file, `"sync/atomic"`, `atomic "internal/mapsan/rawatomic"`, 1)
	}
	raw(mutex)
	edit("Mutex.Lock", mutex, `		if race.Enabled {
			race.Acquire(unsafe.Pointer(m))
		}
		return
	}
	// Slow path (outlined so that the fast path can be inlined)
	m.lockSlow()
}
`, `		race.AcquireExclusive(unsafe.Pointer(m))
		return
	}
	m.mapsanLockSlow()
}

func (m *Mutex) mapsanLockSlow() {
	m.lockSlow()
	race.AcquireExclusive(unsafe.Pointer(m))
}

// MapsanLock is Lock for a lock that has no edges of its own.
func (m *Mutex) MapsanLock() {
	if !atomic.CompareAndSwapInt32(&m.state, 0, mutexLocked) {
		m.lockSlow()
	}
}

// MapsanTryLock is TryLock for a lock that has no edges of its own.
func (m *Mutex) MapsanTryLock() bool {
	old := m.state
	return old&(mutexLocked|mutexStarving) == 0 && atomic.CompareAndSwapInt32(&m.state, old, old|mutexLocked)
}

// MapsanUnlock is Unlock for a lock that has no edges of its own.
func (m *Mutex) MapsanUnlock() {
	if new := atomic.AddInt32(&m.state, -mutexLocked); new != 0 {
		m.unlockSlow(new)
	}
}
`, 1)
	edit("Mutex.TryLock", mutex, `	if race.Enabled {
		race.Acquire(unsafe.Pointer(m))
	}
	return true
`, `	race.AcquireExclusive(unsafe.Pointer(m))
	return true
`, 1)
	edit("Mutex.Unlock", mutex, "	if race.Enabled {\n		_ = m.state\n", "	if race.MapSan {\n		_ = m.state\n", 1)

	const rw = "src/sync/rwmutex.go"
	raw(rw)
	edit("RWMutex without nested edges", rw, "		race.Disable()\n", "", 6)
	edit("RWMutex without nested edges", rw, "race.Enable()\n", "\n", 11)
	edit("RWMutex's edges", rw, "race.Enabled", "race.MapSan", 15)
	edit("RWMutex for reading", rw, `		race.Acquire(unsafe.Pointer(&rw.readerSem))
	}
}
`, `		race.AcquireShared(unsafe.Pointer(&rw.readerSem), unsafe.Pointer(&rw.writerSem))
	}
}
`, 1)
	edit("RWMutex for reading", rw, `				race.Acquire(unsafe.Pointer(&rw.readerSem))
`, `				race.AcquireShared(unsafe.Pointer(&rw.readerSem), unsafe.Pointer(&rw.writerSem))
`, 1)
	edit("RWMutex for writing", rw, "race.Acquire(unsafe.Pointer(&rw.writerSem))", "race.AcquireClear(unsafe.Pointer(&rw.writerSem))", 2)
	edit("RWMutex's inner lock", rw, "rw.w.Lock()", "rw.w.mu.MapsanLock()", 1)
	edit("RWMutex's inner lock", rw, "rw.w.TryLock()", "rw.w.mu.MapsanTryLock()", 1)
	edit("RWMutex's inner lock", rw, "rw.w.Unlock()", "rw.w.mu.MapsanUnlock()", 2)

	const wg = "src/sync/waitgroup.go"
	raw(wg)
	edit("WaitGroup without nested edges", wg, "		race.Disable()\n		defer race.Enable()\n", "", 1)
	edit("WaitGroup", wg, `	if race.Enabled {
		if delta < 0 {
`, `	if race.MapSan {
		if delta < 0 {
`, 1)
	in("1.25", "WaitGroup", wg, `				race.Enable()
				race.Acquire(unsafe.Pointer(wg))
`, `				race.Enable()
`, 2)
	in("1.26 1.27", "WaitGroup", wg, `				race.Enable()
				race.Acquire(unsafe.Pointer(wg))
`, `				race.Enable()
`, 2)
	edit("WaitGroup.Wait", wg, "		if v == 0 {\n", "		if v == 0 {\n			race.Acquire(unsafe.Pointer(wg))\n", 1)
	edit("WaitGroup.Wait", wg, "			runtime_SemacquireWaitGroup(&wg.sema, synctestDurable)\n",
		"			runtime_SemacquireWaitGroup(&wg.sema, synctestDurable)\n			race.Acquire(unsafe.Pointer(wg))\n", 1)

	const pool = "src/sync/pool.go"
	raw(pool)
	raw("src/sync/poolqueue.go")
	edit("Pool.Put", pool, "	l, _ := p.pin()\n	if l.private == nil {\n",
		"	race.ReleaseMerge(mapsanPoolKey(x))\n	l, _ := p.pin()\n	if l.private == nil {\n", 1)
	edit("Pool.Get", pool, "	if x == nil && p.New != nil {\n		x = p.New()\n",
		"	if x != nil {\n		race.Acquire(mapsanPoolKey(x))\n	}\n	if x == nil && p.New != nil {\n		x = p.New()\n", 1)
	edit("Pool's keys", pool, "// Put adds x to the pool.\n", `// mapsanPoolKey returns the address by which the detector knows x.
func mapsanPoolKey(x any) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&x))[1] }

// Put adds x to the pool.
`, 1)

	edit("system calls", "src/syscall/syscall_unix.go", "	if race.Enabled {\n		if n > 0 {\n", "	if race.MapSan {\n		if n > 0 {\n", 2)
	edit("system calls", "src/syscall/syscall_unix.go", "	if race.Enabled {\n		race.ReleaseMerge(", "	if race.MapSan {\n		race.ReleaseMerge(", 3)
	return edits
}
