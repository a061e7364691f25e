package explain

import (
	"slices"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/crashlog"
)

// beginnings are what a goroutine may have been started with.
type beginnings struct {
	main   bool
	spawns []*access.Spawn
	funcs  []*access.Func // that the library that created it was handed
	// within are the functions on its stack; what is not on it was not run.
	within []*access.Func
}

// startsOf reads a goroutine's "created by" line.
func (r *Report) startsOf(g *crashlog.Goroutine) beginnings {
	x := r.opts.Index
	var b beginnings
	if g.CreatedBy == nil {
		b.main = g.ID == 1
		return b
	}
	b.spawns = x.SpawnsAt(g.CreatedBy.File, g.CreatedBy.Line, g.CreatedBy.Func)
	if len(b.spawns) == 0 {
		b.funcs = x.Handed(g.CreatedBy.Func)
	}
	for i := range g.Frames {
		f := &g.Frames[i]
		if fn := x.FuncAt(f.File, f.Line, f.Func); fn != nil {
			b.within = append(b.within, fn)
		}
	}
	// One creator, such as net/http's server, starts many things: the stack says
	// which.
	if len(b.spawns) > 1 && len(b.within) > 0 {
		outer := b.within[len(b.within)-1]
		if own := slices.DeleteFunc(slices.Clone(b.spawns), func(s *access.Spawn) bool {
			return !slices.Contains(s.Targets, outer)
		}); len(own) > 0 {
			b.spawns = own
		}
	}
	return b
}

// reach says in how many calls the goroutine gets to a site. sure is false when the
// "created by" line leaves a choice.
func (b beginnings) reach(x *access.Index, s *access.Site) (steps int, sure, ok bool) {
	for _, sp := range b.spawns {
		if d, has := x.Reaches(sp, s); has && (!ok || d < steps) {
			steps, ok = d, true
		}
	}
	for _, f := range b.funcs {
		if r, has := x.Reach(f, 0, s); has && (!ok || r.Steps < steps) {
			steps, ok = r.Steps, true
		}
	}
	if b.main {
		for _, st := range x.Starts(s) {
			if st.Kind == access.ByMain && !st.Setup && (!ok || st.Steps < steps) {
				steps, ok = st.Steps, true
			}
		}
	}
	return steps, len(b.spawns) == 1, ok
}

// elsewhere is the share of what the goroutine may have been started with that gets
// to none of the sites.
func (b beginnings) elsewhere(x *access.Index, ws []writer) float64 {
	all, none := len(b.spawns)+len(b.funcs), 0
	for _, sp := range b.spawns {
		if !slices.ContainsFunc(ws, func(w writer) bool { _, ok := x.Reaches(sp, w.Site); return ok }) {
			none++
		}
	}
	for _, f := range b.funcs {
		if !slices.ContainsFunc(ws, func(w writer) bool { _, ok := x.Reach(f, 0, w.Site); return ok }) {
			none++
		}
	}
	if all == 0 {
		return 0
	}
	return float64(none) / float64(all)
}

// has reports whether a start of the index is one of the goroutine's.
func (b beginnings) has(s access.Start) bool {
	switch s.Kind {
	case access.BySpawn:
		return slices.Contains(b.spawns, s.Spawn) || slices.Contains(b.funcs, s.Entry)
	case access.ByMain:
		return b.main
	}
	return slices.Contains(b.within, s.Entry)
}
