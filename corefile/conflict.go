package corefile

import "strings"

// A Conflict is what the process died of.
type Conflict struct {
	// Message is the runtime's last words. When they are gone from the core, it
	// is what the runtime says of the operation that was under way.
	Message string
	// Detecting is the goroutine that spoke them; nil if none did.
	Detecting *Goroutine
	// Header is the map's address, 0 if it cannot be told, and Holders are those
	// who have it.
	Header  uint64
	Holders []Holder
}

// Conflict finds out what the process died of. gs are its goroutines.
func (p *Process) Conflict(gs []*Goroutine) *Conflict {
	for _, g := range gs {
		for _, f := range g.Frames {
			if !f.Inlined && isFatal(f.Func) {
				return p.conflict(gs, g, f)
			}
		}
	}
	return &Conflict{Message: "not a fatal error of the Go runtime"}
}

func isFatal(name string) bool {
	switch name {
	case "runtime.fatal", "runtime.throw", "internal/runtime/maps.fatal", "runtime.maps_fatal":
		return true
	}
	return false
}

func (p *Process) conflict(gs []*Goroutine, detecting *Goroutine, fatal Frame) *Conflict {
	c := &Conflict{Detecting: detecting}
	var ok bool
	if c.Message, ok = p.spilledString(fatal); !ok {
		c.Message = "the message is not in the core"
		if fatal.Func != "runtime.throw" { // which may be about anything, in a map operation too
			c.Message = messageFor(detecting, c.Message)
		}
	}
	// The first that is known: what it saved itself, what another is inside of
	// and it holds, what it may have meant and another holds.
	for _, find := range []func(*Goroutine, []*Goroutine) uint64{
		func(g *Goroutine, _ []*Goroutine) uint64 { return p.mapOf(g) }, p.sharedMap, p.reachedMap,
	} {
		if c.Header = find(detecting, gs); c.Header != 0 {
			c.Holders = p.holdersOf(c.Header, gs)
			break
		}
	}
	return c
}

// holdersOf returns who has the map; of those who have it not at hand, who gets to it.
func (p *Process) holdersOf(header uint64, gs []*Goroutine) []Holder {
	found := p.Holders(gs, header)
	near := map[*Goroutine]bool{}
	for _, h := range found {
		near[h.Goroutine] = true
	}
	var rest []*Goroutine
	for _, g := range gs {
		if !near[g] {
			rest = append(rest, g)
		}
	}
	return append(found, p.farHolders(rest, header)...)
}

// messageFor returns what the runtime says of the map operation that g is in, or
// none if it is in none.
func messageFor(g *Goroutine, none string) string {
	i := mapFrame(g)
	if i < 0 {
		return none
	}
	for _, op := range []string{"assign", "delete", "clear"} {
		if strings.HasPrefix(g.Frames[i].Func, "runtime.map"+op) {
			return "concurrent map writes"
		}
	}
	return "concurrent map read and map write"
}

// sharedMap is for a goroutine whose map function had saved nothing yet: the
// map of another's operation is its own if it holds that map.
func (p *Process) sharedMap(detecting *Goroutine, gs []*Goroutine) uint64 {
	for _, g := range gs {
		if g == detecting {
			continue
		}
		if header := p.mapOf(g); header != 0 && len(p.Holders([]*Goroutine{detecting}, header)) > 0 {
			return header
		}
	}
	return 0
}

// maxMessage bounds a message, so that a stale slot is not taken for one.
const maxMessage = 200

// spilledString returns the string that is f's first argument.
func (p *Process) spilledString(f Frame) (string, bool) {
	at, err := p.Spill(f, 0)
	n, err2 := p.Spill(f, 1)
	if err != nil || err2 != nil || n == 0 || n > maxMessage {
		return "", false
	}
	buf := make([]byte, n)
	if !p.read(buf, at) {
		return "", false
	}
	for _, b := range buf {
		if b < ' ' || b > '~' {
			return "", false
		}
	}
	return string(buf), true
}
