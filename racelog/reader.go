package racelog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/mapsan/mapsan/internal/logline"
)

const (
	maxLine    = 1 << 20 // longer lines are none of a report
	maxStreams = 256     // packages whose tests are interleaved
)

// Reader finds the reports in a log. It reads the log once and keeps no more of it
// than the reports that are under way.
type Reader struct {
	in      *bufio.Reader
	err     error
	number  int64
	line    []byte
	scratch []byte
	streams map[string]*stream
	order   []*stream
	done    []*Report
}

// stream is what belongs together of lines that are interleaved: the tests of one
// package write to one output.
type stream struct {
	p       parser
	partial []byte
	pkg     string
	test    string
}

// NewReader returns a Reader of the log in.
func NewReader(in io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(in, 64<<10), streams: map[string]*stream{}}
}

// ReadAll returns all reports of a log.
func ReadAll(in io.Reader) ([]*Report, error) {
	var all []*Report
	for r := NewReader(in); ; {
		rep, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, rep)
	}
}

// Next returns the next report, io.EOF behind the last one.
func (r *Reader) Next() (*Report, error) {
	for len(r.done) == 0 && r.err == nil {
		r.read()
	}
	if len(r.done) > 0 {
		rep := r.done[0]
		r.done = r.done[1:]
		return rep, nil
	}
	if r.err == io.EOF {
		return nil, io.EOF
	}
	return nil, fmt.Errorf("read the log: %w", r.err)
}

func (r *Reader) read() {
	r.line = r.line[:0]
	long := false
	for {
		piece, err := r.in.ReadSlice('\n')
		if long = long || len(r.line)+len(piece) > maxLine; !long {
			r.line = append(r.line, piece...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		r.number++
		if !long && len(r.line) > 0 {
			r.take()
		}
		if err != nil {
			r.err = err
			for _, s := range r.order {
				s.p.end(true)
			}
		}
		return
	}
}

// take handles the line as it is in the log.
func (r *Reader) take() {
	l := logline.Unwrap(r.line, &r.scratch)
	s := r.stream(l)
	if s == nil {
		return
	}
	text := l.Text
	if l.Partial && len(s.partial)+len(text) < maxLine {
		s.partial = append(s.partial, text...)
		return
	}
	if len(s.partial) > 0 {
		text = append(s.partial, text...)
		s.partial = s.partial[:0]
	}
	if len(l.Test) > 0 || len(s.test) > 0 {
		s.test = unescape(l.Test)
	}
	for t := range bytes.SplitSeq(text, []byte("\n")) {
		s.p.line(t, r.number)
	}
}

// stream is that of a line, nil when there are too many.
func (r *Reader) stream(l logline.Line) *stream {
	key := strconv.Itoa(l.Stream) + string(l.Package)
	s := r.streams[key]
	if s == nil && len(r.streams) < maxStreams {
		s = &stream{pkg: unescape(l.Package)}
		s.p.done = func(rep *Report) {
			rep.Package, rep.Test = s.pkg, s.test
			r.done = append(r.done, rep)
		}
		r.streams[key] = s
		r.order = append(r.order, s)
	}
	return s
}

func unescape(s []byte) string {
	if len(s) == 0 {
		return ""
	}
	if t, err := strconv.Unquote(`"` + string(s) + `"`); err == nil {
		return t
	}
	return string(s)
}
