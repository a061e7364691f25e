package corefile

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Traceback writes what the process would have printed of gs at
// GOTRACEBACK=system, and what it could not: the stacks of goroutines that
// ran on other threads, and the map of each operation. Readers of crash logs
// read it. Arguments are marked as a traceback marks those that may be stale,
// but for a map that a caller still holds.
func (p *Process) Traceback(w io.Writer, gs []*Goroutine) error {
	out := bufio.NewWriter(w)
	message, detecting := p.fatal(gs)
	fmt.Fprintf(out, "fatal error: %s\n", message)
	ordered := slices.Clone(gs)
	slices.SortStableFunc(ordered, func(a, b *Goroutine) int {
		first := func(g *Goroutine) int { return cmp.Compare(0, map[bool]int{true: 1}[g == detecting]) }
		return cmp.Or(first(a)-first(b), cmp.Compare(a.ID, b.ID))
	})
	objects := map[*Goroutine]map[int]uint64{}
	_, holders := p.Conflict(gs)
	for _, h := range holders {
		if h.Object == 0 {
			continue
		}
		if objects[h.Goroutine] == nil {
			objects[h.Goroutine] = map[int]uint64{}
		}
		objects[h.Goroutine][h.Frame] = h.Object
	}
	for _, g := range ordered {
		p.goroutineText(out, g, objects[g])
	}
	return out.Flush()
}

// Conflict returns the map that the process died of, 0 if it cannot be told,
// and who holds it.
func (p *Process) Conflict(gs []*Goroutine) (header uint64, holders []Holder) {
	_, detecting := p.fatal(gs)
	if detecting == nil {
		return 0, nil
	}
	if header = p.mapOf(detecting); header == 0 {
		header = p.sharedMap(detecting, gs)
	}
	if header == 0 {
		header = p.reachedMap(detecting, gs)
	}
	if header == 0 {
		return 0, nil
	}
	return header, p.Holders(gs, header)
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

func (p *Process) goroutineText(out *bufio.Writer, g *Goroutine, holders map[int]uint64) {
	fmt.Fprintf(out, "\ngoroutine %d [%s]:\n", g.ID, g.State)
	shown := 0
	for i, f := range g.Frames {
		if f.System {
			continue // a traceback shows the goroutine's own stack
		}
		shown++
		fmt.Fprintf(out, "%s(%s)\n\t%s:%d", printed(f.Func), p.args(g, i, holders[i]), f.File, f.Line)
		if !f.Inlined {
			fmt.Fprintf(out, " +%#x fp=%#x sp=%#x pc=%#x", f.PC-f.Entry, f.CFA, f.SP, f.PC)
		}
		out.WriteString("\n")
	}
	if shown == 0 {
		out.WriteString("\tgoroutine running on other thread; stack unavailable\n")
	}
	if by := g.CreatedBy; by.Func != "" {
		fmt.Fprintf(out, "created by %s\n\t%s:%d\n", printed(by.Func), by.File, by.Line)
	}
}

// args returns what f saved of its arguments, as a traceback prints it: type
// and header of a map operation, else the first. object is what f holds
// that leads to the map, 0 if nothing does.
func (p *Process) args(g *Goroutine, frame int, object uint64) string {
	f := g.Frames[frame]
	if f.Inlined {
		return "..."
	}
	if isMapFunc(f.Func) {
		typ, err := p.Spill(f, 0)
		header := p.savedMap(f)
		switch {
		case err != nil || typ == 0 || header == 0:
			return ""
		case p.callerHolds(g, frame, header):
			return fmt.Sprintf("%#x?, %#x", typ, header)
		}
		return fmt.Sprintf("%#x?, %#x?", typ, header)
	}
	if object == 0 {
		return ""
	}
	return fmt.Sprintf("%#x?", object)
}

// callerHolds reports whether a frame around the given one holds the map.
func (p *Process) callerHolds(g *Goroutine, frame int, header uint64) bool {
	outer := &Goroutine{ID: g.ID, Frames: g.Frames[frame+1:]}
	return len(p.Holders([]*Goroutine{outer}, header)) > 0
}

// mapOf returns the map of the operation that g is in, 0 if it is not known.
func (p *Process) mapOf(g *Goroutine) uint64 {
	if g == nil {
		return 0
	}
	for _, f := range g.Frames {
		if !f.Inlined && isMapFunc(f.Func) {
			return p.savedMap(f)
		}
	}
	return 0
}

// fatal returns the runtime's last words and the goroutine that spoke them.
func (p *Process) fatal(gs []*Goroutine) (message string, g *Goroutine) {
	for _, g := range gs {
		for _, f := range g.Frames {
			switch f.Func {
			case "runtime.fatal", "runtime.throw", "internal/runtime/maps.fatal", "runtime.maps_fatal":
				if f.Inlined {
					continue
				}
				if text, ok := p.spilledString(f); ok {
					return text, g
				}
				// The message is gone, the operation is not.
				for _, f := range g.Frames {
					switch {
					case strings.HasPrefix(f.Func, "runtime.mapaccess"), strings.HasPrefix(f.Func, "runtime.mapiter"), strings.HasPrefix(f.Func, "runtime.mapIter"):
						return "concurrent map read and map write", g
					case strings.HasPrefix(f.Func, "runtime.mapassign"), strings.HasPrefix(f.Func, "runtime.mapdelete"), strings.HasPrefix(f.Func, "runtime.mapclear"):
						return "concurrent map writes", g
					}
				}
				return "the message is not in the core", g
			}
		}
	}
	return "not a fatal error of the Go runtime", nil
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
	if p.ReadMemory(buf, at) != nil {
		return "", false
	}
	for _, b := range buf {
		if b < ' ' || b > '~' {
			return "", false
		}
	}
	return string(buf), true
}

// printed returns a function's name as a traceback prints it: without its type
// arguments (runtime/traceback.go, funcNameForPrint).
func printed(name string) string {
	i := strings.IndexByte(name, '[')
	j := strings.LastIndexByte(name, ']')
	if i < 0 || j < i {
		return name
	}
	return name[:i] + "[...]" + name[j+1:]
}

// isMapFunc reports whether a function takes a map's type and header.
func isMapFunc(name string) bool { return strings.HasPrefix(name, "runtime.map") }
