package crashlog

// stackHash tells the stacks of one log apart: state, functions and lines,
// but not arguments.
type stackHash uint64

func newStackHash(state string) stackHash {
	h := stackHash(14695981039346656037)
	for i := range len(state) {
		h = (h ^ stackHash(state[i])) * 1099511628211
	}
	return h
}

func (h *stackHash) add(name, file uint64, line int) {
	for _, v := range [...]uint64{name, file, uint64(line)} {
		x := (uint64(*h) ^ v) * 0x9e3779b97f4a7c15
		*h = stackHash(x ^ x>>29)
	}
}

func (h stackHash) sum() uint64 { return uint64(h) }

// keeper decides which goroutines of a crash stay in memory.
type keeper struct {
	detecting int
	byStack   map[uint64]*Goroutine
	byID      map[uint64]*Goroutine
	matter    int
}

// add keeps g, counts it with another of its stack, or drops it.
func (k *keeper) add(c *Crash, g *Goroutine, stack uint64, limit int) {
	same := k.byStack[stack]
	keep := g.Detecting || len(c.Goroutines) < limit
	if !keep && matters(g) && k.matter < limit {
		k.matter++
		keep = true
	}
	if !keep && same == nil && len(c.Goroutines) < 3*limit {
		keep = true
	}
	switch {
	case keep:
		kept := g.Clone()
		c.Goroutines = append(c.Goroutines, kept)
		if k.byID == nil {
			k.byID, k.byStack = map[uint64]*Goroutine{}, map[uint64]*Goroutine{}
		}
		k.byID[g.ID] = kept
		if same == nil {
			k.byStack[stack] = kept
		}
	case same != nil:
		same.Same++
	case g.ID != 0:
		c.Dropped++
	}
}

// matters reports whether g may be a side of the conflict by its own frames.
func matters(g *Goroutine) bool {
	if g.StackUnavailable || g.State == "running" {
		return true
	}
	at, _ := mapFrame(g.Frames)
	return at >= 0
}
