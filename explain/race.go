package explain

import (
	"fmt"
	"slices"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/racelog"
)

// Stacks are a race report's stacks in the form of a crash's.
func Stacks(rep *racelog.Report) *crashlog.Crash {
	c := &crashlog.Crash{Line: rep.Line}
	for i := range rep.Accesses {
		a := &rep.Accesses[i]
		g := &crashlog.Goroutine{ID: a.Goroutine.ID, State: a.Goroutine.State, Frames: crashFrames(a.Stack.Frames)}
		if created := crashFrames(a.Goroutine.Created.Frames); len(created) > 0 {
			g.CreatedBy = &created[0]
		}
		if a.Goroutine.Main {
			g.ID = 1
		}
		c.Goroutines = append(c.Goroutines, g)
	}
	return c
}

func crashFrames(in []racelog.Frame) []crashlog.Frame {
	var out []crashlog.Frame
	for _, f := range in {
		out = append(out, crashlog.Frame{Func: f.Func, File: f.File, Line: f.Line, Offset: f.Offset})
	}
	return out
}

// Race is the finding of a report of the race detector; nil if it is not of a map.
// The detector has seen both sides at one header: the pair is proved.
func Race(rep *racelog.Report, o Options) *finding.Finding {
	if !rep.IsMap() {
		return nil
	}
	r := &Report{Crash: Stacks(rep), opts: o}
	var sides [2]Side
	var sites [2][]*access.Site
	for i := range rep.Accesses {
		a := &rep.Accesses[i]
		s := Side{Goroutine: r.Crash.Goroutines[i], Op: finding.Op(a.Op()), Header: a.Addr}
		var at int
		sites[i], at, _ = r.sitesIn(s.Goroutine.Frames, a.User(), raceFits(s.Op))
		if s.Frame = at; at < 0 {
			s.Frame = userFrame(s.Goroutine.Frames, a.User())
		}
		sides[i] = s
	}
	r.Map = r.common(sites)
	for i := range sides {
		sides[i].Site = r.onMap(sites[i])
		if sides[i].Site != nil {
			sides[i].Op = refine(sides[i].Op, sides[i].Site)
		}
	}
	r.Noticed = sides[0]
	if sides[0].Frame < 0 {
		r.Noticed = sides[1] // whose stack is there says why the map has no name
	}
	f := &finding.Finding{Schema: finding.Schema, Engine: finding.Explain, Grade: finding.Proved, Map: r.theMap()}
	for i := range sides {
		f.Parties[i] = r.raceParty(sides[i], &rep.Accesses[i])
	}
	f.Rule = finding.RuleFor(sides[0].Op, sides[1].Op)
	f.Resource.Package, f.Resource.Test = rep.Package, rep.Test
	f.Evidence.Log = raceLog(rep, o.Source)
	f.Fixes = finding.Suggest(f)
	return f
}

// raceFits is fits, and what the race detector sees besides: the length.
func raceFits(op finding.Op) func(*access.Site) bool {
	if op == finding.Len {
		return func(s *access.Site) bool { return s.Op == access.Len || s.Via != "" && !s.Op.IsWrite() }
	}
	return fits(op)
}

// common is the map that both sides' lines have, or else that of the side whose
// line has one only.
func (r *Report) common(sites [2][]*access.Site) *access.Map {
	var maps [2][]*access.Map
	for i := range sites {
		for _, s := range sites[i] {
			for _, m := range s.Maps {
				if !slices.Contains(maps[i], m) {
					maps[i] = append(maps[i], m)
				}
			}
		}
	}
	for _, m := range maps[0] {
		if slices.Contains(maps[1], m) {
			return m
		}
	}
	for _, m := range maps[0] {
		for _, a := range r.opts.Index.Aliases(m) {
			if slices.Contains(maps[1], a.Map) {
				return m
			}
		}
	}
	for i := range maps {
		if len(maps[i]) == 1 {
			return maps[i][0]
		}
	}
	return nil
}

// onMap is the site that works on the map, or the only one.
func (r *Report) onMap(sites []*access.Site) *access.Site {
	for _, s := range sites {
		if slices.Contains(s.Maps, r.Map) {
			return s
		}
	}
	if len(sites) == 1 {
		return sites[0]
	}
	return nil
}

func (r *Report) raceParty(s Side, a *racelog.Access) finding.Party {
	p := r.party(s, nil)
	p.Goroutine.Main = a.Goroutine.Main
	if a.Goroutine.Main {
		p.Goroutine.Missing.Found("origin")
	}
	if in := crashFrames(a.Goroutine.Created.Frames); len(in) > 0 {
		p.Goroutine.Origin = frames(in)
		p.Goroutine.OriginPartial = a.Goroutine.Created.Cut || len(in) > maxFrames
	}
	p.Partial = a.Stack.Cut
	if len(p.Stack) == 0 {
		p.Missing = nil
		p.Missing.Miss("stack", "the race detector had forgotten it; GORACE=history_size=7 keeps more")
	}
	return p
}

// raceLog is the report's heads.
func raceLog(rep *racelog.Report, source string) *finding.Log {
	l := &finding.Log{Source: source, Line: int(rep.Line), Lines: []string{fmt.Sprintf("WARNING: DATA RACE (line %d)", rep.Line)}}
	for i := range rep.Accesses {
		a := &rep.Accesses[i]
		kind, who := "read", fmt.Sprintf("goroutine %d", a.Goroutine.ID)
		if a.Write {
			kind = "write"
		}
		if a.Goroutine.Main {
			who = "main goroutine"
		}
		l.Lines = append(l.Lines, fmt.Sprintf("%s at 0x%012x by %s", kind, a.Addr, who))
	}
	return l
}
