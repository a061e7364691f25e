package explain

import (
	"cmp"
	"slices"

	"github.com/mapsan/mapsan/finding"
)

// Sighting is one conflict as one source saw it.
type Sighting struct {
	Finding *finding.Finding
	// Seen names the source: "the runtime's fatal error in crash.log".
	Seen string
	// Crash is the report behind the finding, when that is of a crash.
	Crash *Report

	at int // in the order of the sources
}

// Conflict is what sightings of one conflict say together.
type Conflict struct {
	Finding *finding.Finding
	Seen    []string
	Crashes []*Report
}

// Merge takes the sightings of one conflict together, in the order of the first of
// each: those of one fingerprint, and one whose other side is not known with the
// only one that has its map and its side.
func Merge(all []Sighting) []*Conflict {
	shareMain(all)
	var groups [][]Sighting
	for at, s := range all {
		s.at = at
		i := slices.IndexFunc(groups, func(g []Sighting) bool {
			return !slices.ContainsFunc(g, func(o Sighting) bool { return !sameConflict(o.Finding, s.Finding) })
		})
		if i < 0 {
			groups = append(groups, []Sighting{s})
		} else {
			groups[i] = append(groups[i], s)
		}
	}
	groups = join(groups)
	for _, g := range groups {
		slices.SortFunc(g, func(a, b Sighting) int { return cmp.Compare(a.at, b.at) })
	}
	slices.SortFunc(groups, func(a, b []Sighting) int { return cmp.Compare(a[0].at, b[0].at) })
	var out []*Conflict
	for _, g := range groups {
		out = append(out, conflictOf(g))
	}
	return out
}

// shareMain gives findings of a program the import path of its package main that
// another source knows: all sources are of one program, when they name one only.
func shareMain(all []Sighting) {
	main := ""
	for _, s := range all {
		if m := s.Finding.Resource.Main; m != "" {
			if main != "" && m != main {
				return
			}
			main = m
		}
	}
	for _, s := range all {
		s.Finding.Resource.Main = cmp.Or(s.Finding.Resource.Main, main)
	}
}

// sameConflict goes by the fingerprint. That of a map without a name does not tell
// two maps of one function apart: there, the lines of both sides do.
func sameConflict(a, b *finding.Finding) bool {
	if a.Map.Name != "" && b.Map.Name != "" {
		return a.Fingerprint() == b.Fingerprint() && (known(a, 0) || known(a, 1))
	}
	if !known(a, 0) && !known(a, 1) {
		return false
	}
	return alike(a, 0, b, 0) && alike(a, 1, b, 1) || alike(a, 0, b, 1) && alike(a, 1, b, 0)
}

// alike reports whether two sides are one place, or neither is known.
func alike(a *finding.Finding, i int, b *finding.Finding, j int) bool {
	if !known(a, i) && !known(b, j) {
		return a.Side(i) == b.Side(j)
	}
	return sameLine(a, i, b, j)
}

// sameLine reports whether two sides are one place of the source, wherever its
// directory was.
func sameLine(a *finding.Finding, i int, b *finding.Finding, j int) bool {
	x, ok := a.Parties[i].Site()
	y, ok2 := b.Parties[j].Site()
	return ok && ok2 && a.Side(i) == b.Side(j) && x.Line == y.Line && base(x.File) == base(y.File)
}

func known(f *finding.Finding, i int) bool { return len(f.Parties[i].Stack) > 0 }

// join adds each group that knows one side only to the only one that it may be of.
func join(groups [][]Sighting) [][]Sighting {
	var out [][]Sighting
	var half [][]Sighting
	for _, g := range groups {
		if openSide(g) >= 0 {
			half = append(half, g)
		}
	}
	into := map[*finding.Finding][][]Sighting{}
	joined := map[*finding.Finding]bool{}
	for _, h := range half {
		var fit [][]Sighting
		for _, g := range groups {
			if openSide(g) < 0 && completes(g, h) {
				fit = append(fit, g)
			}
		}
		if likely := slices.DeleteFunc(slices.Clone(fit), func(g []Sighting) bool { return !likelySide(g, h) }); len(likely) > 0 || inLog(h) {
			fit = likely
		}
		if len(fit) == 1 {
			into[fit[0][0].Finding] = append(into[fit[0][0].Finding], h)
			joined[h[0].Finding] = true
		}
	}
	for _, g := range groups {
		if joined[g[0].Finding] {
			continue
		}
		for _, h := range into[g[0].Finding] {
			g = append(g, h...)
		}
		out = append(out, g)
	}
	return out
}

// openSide is the side that no sighting of the group knows, -1 if none: one without
// a stack, and one that a crash's log does not show at the access.
func openSide(g []Sighting) int {
	for _, s := range g {
		if open(s) < 0 {
			return -1
		}
	}
	return open(g[0])
}

func open(s Sighting) int {
	for i := range s.Finding.Parties {
		if !known(s.Finding, i) {
			return i
		}
	}
	if r := s.Crash; r != nil && s.Finding.Grade != finding.Proved {
		if len(r.Others) == 0 || r.Others[0].Grade != finding.Shown {
			return 1
		}
	}
	return -1
}

// inLog reports whether the other side of h is inferred from a goroutine of the log,
// which was elsewhere by then: its stack is not that of the access.
func inLog(h []Sighting) bool {
	r := h[0].Crash
	return r != nil && len(r.Others) > 0 && r.Others[0].Goroutine != nil && r.Others[0].Grade == finding.Inferred
}

// likelySide reports whether g has the side that the crash of h takes for the
// likeliest.
func likelySide(g, h []Sighting) bool {
	r := h[0].Crash
	if r == nil || len(r.Others) == 0 || r.Others[0].Site == nil {
		return false
	}
	at := *h[0].Finding
	at.Parties[1].Stack = []finding.Frame{{Func: r.Others[0].Func()}}
	for _, s := range g {
		for i := range s.Finding.Parties {
			if s.Finding.Side(i) == at.Side(1) && s.Finding.Side(1-i) == at.Side(0) {
				return true
			}
		}
	}
	return false
}

// completes reports whether g has the map and the known side of h, and an other
// side of the kind that h's is.
func completes(g, h []Sighting) bool {
	f, o := h[0].Finding, openSide(h)
	for _, s := range g {
		for i := range s.Finding.Parties {
			other := &s.Finding.Parties[1-i]
			if s.Finding.Side(i) != f.Side(1-o) || other.Access.Op.Class() != f.Parties[o].Access.Op.Class() {
				continue
			}
			if a, b := s.Finding.MapName(), f.MapName(); a != "" && b != "" {
				if a == b {
					return true
				}
			} else if sameLine(s.Finding, i, f, 1-o) {
				return true
			}
		}
	}
	return false
}

// conflictOf makes one finding of a group's: the best one, completed by the others.
func conflictOf(g []Sighting) *Conflict {
	best := slices.MinFunc(g, func(a, b Sighting) int { return cmp.Compare(rankOf(a), rankOf(b)) })
	c := &Conflict{Finding: best.Finding}
	for _, s := range g {
		if s.Crash != nil {
			c.Crashes = append(c.Crashes, s.Crash)
		}
		if s.Seen != "" && !slices.Contains(c.Seen, s.Seen) {
			c.Seen = append(c.Seen, s.Seen)
		}
	}
	if len(g) == 1 {
		return c
	}
	f := *best.Finding
	count := 0
	for _, s := range g {
		count += max(s.Finding.Evidence.Count, 1)
		if s.Finding != best.Finding {
			complete(&f, s.Finding)
		}
	}
	f.Evidence.Count, f.Evidence.Seen = count, c.Seen[:min(len(c.Seen), maxSeen)]
	f.Fixes = finding.Suggest(&f)
	c.Finding = &f
	return c
}

// maxSeen bounds the sources that a finding lists.
const maxSeen = 100

// rankOf orders by the grade; of equal ones, the sanitizer knows most, and who
// names the map more than who does not.
func rankOf(s Sighting) int {
	n := slices.Index(finding.Grades(), s.Finding.Grade) * 4
	if s.Finding.Map.Name == "" {
		n += 2
	}
	if s.Finding.Engine != finding.Sanitizer {
		n++
	}
	return n
}

// complete takes over from x what f lacks.
func complete(f, x *finding.Finding) {
	if f.Map.Name == "" && x.Map.Name != "" {
		addr, typ := f.Map.Addr, f.Map.Type
		f.Map = x.Map
		f.Map.Missing = clone(x.Map.Missing)
		f.Map.Addr, f.Map.Type = cmp.Or(addr, f.Map.Addr), cmp.Or(typ, f.Map.Type)
		if f.Map.Addr != 0 {
			f.Map.Missing.Found("addr")
		}
		if f.Map.Type != "" {
			f.Map.Missing.Found("type")
		}
	}
	for i := range f.Parties {
		for j := range x.Parties {
			if f.Side(i) == x.Side(j) || !known(f, i) && f.Side(1-i) == x.Side(1-j) && f.Parties[i].Access.Op.Class() == x.Parties[j].Access.Op.Class() {
				completeParty(&f.Parties[i], &x.Parties[j])
				break
			}
		}
	}
	f.Rule = finding.RuleFor(f.Parties[0].Access.Op, f.Parties[1].Access.Op)
	e := &f.Evidence
	if len(e.Path) == 0 {
		e.Path = x.Evidence.Path
	}
	if e.Log == nil {
		e.Log = x.Evidence.Log
	}
	f.Resource.Package, f.Resource.Test = cmp.Or(f.Resource.Package, x.Resource.Package), cmp.Or(f.Resource.Test, x.Resource.Test)
}

func completeParty(p, x *finding.Party) {
	switch {
	case len(p.Stack) == 0 && len(x.Stack) > 0:
		*p = *x // with its goroutine: one party, not two halves
		return
	case p.Access.Expr == "" && x.Access.Expr != "":
		p.Access.Expr, p.Access.Site = x.Access.Expr, x.Access.Site
		p.Access.Missing = clone(p.Access.Missing)
		p.Access.Missing.Found("expr")
	}
	if len(p.Locks) == 0 {
		p.Locks = x.Locks
	}
	g, o := &p.Goroutine, &x.Goroutine
	if len(g.Origin) == 0 && !g.Main && !g.Runtime && len(o.Origin) > 0 {
		g.Origin, g.OriginPartial = o.Origin, o.OriginPartial
		g.Missing = clone(g.Missing)
		g.Missing.Found("origin")
	}
}

func clone(m finding.Missing) finding.Missing {
	out := finding.Missing{}
	for k, v := range m {
		out[k] = v
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
