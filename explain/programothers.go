package explain

import (
	"fmt"
	"slices"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// inBinary judges a goroutine of the log against those who modify the map in the
// executable.
func (r *Report) inBinary(g *crashlog.Goroutine, ws []*programWriter) []Candidate {
	best := r.byFrames(g, nil) // what the log alone says
	for _, w := range ws {
		for i := range g.Frames {
			c := r.atCall(g, i, w)
			if c.Grade == "" {
				continue
			}
			c.score += i * perFrame
			if where := w.where().Func; r.Noticed.Site != nil && where != r.Noticed.Site.Func.Name {
				c.score += elsewhere
			}
			if w.sameAs == finding.Guessed {
				c.Grade = finding.Guessed
				c.score += perAlias
				c.Why += "; the map there has the same type, and no name to tell it by"
			}
			if best.Grade == finding.Proved && c.score+sameHeader > best.score && best.Site == nil && c.Grade == finding.Shown {
				best.Site, best.Frame = c.Site, c.Frame
			} else if c.score > best.score {
				c.Header = best.Header
				r.sameMap(&c)
				best = c
			}
		}
	}
	if !g.StackUnavailable {
		return []Candidate{best}
	}
	fn, ok := r.program.started(g.CreatedBy)
	for _, w := range ws {
		if steps, reaches := w.steps[fn.Entry]; ok && reaches {
			c := Candidate{Side: Side{Goroutine: g, Site: w.site(r.Map), Op: finding.Op(w.op), Frame: -1}, Grade: finding.Inferred,
				Why: "it ran on another thread at that moment, and what it was started with gets there", score: onThread + steps*perStep}
			if c.score > best.score {
				best = c
			}
		}
	}
	if best.Grade == "" {
		best = Candidate{Side: Side{Goroutine: g, Frame: -1, Op: finding.Write}, Grade: finding.Guessed,
			Why: "it ran on another thread at that moment", score: onThread - unsure}
	}
	return []Candidate{best}
}

// atCall judges one frame against one operation of the executable.
func (r *Report) atCall(g *crashlog.Goroutine, i int, w *programWriter) Candidate {
	f := &g.Frames[i]
	c := Candidate{Side: Side{Goroutine: g, Site: w.site(r.Map), Op: finding.Op(w.op), Frame: i}}
	if f.Inlined {
		return r.inWrapper(c, g, i, w)
	}
	if f.Offset == 0 || ofMaps(f.Func) {
		return c
	}
	for _, fn := range r.program.funcs(f.Func) {
		steps, ok := w.steps[fn.Entry]
		if !ok {
			continue
		}
		been, ahead, here := r.program.order(fn, f.Offset, w)
		short := finding.ShortFunc(f.Func)
		switch {
		case here:
			c.Grade, c.score, c.Holder = finding.Shown, inOperation, holder(g, i)
			c.Why = "it is inside that map operation"
			return c
		case been && ahead:
			c.Grade, c.score, c.round = finding.Inferred, inLoop, true
			c.Why = fmt.Sprintf("%s, on its stack, goes round there", short)
		case been:
			c.Grade, c.score = finding.Inferred, passed
			c.Why = fmt.Sprintf("%s, on its stack, may have been there before", short)
		default:
			c.Grade, c.score = finding.Guessed, aheadOnly
			c.Why = fmt.Sprintf("%s, on its stack, comes there later", short)
		}
		if steps > 0 {
			c.Why += ", by " + calls(steps)
		}
		if w.setup {
			c.Grade, c.score = finding.Guessed, c.score+nobodyElse
		}
		c.score += steps * perStep
		return c
	}
	return c
}

// inWrapper judges a frame that was inlined into a function that tracebacks leave
// out: the operation was, too, if it is in the same function of the source.
func (r *Report) inWrapper(c Candidate, g *crashlog.Goroutine, i int, w *programWriter) Candidate {
	f := &g.Frames[i]
	if !slices.ContainsFunc(w.frames, func(o binfo.Frame) bool { return elided(o.Func) == f.Func }) {
		return c
	}
	for j := i + 1; j < len(g.Frames); j++ {
		if g.Frames[j].Inlined {
			continue
		}
		for _, fn := range r.program.funcs(g.Frames[j].Func) {
			if _, ok := w.steps[fn.Entry]; ok {
				return c // that frame has an offset, which says more
			}
		}
		break
	}
	short := finding.ShortFunc(f.Func)
	if at := w.frames[0]; elided(at.Func) == f.Func && at.Line == f.Line {
		c.Grade, c.score, c.Why = finding.Shown, atSite, "its stack is at that line"
		return c
	}
	c.Grade, c.score, c.Why = finding.Inferred, passed, fmt.Sprintf("%s, on its stack, has that operation in it", short)
	return c
}

// order says whether control may have been at the operation, or in a call that leads
// there, before it came to where the frame stands, and whether it may come there.
func (p *program) order(fn binfo.Func, off uint64, w *programWriter) (before, after, here bool) {
	code := p.code(fn)
	if code == nil {
		return true, true, false
	}
	now, ok := code.At(fn.Entry + off)
	if !ok {
		return true, true, false
	}
	for i, in := range code.Insts {
		if in.Flow != binfo.Call {
			continue
		}
		if fn.Entry == w.code.Func.Entry {
			if in.PC != w.pc() {
				continue
			}
			if in.End() == fn.Entry+off {
				return true, true, true
			}
		} else if _, leadsThere := w.steps[in.Target]; !leadsThere || in.Target == 0 {
			continue
		}
		if in.End() == fn.Entry+off {
			return true, true, false // inside of that call
		}
		if !p.spend(fn.End - fn.Entry) {
			return true, true, false
		}
		before = before || leads(code, i, now)
		after = after || leads(code, now, i) || now == i
	}
	return before, after, false
}

// unseenInBinary lists the writers of the executable, for a goroutine that the log
// does not show.
func (r *Report) unseenInBinary(ws []*programWriter) {
	own := r.Noticed.Goroutine
	for _, w := range ws {
		c := Candidate{Side: Side{Site: w.site(r.Map), Op: finding.Op(w.op), Frame: -1}, Grade: finding.Inferred,
			Why: "the executable modifies the map there", score: notInLog}
		where := w.where().Func
		if r.Noticed.Site != nil && where != r.Noticed.Site.Func.Name {
			c.score += elsewhere
		}
		if own != nil {
			for i := range own.Frames {
				f := &own.Frames[i]
				for _, fn := range r.program.funcs(f.Func) {
					if _, ok := w.steps[fn.Entry]; ok && !f.Inlined && c.score > notInLog-60 {
						c.score -= 60
						c.Why = "the goroutine that noticed gets there itself; another may, too"
					}
				}
			}
		}
		if w.sameAs == finding.Guessed {
			c.score += perAlias
			c.Grade = finding.Guessed
			c.Why = "the executable modifies a map of the same type there, which has no name to tell it by"
		}
		if w.setup {
			c.score -= 80
			c.Grade = finding.Guessed
			c.Why += "; but on an object that is made there, before a goroutine is started"
		}
		r.Others = append(r.Others, c)
	}
}
