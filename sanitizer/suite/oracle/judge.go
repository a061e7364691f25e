package oracle

// A Verdict is what the oracle says of one event.
type Verdict struct {
	// Race: an earlier conflicting access is not ordered before this one. A
	// write is compared with the last write and with all reads since, a read
	// with the last write.
	Race bool
	// Prior is the index of the latest such access.
	Prior int
	// Repeat: the goroutine's previous read of this map raced with the same
	// write, so that a detector may stay silent on this one.
	Repeat bool
}

type stamp struct{ g, time, event int }

type cell struct {
	written bool
	write   stamp
	reads   []stamp
	raced   map[int]int // by goroutine: the event of the write that its last read raced with
}

// Judge returns the verdict on each event of p, which must be possible (see [Program.Check]).
func Judge(p *Program) []Verdict {
	c := newClocks(p.Shape)
	cells := make([]cell, p.Maps)
	out := make([]Verdict, len(p.Events))
	for i, e := range p.Events {
		if e.Access() {
			out[i] = cells[e.Obj].access(c.gs[e.G], e, i)
		} else {
			c.pass(e)
		}
	}
	return out
}

func (c *cell) access(now clock, e Event, i int) (v Verdict) {
	against := func(s stamp) {
		if now[s.g] < s.time && (!v.Race || s.event > v.Prior) {
			v.Race, v.Prior = true, s.event
		}
	}
	if c.written {
		against(c.write)
	}
	me := stamp{e.G, now[e.G], i}
	if e.Kind == Read {
		c.reads = append(c.reads, me)
		if v.Race {
			before, ok := c.raced[e.G]
			v.Repeat = ok && before == v.Prior
			c.raced[e.G] = v.Prior
		}
		return v
	}
	for _, r := range c.reads {
		against(r)
	}
	*c = cell{written: true, write: me, raced: map[int]int{}}
	return v
}
