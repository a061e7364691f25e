package crashlog

import (
	"bytes"

	"github.com/mapsan/mapsan/internal/logline"
)

// outside handles a line that continues no crash: it may begin one. full is
// the line with its prefix, s without.
func (p *parser) outside(full, s []byte, h *held, strict, open bool) {
	if p.cand != nil {
		if p.confirm(full, s, h) {
			return
		}
	}
	if i := bytes.Index(full, []byte(fatalHead)); i >= 0 {
		p.fatalLine(full, i, h, strict, open)
		return
	}
	if p.cand != nil {
		if p.second(s, h) {
			return
		}
		p.cand.age++
		if p.cand.age > maxToHeader {
			p.expire()
		}
	}
	if i := bytes.Index(full, []byte(panicHead)); i >= 0 && !p.nearMessage() {
		p.candidate(&candidate{
			message: string(full[i+len(panicHead):]), cause: CauseOther,
			line: p.line, prefix: full[:i],
		})
		return
	}
	if p.cand == nil && p.crash == nil && p.headless == nil {
		p.headlessHeader(full, h)
	}
	if p.quoted && !looksQuoted(s) {
		p.quoted = false
	}
}

func (p *parser) candidate(c *candidate) {
	if p.cand != nil {
		p.expire()
	}
	c.prefix = append([]byte(nil), c.prefix...)
	c.form = p.form
	p.cand = c
	p.suspect = false
	p.carry = nil
	if p.crash == nil {
		p.prefix = c.prefix
	}
}

// nearMessage reports whether a message came just before: what else is said
// between it and its goroutine is no other crash's.
func (p *parser) nearMessage() bool {
	return p.cand != nil && p.cand.age <= maxToAlso
}

// fatalLine handles a line with "fatal error: " at i.
func (p *parser) fatalLine(full []byte, i int, h *held, strict, open bool) {
	prefix := full[:i]
	t := parseFatal(full[i:])
	if quotingPrefix(prefix) {
		p.quoted = p.crash == nil && p.cand == nil
		return
	}
	if p.addsThread(t, h, open) {
		return
	}
	// The runtime prints a panic that was in progress first, then a tab.
	tabbed := bytes.HasSuffix(prefix, []byte("\t"))
	prefix = bytes.TrimSuffix(prefix, []byte("\t"))
	c := &candidate{text: t, cause: t.cause, line: p.line, prefix: prefix, open: open}
	if tabbed && p.cand != nil && p.cand.cause == CauseOther {
		c.line = p.cand.line
		c.prefix = p.cand.prefix
		p.cand = nil
	}
	switch {
	case len(t.known) > 0:
		c.message = t.known[0]
		c.strict = strict && len(t.rest) == 0 && knownPrefix(prefix)
	case open && cutMessage(t.rest):
		c.message = string(t.rest)
		c.strict = strict && knownPrefix(prefix)
	default:
		c.message, c.cause = string(t.rest), CauseOther
	}
	if c.cause == CauseOther && p.nearMessage() {
		return
	}
	if c.strict && p.crash != nil && c.cause != CauseOther {
		p.finish() // the program was started again
	}
	p.candidate(c)
	switch {
	case c.strict && c.cause != CauseOther:
		h.verdict = ours
	case c.cause != CauseOther:
		c.held = append(c.held, h)
	}
}

// addsThread takes the message of a second thread that dies at the same time:
// before the first goroutine, or within it.
func (p *parser) addsThread(t fatalText, h *held, open bool) bool {
	if len(t.known) == 0 && !(open && t.heads > 0 && len(t.rest) == 0) {
		return false
	}
	if c := p.cand; c != nil && c.cause != CauseOther && c.age <= maxToAlso && len(t.rest) == 0 {
		c.text.heads += t.heads
		c.text.known = append(c.text.known, t.known...)
		c.held = append(c.held, h)
		return true
	}
	if c := p.crash; c != nil && c.Cause.IsMap() && c.Total == 0 && p.inG && p.g.CreatedBy == nil && p.blank == nil && len(t.rest) == 0 {
		c.Also = append(c.Also, t.known...)
		p.accept(h)
		return true
	}
	return false
}

// second takes what is left of a second thread's message, or of a header that
// such a message stands in.
func (p *parser) second(s []byte, h *held) bool {
	c := p.cand
	if c.cause == CauseOther {
		return false
	}
	if t := parseFatal(s); len(t.rest) == 0 && len(t.known) > 0 && len(c.text.known) < c.text.heads {
		c.text.known = append(c.text.known, t.known...)
		c.held = append(c.held, h)
		return true
	}
	return false
}

// confirm takes a goroutine's header behind a message: then it is a crash.
func (p *parser) confirm(full, s []byte, h *held) bool {
	c := p.cand
	if p.form != c.form {
		return false
	}
	if rest, ok := logline.CutPrefix(full, c.prefix); ok {
		s = rest
	} else if c.age > 0 {
		return false // only just behind the message other output may stand before it
	}
	var g Goroutine
	runtimeStack := string(s) == "runtime stack:"
	if !runtimeStack && !parseHeader(s, &g, &p.words) {
		done, taken := p.tornHeader(s, &g, h)
		if !done {
			return taken
		}
	}
	if c.cause == CauseOther && p.crash != nil && g.State != "running" {
		return false
	}
	// An empty line stands before the runtime's header, unless a wrapper drops
	// those; none before that of a stack that a program logs.
	if c.cause != CauseOther && (!c.blank && c.age > 0 || p.suspect && p.sinceEmpty > 0) {
		p.suspect = true
		return false
	}
	p.finishCrash()
	p.startCrash()
	if runtimeStack {
		g = Goroutine{State: "runtime stack", MID: -1}
	}
	p.begin(g, h)
	return true
}

// tornHeader reads a header that another thread's message stands in; the
// message may bring its line's end along. done says that the header is whole,
// taken that more of it must follow.
func (p *parser) tornHeader(s []byte, g *Goroutine, h *held) (done, taken bool) {
	c := p.cand
	if c.cause == CauseOther || len(s) > 300 || len(p.carry) > 300 || p.carry == nil && !bytes.HasPrefix(s, []byte(goroutineHead)) {
		return false, false
	}
	clean, known := takeOutFatal(s)
	joined := append(append([]byte(nil), p.carry...), clean...)
	if done = parseHeader(joined, g, &p.words); !done && !beginsHeader(joined) {
		return false, false
	}
	c.text.known = append(c.text.known, known...)
	if !done {
		p.carry = joined
		c.held = append(c.held, h)
	}
	return done, true
}

// beginsHeader reports whether a line of goroutineheader may begin with s.
func beginsHeader(s []byte) bool {
	s, _ = bytes.CutPrefix(s, []byte(goroutineHead))
	_, s, ok := cutDecimal(s)
	if !ok {
		return false
	}
	if len(s) == 0 || string(s) == " [" {
		return true
	}
	state, ok := bytes.CutPrefix(s, []byte(" ["))
	return ok && plausibleState(string(state))
}

// startCrash makes the candidate the current crash.
func (p *parser) startCrash() {
	c := p.cand
	p.cand, p.carry = nil, nil
	crash := &Crash{
		Message: c.message, Cause: c.cause, Prefix: string(c.prefix),
		Line: c.line, EndLine: c.line,
	}
	if len(c.text.known) > 1 {
		crash.Also = append(crash.Also, c.text.known[1:]...)
	}
	for len(crash.Also) < c.text.heads-1 {
		crash.Also = append(crash.Also, "")
	}
	if c.cause == CauseUnknown || c.open {
		crash.Truncated = true
		crash.note("the last line is cut off")
	}
	if len(c.text.rest) > 0 && len(c.text.known) > 0 {
		crash.note("other output stands behind the message")
	}
	p.crash, p.crashForm = crash, c.form
	p.prefix = c.prefix
	p.keeper = keeper{}
	p.inG, p.ancestor, p.registers = false, false, false
	p.call = pendingCall{}
	p.blank, p.foreign, p.needBlank = nil, 0, c.blank
	for _, h := range c.held {
		h.decide(p.mine())
	}
}

// expire decides a candidate that no goroutine followed.
func (p *parser) expire() {
	c := p.cand
	if c == nil {
		return
	}
	if !c.strict || c.cause == CauseOther {
		for _, h := range c.held {
			h.decide(pass)
		}
		p.cand, p.carry = nil, nil
		return
	}
	// An empty line behind it is the runtime's only before a goroutine.
	for _, h := range c.held {
		if len(bytes.TrimSpace(h.raw)) == 0 {
			h.decide(pass)
		}
	}
	p.finishCrash()
	p.startCrash()
	p.finishCrash()
}

// headlessHeader takes a goroutine without a message before it.
func (p *parser) headlessHeader(full []byte, h *held) {
	i := bytes.Index(full, []byte(goroutineHead))
	if i < 0 || p.quoted || !knownPrefix(full[:i]) {
		return
	}
	var g Goroutine
	if !parseHeader(full[i:], &g, &p.words) || g.State != "running" {
		return
	}
	p.prefix = append([]byte(nil), full[:i]...)
	p.inG, p.call = false, pendingCall{}
	p.headless, p.crashForm = []*held{}, p.form
	p.begin(g, h)
}

// judgeHeadless decides by the first frames: only the runtime's own report of
// a map makes a goroutine alone a crash.
func (p *parser) judgeHeadless() {
	top := p.g.Frames[0].Func
	switch {
	case top == "internal/runtime/maps.fatal":
	case isFatalFrame(top) && len(p.g.Frames) < 3:
		if len(p.g.Frames) < 2 {
			return
		}
		if p.g.Frames[1].Func == "internal/runtime/maps.fatal" {
			break
		}
		if at, _ := mapFrame(p.g.Frames[1:2]); at != 0 {
			p.rejectHeadless()
			return
		}
	default:
		p.rejectHeadless()
		return
	}
	lines := p.headless
	p.headless = nil
	p.crash = &Crash{Line: p.g.Line, EndLine: p.line, Prefix: string(p.prefix)}
	p.crash.note("the log begins behind the message")
	p.keeper = keeper{}
	p.registers, p.blank, p.foreign, p.needBlank = false, nil, 0, false
	for _, h := range lines {
		h.decide(ours)
	}
}

func (p *parser) rejectHeadless() {
	for _, h := range p.headless {
		h.decide(pass)
	}
	p.headless = nil
	p.inG, p.call = false, pendingCall{}
}

// looksQuoted reports whether s may be a line of a quoted crash.
func looksQuoted(s []byte) bool {
	if len(s) == 0 || bytes.HasPrefix(s, []byte(goroutineHead)) || bytes.HasPrefix(s, []byte("created by ")) {
		return true
	}
	if _, ok := parsePlace(s); ok {
		return true
	}
	_, _, _, kind := parseCall(s, nil)
	return kind != notCall
}

// finish ends what is being read; finishCrash leaves a candidate alone.
func (p *parser) finish() {
	p.finishCrash()
	if p.cand != nil {
		p.expire()
	}
}

func (p *parser) end() {
	if p.headless != nil {
		p.rejectHeadless()
	}
	p.finish()
}
