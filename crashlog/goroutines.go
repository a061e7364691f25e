package crashlog

import "bytes"

// header takes the line that begins a goroutine.
func (p *parser) header(s []byte, h *held, open bool) bool {
	if !bytes.HasPrefix(s, []byte(goroutineHead)) {
		return false
	}
	var g Goroutine
	if !parseHeader(s, &g, &p.words) {
		if open && p.crash != nil {
			p.truncated("the last line is cut off")
			p.accept(h)
			return true
		}
		return false
	}
	if p.headless != nil {
		p.rejectHeadless()
		return false
	}
	if c := p.cand; c != nil && c.cause == CauseOther && g.State == "running" && c.age < maxToPanic {
		return false // another crash begins
	}
	switch {
	case p.blank != nil && !(p.suspect && p.sinceEmpty > 0):
		p.needBlank = true
	case p.registers: // runtime/signal_unix.go, sighandler
	case p.needBlank || p.foreign > maxToPlace:
		// Not the runtime's: a program logs a stack.
		p.endGoroutine()
		p.suspect = true
		return false
	}
	p.begin(g, h)
	return true
}

// begin starts reading g; its header is h.
func (p *parser) begin(g Goroutine, h *held) {
	p.endGoroutine()
	g.Frames = p.g.Frames[:0]
	g.Line = p.line
	p.g, p.inG = g, true
	p.args = p.args[:0]
	p.stack = newStackHash(g.State)
	p.ancestor = false
	p.acceptHead(h)
}

// endGoroutine puts the goroutine away that was being read.
func (p *parser) endGoroutine() {
	p.giveUpCall()
	if !p.inG {
		return
	}
	p.inG = false
	p.ancestor = false
	g, c := &p.g, p.crash
	if c == nil {
		return
	}
	if g.ID != 0 && !p.registers && p.keeper.detecting == 0 {
		g.Detecting = true
		p.keeper.detecting++
	}
	if old := p.keeper.byID[g.ID]; old != nil && g.ID != 0 {
		p.again(old, g)
		return
	}
	if !g.Detecting && !p.registers && g.State == "running" && len(c.Also) > 0 && !g.StackUnavailable && len(g.Frames) > 0 && isFatalFrame(g.Frames[0].Func) {
		g.Detecting = true
	}
	if g.ID != 0 {
		c.Total++
	}
	if p.each != nil {
		p.each(c, g)
	}
	p.keeper.add(c, g, p.stack.sum(), p.keep)
}

// again handles a goroutine that was printed before: a second thread that died
// prints its own stack, which could not be had from the first, and so do all
// threads when a signal handler asks them.
func (p *parser) again(old, g *Goroutine) {
	if len(g.Frames) == 0 || !old.StackUnavailable {
		return
	}
	c := g.Clone()
	old.Frames, old.StackUnavailable = c.Frames, false
	old.Elided, old.ElidedAt = c.Elided, c.ElidedAt
	if old.CreatedBy == nil {
		old.CreatedBy, old.Parent = c.CreatedBy, c.Parent
	}
	if len(p.crash.Also) > 0 && !p.registers {
		old.Detecting = true
	}
	if p.each != nil {
		p.each(p.crash, old)
	}
}

// signalText takes what the runtime prints outside of goroutines.
func (p *parser) signalText(s []byte, h *held) bool {
	switch {
	case string(s) == "runtime stack:": // runtime/panic.go, dopanic_m
		p.begin(Goroutine{State: "runtime stack", MID: -1}, h)
		return true
	case string(s) == "SIGABRT: abort", string(s) == "SIGQUIT: quit", string(s) == "-----":
		// runtime/signal_unix.go, sighandler
		if !p.registers && p.crash.Total == 0 {
			return false
		}
		p.endGoroutine()
		p.registers = true
		p.acceptHead(h)
		return true
	case p.registers && (bytes.HasPrefix(s, []byte("PC=0x")) || isRegister(s)):
		p.endGoroutine()
		p.acceptHead(h)
		return true
	}
	return false
}

// isRegister reports whether s is a line of dumpregs: "rax    0x1f".
func isRegister(s []byte) bool {
	name, rest, ok := bytes.Cut(s, []byte(" "))
	if !ok || len(name) > 8 {
		return false
	}
	_, tail, ok := cutHex(bytes.TrimLeft(rest, " "))
	return ok && len(tail) == 0
}

func isFatalFrame(fn string) bool {
	return fn == "internal/runtime/maps.fatal" || fn == "runtime.fatal" || fn == "runtime.throw"
}
