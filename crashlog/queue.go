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

func (h *held) own() {
	if !h.owned {
		h.raw = append([]byte(nil), h.raw...)
		h.owned = true
	}
}

// queue keeps lines in order until the first of them is decided.
type queue struct {
	lines []*held
	bytes int
	write func([]byte)
}

func (q *queue) empty() bool { return len(q.lines) == 0 }

func (q *queue) push(h *held) {
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
		q.lines[n] = nil
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
