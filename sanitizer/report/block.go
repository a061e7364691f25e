package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// separator opens and closes a block.
const separator = "=================="

// Bounds of one block; the runtime's own are far below.
const (
	maxBlock  = 1 << 20
	maxLine   = 64 << 10
	maxFrames = 512
	maxSync   = 1024
)

// block parses the lines between two separators, one at a time, so that the
// first line that does not belong ends the matter.
type block struct {
	f       *finding.Finding
	section section
	stack   *[]finding.Frame
	partial *bool
	runtime *bool  // set where the stack may be "[created by the runtime]"
	fn      string // a frame's function whose place is due
	parties int
	origins [2]bool
	clocks  bool
	syncing uint64 // the goroutine of the history being read
	last    *finding.Sync
}

type section int

const (
	expectWarning section = iota
	expectAccess
	inStack
	betweenSections
	inHistory
	atEnd
)

// line takes the next line and reports whether it belongs to the block.
func (b *block) line(s string) bool {
	if b.section == expectWarning {
		return b.warning(s)
	}
	if s == "" {
		if b.fn != "" || b.section == expectAccess {
			return false
		}
		if b.section != atEnd {
			b.section = betweenSections
		}
		return true
	}
	switch {
	case strings.HasPrefix(s, "      "):
		return b.place(s[6:])
	case b.fn != "":
		return false
	case strings.HasPrefix(s, "  ") && b.section == inStack:
		return b.frame(s[2:])
	case strings.HasPrefix(s, "  ") && b.section == inHistory:
		return b.event(s[2:])
	case b.section == atEnd:
		return false
	case b.parties < 2:
		return b.access(s)
	case strings.HasPrefix(s, "Goroutine "):
		return b.goroutine(s)
	case strings.HasPrefix(s, "Synchronisation "):
		return b.history(s)
	case strings.HasPrefix(s, "Clocks: "):
		return b.clock(s)
	}
	return false
}

// finish gives the finding if the block was whole.
func (b *block) finish() (*finding.Finding, bool) {
	if b.f == nil || b.fn != "" || !b.clocks || !b.origins[0] || !b.origins[1] {
		return nil, false
	}
	f := b.f
	if c := f.Evidence.Clocks; c.Known.Time >= c.Previous.Time {
		// The finding stands: the runtime compared before it printed.
		f.Evidence.Clocks = nil
		f.Evidence.Missing.Miss("clocks", "those that the report printed had moved on meanwhile")
	}
	if len(f.Evidence.Sync) == 0 {
		f.Evidence.Missing.Miss("sync", "the report holds no synchronisation history")
	}
	for i := range f.Parties {
		if p := &f.Parties[i]; len(p.Stack) == 0 {
			p.Missing.Miss("stack", "the runtime could not walk it")
		}
		g := &f.Parties[i].Goroutine
		if len(g.Origin) == 0 && !g.Main && !g.Runtime {
			g.Missing.Miss("origin", "the runtime could not walk the stack of the go statement")
		}
	}
	return f, f.Validate() == nil
}

func (b *block) warning(s string) bool {
	sc := scan(s)
	sc.word("WARNING: MAP RACE (pid=")
	pid := sc.number(10)
	sc.word(" finding=")
	sc.number(10)
	sc.word(")")
	if !sc.end() || pid > 1<<31-1 {
		return false
	}
	f := &finding.Finding{Schema: finding.Schema, Engine: finding.Sanitizer, Grade: finding.Proved}
	f.Resource.PID = int(pid)
	for _, field := range []string{"expr", "name", "decl"} {
		f.Map.Missing.Miss(field, "the source was not looked at")
	}
	b.f, b.section = f, expectAccess
	return true
}

// access reads "Write (assign) at 0xc000012345 of map[string]int by goroutine 8:"
// and "Previous read (lookup) by goroutine 7:".
func (b *block) access(s string) bool {
	previous := b.parties == 1
	sc := scan(s)
	classes := map[string]finding.Op{"Write": finding.Write, "Read": finding.Read}
	if previous {
		sc.word("Previous ")
		classes = map[string]finding.Op{"write": finding.Write, "read": finding.Read}
	}
	class := classes[sc.until(" (")]
	op := finding.Op(sc.until(")"))
	if !previous {
		sc.word(" at 0x")
		addr := sc.number(16)
		sc.word(" of ")
		typ := sc.untilLast(" by goroutine ")
		b.setMap(finding.Addr(addr), typ)
	} else {
		sc.word(" by goroutine ")
	}
	id := sc.number(10)
	sc.word(":")
	if !sc.end() || op.Class() != class || !slices.Contains(finding.Ops(), op) {
		return false
	}
	p := &b.f.Parties[b.parties]
	p.Access.Op, p.Goroutine.ID = op, id
	p.Access.Missing.Miss("expr", "the source was not looked at")
	if id == 0 {
		p.Goroutine.Missing.Miss("id", "the access was made outside any goroutine")
	}
	b.startStack(&p.Stack, &p.Partial, nil)
	b.parties++
	if b.parties == 2 {
		b.f.Rule = finding.RuleFor(b.f.Parties[0].Access.Op, op)
		return b.f.Rule != ""
	}
	return true
}

func (b *block) setMap(addr finding.Addr, typ string) {
	m := &b.f.Map
	m.Addr = addr
	if addr == 0 {
		m.Missing.Miss("addr", "the runtime did not know it")
	}
	switch {
	case typ == "map" || typ == "":
		m.Missing.Miss("type", "the runtime did not know it at this access")
	case strings.Contains(typ, "go.shape."):
		m.Missing.Miss("type", "the access was made in generic code, which knows its shape alone: %s", typ)
	default:
		m.Type = typ
	}
}

func (b *block) startStack(stack *[]finding.Frame, partial, runtime *bool) {
	b.stack, b.partial, b.runtime, b.section = stack, partial, runtime, inStack
}

// frame reads a function's line, or one of the notes that may end a stack.
func (b *block) frame(s string) bool {
	switch {
	case *b.partial:
		return false
	case s == "[partial stack]":
		*b.partial = true
		return true
	case s == "[created by the runtime]" && b.runtime != nil && len(*b.stack) == 0:
		*b.runtime = true
		return true
	}
	fn, ok := strings.CutSuffix(s, "()")
	if !ok || fn == "" || fn[0] == ' ' || len(*b.stack) >= maxFrames {
		return false
	}
	b.fn = fn
	return true
}

// place reads "/abs/store.go:41 +0x1a4": where a frame or an event stands.
func (b *block) place(s string) bool {
	var offset uint64
	if i := strings.LastIndex(s, " +0x"); i >= 0 {
		var err error
		if offset, err = strconv.ParseUint(s[i+4:], 16, 64); err != nil {
			return false
		}
		s = s[:i]
	}
	i := strings.LastIndexByte(s, ':')
	if i <= 0 || s[0] == ' ' {
		return false
	}
	line, err := strconv.ParseUint(s[i+1:], 10, 31)
	if err != nil {
		return false
	}
	file := s[:i]
	switch {
	case b.section == inStack && b.fn != "":
		*b.stack = append(*b.stack, finding.Frame{Func: b.fn, File: file, Line: int(line), Offset: offset})
		b.fn = ""
	case b.section == inHistory && b.last != nil && b.last.Site.IsZero():
		b.last.Site = finding.Position{File: file, Line: int(line)}
	default:
		return false
	}
	return true
}

// goroutine reads "Goroutine 8 (running) created at:" and
// "Goroutine 1 (running) is the main goroutine".
func (b *block) goroutine(s string) bool {
	sc := scan(s)
	sc.word("Goroutine ")
	id := sc.number(10)
	sc.word(" (")
	state := sc.until(") ")
	if !sc.ok {
		return false
	}
	for i := range b.f.Parties {
		g := &b.f.Parties[i].Goroutine
		if g.ID != id || b.origins[i] {
			continue
		}
		g.State = state
		b.origins[i] = true
		switch sc.rest {
		case "is the main goroutine":
			g.Main = true
			b.section = betweenSections
			return true
		case "created at:":
			b.startStack(&g.Origin, &g.OriginPartial, &g.Runtime)
			return true
		}
		return false
	}
	return false
}

func (b *block) history(s string) bool {
	sc := scan(s)
	sc.word("Synchronisation of goroutine ")
	b.syncing = sc.number(10)
	sc.word(", latest last:")
	b.section, b.last = inHistory, nil
	return sc.end()
}

// event reads "acquire 0xc000010000 learnt goroutine 7 up to time 8" and
// "release 0xc000010000 at time 17".
func (b *block) event(s string) bool {
	e := finding.Sync{Goroutine: b.syncing}
	kind, rest, _ := strings.Cut(s, " ")
	e.Kind = kind
	sc := scan(rest)
	if strings.HasPrefix(rest, "0x") {
		sc.word("0x")
		e.Object = finding.Addr(sc.number(16))
		sc.skip(" ")
	}
	if strings.HasPrefix(sc.rest, "at time ") {
		sc.word("at time ")
		e.Time = sc.number(10)
		sc.skip(" ")
	}
	if sc.rest != "" {
		sc.word("learnt goroutine ")
		e.Learnt = &finding.Epoch{Goroutine: sc.number(10)}
		sc.word(" up to time ")
		e.Learnt.Time = sc.number(10)
	}
	if !sc.end() || len(b.f.Evidence.Sync) >= maxSync {
		return false
	}
	b.f.Evidence.Sync = append(b.f.Evidence.Sync, e)
	b.last = &b.f.Evidence.Sync[len(b.f.Evidence.Sync)-1]
	return true
}

func (b *block) clock(s string) bool {
	var c finding.Clocks
	sc := scan(s)
	sc.word("Clocks: goroutine ")
	c.Current.Goroutine = sc.number(10)
	sc.word(" at time ")
	c.Current.Time = sc.number(10)
	sc.word(" knows goroutine ")
	c.Known.Goroutine = sc.number(10)
	sc.word(" up to time ")
	c.Known.Time = sc.number(10)
	sc.word("; the previous access was at time ")
	c.Previous = finding.Epoch{Goroutine: c.Known.Goroutine, Time: sc.number(10)}
	b.f.Evidence.Clocks = &c
	b.section, b.clocks = atEnd, true
	return sc.end()
}
