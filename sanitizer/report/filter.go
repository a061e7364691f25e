package report

import (
	"bytes"
	"io"

	"github.com/mapsan/mapsan/finding"
)

// maxPrefix is how much may stand before a block's text on each of its lines.
const maxPrefix = 256

// Filter passes a stream through to a writer and takes the report blocks out.
// It holds back no more than what may still turn out to be a block: an unfinished
// line goes on at once unless it may be a separator. What looks like a block but
// is not whole goes on as it came. It is not safe for concurrent use.
type Filter struct {
	w     io.Writer
	found func(*finding.Finding)
	begun func() // called when a block's first line has been seen; may be nil

	state  filterState
	block  *block
	prefix []byte // what stands before the block's text on each line
	held   []byte // not yet passed on: lines of what may be a block
	line   []byte // the unfinished line, as far as it matters
	loose  int    // how much of line has been passed on already
	long   bool   // the unfinished line is too long to matter
	passed bool   // a part of the block's first lines has been passed on
	stub   []byte // what stood before the opening separator

	// Broken counts the blocks that were begun and not whole.
	Broken int
}

type filterState int

const (
	outside   filterState = iota
	afterRule             // the last line was a separator
	inside
)

// NewFilter makes a Filter that writes to w and calls found with each finding,
// after all that came before it has been written.
func NewFilter(w io.Writer, found func(*finding.Finding)) *Filter {
	return &Filter{w: w, found: found}
}

// Write takes the next piece of the stream. Its error is the writer's.
func (f *Filter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if f.state == outside && len(f.line) == 0 && !f.long {
			// The bulk of any output: whole lines that are no separator.
			n := plain(rest)
			if n > 0 {
				if _, err := f.w.Write(rest[:n]); err != nil {
					return 0, err
				}
				rest = rest[n:]
				continue
			}
		}
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			if err := f.unfinished(rest); err != nil {
				return 0, err
			}
			break
		}
		if err := f.finished(rest[:end]); err != nil {
			return 0, err
		}
		rest = rest[end:]
	}
	return len(p), nil
}

// Close ends the stream: what is held is passed on, or is a last block whose
// closing line lacks its newline. It does not close the writer.
func (f *Filter) Close() error {
	if len(f.line) > 0 {
		if err := f.finished(nil); err != nil {
			return err
		}
	}
	return f.giveUpLines()
}

// plain is the length of the leading lines of p that can be no separator.
func plain(p []byte) int {
	n := 0
	for {
		i := bytes.IndexByte(p[n:], '\n')
		if i < 0 || isRule(bytes.TrimSuffix(p[n:n+i], []byte("\r"))) {
			return n
		}
		n += i + 1
	}
}

// isRule reports whether a line, without its end, is a separator, whatever
// stands before it.
func isRule(line []byte) bool {
	n := len(line) - len(separator)
	return n >= 0 && n <= maxPrefix && line[len(line)-1] == '=' &&
		string(line[n:]) == separator && (n == 0 || line[n-1] != '=')
}

// unfinished takes a piece of a line whose end is not there yet.
func (f *Filter) unfinished(p []byte) error {
	if f.long {
		_, err := f.w.Write(p)
		return err
	}
	f.line = append(f.line, p...)
	limit := maxPrefix + maxWarning
	if f.state == inside {
		limit = maxLine
	}
	switch {
	case len(f.line) > limit:
		return f.giveUp()
	case f.state == inside || f.mayBegin():
		return nil
	}
	return f.passOn()
}

// mayBegin reports whether the unfinished line may be the first or second one
// of a block so clearly that it is worth holding back.
func (f *Filter) mayBegin() bool {
	line := f.line
	if len(bytes.TrimLeft(line, " \t")) == 0 {
		return true
	}
	if f.state == afterRule {
		if bytes.Contains(line, []byte(warning)) {
			return true
		}
		for n := min(len(warning), len(line)); n > 0; n-- {
			if bytes.HasSuffix(line, []byte(warning[:n])) {
				return true
			}
		}
	}
	return bytes.HasSuffix(bytes.TrimSuffix(line, []byte("\r")), []byte("="))
}

const (
	warning    = "WARNING: MAP RACE (pid="
	maxWarning = len(warning) + 64
)

// passOn writes what is held, the unfinished line included, without forgetting
// that it may become a block: no finding is lost for the sake of a prompt.
func (f *Filter) passOn() error {
	out := append(f.held, f.line[f.loose:]...)
	f.held = f.held[:0]
	f.loose = len(f.line)
	if f.state == afterRule {
		f.passed = true
	}
	_, err := f.w.Write(out)
	return err
}

// finished takes the rest of a line with its newline; at the end of the stream
// there may be none.
func (f *Filter) finished(p []byte) error {
	if f.long {
		f.long = false
		_, err := f.w.Write(p)
		return err
	}
	f.line = append(f.line, p...)
	line, loose := f.line, f.loose
	f.line, f.loose = f.line[:0], 0
	text := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))

	switch f.state {
	case afterRule:
		if prefix, ok := warningPrefix(text); ok {
			f.state, f.block = inside, new(block)
			f.prefix = append(f.prefix[:0], prefix...)
			f.block.line(string(text[len(prefix):]))
			f.held = append(f.held, line[loose:]...)
			if f.begun != nil {
				f.begun()
			}
			return nil
		}
	case inside:
		content, ok := f.strip(text)
		if ok && string(content) == separator {
			if got, whole := f.block.finish(); whole {
				return f.take(got)
			}
		} else if ok && len(line) <= maxLine && len(f.held)+len(line) <= maxBlock && f.block.line(string(content)) {
			f.held = append(f.held, line...)
			return nil
		}
	}
	if err := f.giveUpLines(); err != nil {
		return err
	}
	if isRule(text) {
		f.state, f.passed = afterRule, loose > 0
		f.held = append(f.held, line[loose:]...)
		f.stub = append(f.stub[:0], line[loose:max(loose, len(text)-len(separator))]...)
		return nil
	}
	_, err := f.w.Write(line[loose:])
	return err
}

// take hands the finding over. Its last separator may open the next block, if
// a process was killed before it could close the one before.
func (f *Filter) take(got *finding.Finding) error {
	var rest []byte
	if len(f.prefix) == 0 && len(f.stub) > 0 {
		rest = append(f.stub, '\n') // no prefix, but a line that was cut off
	} else if f.passed {
		rest = []byte("\n")
	}
	f.held, f.block, f.passed, f.stub = f.held[:0], nil, false, nil
	f.state = afterRule
	if len(rest) > 0 {
		if _, err := f.w.Write(rest); err != nil {
			return err
		}
	}
	f.found(got)
	return nil
}

// giveUpLines passes on the whole lines that are held: they were no block.
func (f *Filter) giveUpLines() error {
	if f.state == inside {
		f.Broken++
	}
	f.state, f.block, f.passed = outside, nil, false
	if len(f.held) == 0 {
		return nil
	}
	_, err := f.w.Write(f.held)
	f.held = f.held[:0]
	return err
}

// giveUp passes on everything that is held, the unfinished line included,
// whose rest will follow without being looked at.
func (f *Filter) giveUp() error {
	if err := f.giveUpLines(); err != nil {
		return err
	}
	out := f.line[f.loose:]
	f.line, f.loose, f.long = nil, 0, true
	_, err := f.w.Write(out)
	return err
}

// warningPrefix is what stands before a block's first text line, if it is one.
func warningPrefix(text []byte) ([]byte, bool) {
	i := bytes.Index(text, []byte(warning))
	if i < 0 || i > maxPrefix || !new(block).line(string(text[i:])) {
		return nil, false
	}
	return text[:i], true
}

// strip takes the prefix off a line. Digits may differ from those of the first
// line, so that each line may carry its own time.
func (f *Filter) strip(text []byte) ([]byte, bool) {
	if len(text) < len(f.prefix) {
		// Who trims the ends of lines makes a blank one shorter than its prefix.
		short := bytes.TrimRight(f.prefix, " \t")
		return nil, len(text) >= len(short) && alike(text, f.prefix[:len(text)])
	}
	if !alike(text[:len(f.prefix)], f.prefix) {
		return nil, false
	}
	return text[len(f.prefix):], true
}

func alike(a, b []byte) bool {
	for i := range a {
		if a[i] != b[i] && !(digit(a[i]) && digit(b[i])) {
			return false
		}
	}
	return true
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
