package crashlog

import (
	"bytes"
	"strings"

	"github.com/mapsan/mapsan/internal/logline"
)

// How far apart the parts of one crash may stand, in lines: what is printed
// in between comes from other threads of the program, or other programs.
const (
	maxToHeader = 64   // from the message to the first goroutine
	maxToPlace  = 30   // from a call to its place
	maxToAlso   = 3    // from the message to another thread's
	maxForeign  = 2000 // inside of a crash
	maxToPanic  = 10   // from a message in the middle of a crash to a new one
)

// parser is the state between two lines of a program's output.
type parser struct {
	line   int64 // of the input
	keep   int
	each   func(*Crash, *Goroutine)
	done   []*Crash
	words  words
	keeper keeper

	prefix          []byte       // of the crash that is being read, or may be
	form, crashForm logline.Form // of the line, and of the crash

	cand  *candidate
	crash *Crash

	g        Goroutine // the one being read, if inG
	inG      bool
	args     []Arg
	stack    stackHash
	headless []*held // lines of a crash without a message, if it is one

	call      pendingCall
	ancestor  bool // calls are of the last ancestor
	registers bool // a signal handler prints

	blank      *held // an empty line that waits for the crash to go on
	needBlank  bool  // the crash's empty lines are there
	foreign    int   // lines since the last one of the crash
	suspect    bool  // a stack was logged that is not of the crash
	sinceEmpty int   // lines since the last empty one
	quoted     bool  // a quotation began: its goroutines are part of it
	carry      []byte
}

// candidate is a message that may begin a crash.
type candidate struct {
	text    fatalText
	message string
	cause   Cause
	line    int64
	prefix  []byte
	form    logline.Form
	strict  bool // it is one whatever follows
	open    bool // the line may be cut off
	held    []*held
	blank   bool // an empty line followed
	age     int
}

// pendingCall is the first line of a frame whose second has not come.
type pendingCall struct {
	set     bool
	created bool // created by
	frame   Frame
	nameID  uint64
	parent  uint64
	good    bool // a call even without its place
	c       bool
	held    *held
	age     int
}

// idle reports whether a line without the marks of a crash can not matter.
func (p *parser) idle() bool {
	return p.cand == nil && p.crash == nil && p.headless == nil && !p.quoted
}

// boring reports whether a line can not begin a crash.
func boring(line []byte) bool {
	return !bytes.Contains(line, []byte("fatal error: ")) &&
		!bytes.Contains(line, []byte("panic: ")) &&
		!bytes.Contains(line, []byte("goroutine ")) &&
		!bytes.HasPrefix(line, []byte(`{"log":"`)) &&
		!(len(line) > 30 && line[4] == '-' && line[10] == 'T' && bytes.Contains(line[:min(len(line), 60)], []byte(" P ")))
}

// lines handles a text that is one line, or, in a JSON string, several.
func (p *parser) lines(text []byte, h *held, strict, open bool) {
	if bytes.IndexByte(text, '\n') < 0 {
		p.one(text, h, strict, open)
		return
	}
	mine := false
	for len(text) > 0 {
		line, rest, more := bytes.Cut(text, []byte("\n"))
		part := &held{owned: true}
		p.one(bytes.TrimSuffix(line, []byte("\r")), part, strict, open && !more)
		mine = mine || part.verdict == ours || part.verdict == undecided && p.crash != nil && p.crash.Cause != CauseOther
		text = rest
	}
	// One input line can not be divided between the crash and the rest.
	if mine {
		h.verdict = ours
	} else {
		h.verdict = pass
	}
}

// one handles a line of a program's output, and gives h its verdict unless
// that must wait.
func (p *parser) one(s []byte, h *held, strict, open bool) {
	full := s
	if p.cand != nil || p.crash != nil || p.headless != nil {
		if rest, ok := logline.CutPrefix(s, p.prefix); ok {
			s = rest
		}
	}
	if len(s) == 0 {
		p.empty(h)
		p.sinceEmpty = 0
		return
	}
	defer func() { p.sinceEmpty++ }()
	if (p.crash != nil || p.headless != nil) && p.form == p.crashForm {
		if p.inCrash(s, h, open) {
			p.foreign = 0
			return
		}
	}
	p.outside(full, s, h, strict, open)
	if h.verdict == undecided && !p.waits(h) {
		h.verdict = pass
	}
	if p.crash != nil && h.verdict == pass {
		p.foreign++
		if p.foreign > maxForeign || isExit(s) {
			p.finish()
		} else if p.foreign > maxToPlace {
			p.dropBlank()
		}
	}
}

// isExit reports whether s is what the go command says at the end.
func isExit(s []byte) bool {
	return bytes.HasPrefix(s, []byte("exit status ")) && len(s) < len("exit status 1000")
}

// waits reports whether something still asks for h.
func (p *parser) waits(h *held) bool {
	if p.blank == h || p.call.set && p.call.held == h {
		return true
	}
	if p.cand != nil {
		for _, c := range p.cand.held {
			if c == h {
				return true
			}
		}
	}
	for _, c := range p.headless {
		if c == h {
			return true
		}
	}
	return false
}

func (p *parser) empty(h *held) {
	switch {
	case p.cand != nil && p.cand.cause != CauseOther:
		p.cand.blank = true
		if len(p.cand.held) < 8 {
			p.cand.held = append(p.cand.held, h)
			return
		}
	case p.headless != nil:
		p.rejectHeadless()
	case p.crash != nil && p.mine() == ours:
		// One stands before each goroutine.
		p.dropBlank()
		p.blank = h
		return
	}
	h.verdict = pass
}

// mine is the verdict for lines of the current crash.
func (p *parser) mine() verdict {
	if p.crash != nil && p.crash.Cause == CauseOther {
		return pass
	}
	return ours
}

func (p *parser) takeBlank() {
	if p.blank != nil {
		p.blank.decide(p.mine())
		p.blank = nil
	}
}

func (p *parser) dropBlank() {
	if p.blank != nil {
		p.blank.decide(pass)
		p.blank = nil
	}
}

// accept marks h as a line of the crash.
func (p *parser) accept(h *held) {
	if p.headless != nil {
		p.headless = append(p.headless, h)
		return
	}
	p.dropBlank()
	h.verdict = p.mine()
	p.crash.EndLine = p.line
}

// acceptHead is accept for a line that has an empty one before it.
func (p *parser) acceptHead(h *held) {
	p.takeBlank()
	p.accept(h)
}

// inCrash handles a line of the current crash; false says that it is none.
func (p *parser) inCrash(s []byte, h *held, open bool) bool {
	if p.call.set {
		if p.placeOfCall(s, h, open) {
			return true
		}
		p.call.age++
		if p.call.age > maxToPlace && !p.giveUpCall() {
			return false
		}
	}
	// runtime/traceback.go, tracebackothers; the tab before it may be anything.
	if p.inG && bytes.HasSuffix(s, []byte("goroutine running on other thread; stack unavailable")) {
		if t, _ := trimIndent(s); t[0] == 'g' {
			p.g.StackUnavailable = true
			p.accept(h)
			return true
		}
	}
	switch s[0] {
	case 'g':
		if p.header(s, h, open) {
			return true
		}
	case '.':
		if n, ok := parseElided(s); ok && p.inG && p.giveUpCall() {
			if a := p.lastAncestor(); a == nil {
				p.g.Elided, p.g.ElidedAt = n, len(p.g.Frames)
			}
			p.accept(h)
			return true
		}
	case '[':
		if id, ok := parseOriginating(s); ok && p.inG && p.giveUpCall() {
			p.g.Ancestors = append(p.g.Ancestors, Ancestor{ID: id})
			p.ancestor = true
			p.accept(h)
			return true
		}
	case 'c':
		if name, parent, ok := parseCreatedBy(s); ok && p.inG && (open || goodName(name)) && p.giveUpCall() {
			if open {
				p.truncated("the last line is cut off")
				p.accept(h)
				return true
			}
			fn, id := p.words.of(name)
			p.call = pendingCall{set: true, created: true, frame: Frame{Func: fn}, nameID: id, parent: parent, good: true, held: h}
			if p.headless != nil {
				p.headless = append(p.headless, h)
			}
			return true
		}
	}
	if p.crash != nil && p.signalText(s, h) {
		return true
	}
	return p.inG && !open && p.callLine(s, h)
}

// callLine takes the first line of a frame.
func (p *parser) callLine(s []byte, h *held) bool {
	if p.g.CreatedBy != nil && !p.ancestor {
		return false // the goroutine is over
	}
	name, inlined, args, kind := parseCall(s, p.args)
	if kind == notCall {
		return false
	}
	good := kind == goCall && goodName(name)
	if p.call.set && !good || !p.giveUpCall() {
		return false // what waits is as good
	}
	fn, id := p.words.of(name)
	c := pendingCall{set: true, nameID: id, good: good, c: kind == cCall, held: h}
	c.frame = Frame{Func: fn, Inlined: inlined}
	if n := len(p.args); len(args) > n {
		c.frame.Args = args[n:len(args):len(args)]
	}
	p.args = args
	p.call = c
	if p.headless != nil {
		p.headless = append(p.headless, h)
	}
	return true
}

// placeOfCall takes the second line of a frame.
func (p *parser) placeOfCall(s []byte, h *held, open bool) bool {
	pl, ok := parsePlace(s)
	if !ok || p.call.c && pl.pc == 0 {
		return false
	}
	c := &p.call
	f := c.frame
	var fileID uint64
	if len(pl.file) > 0 {
		f.File, fileID = p.words.of(pl.file)
	}
	f.Line, f.Offset, f.FP, f.SP, f.PC = pl.line, pl.offset, pl.fp, pl.sp, pl.pc
	if open {
		// The last number may have had more digits.
		switch {
		case pl.pc != 0:
			f.PC = 0
		case pl.hasOffset:
			f.Offset = 0
		default:
			f.Line = 0
		}
		p.truncated("the last line is cut off")
	}
	if c.held != nil && p.headless == nil {
		c.held.decide(p.mine())
	}
	p.accept(h)
	p.addFrame(f, c.nameID, fileID)
	*c = pendingCall{}
	return true
}

func (p *parser) addFrame(f Frame, nameID, fileID uint64) {
	if p.call.created {
		if a := p.lastAncestor(); a != nil {
			a.CreatedBy = &f
			return
		}
		p.g.CreatedBy, p.g.Parent = &f, p.call.parent
		p.stack.add(nameID, fileID, f.Line)
		return
	}
	if a := p.lastAncestor(); a != nil {
		a.Frames = append(a.Frames, f)
		return
	}
	p.stack.add(nameID, fileID, f.Line)
	p.g.Frames = append(p.g.Frames, f)
	if p.headless != nil {
		p.judgeHeadless()
	}
}

func (p *parser) lastAncestor() *Ancestor {
	if !p.ancestor {
		return nil
	}
	return &p.g.Ancestors[len(p.g.Ancestors)-1]
}

// giveUpCall decides a call whose place did not come: a frame if its name
// leaves no doubt, else a line of the program's own. It reports whether a crash
// is still being read.
func (p *parser) giveUpCall() bool {
	c := p.call
	if !c.set {
		return true
	}
	if c.good && (c.created || len(c.frame.Args) > 0 || c.frame.Inlined || strings.Contains(c.frame.Func, ".")) {
		if c.held != nil && p.headless == nil {
			c.held.decide(p.mine())
		}
		if p.crash != nil {
			p.crash.note("a frame's place is missing")
		}
		p.addFrame(c.frame, c.nameID, 0)
	} else if c.held != nil {
		c.held.decide(pass)
	}
	p.call = pendingCall{}
	return p.crash != nil || p.headless != nil
}

func (p *parser) truncated(why string) {
	if p.crash != nil {
		p.crash.Truncated = true
		p.crash.note(why)
	}
}
