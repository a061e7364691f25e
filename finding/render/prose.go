package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mapsan/mapsan/finding"
)

// mapName is the shortest name of the map that the finding allows.
func mapName(f *finding.Finding) string {
	return cmp.Or(f.Map.Expr, f.Map.Name, typed(f), "a map")
}

func typed(f *finding.Finding) string {
	if f.Map.Type == "" {
		return ""
	}
	return "a " + f.Map.Type
}

// what says which variable the map is: "field sessions of main.Store".
func what(f *finding.Finding) string {
	m := &f.Map
	if m.Kernel != nil {
		return kernelMap(m.Kernel)
	}
	if m.Name == "" {
		return ""
	}
	short := finding.ShortFunc(m.Name)
	i := strings.LastIndexByte(short, '.')
	if i < 0 {
		return short
	}
	owner, name := short[:i], short[i+1:]
	switch m.Kind {
	case finding.Field:
		return fmt.Sprintf("field %s of %s", name, owner)
	case finding.Global:
		return fmt.Sprintf("package variable %s", short)
	case finding.Local:
		return fmt.Sprintf("variable %s of %s", name, owner)
	case finding.Captured:
		return fmt.Sprintf("variable %s of %s, captured by a function literal", name, owner)
	case finding.Parameter:
		return fmt.Sprintf("parameter %s of %s", name, owner)
	case finding.Result:
		return fmt.Sprintf("a map that %s returns", short)
	case finding.Element:
		return fmt.Sprintf("a map held in %s", short)
	}
	return short
}

// goroutine names a party's goroutine: "goroutine 8", "the main goroutine".
func goroutine(g *finding.Goroutine) string {
	switch {
	case g.Main:
		return "the main goroutine"
	case g.ID == 0:
		return "a goroutine"
	}
	return fmt.Sprintf("goroutine %d", g.ID)
}

// party names who made an access: a goroutine, or of a kernel map a process or program.
func party(p *finding.Party) string {
	if p.Actor != nil {
		return OneLine(p.Actor.String())
	}
	return goroutine(&p.Goroutine)
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// expr is the map as the party names it.
func expr(f *finding.Finding, p *finding.Party) string {
	return cmp.Or(p.Access.Expr, f.Map.Expr, "the map")
}

// why argues, in sentences, that the two accesses are a race.
func why(f *finding.Finding, o Options) []string {
	cur, prev := &f.Parties[0], &f.Parties[1]
	if f.Map.Kernel != nil {
		return whyKernel(f)
	}
	a, b := goroutine(&cur.Goroutine), goroutine(&prev.Goroutine)
	var out []string
	if c := f.Evidence.Clocks; c != nil {
		s := fmt.Sprintf("%s %s %s at its time %d. ", upper(a), cur.Access.Op.Verb(), expr(f, cur), c.Current.Time)
		if c.Known.Time == 0 {
			s += fmt.Sprintf("Until then it had learnt nothing of what %s did", b)
		} else {
			s += fmt.Sprintf("Until then it had learnt what %s did up to time %d", b, c.Known.Time)
			if at := lesson(f); at != nil && !at.Site.IsZero() {
				s += fmt.Sprintf(" (by the %s at %s)", at.Kind, o.shortPlace(at.Site))
			}
		}
		s += fmt.Sprintf("; %s %s %s at time %d. ", b, prev.Access.Op.Verb(), expr(f, prev), c.Previous.Time)
		out = append(out, s+"So no lock, channel or other synchronisation orders the two: they may happen at the same time.")
	}
	for i := range f.Parties {
		if p := &f.Parties[i]; len(p.Locks) > 0 {
			out = append(out, upper(fmt.Sprintf("%s%s held %s.", bySource(p), goroutine(&p.Goroutine), locks(p, o))))
		}
	}
	if v := f.Evidence.Overlap; v != nil {
		out = append(out, fmt.Sprintf("Both accesses were seen under way at once, for %s.", time.Duration(v.Nanoseconds)))
	}
	if f.Engine == finding.Agent && f.Evidence.Log != nil {
		out = append(out, fmt.Sprintf("The runtime stopped the process in the %s by %s, since another goroutine was in the map.", cur.Access.Op, a))
		for _, step := range f.Evidence.Path {
			out = append(out, upper(clean(step))+".")
		}
	}
	if s := f.Evidence.Schedule; s != nil {
		how := ""
		if s.Strategy != "" {
			how = " of the strategy " + s.Strategy
		}
		out = append(out, fmt.Sprintf("The schedule with seed %s%s shows it; the same seed replays it.", s.Seed, how))
	}
	if len(out) == 0 {
		out = append(out, fmt.Sprintf("Nothing that is known orders the %s before the %s or after it.", cur.Access.Op, prev.Access.Op))
	}
	return out
}

// lesson is the event by which the later party's goroutine last learnt of the
// other's, when the history reaches back to it.
func lesson(f *finding.Finding) *finding.Sync {
	c := f.Evidence.Clocks
	if c == nil {
		return nil
	}
	for i := len(f.Evidence.Sync) - 1; i >= 0; i-- {
		e := &f.Evidence.Sync[i]
		if e.Goroutine == c.Current.Goroutine && e.Learnt != nil && *e.Learnt == c.Known {
			return e
		}
	}
	return nil
}

func bySource(p *finding.Party) string {
	for _, l := range p.Locks {
		if !l.Inferred {
			return ""
		}
	}
	return "by the source, "
}

func locks(p *finding.Party, o Options) string {
	var names []string
	for _, l := range p.Locks {
		name := cmp.Or(l.Expr, "the lock "+l.Addr.String())
		if l.Shared {
			name += " for reading"
		}
		if !l.Site.IsZero() {
			name += " (taken at " + o.shortPlace(l.Site) + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// missing lists the absent facts with their reasons, in a fixed order. Reasons
// that several facts share are told once.
func missing(f *finding.Finding) []string {
	var out []string
	add := func(m finding.Missing, of string, fields ...string) {
		var last string
		for _, field := range fields {
			reason, ok := m[field]
			if !ok || reason == last {
				continue
			}
			last = reason
			if line := factName(field, of) + ": " + reason; !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	}
	if f.Map.Kernel != nil {
		// Facts of goroutines and source are not to be had of a kernel map.
		add(f.Map.Missing, "the map", "name")
		for i := range f.Parties {
			add(f.Parties[i].Missing, party(&f.Parties[i]), "stack")
		}
		return out
	}
	add(f.Map.Missing, "the map", "type", "expr", "name", "decl", "addr")
	for i := range f.Parties {
		p := &f.Parties[i]
		of := goroutine(&p.Goroutine)
		if f.Map.Expr != "" {
			add(p.Access.Missing, of, "expr")
		}
		add(p.Missing, of, "stack", "locks")
		add(p.Goroutine.Missing, of, "id", "origin")
	}
	add(f.Evidence.Missing, "", "clocks", "sync", "schedule", "overlap", "log")
	return out
}

func factName(field, of string) string {
	switch field {
	case "type":
		return "type of " + of
	case "expr":
		if of == "the map" {
			return "expression that names the map"
		}
		return "expression that names the map in " + of
	case "name":
		return "variable that holds " + of
	case "decl":
		return "declaration of " + of
	case "addr":
		return "address of " + of
	case "id":
		return "number of " + of
	case "origin":
		return "where " + of + " began"
	case "stack":
		return "stack of " + of
	case "locks":
		return "locks of " + of
	case "sync":
		return "synchronisations"
	}
	return field
}
