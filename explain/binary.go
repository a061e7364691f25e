package explain

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/finding"
)

// readBinary decodes the call that noticed, and joins what it says of the map with
// what the source said.
func (r *Report) readBinary() {
	if r.opts.Binary == nil {
		return
	}
	p := newProgram(r.opts.Binary)
	if r.NoBinary = p.strange(r.Crash); r.NoBinary != "" {
		return
	}
	g := r.Noticed.Goroutine
	if g == nil {
		r.unnamed = "the log shows no goroutine"
		return
	}
	use, frame, handed := p.noticed(g, r.Noticed.Op)
	switch {
	case use != nil && r.Map == nil:
		r.takeUse(p, use, frame)
	case use != nil:
		r.compare(use)
	case len(handed) > 0 && r.Map == nil:
		r.takeHanded(p, handed, frame)
	case r.Map == nil:
		r.unnamed = "the executable has no map operation where the stack stands"
	}
	if p.cut {
		r.notes = append(r.notes, "the executable was not read to its end: it is too large, or made to be")
	}
}

// takeUse fills in the map and the noticing side from the executable alone.
func (r *Report) takeUse(p *program, u *mapUse, frame int) {
	r.MapGrade = u.names.grade
	r.Map = u.variable()
	if u.names.Name == "" {
		r.unnamed = cmp.Or(u.names.Missing, "the executable does not tell it")
		if u.typ == "" {
			r.Map = nil
		}
	}
	// The source may know that variable by another line.
	if r.opts.Index != nil && u.names.Name != "" {
		if ms := r.opts.Index.MapNamed(u.names.Name); len(ms) > 0 {
			r.Map = ms[0]
			r.notes = append(r.notes, "the source has no such operation at the frame's line; the map is named from the executable")
			return
		}
	}
	r.Noticed.Site, r.Noticed.Frame = u.site(r.Map), frame
	r.Noticed.Op = refine(r.Noticed.Op, r.Noticed.Site)
	r.program, r.use = p, u
}

// takeHanded names the map that code which works on any was handed: of several, one
// that something modifies.
func (r *Report) takeHanded(p *program, all []naming, frame int) {
	best, most := 0, -1
	for i, n := range all {
		if w := len(p.writers(&mapUse{names: n})); w > most {
			best, most = i, w
		}
	}
	u := &mapUse{names: all[best]}
	r.Map, r.MapGrade, r.Noticed.Frame = u.variable(), finding.Inferred, frame
	for i, n := range all {
		if i != best && n.Name != all[best].Name {
			r.Maps = append(r.Maps, mapOf(n, ""))
		}
	}
	f := r.Noticed.Goroutine.Frames[frame]
	s := &access.Site{Op: access.Op(r.Noticed.Op), Func: &access.Func{Name: f.Func}, Maps: []*access.Map{r.Map}}
	s.Pos.Filename, s.Pos.Line = f.File, f.Line
	r.Noticed.Site, r.program, r.use = s, p, u
}

// compare holds the source's answer against the executable's, which of several maps
// in one line knows the one.
func (r *Report) compare(u *mapUse) {
	n := u.names
	if n.Name == "" || n.grade != finding.Shown || !solid(n.Origin) {
		return
	}
	for _, m := range append([]*access.Map{r.Map}, r.Maps...) {
		if !r.alias(m, n.Name) {
			continue
		}
		if len(r.Maps) > 0 {
			r.Map, r.Maps = m, nil
			r.MapGrade = finding.Shown
		}
		return
	}
	r.MapGrade = worse(r.MapGrade, finding.Guessed)
	r.notes = append(r.notes, fmt.Sprintf("the executable's call there is on %s, the source's line on %s: the source may be of another version", n.Name, r.Map.Name))
}

// alias reports whether the source knows a map by that name, too.
func (r *Report) alias(m *access.Map, name string) bool {
	if m.Name == name {
		return true
	}
	return slices.ContainsFunc(r.opts.Index.Aliases(m), func(a access.Related) bool { return a.Name == name })
}
