package crashlog

type verdict int8

const (
	undecided verdict = iota
	pass              // not of a map crash
	ours
)

// held is a line of the input that may have to wait for a later line to tell
// what it is.
type held struct {
	raw     []byte
	verdict verdict
	owned   bool    // raw is not the reader's buffer
	also    []*held // earlier pieces of the same line
}

// decide sets the verdict; the first one stays.
func (h *held) decide(v verdict) {
	if h.verdict == undecided {
		h.verdict = v
	}
	for _, p := range h.also {
		if p.verdict == undecided {
			p.verdict = h.verdict
		}
	}
}

// queue keeps lines in order until the first of them is decided.
type queue struct {
	lines []*held
	bytes int
	write func([]byte)
	slab  []held   // not yet handed out
	free  [][]byte // of lines that are gone
}

func (q *queue) empty() bool { return len(q.lines) == 0 }

// next returns a new line; one allocation makes many.
func (q *queue) next() *held {
	if len(q.slab) == 0 {
		q.slab = make([]held, 64)
	}
	h := &q.slab[0]
	q.slab = q.slab[1:]
	return h
}

// push keeps h, and a copy of its text if that is still the reader's.
func (q *queue) push(h *held) {
	if !h.owned {
		var buf []byte
		if n := len(q.free); n > 0 {
			buf, q.free = q.free[n-1], q.free[:n-1]
		}
		h.raw, h.owned = append(buf[:0], h.raw...), true
	}
	q.lines = append(q.lines, h)
	q.bytes += len(h.raw)
}

func (q *queue) flush() {
	n := 0
	for ; n < len(q.lines); n++ {
		h := q.lines[n]
		if h.verdict == undecided {
			if q.bytes <= maxHeld {
				break
			}
			h.decide(pass)
		}
		q.bytes -= len(h.raw)
		if h.verdict == pass {
			q.write(h.raw)
		}
		if cap(h.raw) <= 4<<10 && len(q.free) < 64 {
			q.free = append(q.free, h.raw)
		}
		h.raw, q.lines[n] = nil, nil
	}
	if n == len(q.lines) {
		q.lines = q.lines[:0]
	} else {
		q.lines = q.lines[n:]
	}
}

// close passes what nothing decided.
func (q *queue) close() {
	for _, h := range q.lines {
		h.decide(pass)
	}
	q.flush()
}
