package rt

import "unsafe"

// An EventKind is what a goroutine did to synchronise.
type EventKind uint8

// The events that are kept for reports: those that changed what somebody knows.
const (
	EventAcquire EventKind = iota + 1
	EventRelease
)

// An Event is one synchronisation of a goroutine.
type Event struct {
	Kind EventKind
	Key  uintptr // 0 for a direct exchange, as an unbuffered send
	Name Epoch   // what was learnt or released
	Time uint64  // of the goroutine, after a release
	Goid uint64  // the goroutine that was learnt from, 0 if several
	PC   [eventFrames]uintptr
}

const (
	eventFrames = 4
	historyLen  = 4
)

// Address returns the address of the object.
func (e *Event) Address() uintptr { return e.Key &^ keyBits }

// A History is the last events of a goroutine.
type History struct {
	_ notInHeap
	n uint64 // events ever noted
	e [historyLen]Event
}

// KeepHistory says whether events are noted. It is set before the first one.
var KeepHistory = true

// CallerFrame, if set, returns where the walk up from the present event begins.
var CallerFrame func() Walk

var historyPool = pool{size: unsafe.Sizeof(History{})}

func (g *G) note(kind EventKind, key uintptr, name Epoch) {
	if !KeepHistory || CallerFrame == nil {
		return
	}
	if g.hist == nil {
		g.hist = (*History)(historyPool.get())
	}
	h := g.hist
	e := &h.e[h.n%historyLen]
	h.n++
	e.Kind, e.Key, e.Name, e.Time, e.Goid = kind, key, name, g.Now(), 0
	if s := name.Slot(); s != 0 && s != compositeSlot {
		e.Goid = slotAt(s).goid
	}
	w := CallerFrame()
	for i := range e.PC {
		e.PC[i], _ = w.next()
	}
}

func freeHistory(h *History) {
	if h != nil {
		historyPool.put(unsafe.Pointer(h))
	}
}

// Events returns how many events of g are kept.
func (g *G) Events() int {
	if g.hist == nil {
		return 0
	}
	return int(min(g.hist.n, historyLen))
}

// Event returns the i-th event of g that is kept, oldest first.
func (g *G) Event(i int) *Event {
	h := g.hist
	return &h.e[(h.n-uint64(g.Events())+uint64(i))%historyLen]
}
