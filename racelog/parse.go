package racelog

import (
	"bytes"
	"strconv"

	"github.com/mapsan/mapsan/internal/logline"
)

const (
	warning   = "WARNING: DATA RACE"
	rule      = "=================="
	maxFrames = 512  // of a stack that are kept
	maxAlien  = 2000 // lines of others inside of a report
	maxPrefix = 300
	maxName   = 16 << 10
)

// parser reads the lines of one stream.
type parser struct {
	report *Report
	prefix []byte // what stands before each line
	stack  *Stack // that the next frame belongs to
	name   string // of the frame whose place is to follow
	n      int    // accesses so far
	alien  int
	done   func(*Report)
}

// line takes one line of the program's.
func (p *parser) line(text []byte, number int64) {
	if head, ok := bytes.CutSuffix(bytes.TrimRight(text, " \t"), []byte(warning)); ok && len(head) <= maxPrefix {
		p.end(true)
		p.report = &Report{Line: number}
		p.prefix = append(p.prefix[:0], head...)
		return
	}
	if p.report == nil {
		return
	}
	s, ok := logline.CutPrefix(text, p.prefix)
	if ok && p.known(s) {
		p.alien = 0
		return
	}
	if p.alien++; p.alien > maxAlien {
		p.end(true)
	}
}

// known reads a line of a report, as tsan_report.cpp prints it for Go.
func (p *parser) known(s []byte) bool {
	r := p.report
	switch {
	case string(s) == rule:
		p.end(false)
	case len(s) == 0:
		p.stack, p.name = nil, ""
	case p.access(s):
	case bytes.HasPrefix(s, []byte("Goroutine ")):
		return p.created(s, r)
	case p.stack == nil:
		return false
	case string(s) == "  [failed to restore the stack]":
		p.stack.Lost = true
	case p.name != "" && bytes.HasPrefix(s, []byte("      ")):
		p.place(s[6:])
	case len(s) > 4 && bytes.HasPrefix(s, []byte("  ")) && s[2] != ' ' && bytes.HasSuffix(s, []byte("()")) && len(s) < maxName:
		p.name = string(s[2 : len(s)-2])
	default:
		return false
	}
	return true
}

// access reads "Previous write at 0x00c0000a2180 by goroutine 7:".
func (p *parser) access(s []byte) bool {
	a := Access{}
	rest, previous := bytes.CutPrefix(s, []byte("Previous "))
	switch {
	case bytes.HasPrefix(rest, []byte("Write at 0x")), bytes.HasPrefix(rest, []byte("write at 0x")):
		a.Write = true
		rest = rest[len("write at 0x"):]
	case bytes.HasPrefix(rest, []byte("Read at 0x")), bytes.HasPrefix(rest, []byte("read at 0x")):
		rest = rest[len("read at 0x"):]
	default:
		return false
	}
	addr, by, ok := bytes.Cut(rest, []byte(" by "))
	n, err := strconv.ParseUint(string(addr), 16, 64)
	if !ok || err != nil || p.n == 2 || previous != (p.n == 1) {
		return false
	}
	a.Addr = n
	if string(by) == "main goroutine:" {
		a.Goroutine.Main = true
	} else {
		id, ok := bytes.CutPrefix(bytes.TrimSuffix(by, []byte(":")), []byte("goroutine "))
		if a.Goroutine.ID, err = strconv.ParseUint(string(id), 10, 64); !ok || err != nil {
			return false
		}
	}
	p.report.Accesses[p.n] = a
	p.stack, p.name = &p.report.Accesses[p.n].Stack, ""
	p.n++
	return true
}

// created reads "Goroutine 7 (finished) created at:".
func (p *parser) created(s []byte, r *Report) bool {
	s, ok := bytes.CutSuffix(s[len("Goroutine "):], []byte(") created at:"))
	id, state, ok2 := bytes.Cut(s, []byte(" ("))
	n, err := strconv.ParseUint(string(id), 10, 64)
	if !ok || !ok2 || err != nil || string(state) != "running" && string(state) != "finished" {
		return false
	}
	p.stack, p.name = nil, ""
	for i := range p.n {
		if g := &r.Accesses[i].Goroutine; !g.Main && g.ID == n {
			g.State = string(state)
			p.stack = &g.Created
		}
	}
	return true
}

// place reads "example.com/x/main.go:38 +0x50" and so ends a frame.
func (p *parser) place(s []byte) {
	f := Frame{Func: p.name}
	p.name = ""
	if i := bytes.LastIndex(s, []byte(" +0x")); i >= 0 {
		f.Offset, _ = strconv.ParseUint(string(s[i+4:]), 16, 64)
		s = s[:i]
	}
	if i := bytes.LastIndexByte(s, ':'); i > 0 {
		if n, err := strconv.ParseUint(string(s[i+1:]), 10, 31); err == nil {
			f.Line = int(n)
			s = s[:i]
		}
	}
	if len(s) < maxName && string(s) != "??" && string(s) != "-" {
		f.File = string(s)
	}
	if len(p.stack.Frames) == maxFrames {
		p.stack.Cut = true
		return
	}
	p.stack.Frames = append(p.stack.Frames, f)
}

// end hands a report over that has both of its sides.
func (p *parser) end(cut bool) {
	if r := p.report; r != nil && p.n == 2 {
		r.Truncated = cut
		for i := range r.Accesses {
			if s := &r.Accesses[i].Stack; len(s.Frames) == 0 {
				s.Lost = true
			}
		}
		// Two accesses of one goroutine share what is told of it once.
		if a, b := &r.Accesses[0].Goroutine, &r.Accesses[1].Goroutine; a.ID == b.ID && a.Main == b.Main && a.State == "" {
			a.State, a.Created = b.State, b.Created
		}
		p.done(r)
	}
	p.report, p.stack, p.name, p.n, p.alien = nil, nil, "", 0, 0
}
