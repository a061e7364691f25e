package corefile

import "fmt"

// Spill returns the word in which f's function saves its i-th argument, if it
// saves them at all: the caller of a Go function leaves room for its register
// arguments above its frame (cmd/compile/abi-internal.md, "spill space").
// A function that never saved one leaves there what was there before, so check
// what comes back.
func (p *Process) Spill(f Frame, i int) (uint64, error) {
	if f.Inlined {
		return 0, fmt.Errorf("%s is inlined and has no arguments of its own", f.Func)
	}
	if f.CFA == 0 {
		return 0, fmt.Errorf("the frame of %s has no address", f.Func)
	}
	arch := p.target.BinInfo().Arch
	at := f.CFA + uint64(i*arch.PtrSize())
	switch arch.Name {
	case "amd64":
	case "arm64":
		at += uint64(arch.PtrSize()) // the callee's slot for the link register comes first
	default:
		return 0, fmt.Errorf("where arguments are saved on %s is not known", arch.Name)
	}
	return p.Word(at)
}

// A Holder is a frame through whose words an address can be reached.
type Holder struct {
	Goroutine *Goroutine
	Frame     int    // index in Goroutine.Frames
	At        uint64 // address of the word in the frame
	// Object is the object that the word points to and that holds the
	// address, 0 if the word is the address itself; Offset is where in it.
	Object uint64
	Offset uint64
	// Far: the address is not in Object but in something that Object points to.
	Far bool
}

const (
	// maxStack bounds what is read of one stack; the innermost part counts.
	maxStack = 256 << 10
	// objectSize is how much of an object behind a pointer is looked at.
	objectSize = 1 << 10
	// maxFar bounds how many objects are followed for one goroutine that shows no
	// holder at hand.
	maxFar = 1 << 12
)

// Holders looks through the stacks of gs for addr, and for pointers to objects
// that hold addr: a goroutine that was between two uses of a map has no map
// function on its stack, but still the map, or what the map is a field of.
// Words that are no longer in use count too, so a holder is a hint and no proof.
func (p *Process) Holders(gs []*Goroutine, addr uint64) []Holder {
	var found []Holder
	objects := map[uint64]int64{} // offset of addr in each object looked at, -1 if it is not there
	for _, g := range gs {
		for i, f := range g.Frames {
			if f.Inlined || f.System {
				continue // an inlined call lies in the frame of the one around it
			}
			found = append(found, p.holdersIn(g, i, addr, objects)...)
		}
	}
	return found
}

// farHolders does what Holders does for goroutines that have the address only two
// pointers away: as one that reaches the map by an interface in a struct.
func (p *Process) farHolders(gs []*Goroutine, addr uint64) []Holder {
	var found []Holder
	objects := map[uint64]int64{}
	for _, g := range gs {
		lo, hi := g.stack()
		left := maxFar
		for i, f := range g.Frames {
			if f.Inlined || f.System || left <= 0 {
				continue
			}
			for _, w := range p.words(f.SP, f.CFA-f.SP) {
				if w < 1<<12 || w%8 != 0 || lo <= w && w < hi {
					continue
				}
				if left -= objectSize / 4 / 8; left <= 0 {
					break
				}
				if p.leadsTo(w, addr, objects) {
					found = append(found, Holder{Goroutine: g, Frame: i, Object: w, Far: true})
					left = 0
				}
			}
		}
	}
	return found
}

// leadsTo reports whether the object at object points to one that holds addr.
func (p *Process) leadsTo(object, addr uint64, known map[uint64]int64) bool {
	for _, w := range p.words(object, objectSize/4) {
		if p.offsetIn(w, addr, known) >= 0 {
			return true
		}
	}
	return false
}

func (p *Process) holdersIn(g *Goroutine, frame int, addr uint64, objects map[uint64]int64) []Holder {
	f := g.Frames[frame]
	size := uint64(p.target.BinInfo().Arch.PtrSize())
	if f.CFA <= f.SP || f.CFA-f.SP > maxStack {
		return nil
	}
	buf := make([]byte, f.CFA-f.SP)
	if !p.read(buf, f.SP) {
		return nil
	}
	lo, hi := g.stack()
	var found []Holder
	for off := uint64(0); off+size <= uint64(len(buf)); off += size {
		w := word(buf[off : off+size])
		h := Holder{Goroutine: g, Frame: frame, At: f.SP + off}
		if w == addr {
			found = append(found, h)
			continue
		}
		if lo <= w && w < hi {
			continue // what lies on the stack is looked at as such
		}
		if at := p.offsetIn(w, addr, objects); at >= 0 {
			h.Object, h.Offset = w, uint64(at)
			found = append(found, h)
		}
	}
	return found
}

// offsetIn returns where in the object at object addr stands, -1 if it does not.
func (p *Process) offsetIn(object, addr uint64, known map[uint64]int64) int64 {
	if object < 1<<12 || object%8 != 0 {
		return -1
	}
	if at, ok := known[object]; ok {
		return at
	}
	at := int64(-1)
	size := uint64(p.target.BinInfo().Arch.PtrSize())
	buf := make([]byte, objectSize)
	for len(buf) >= 64 && !p.read(buf, object) {
		buf = buf[:len(buf)/4] // the end of a mapping
	}
	if len(buf) >= 64 {
		for off := uint64(0); off+size <= uint64(len(buf)); off += size {
			if word(buf[off:off+size]) == addr {
				at = int64(off)
				break
			}
		}
	}
	known[object] = at
	return at
}

// stack returns the bounds of g's own stack as far as its frames show them.
func (g *Goroutine) stack() (lo, hi uint64) {
	lo = ^uint64(0)
	for _, f := range g.Frames {
		if !f.System && f.SP != 0 {
			lo, hi = min(lo, f.SP), max(hi, f.CFA)
		}
	}
	return lo, hi
}
