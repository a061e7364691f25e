package corefile

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Traceback writes what the process would have printed of gs at
// GOTRACEBACK=system, and what it could not: the stacks of goroutines that
// ran on other threads, and the map of each operation. Readers of crash logs
// read it. Arguments are marked as a traceback marks those that may be stale,
// but for a map that a caller still holds. c is the conflict of gs.
func (p *Process) Traceback(w io.Writer, gs []*Goroutine, c *Conflict) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "fatal error: %s\n", c.Message)
	objects := map[*Goroutine]map[int]uint64{}
	for _, h := range c.Holders {
		if h.Object == 0 || h.Far {
			continue
		}
		if objects[h.Goroutine] == nil {
			objects[h.Goroutine] = map[int]uint64{}
		}
		objects[h.Goroutine][h.Frame] = h.Object
	}
	if c.Detecting != nil {
		p.goroutineText(out, c.Detecting, objects[c.Detecting])
	}
	for _, g := range gs {
		if g != c.Detecting {
			p.goroutineText(out, g, objects[g])
		}
	}
	return out.Flush()
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
