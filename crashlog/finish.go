package crashlog

import "strings"

// finishCrash ends the current crash and hands it out.
func (p *parser) finishCrash() {
	c := p.crash
	if c == nil {
		return
	}
	if p.call.set {
		p.truncated("the last frame is cut off")
	}
	last, inG := p.g, p.inG
	p.endGoroutine()
	p.dropBlank()
	if inG && cutOff(&last, &p.g) {
		p.truncated("the last goroutine is cut off")
	}
	if c.Total == 0 && len(c.Goroutines) == 0 {
		c.note("no goroutine follows: GOTRACEBACK=none, or the text ends there")
	}
	c.Level = level(c, p.registers)
	p.done = append(p.done, c)
	p.crash, p.prefix = nil, nil
	p.registers = false
}

// cutOff reports whether the stack of the last goroutine lacks its end.
func cutOff(before, g *Goroutine) bool {
	if before.StackUnavailable {
		return false // its creator may be the runtime
	}
	if len(g.Frames) == 0 {
		return true
	}
	f := &g.Frames[len(g.Frames)-1]
	if g.Elided < 0 {
		return false // what would tell is left out
	}
	if f.FP != 0 && f.Func != "runtime.goexit" {
		return true
	}
	if g.ID == 1 {
		return f.FP == 0 && f.Func != "main.main" && !strings.Contains(f.Func, ".init")
	}
	return g.ID != 0 && g.CreatedBy == nil
}

// printsAlone reports whether g may be all that a fatal error printed: up to
// Go 1.23, which show no frame of fatal below level system, it never was.
func printsAlone(g *Goroutine) bool {
	return len(g.Frames) > 0 && g.Frames[0].Func == "internal/runtime/maps.fatal"
}

// level infers what gotraceback (runtime/runtime1.go) said.
func level(c *Crash, registers bool) Level {
	if len(c.Goroutines) == 0 {
		if c.Truncated {
			return LevelUnknown
		}
		return LevelNone
	}
	if registers {
		return LevelCrash
	}
	others := false
	for _, g := range c.Goroutines {
		if g.G != 0 || len(g.Frames) > 0 && g.Frames[0].FP != 0 {
			if c.Cause == CauseOther {
				return LevelUnknown // a throw prints them at any level
			}
			return LevelSystem
		}
		others = others || !g.Detecting
	}
	switch {
	case others:
		return LevelAll
	case c.Truncated || c.Goroutines[0].ID == 1:
		return LevelUnknown // the rest is cut off, or there was none
	case c.Cause.IsMap() && !printsAlone(c.Goroutines[0]):
		c.Truncated = true
		c.note("the other goroutines are cut off")
		return LevelUnknown
	}
	return LevelSingle
}
