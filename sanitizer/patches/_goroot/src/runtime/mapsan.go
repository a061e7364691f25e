package runtime

import (
	"internal/abi"
	"internal/runtime/maps"
	rt "internal/runtime/mapsan"
	"unsafe"
)

// MapSan's hooks. Each is a nosplit fast path on the goroutine's own stack,
// which answers from a table read when there is nothing to do, and a slow path
// on the system stack, where it can neither be preempted nor grow the stack.

// mapsanenabled takes the place of raceenabled where only synchronisation and
// map accesses are to be seen, and none of the side effects of -race.
const mapsanenabled = true

// mapsanVersion marks a binary that carries the detector.
var mapsanVersion = "mapsan runtime 1"

var mapsanReady bool

// mapsanInit runs once, before the first goroutine starts.
func mapsanInit() {
	mapsanReady = true
	rt.SysAlloc = func(n uintptr) unsafe.Pointer { return sysAlloc(n, &memstats.other_sys, "mapsan") }
	rt.ProcYield = procyield
	rt.OSYield = osyield
	rt.Track = mapsanTrack
	rt.CallerFrame = mapsanFrame
	rt.Init()
	mapsanOptions()
	KeepAlive(&mapsanVersion)
}

// What rt.Current takes for granted.
var _ [4 * unsafe.Sizeof(uintptr(0))]byte = [unsafe.Offsetof(g{}.racectx)]byte{}

func mapsanCtx(gp *g) *rt.G { return (*rt.G)(unsafe.Pointer(gp.racectx)) }

// mapsanTrack is rt.Track.
func mapsanTrack(key uintptr) (head *uintptr, ok bool) {
	if gp := getg().m.curg; gp != nil && gp.stack.lo <= key && key < gp.stack.hi {
		return nil, false
	}
	if s := spanOf(key); s != nil && s.state.get() == mSpanInUse {
		return &s.mapsanRecords, true
	}
	return nil, true
}

// mapsanFrame is rt.CallerFrame. It is called on the system stack, so that the
// goroutine's frame pointer is where systemstack saved it.
func mapsanFrame() rt.Walk {
	gp := getg().m.curg
	if gp == nil || gp == getg() {
		return rt.Walk{}
	}
	w := rt.Walk{FP: gp.sched.bp, Lo: gp.stack.lo, Hi: gp.stack.hi}
	switch {
	case gp.m.isextra:
		w.Resume = rt.ResumeNowhere // a thread of C: nothing of Go is below the callback
	case gp.m.ncgo > 0:
		w.Resume = gp.syscallbp // in a callback: the call into C lies further up
	}
	return w
}

// mapsanSweep drops the records and cells of the objects in s that are about
// to be freed. The caller sweeps s, so that its mark bits are final.
func mapsanSweep(s *mspan) {
	dead := func(addr uintptr) bool { return !s.markBitsForIndex(s.objIndex(addr)).isMarked() }
	if s.mapsanRecords != 0 {
		rt.SweepRecords(&s.mapsanRecords, dead)
	}
	if s.mapsanCells != 0 {
		rt.SweepCells(&s.mapsanCells, dead)
	}
}

// Map accesses.

//go:linkname mapsan_lookup internal/runtime/maps.mapsanLookup
//go:nosplit
func mapsan_lookup(typ *abi.MapType, m *maps.Map) { mapsanAccess(getg(), typ, m, rt.OpLookup) }

//go:linkname mapsan_assign internal/runtime/maps.mapsanAssign
//go:nosplit
func mapsan_assign(typ *abi.MapType, m *maps.Map) { mapsanAccess(getg(), typ, m, rt.OpAssign) }

//go:linkname mapsan_delete internal/runtime/maps.mapsanDelete
//go:nosplit
func mapsan_delete(typ *abi.MapType, m *maps.Map) { mapsanAccess(getg(), typ, m, rt.OpDelete) }

//go:linkname mapsan_iterate reflect.mapsanIterate
//go:nosplit
func mapsan_iterate(typ *abi.MapType, m *maps.Map) { mapsanMap(typ, m, rt.OpIterate) }

// mapsanlen is called by compiled code for len(m).
//
//go:nosplit
func mapsanlen(typ, m uintptr) {
	p := (*maps.Map)(unsafe.Pointer(m))
	if p != nil && !p.Mapsan.SeenRead(rt.Current()) {
		mapsanAccess(getg(), (*abi.MapType)(unsafe.Pointer(typ)), p, rt.OpLen)
	}
}

// mapsanNext is a step of an iteration.
func mapsanNext(it *maps.Iter) {
	if m := it.Map(); m != nil && !m.Mapsan.SeenRead(rt.Current()) {
		mapsanAccess(getg(), it.MapsanType(), m, rt.OpIterate)
	}
}

const (
	mapsanOpLen     = rt.OpLen
	mapsanOpIterate = rt.OpIterate
	mapsanOpClone   = rt.OpClone
	mapsanOpDelete  = rt.OpDelete
	mapsanOpClear   = rt.OpClear
)

//go:nosplit
func mapsanMap(typ *abi.MapType, m *maps.Map, op rt.Op) {
	g := rt.Current()
	if m == nil || m.Mapsan.SeenWrite(g) || !op.Write() && m.Mapsan.SeenRead(g) {
		return
	}
	mapsanAccess(getg(), typ, m, op)
}

// mapsanAccess is what is left of an access that the map's head does not
// answer. Its frame is where the stack of the access begins.
//
//go:nosplit
//go:noinline
func mapsanAccess(gp *g, typ *abi.MapType, m *maps.Map, op rt.Op) {
	if mapsanCtx(gp) == nil {
		return
	}
	addr := uintptr(unsafe.Pointer(m))
	if c := rt.CellOf(m.MapsanIndex); c != nil {
		if c.Seen(mapsanCtx(gp), op.Write()) || !op.Write() && c.SeenShared(mapsanCtx(gp)) {
			return
		}
	} else if gp.stack.lo <= addr && addr < gp.stack.hi {
		return // nobody else can reach a map on the goroutine's stack
	}
	systemstack(func() {
		var prior rt.Access
		stack := rt.PutStack(mapsanFrame())
		if m.Mapsan.Access(&m.MapsanIndex, addr, mapsanCtx(gp), op, stack, &prior, func(cell uint32) {
			if s := spanOf(addr); s != nil && s.state.get() == mSpanInUse {
				rt.LinkCell(&s.mapsanCells, cell)
			}
		}) {
			mapsanReport(gp, typ, m, op, stack, &prior)
		}
	})
}

// Goroutines.

// mapsanGoStart gives newg its clock. It runs on the system stack of the
// goroutine that starts it, or of a timer.
func mapsanGoStart(newg *g) {
	if !mapsanReady {
		mapsanInit()
	}
	spawner := getg().m.curg
	if spawner == nil {
		spawner = getg()
	}
	system := isSystemGoroutine(newg, false)
	var origin uint32
	if g := mapsanCtx(spawner); g != nil && !system {
		origin = rt.PutStack(mapsanFrame())
	}
	g := rt.Fork(mapsanCtx(spawner), newg.goid, origin, system)
	newg.racectx = uintptr(unsafe.Pointer(g))
}

// mapsanGoEnd ends the clock of the present goroutine.
func mapsanGoEnd() {
	gp := getg()
	g := mapsanCtx(gp)
	gp.racectx = 0
	if g != nil {
		systemstack(func() { g.End() })
	}
}

// mapsanExtra returns the clock of a goroutine for a thread that C made.
func mapsanExtra(goid uint64) uintptr {
	if !mapsanReady {
		mapsanInit()
	}
	return uintptr(unsafe.Pointer(rt.NewG(goid)))
}

// racegostart returns the clock under which the timers of a P or bubble run.
func racegostart(pc uintptr) uintptr { return mapsanExtra(0) }

// mapsanTimer makes ctx, under which the timers of one P or bubble run in turn,
// know nothing of those that ran before. It is called on the system stack.
func mapsanTimer(ctx uintptr) { (*rt.G)(unsafe.Pointer(ctx)).Reset() }

//go:nosplit
func raceEnterNewCtx() uintptr {
	gp := getg()
	old := gp.racectx
	systemstack(func() {
		gp.racectx = uintptr(unsafe.Pointer(rt.Fork(mapsanCtx(gp), gp.goid, 0, true)))
	})
	return old
}

//go:nosplit
func raceRestoreCtx(ctx uintptr) {
	gp := getg()
	g := mapsanCtx(gp)
	gp.racectx = ctx
	if g != nil {
		systemstack(func() { g.End() })
	}
}

// racefingo makes the present goroutine know all that was done until now: a
// finalizer runs after every use of its object.
func racefingo() {
	if g := mapsanCtx(getg()); g != nil {
		systemstack(func() { g.LearnAll() })
	}
}

// Synchronisation.

//go:linkname mapsan_acquire internal/race.Acquire
//go:nosplit
func mapsan_acquire(addr unsafe.Pointer) { raceacquire(addr) }

//go:linkname mapsan_release internal/race.Release
//go:nosplit
func mapsan_release(addr unsafe.Pointer) {
	g := mapsanCtx(getg())
	if g != nil && !g.ReleaseFast(uintptr(addr)) && !mapsanOnStack(uintptr(addr)) {
		systemstack(func() { g.Release(uintptr(addr)) })
	}
}

// mapsanOnStack reports whether addr is on the present goroutine's stack, where
// nobody else can synchronise on it.
//
//go:nosplit
func mapsanOnStack(addr uintptr) bool {
	gp := getg()
	return gp.stack.lo <= addr && addr < gp.stack.hi
}

//go:linkname mapsan_releaseMerge internal/race.ReleaseMerge
//go:nosplit
func mapsan_releaseMerge(addr unsafe.Pointer) { racereleasemerge(addr) }

//go:linkname mapsan_acquireExclusive internal/race.AcquireExclusive
//go:nosplit
func mapsan_acquireExclusive(addr unsafe.Pointer) {
	g := mapsanCtx(getg())
	if g != nil && !g.AcquireExclusiveFast(uintptr(addr)) {
		systemstack(func() { g.Acquire(uintptr(addr)) })
	}
}

//go:linkname mapsan_acquireShared internal/race.AcquireShared
//go:nosplit
func mapsan_acquireShared(addr, readers unsafe.Pointer) {
	g := mapsanCtx(getg())
	if g == nil {
		return
	}
	if !g.AcquireFast(uintptr(addr)) {
		systemstack(func() { g.Acquire(uintptr(addr)) })
	}
	g.ReopenShared(uintptr(readers))
}

//go:linkname mapsan_acquireClear internal/race.AcquireClear
//go:nosplit
func mapsan_acquireClear(addr unsafe.Pointer) {
	g := mapsanCtx(getg())
	if g != nil && !g.AcquireClearFast(uintptr(addr)) {
		systemstack(func() { g.AcquireClear(uintptr(addr)) })
	}
}

//go:nosplit
func raceacquire(addr unsafe.Pointer) { raceacquireg(getg(), addr) }

//go:nosplit
func raceacquireg(gp *g, addr unsafe.Pointer) { raceacquirectx(gp.racectx, addr) }

//go:nosplit
func raceacquirectx(ctx uintptr, addr unsafe.Pointer) {
	g := (*rt.G)(unsafe.Pointer(ctx))
	if g != nil && !g.AcquireFast(uintptr(addr)) {
		systemstack(func() { g.Acquire(uintptr(addr)) })
	}
}

//go:nosplit
func racerelease(addr unsafe.Pointer) { racereleaseg(getg(), addr) }

//go:nosplit
func racereleaseg(gp *g, addr unsafe.Pointer) { mapsanReleaseKey(gp, uintptr(addr)) }

//go:nosplit
func mapsanReleaseKey(gp *g, key uintptr) {
	g := mapsanCtx(gp)
	if g != nil && !g.ReleaseFast(key) {
		systemstack(func() { g.Release(key) })
	}
}

//go:nosplit
func racereleasemerge(addr unsafe.Pointer) { racereleasemergeg(getg(), addr) }

//go:nosplit
func racereleasemergeg(gp *g, addr unsafe.Pointer) {
	g := mapsanCtx(gp)
	if g != nil && !g.ReleaseMergeFast(uintptr(addr)) && !mapsanOnStack(uintptr(addr)) {
		systemstack(func() { g.ReleaseMerge(uintptr(addr)) })
	}
}

// mapsanSend and mapsanRecv are a send to and a receive from the slot of a
// channel's buffer at qp, by gp. What is sent goes to the receive; what the
// receiver knew goes to the send that fills the slot next.
//
//go:nosplit
func mapsanSend(gp *g, qp unsafe.Pointer) {
	key := uintptr(qp)
	mapsanReleaseKey(gp, key)
	mapsanAcquireKey(gp, key|rt.KeyBack)
}

//go:nosplit
func mapsanRecv(gp *g, qp unsafe.Pointer) {
	key := uintptr(qp)
	mapsanReleaseKey(gp, key|rt.KeyBack)
	mapsanAcquireKey(gp, key)
}

//go:nosplit
func mapsanAcquireKey(gp *g, key uintptr) {
	g := mapsanCtx(gp)
	if g != nil && !g.AcquireFast(key) {
		systemstack(func() { g.Acquire(key) })
	}
}

// mapsanExchange is an unbuffered send between the present goroutine and gp,
// which waits.
//
//go:nosplit
func mapsanExchange(gp *g) {
	g, o := mapsanCtx(getg()), mapsanCtx(gp)
	if g != nil && o != nil && !rt.Exchanged(g, o) {
		systemstack(func() { rt.Exchange(g, o) })
	}
}

// mapsanWake tells gp, which waits for a condition, what the present goroutine knows.
func mapsanWake(gp *g) {
	g, o := mapsanCtx(getg()), mapsanCtx(gp)
	if g != nil && o != nil {
		systemstack(func() { rt.Tell(g, o) })
	}
}

// What -race also hooks and MapSan has no use for.

func racereadpc(addr unsafe.Pointer, callerpc, pc uintptr)                  {}
func racewritepc(addr unsafe.Pointer, callerpc, pc uintptr)                 {}
func raceReadObjectPC(t *_type, addr unsafe.Pointer, callerpc, pc uintptr)  {}
func raceWriteObjectPC(t *_type, addr unsafe.Pointer, callerpc, pc uintptr) {}

// Atomic operations; the functions of sync/atomic are in mapsan_atomic.go.

// mapsanAtomicBegin locks the record of addr for a store or a
// read-modify-write, making it if need be.
//
//go:nosplit
func mapsanAtomicBegin(addr unsafe.Pointer) (r *rt.Record, n rt.Epoch) {
	if r = rt.Find(uintptr(addr)); r != nil {
		return r, r.Lock()
	}
	systemstack(func() { r, n = rt.CreateLocked(uintptr(addr)) })
	return r, n
}

// mapsanAtomicEnd ends what mapsanAtomicBegin began.
//
//go:nosplit
func mapsanAtomicEnd(r *rt.Record, n rt.Epoch, acquire, release bool) {
	if r == nil {
		return
	}
	g := mapsanCtx(getg())
	if g.Current(n) {
		r.Unlock(n)
		return
	}
	systemstack(func() { g.AtomicEnd(r, n, acquire, release) })
}
