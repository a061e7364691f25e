package corefile

import (
	"github.com/mapsan/mapsan/maplayout"
)

// nearSite is how many frames around a map operation are searched for what the
// operation was on: its caller, and the caller's caller if that was a method.
const nearSite = 3

// reachedMap is for a goroutine that noticed the conflict before it saved
// anything: of the maps in the objects that the frames around the operation
// hold, it returns the one that somebody else holds too, 0 if there are several.
func (p *Process) reachedMap(detecting *Goroutine, gs []*Goroutine) uint64 {
	layout, err := maplayout.Known(p.GoVersion())
	if err != nil {
		return 0
	}
	others := make([]*Goroutine, 0, len(gs))
	for _, g := range gs {
		if g != detecting {
			others = append(others, g)
		}
	}
	found := uint64(0)
	for header := range p.mapsNear(detecting, layout) {
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
func (p *Process) mapsNear(g *Goroutine, layout maplayout.Layout) map[uint64]bool {
	headers := map[uint64]bool{}
	lo, hi := g.stack()
	near := 0
	for i := siteOf(g); i >= 0 && i < len(g.Frames) && near < nearSite; i++ {
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
				if header%8 == 0 && header >= 1<<12 && !headers[header] && p.isMap(layout, header) {
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
	for len(buf) >= 8 && p.ReadMemory(buf, addr) != nil {
		buf = buf[:len(buf)/2&^7]
	}
	out := make([]uint64, 0, len(buf)/8)
	for ; len(buf) >= 8; buf = buf[8:] {
		out = append(out, word(buf[:8]))
	}
	return out
}

// siteOf returns the index of the frame that called the map function, -1 if
// there is none.
func siteOf(g *Goroutine) int {
	for i, f := range g.Frames {
		if !f.Inlined && isMapFunc(f.Func) {
			return i + 1
		}
	}
	return -1
}

// savedMap returns the map whose operation f is, 0 if f did not save it: then
// something else stands where it would.
func (p *Process) savedMap(f Frame) uint64 {
	header, err := p.Spill(f, 1)
	if err != nil || header == 0 {
		return 0
	}
	if layout, err := maplayout.Known(p.GoVersion()); err == nil && !p.isMap(layout, header) {
		return 0
	}
	return header
}

// randomSeed is what nearly all random words are above, and few numbers.
const randomSeed = 1 << 40

// isMap reports whether what lies at addr fits together as a map's header does:
// the depth with the directory's length, the flag with its values.
func (p *Process) isMap(l maplayout.Layout, addr uint64) bool {
	buf := make([]byte, l.Header.Size)
	if p.ReadMemory(buf, addr) != nil {
		return false
	}
	field := func(name string) (uint64, bool) {
		for _, f := range l.Header.Fields {
			if f.Name == name && f.Offset+f.Size <= int64(len(buf)) {
				return word(buf[f.Offset : f.Offset+f.Size]), true
			}
		}
		return 0, false
	}
	flag, ok := field(l.Flag.Name)
	switch {
	case !ok:
		return false
	case l.Design == maplayout.Tables:
		used, _ := field("used")
		dir, _ := field("dirPtr")
		dirLen, _ := field("dirLen")
		depth, _ := field("globalDepth")
		shift, _ := field("globalShift")
		seed, _ := field("seed")
		switch {
		case flag > 1 || dir == 0 || dir%8 != 0 || depth > 40 || seed < randomSeed:
			return false
		case dirLen == 0: // one group, and no directory yet
			return depth == 0 && used <= 8
		}
		return dirLen == 1<<depth && shift == 64-depth && used > 0
	}
	count, _ := field("count")
	b, _ := field("B")
	buckets, _ := field("buckets")
	return flag < 16 && b < 48 && count <= 13<<b && buckets != 0 && buckets%8 == 0
}
