package explain

import (
	"fmt"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/finding"
)

// unseen ranks, from the index alone, the sites that a goroutine that the log does
// not show may have been at.
func (r *Report) unseen() {
	if r.Map == nil || r.use != nil || r.opts.Index == nil {
		return
	}
	own := beginnings{}
	if r.Noticed.Goroutine != nil {
		own = r.startsOf(r.Noticed.Goroutine)
	}
	for _, w := range writers(r.opts.Index, r.Map) {
		c := r.judge(w, own)
		c.score += notInLog
		r.Others = append(r.Others, c)
	}
}

// excluded names the lock that the noticing side holds and that keeps the site
// out, "" if there is none: both hold it, one of them alone. It is the same lock
// only as far as the source tells, so that the site is still listed.
func (r *Report) excluded(s *access.Site) string {
	if r.Noticed.Site == nil {
		return ""
	}
	for _, a := range r.Noticed.Site.Locks {
		for _, b := range s.Locks {
			if a.Name == b.Name && !(a.Shared && b.Shared) {
				return b.Name
			}
		}
	}
	return ""
}

// judge says what speaks for a site, and by which start a goroutine gets there.
func (r *Report) judge(w writer, own beginnings) Candidate {
	c := Candidate{Side: Side{Site: w.Site, Op: finding.Op(w.Op), Frame: -1}, Grade: finding.Inferred}
	c.score = -1 << 20
	for _, st := range r.opts.Index.Starts(w.Site) {
		score, why := r.weigh(w, st, own)
		if score > c.score {
			s := st
			c.score, c.Why, c.Start = score, why, &s
		}
	}
	if c.Start == nil {
		c.score, c.Why, c.Grade = -40, "nothing in the source is seen to get there", finding.Guessed
	}
	if w.Func != noticedIn(r) {
		c.score += elsewhere
	}
	if r.sameLock(&c) {
		c.Grade = finding.Guessed
	}
	if w.Fresh {
		c.score -= 80
		c.Grade = finding.Guessed
		c.Why = "it modifies a map that nobody else should have yet"
	}
	if len(w.Locks) == 0 {
		c.score += 8
		if c.Grade != finding.Guessed {
			c.Why += "; it holds no lock"
		}
	}
	if w.steps > 0 {
		c.score += w.steps * perAlias / 2
		c.Why += fmt.Sprintf("; the map gets there by way of %s", w.Maps[0].Name)
	}
	if c.score < 0 {
		c.Grade = finding.Guessed
	}
	return c
}

// weigh judges one way to get to a site.
func (r *Report) weigh(w writer, st access.Start, own beginnings) (int, string) {
	score, why := 0, ""
	same := own.has(st)
	switch {
	case same && st.Many():
		score, why = 14, "other goroutines are started as the one that noticed, and get there"
	case same:
		return -60, "only the goroutine that noticed is seen to get there"
	case st.Kind == access.ByMain && st.Setup:
		return -50, "the program gets there before it starts a goroutine"
	case st.Kind == access.ByMain:
		score, why = 20, "the main goroutine gets there"
	case st.Kind == access.ByTest:
		score, why = -10, "a test gets there"
	case st.Kind == access.ByAPI:
		score, why = 2, fmt.Sprintf("callers of %s get there", finding.ShortFunc(st.Entry.Name))
	default:
		score, why = 22, fmt.Sprintf("a goroutine started at %s:%d gets there", base(st.Spawn.Pos.Filename), st.Spawn.Pos.Line)
		if st.Spawn.Via != "go" {
			why = fmt.Sprintf("what %s is handed at %s:%d gets there", st.Spawn.Via, base(st.Spawn.Pos.Filename), st.Spawn.Pos.Line)
		}
	}
	switch {
	case st.Pace == access.Endless:
		score += 12
		why += ", again and again"
	case st.Pace == access.Bounded:
		score += 6
		why += ", in a loop"
	case st.Many():
		score += 4
	case st.Pace == access.OnEvents:
		score += 3
		why += ", when something is sent to it"
	}
	return score - min(st.Steps, 6), why
}
