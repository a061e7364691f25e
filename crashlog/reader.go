package crashlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/mapsan/mapsan/internal/logline"
)

// Options say what a Reader does with what it reads.
type Options struct {
	// Rest gets all text that does not belong to a crash by the concurrent use
	// of a map, unchanged and in order. Other crashes are returned by Next and
	// written here, too.
	Rest io.Writer
	// Goroutine is called for each goroutine when it has been read. Both
	// values are valid only during the call; Goroutine.Clone makes a copy.
	Goroutine func(*Crash, *Goroutine)
	// Keep is how many goroutines a Crash keeps whatever they are, and how
	// many different stacks besides; 1000 if zero.
	Keep int

	_ struct{}
}

const (
	defaultKeep = 1000
	// maxLine bounds the lines that are looked at; longer ones pass through.
	maxLine = 1 << 20
	// maxHeld bounds the text that waits for a decision.
	maxHeld = 1 << 20
)

// Reader finds the crashes in a log. It reads the log once.
type Reader struct {
	in      *bufio.Reader
	rest    io.Writer
	restErr error
	inErr   error
	p       parser
	q       queue
	cur     *held
	partial [logline.Streams]partialLine
	scratch []byte
	ends    bool   // JSON lines hold the program's line ends
	long    []byte // a line longer than the buffer of in
}

// partialLine is a program's line that came in pieces, so far.
type partialLine struct {
	text   []byte
	pieces []*held
	form   logline.Form
	strict bool
}

// NewReader returns a Reader of the log in.
func NewReader(in io.Reader, opts Options) *Reader {
	r := &Reader{in: bufio.NewReaderSize(in, 64<<10), rest: opts.Rest, cur: &held{}}
	r.p.keep = opts.Keep
	if r.p.keep <= 0 {
		r.p.keep = defaultKeep
	}
	r.p.each = opts.Goroutine
	r.q.write = r.write
	return r
}

// ReadAll returns all crashes of a log.
func ReadAll(in io.Reader, opts Options) ([]*Crash, error) {
	r := NewReader(in, opts)
	var all []*Crash
	for {
		c, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
}

// Next returns the next crash, io.EOF behind the last one. After another error
// of the input it first returns what had been read up to there.
func (r *Reader) Next() (*Crash, error) {
	for len(r.p.done) == 0 && r.inErr == nil {
		r.readLine()
		if r.restErr != nil {
			return nil, fmt.Errorf("write what is not of a crash: %w", r.restErr)
		}
	}
	if len(r.p.done) > 0 {
		c := r.p.done[0]
		r.p.done = r.p.done[1:]
		return c, nil
	}
	if r.inErr == io.EOF {
		return nil, io.EOF
	}
	return nil, fmt.Errorf("read the log: %w", r.inErr)
}

func (r *Reader) write(b []byte) {
	if r.rest != nil && r.restErr == nil {
		_, r.restErr = r.rest.Write(b)
	}
}

func (r *Reader) readLine() {
	line, err := r.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		r.long = r.long[:0]
		for errors.Is(err, bufio.ErrBufferFull) && len(r.long) < maxLine {
			r.long = append(r.long, line...)
			line, err = r.in.ReadSlice('\n')
		}
		r.long = append(r.long, line...)
		if errors.Is(err, bufio.ErrBufferFull) {
			err = r.passLong()
			line = nil
		} else {
			line = r.long
		}
	}
	if len(line) > 0 {
		r.take(line, err != nil)
	}
	if err != nil {
		r.inErr = err
		r.end()
	}
}

// passLong passes a line through that is longer than any of a crash, whose
// beginning is r.long.
func (r *Reader) passLong() error {
	r.p.line++
	line := r.long
	for {
		r.settle(&held{raw: append([]byte(nil), line...), verdict: pass, owned: true})
		var err error
		line, err = r.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		r.settle(&held{raw: append([]byte(nil), line...), verdict: pass, owned: true})
		return err
	}
}

// take handles a line as it is in the input. open says that it has no end.
func (r *Reader) take(line []byte, open bool) {
	r.p.line++
	h := r.cur
	h.raw, h.verdict, h.owned = line, undecided, false
	if r.p.idle() && r.partial[logline.Stderr].pieces == nil && r.partial[logline.Stdout].pieces == nil && boring(line) {
		h.verdict = pass
		r.settle(h)
		return
	}
	f := logline.Unwrap(line, &r.scratch)
	r.p.form = f.Form
	if f.Form == logline.Plain {
		r.p.lines(f.Text, h, f.Strict, open)
		r.settle(h)
		return
	}
	if f.Form == logline.JSON {
		// Some shippers drop each line's end: only where others have one, or at
		// the size that docker cuts at, a line without is part of one.
		r.ends = r.ends || f.Ended
		f.Partial = f.Partial && (r.ends || len(f.Text) >= 16<<10)
	}
	part := &r.partial[f.Stream]
	if f.Partial && !open && len(part.text)+len(f.Text) < maxLine {
		part.text = append(part.text, f.Text...)
		part.strict, part.form = f.Strict, f.Form
		part.pieces = append(part.pieces, h)
		r.settle(h)
		return
	}
	text := f.Text
	if part.pieces != nil {
		text = append(part.text, f.Text...)
	}
	r.p.lines(text, h, f.Strict, open || f.Cut)
	h.also = append(h.also, part.pieces...)
	*part = partialLine{text: part.text[:0]}
	r.settle(h)
}

// settle lets go of a line that has been handled: it is written, dropped, or
// kept until it is decided.
func (r *Reader) settle(h *held) {
	if h.verdict != undecided {
		h.decide(h.verdict)
	}
	if r.q.empty() && h.verdict != undecided {
		if h.verdict == pass {
			r.write(h.raw)
		}
		h.also = nil
		return
	}
	r.q.push(h)
	if h == r.cur {
		r.cur = r.q.next()
	}
	r.q.flush()
}

func (r *Reader) end() {
	for i := range r.partial {
		part := &r.partial[i]
		if part.pieces == nil {
			continue
		}
		last := part.pieces[len(part.pieces)-1]
		r.p.form = part.form
		last.also = part.pieces[:len(part.pieces)-1]
		r.p.lines(part.text, last, part.strict, true)
		if last.verdict != undecided {
			last.decide(last.verdict)
		}
	}
	r.p.end()
	r.q.close()
}
