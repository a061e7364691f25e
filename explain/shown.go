package explain

import (
	"fmt"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// Scores, by the kind of evidence. What separates two candidates of one kind is
// smaller than the steps between the kinds.
const (
	sameHeader  = 1000 // both sides show the same header
	inOperation = 800  // a frame of the map's implementation below a site of the map
	atSite      = 700  // the innermost frame of the source is at a site's line
	onThread    = 600  // it ran, and what it was started with reaches a site
	inLoop      = 500  // a function on its stack goes round a site
	passed      = 400  // a function on its stack may have been at a site before
	notInLog    = 300  // the log does not show it
	aheadOnly   = 100  // a function on its stack comes to a site later only
	longAsleep  = -400 // it has waited for a minute or more
	otherMap    = -900 // it shows another header
	holdsMap    = 250  // its stack in the core leads to the map
	holdsNone   = -600 // it does not, and those of others do
	unsure      = 150  // most of what may have been started gets nowhere near
	perStep     = -6   // for each call between the frame and the site
	perFrame    = -1   // for each frame further out
	perAlias    = -40
	asleep      = -10  // it waits for a time
	waiting     = -35  // it waits for what another goroutine does
	sharedLock  = -150 // both sides hold one lock, by the source
	nobodyElse  = -450 // the map was made there and not given away yet
	elsewhere   = 4    // in another function than the one that noticed: of two equal ones
)

// shown looks for the other side among the goroutines of the log.
func (r *Report) shown() {
	var ws []writer
	var inBinary []*programWriter
	switch {
	case r.use != nil:
		inBinary = r.program.writers(r.use)
	case r.Map != nil && r.opts.Index != nil:
		ws = writers(r.opts.Index, r.Map)
	}
	for _, g := range r.Crash.Goroutines {
		if g == r.Noticed.Goroutine {
			continue
		}
		var cs []Candidate
		if r.use != nil {
			cs = r.inBinary(g, inBinary)
		} else {
			cs = append(r.byStart(g, ws), r.byFrames(g, ws))
		}
		for _, c := range cs {
			if c.Grade == "" {
				continue
			}
			if g.WaitMinutes > 0 {
				c.score += longAsleep
				c.Why += fmt.Sprintf("; but it has waited for %d minutes", g.WaitMinutes)
			}
			c.score += stateScore(g.State)
			r.weighHolders(&c)
			r.Others = append(r.Others, c)
		}
	}
	if r.use != nil {
		r.unseenInBinary(inBinary)
	}
}

// stateScore weighs what a goroutine waits for. The other side wrote a moment ago:
// who goes on by itself is likelier than who must be woken.
func stateScore(state string) int {
	switch state {
	case "running", "runnable", "syscall", "preempted", "waiting", "copystack", "":
		return 0
	case "sleep":
		return asleep
	}
	return waiting
}

// byFrames looks at a goroutine's stack.
func (r *Report) byFrames(g *crashlog.Goroutine, ws []writer) Candidate {
	best := Candidate{Side: Side{Goroutine: g, Frame: -1}, score: -1 << 20}
	op := r.Crash.Operation(g)
	inMap := op.Frame >= 0 && op.Op.IsWrite()
	header := sure(op.Header)
	if inMap && header != 0 && header == r.Noticed.Header {
		c := best
		c.Op, c.Header, c.Grade, c.score = finding.Op(op.Op), header, finding.Proved, sameHeader
		c.Frame = userFrame(g.Frames, op.Frame+1)
		c.Why = fmt.Sprintf("it is inside a map operation on the same header, 0x%x", header)
		if sites, at, exact := r.sitesIn(g.Frames, op.Frame+1, fits(c.Op)); at >= 0 && exact {
			c.Site, c.Frame = sites[0], at
		}
		return c
	}
	if r.opts.Index == nil || r.Map == nil || r.use != nil {
		if inMap {
			best.Op, best.Header, best.Grade, best.score = finding.Op(op.Op), header, finding.Guessed, inOperation
			best.Frame = userFrame(g.Frames, op.Frame+1)
			best.Why = "it is inside an operation that modifies a map, which may be another one"
			r.sameMap(&best)
		}
		return best
	}
	first := true
	for i := range g.Frames {
		f := &g.Frames[i]
		fn := r.opts.Index.FuncAt(f.File, f.Line, f.Func)
		if fn == nil {
			continue
		}
		for _, w := range ws {
			c := r.atFrame(g, i, first, fn, w)
			if inMap && c.Grade == finding.Shown {
				c.score = c.score - atSite + inOperation
				c.Header = header
				c.Why = "it is inside the map operation at that line"
			}
			c.score += i*perFrame + w.steps*perAlias
			if w.steps > 0 && c.Grade != "" {
				c.Why += fmt.Sprintf("; the map gets there by way of %s", w.Maps[0].Name)
				c.Grade = worse(c.Grade, finding.Inferred)
			}
			if header != 0 && header != r.Noticed.Header {
				c.Header = header // it is inside another map now, whatever frame this is
			}
			r.sameMap(&c)
			r.sameLock(&c)
			if w.Func != noticedIn(r) {
				c.score += elsewhere
			}
			if w.Fresh && c.Grade != "" {
				c.score += nobodyElse
				c.Grade = finding.Guessed
				c.Why += "; but nobody else should have that map yet"
			}
			if c.Grade != "" && c.score > best.score {
				best = c
			}
		}
		first = false
	}
	return best
}

// atFrame judges one frame against one site.
func (r *Report) atFrame(g *crashlog.Goroutine, i int, first bool, fn *access.Func, w writer) Candidate {
	f := &g.Frames[i]
	c := Candidate{Side: Side{Goroutine: g, Site: w.Site, Op: finding.Op(w.Op), Frame: i}}
	reach, ok := r.opts.Index.Reach(fn, f.Line, w.Site)
	if !ok {
		c.score = -1 << 20
		return c
	}
	here := fn == w.Func && w.Pos.Line <= f.Line && f.Line <= w.LastLine
	where := finding.ShortFunc(fn.Name)
	switch {
	case here && (first || w.Via != ""):
		c.Grade, c.score, c.Holder = finding.Shown, atSite, holder(g, i)
		c.Why = "its stack is at that line"
		return c
	case here:
		// Something was called in the same line: f(m[k]), m[k] = f().
		c.Grade, c.score, c.Holder = finding.Inferred, inLoop+50, holder(g, i)
		c.Why = "its stack is at that line, inside of another call"
		return c
	case reach.Passed && reach.Ahead:
		c.Grade, c.score, c.round = finding.Inferred, inLoop, true
		c.Why = fmt.Sprintf("%s, on its stack, goes round there", where)
	case reach.Passed:
		c.Grade, c.score = finding.Inferred, passed
		c.Why = fmt.Sprintf("%s, on its stack, may have been there before", where)
	default:
		c.Grade, c.score = finding.Guessed, aheadOnly
		c.Why = fmt.Sprintf("%s, on its stack, comes there later", where)
	}
	if reach.Steps > 0 {
		c.Why += fmt.Sprintf(", by %s", calls(reach.Steps))
	}
	for _, p := range reach.Path {
		c.Path = append(c.Path, p.Name)
	}
	c.score += reach.Steps * perStep
	return c
}

func calls(n int) string {
	if n == 1 {
		return "a call"
	}
	return fmt.Sprintf("%d calls", n)
}

// sameMap weighs addresses: equal ones prove one map, different ones two.
func (r *Report) sameMap(c *Candidate) {
	n := &r.Noticed
	switch {
	case c.Header != 0 && n.Header != 0 && c.Header != n.Header:
		c.score += otherMap
		c.Grade = finding.Guessed
		c.Why += fmt.Sprintf("; but its map has another header, 0x%x and not 0x%x", c.Header, n.Header)
	case c.Holder != 0 && c.Holder == n.Holder && c.Grade == finding.Shown && sameOwner(r.Map, c):
		c.score += 30
		c.Why += fmt.Sprintf(", with the same receiver, 0x%x", c.Holder)
	}
}

// sameLock weighs a lock that keeps one side out while the other holds it, and
// reports whether there is one. A side whose stack is at the line was not kept out.
func (r *Report) sameLock(c *Candidate) bool {
	if c.Grade == "" || c.Grade == finding.Shown || c.Site == nil {
		return false
	}
	lock := r.excluded(c.Site)
	if lock == "" {
		return false
	}
	c.score += sharedLock
	c.Why += "; but both sides hold " + lock + ", unless it is another instance's"
	return true
}

func noticedIn(r *Report) *access.Func {
	if r.Noticed.Site == nil {
		return nil
	}
	return r.Noticed.Site.Func
}

// sameOwner reports whether the first argument of both sides is the struct that
// holds the map: both are methods.
func sameOwner(m *access.Map, c *Candidate) bool {
	return m != nil && m.Kind == access.Field && c.Site != nil
}

// byStart looks at what a goroutine was started with, for those without a stack:
// each site that it may have been at is a candidate.
func (r *Report) byStart(g *crashlog.Goroutine, ws []writer) []Candidate {
	if !g.StackUnavailable {
		return nil
	}
	why := "it ran on another thread at that moment"
	if r.opts.Index == nil || r.Map == nil {
		return []Candidate{{Side: Side{Goroutine: g, Frame: -1, Op: finding.Write}, Grade: finding.Guessed, Why: why, score: onThread}}
	}
	starts := r.startsOf(g)
	doubt := starts.elsewhere(r.opts.Index, ws)
	var out []Candidate
	for _, w := range ws {
		steps, sure, ok := starts.reach(r.opts.Index, w.Site)
		if !ok {
			continue
		}
		c := Candidate{Side: Side{Goroutine: g, Frame: -1, Site: w.Site, Op: finding.Op(w.Op)}, Grade: finding.Inferred,
			Why: why + ", and what it was started with gets there", score: onThread + steps*perStep + w.steps*perAlias}
		if !sure {
			c.Grade, c.score = finding.Guessed, c.score-10-int(doubt*unsure)
		}
		if w.Fresh {
			c.score += nobodyElse
		}
		if w.Func != noticedIn(r) {
			c.score += elsewhere
		}
		r.sameLock(&c)
		out = append(out, c)
	}
	return out
}

func worse(a, b finding.Grade) finding.Grade {
	for _, g := range finding.Grades() {
		if g == a {
			return b
		}
		if g == b {
			return a
		}
	}
	return a
}
