package corefile

import "strings"

// nearSite is how many frames around a map operation are searched for what the
// operation was on: its caller, and the caller's caller if that was a method.
const nearSite = 3

// reachedMap is for a goroutine that noticed the conflict before it saved
// anything: of the maps in the objects that the frames around the operation
// hold, it returns the one that somebody else holds too, 0 if there are several.
func (p *Process) reachedMap(detecting *Goroutine, gs []*Goroutine) uint64 {
	if p.layout == nil {
		return 0
	}
	others := make([]*Goroutine, 0, len(gs))
	for _, g := range gs {
		if g != detecting {
			others = append(others, g)
		}
	}
	found := uint64(0)
	for header := range p.mapsNear(detecting) {
		if header == found || len(p.Holders(others, header)) == 0 {
			continue
		}
		if found != 0 {
			return 0
		}
		found = header
	}
	return found
}

// mapsNear returns the map headers in the objects that the frames around g's
// map operation point to.
func (p *Process) mapsNear(g *Goroutine) map[uint64]bool {
	headers := map[uint64]bool{}
	lo, hi := g.stack()
	near := 0
	for i := mapFrame(g) + 1; i > 0 && i < len(g.Frames) && near < nearSite; i++ {
		f := g.Frames[i]
		if f.Inlined || f.System {
			continue
		}
		near++
		for _, object := range p.words(f.SP, f.CFA-f.SP) {
			if lo <= object && object < hi || object%8 != 0 || object < 1<<12 {
				continue
			}
			for _, header := range p.words(object, objectSize/4) {
				if header%8 == 0 && header >= 1<<12 && !headers[header] && p.layout.Fits(p, header) {
					headers[header] = true
				}
			}
		}
	}
	return headers
}

// words returns the words of memory that can be read, up to size bytes.
func (p *Process) words(addr, size uint64) []uint64 {
	if size > maxStack {
		return nil
	}
	buf := make([]byte, size)
	for len(buf) >= 8 && !p.read(buf, addr) {
		buf = buf[:len(buf)/2&^7]
	}
	out := make([]uint64, 0, len(buf)/8)
	for ; len(buf) >= 8; buf = buf[8:] {
		out = append(out, word(buf[:8]))
	}
	return out
}

// mapFrame returns the index of the innermost frame of a map function, -1 if there
// is none.
func mapFrame(g *Goroutine) int {
	for i, f := range g.Frames {
		if !f.Inlined && isMapFunc(f.Func) {
			return i
		}
	}
	return -1
}

// isMapFunc reports whether a function takes a map's type and header.
func isMapFunc(name string) bool { return strings.HasPrefix(name, "runtime.map") }

// mapOf returns the map of the operation that g is in, 0 if it is not known.
func (p *Process) mapOf(g *Goroutine) uint64 {
	i := mapFrame(g)
	if i < 0 {
		return 0
	}
	return p.savedMap(g.Frames[i])
}

// savedMap returns the map whose operation f is, 0 if f did not save it: then
// something else stands where it would.
func (p *Process) savedMap(f Frame) uint64 {
	header, err := p.Spill(f, 1)
	if err != nil || p.layout != nil && !p.layout.Fits(p, header) {
		return 0
	}
	return header
}
