package oracle

// Shrink returns a smaller program that still fails, by removing events,
// objects and goroutines while what is left remains possible.
func Shrink(p *Program, fails func(*Program) bool) *Program {
	try := func(q *Program) bool {
		if len(q.Events) == len(p.Events) || q.Check() != nil || !fails(q) {
			return false
		}
		p = q
		return true
	}
	drop := func(which func(i int, e Event) bool) bool { return try(p.without(which)) }
	for before := len(p.Events) + 1; len(p.Events) < before; {
		before = len(p.Events)
		for g := p.Goroutines - 1; g > 0; g-- {
			drop(func(_ int, e Event) bool { return e.G == g && e.Kind != Go })
			try(p.withoutGoroutine(g))
		}
		for k := range kinds {
			for obj := range newState(p.Shape).count(k, 0) {
				drop(func(_ int, e Event) bool {
					return !e.Access() && e.Kind != Go && e.Obj == obj && e.sort() == Event{Kind: k}.sort()
				})
			}
		}
		for size := len(p.Events) / 2; size > 0; size /= 2 {
			for at := 0; at < len(p.Events); {
				if !drop(func(i int, _ Event) bool { return i >= at && i < at+size }) {
					at += size
				}
			}
		}
		// A lock and its unlock can only go together.
		for a := 0; a < len(p.Events); a++ {
			for b := a + 1; b < len(p.Events); b++ {
				if p.Events[a].Obj == p.Events[b].Obj && drop(func(i int, _ Event) bool { return i == a || i == b }) {
					b = a
				}
			}
		}
	}
	return p
}

func (p *Program) without(drop func(i int, e Event) bool) *Program {
	q := &Program{Shape: p.Shape}
	for i, e := range p.Events {
		if !drop(i, e) {
			q.Events = append(q.Events, e)
		}
	}
	return q
}

// withoutGoroutine returns p with all that g does done by the goroutine that started it.
func (p *Program) withoutGoroutine(g int) *Program {
	parent := 0
	number := func(h int) int {
		if h == g {
			h = parent
		}
		if h > g {
			h--
		}
		return h
	}
	q := &Program{Shape: p.Shape}
	for _, e := range p.Events {
		if e.Kind == Go && e.Aux == g {
			parent = e.G
			continue
		}
		if e.Kind == End && e.G == g {
			continue
		}
		e.G = number(e.G)
		if e.Kind == Go || e.Kind == Signal || (e.Kind == Send || e.Kind == Recv) && p.Chans[e.Obj] == 0 {
			e.Aux = number(e.Aux)
		}
		q.Events = append(q.Events, e)
	}
	return q
}
