package rt

import "unsafe"

// A G is a goroutine's clock.
type G struct {
	_ notInHeap

	// cur is name while name has not been released, else 0. While it is not
	// 0, an access or a lesson belongs to it and the time need not move.
	cur Epoch
	// name stands for all that the goroutine knew and did at its last
	// release. Without a slot of its own it is another's name, taken over
	// whole from whoever taught it.
	name  Epoch
	k     *node // what it knows of others
	slot  uint32
	floor Epoch // names of this slot at or below it are a former owner's; noSlot without a slot
	// pub is the record of the one object that name was released to, pubNone
	// if none, pubMany if several. The object may be dead, and the record be
	// another's by now: compare its key. See [G.AcquireExclusiveFast].
	pub  *Record
	took Epoch // the composite record version learnt last
	// All names above seenFloor and up to seen are known: what the last
	// search found out about one goroutine.
	seenFloor, seen Epoch

	ID     uint64
	Parent uint64
	Origin uint32 // stack of the go statement
	hist   *History
}

// Stand-ins for a record, with keys that no object has.
var (
	none, many       = Record{key: ^uintptr(0)}, Record{key: ^uintptr(1)}
	pubNone, pubMany = &none, &many
)

// noSlot is above every name.
const noSlot = Epoch(lockBit - 1)

// gSize is the size of a G, in whole cache lines: goroutines that run side by
// side write to theirs at every lock.
const gSize = 128

var gPool = pool{size: gSize}

// base names what every goroutine knows because it began after it: what main
// had done when it first started another goroutine.
var base Epoch

// NewG returns the clock of a goroutine that knows nothing.
func NewG(id uint64) *G {
	g := (*G)(gPool.get())
	g.ID, g.pub, g.floor = id, pubNone, noSlot
	return g
}

// forked is set once a goroutine has been started that runs the user's code.
var forked bool

// Fork returns the clock of a goroutine that g starts. A nil g knows nothing.
// A system goroutine runs none of the user's code.
func Fork(g *G, id uint64, origin uint32, system bool) *G {
	c := NewG(id)
	c.Origin = origin
	if g == nil {
		return c
	}
	g.publishMany()
	if !system && !forked {
		forked = true
		if g.k == nil && g.slot != 0 {
			base = g.name
		}
	}
	c.name, c.k, c.Parent = g.name, retain(g.k), g.ID
	return c
}

// Reset makes g the clock of a goroutine that knows nothing.
func (g *G) Reset() {
	if g.slot == 0 && g.name == 0 {
		return
	}
	if g.slot != 0 {
		freeSlot(g.slot)
	}
	release(g.k)
	g.k, g.slot, g.floor = nil, 0, noSlot
	g.name, g.cur, g.took, g.seenFloor, g.seen, g.pub = 0, 0, 0, 0, 0, pubNone
}

// End frees the clock of a goroutine that ended.
func (g *G) End() {
	g.Reset()
	freeHistory(g.hist)
	gPool.put(unsafe.Pointer(g))
}

// knows reports whether a goroutine with knowledge k under name knows e.
func knows(k *node, name, e Epoch) bool {
	s, t := e.Slot(), e.Time()
	if s == name.Slot() && t <= name.Time() {
		return true
	}
	return timeOf(k, s) >= t || s == base.Slot() && t <= base.Time()
}

// covers is knows for a name instead of an access. A name from before its
// slot's last reclaiming is never covered: it must not be mistaken for the
// present owner's.
func covers(k *node, name, n Epoch) bool {
	return knows(k, name, n) && (n == 0 || n.Time() > slotAt(n.Slot()).floor)
}

// owns reports whether e is of g itself.
func (g *G) owns(e Epoch) bool { return e.Slot() == g.slot && e > g.floor }

// ordered reports whether g knows e, the epoch of an access.
func (g *G) ordered(e Epoch) bool { return g.owns(e) || knows(g.k, g.name, e) }

// knowsName reports whether g knows all that n names.
func (g *G) knowsName(n Epoch) bool {
	return n == g.name || g.floor < n && n <= g.name || g.seenFloor < n && n <= g.seen || g.searchName(n)
}

//go:noinline
func (g *G) searchName(n Epoch) bool {
	switch {
	case n == 0:
		return true
	case uint64(n)&lockBit != 0:
		return false
	case isComposite(n):
		return n == g.took
	case g.owns(n):
		return true
	case !covers(g.k, g.name, n):
		return false
	}
	g.seenFloor = mkEpoch(n.Slot(), slotAt(n.Slot()).floor)
	g.seen = mkEpoch(n.Slot(), g.KnownOf(n))
	return true
}

// mute reports whether g has nothing to tell that not everybody knows.
func (g *G) mute() bool {
	return g.name == base && g.cur == 0 || g.name == 0
}

// own gives g a slot.
func (g *G) own() {
	if g.slot != 0 {
		return
	}
	s := newSlot(g.k, g.name)
	if g.name != 0 && g.name.Slot() != s {
		g.k = withTime(g.k, g.name.Slot(), g.name.Time())
	}
	info := slotAt(s)
	g.slot = s
	g.floor = mkEpoch(s, info.floor)
	info.goid = g.ID
	g.name = mkEpoch(s, info.last)
	g.tick()
}

// tick starts a new epoch, with an unreleased name.
func (g *G) tick() {
	info := slotAt(g.slot)
	info.last++
	g.name = mkEpoch(g.slot, info.last)
	g.cur = g.name
	g.pub = pubNone
}

// open makes sure that what g does next is under an unreleased name.
func (g *G) open() {
	if g.slot == 0 {
		g.own()
	} else if g.cur == 0 {
		g.tick()
	}
}

// learn makes g know all that name n stands for, of which k is the part that
// is not n itself.
func (g *G) learn(n Epoch, k *node) {
	named := !isComposite(n) && n != 0
	if g.slot == 0 {
		if named && n.Time() > slotAt(n.Slot()).floor && covers(k, n, g.name) {
			old := g.k
			g.name, g.k = n, retain(k)
			release(old)
			return
		}
		g.own()
	} else if g.cur == 0 || g.pub != pubNone {
		g.tick()
	}
	g.k = join(g.k, k)
	if named && !g.owns(n) {
		g.k = withTime(g.k, n.Slot(), n.Time())
	}
}

// publish notes that g's name went out to r, which did not hold it.
func (g *G) publish(r *Record) {
	switch {
	case g.pub == pubNone:
		g.pub = r
	case g.pub != r || g.cur == 0:
		g.pub = pubMany // if r held the name once, others may have learnt it since
	}
	g.cur = 0
}

func (g *G) publishMany() {
	g.cur = 0
	g.pub = pubMany
}

// LearnAll makes g know everything that any goroutine did until now, as the
// goroutine that runs finalizers does.
func (g *G) LearnAll() {
	g.own()
	if g.cur == 0 || g.pub != pubNone {
		g.tick()
	}
	for s := uint32(1); s <= ld32(&slots.n); s++ {
		if s != g.slot {
			g.k = withTime(g.k, s, slotAt(s).last)
		}
	}
}

// Now returns g's time, 0 while it has none.
func (g *G) Now() uint64 {
	if g.slot == 0 {
		return 0
	}
	return g.name.Time()
}

// KnownOf returns up to which time g knows the goroutine of e.
func (g *G) KnownOf(e Epoch) uint64 {
	s := e.Slot()
	t := timeOf(g.k, s)
	if s == g.name.Slot() {
		t = max(t, g.name.Time())
	}
	if s == base.Slot() {
		t = max(t, base.Time())
	}
	return t
}
