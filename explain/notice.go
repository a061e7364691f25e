package explain

import (
	"cmp"
	"slices"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// notice finds what the detecting goroutine did to which map.
func (r *Report) notice() {
	s := &r.Noticed
	s.Frame = -1
	if d := r.Crash.Detecting(); len(d) > 0 {
		s.Goroutine = d[0]
	} else {
		s.Op = opOfCause(r.Crash.Cause)
		return
	}
	op := r.Crash.Operation(s.Goroutine)
	s.Op = opOf(op.Op, r.Crash.Cause)
	s.Header = cmp.Or(r.opts.Header, sure(op.Header))
	frames := s.Goroutine.Frames
	sites, at, exact := r.sitesIn(frames, op.Frame+1, fits(s.Op))
	if at < 0 {
		s.Frame = userFrame(frames, op.Frame+1)
		return
	}
	s.Frame = at
	r.MapGrade = finding.Shown
	if !exact {
		r.MapGrade = finding.Guessed
	}
	r.choose(sites)
}

// choose takes the operation that the frame stands for. When the line has several
// maps, the one that somebody else writes is the likeliest.
func (r *Report) choose(sites []*access.Site) {
	best, bestScore := (*access.Site)(nil), -1
	var maps []*access.Map
	for _, s := range sites {
		score := 0
		for _, m := range s.Maps {
			if !slices.Contains(maps, m) {
				maps = append(maps, m)
			}
			if len(sites) > 1 {
				score = max(score, min(r.busyWriters(m), 1))
			}
		}
		if score > bestScore {
			best, bestScore = s, score
		}
	}
	r.Noticed.Site = best
	r.Noticed.Op = refine(r.Noticed.Op, best)
	r.Noticed.Holder = holder(r.Noticed.Goroutine, r.Noticed.Frame)
	if len(best.Maps) > 0 {
		r.Map = best.Maps[0]
		for _, m := range best.Maps {
			if r.busyWriters(m) > r.busyWriters(r.Map) {
				r.Map = m
			}
		}
	}
	r.Maps = slices.DeleteFunc(maps, func(m *access.Map) bool { return m == r.Map })
	if len(r.Maps) > 0 && r.MapGrade == finding.Shown {
		r.MapGrade = finding.Inferred
	}
}

// busyWriters counts the sites that modify a map when others may use it.
func (r *Report) busyWriters(m *access.Map) int {
	n := 0
	for _, w := range writers(r.opts.Index, m) {
		if w.Fresh {
			continue
		}
		for _, st := range r.opts.Index.Starts(w.Site) {
			if st.Kind != access.ByMain || !st.Setup {
				n++
				break
			}
		}
	}
	return n
}

// sitesIn finds the operations that a stack stands at: those at the line of the
// first frame outside the libraries that work on any map, or hidden ones at a
// frame further out. exact is false when only the function has such operations:
// the source is not that of the program.
func (r *Report) sitesIn(frames []crashlog.Frame, from int, fit func(*access.Site) bool) (sites []*access.Site, at int, exact bool) {
	if r.opts.Index == nil {
		return nil, -1, false
	}
	direct := true // until code was passed that might hold a map of its own
	for i := max(from, 0); i < len(frames); i++ {
		f := &frames[i]
		for _, s := range r.opts.Index.At(f.File, f.Line, f.Func) {
			if fit(s) && (direct || s.Via != "") {
				sites = append(sites, s)
			}
		}
		if len(sites) > 0 {
			return sites, i, true
		}
		if finding.InReader(f.Func) {
			continue
		}
		if fn := r.opts.Index.FuncAt(f.File, f.Line, f.Func); fn != nil && direct && !finding.InStd(f.Func) {
			for _, s := range fn.Sites() {
				if fit(s) {
					sites = append(sites, s)
				}
			}
			if len(sites) > 0 {
				return sites, i, false
			}
		}
		direct = false
	}
	return nil, -1, false
}

// fits says which operations of the source the crash's one may be. The runtime
// never checks at len.
func fits(op finding.Op) func(*access.Site) bool {
	return func(s *access.Site) bool {
		so := finding.Op(s.Op)
		switch {
		case s.Op == access.Len:
			return false
		case op == finding.Read:
			return !so.IsWrite()
		case op == finding.Write:
			return so.IsWrite()
		case so == op:
			return true
		case op == finding.Lookup || op == finding.Iterate:
			// An iterator looks up keys in a map that grew meanwhile, and Clone of
			// other packages iterates.
			return so == finding.Iterate || so == finding.Clone || s.Via != "" && !so.IsWrite()
		case op == finding.Clone:
			return so == finding.Iterate && s.Via != ""
		case op.IsWrite():
			// A loop that deletes every key is compiled to a clear; a copy assigns.
			return so.IsWrite() && (op == finding.Clear || s.Via != "")
		}
		return false
	}
}

// refine replaces an operation of unknown kind by the source's.
func refine(op finding.Op, s *access.Site) finding.Op {
	so := finding.Op(s.Op)
	if (op == finding.Read || op == finding.Write) && so.Class() == op {
		return so
	}
	return op
}

func opOf(op crashlog.Op, cause crashlog.Cause) finding.Op {
	if op == crashlog.OpNone {
		return opOfCause(cause)
	}
	return finding.Op(op)
}

func opOfCause(cause crashlog.Cause) finding.Op {
	switch cause {
	case crashlog.CauseReadWrite:
		return finding.Read
	case crashlog.CauseIterateWrite:
		return finding.Iterate
	case crashlog.CauseCloneWrite:
		return finding.Clone
	}
	return finding.Write
}

// userFrame is the first frame outside of the libraries that work on any map, or
// the first at all.
func userFrame(frames []crashlog.Frame, from int) int {
	for i := max(from, 0); i < len(frames); i++ {
		if !finding.InReader(frames[i].Func) && !finding.InStd(frames[i].Func) {
			return i
		}
	}
	if from = max(from, 0); from < len(frames) {
		return from
	}
	return -1
}

// sure is a word that a traceback prints without a mark. A marked one may be what
// its slot held before the call.
func sure(a crashlog.Arg) uint64 {
	if a.Kind != crashlog.ArgWord {
		return 0
	}
	return a.Word
}

// holder is the first argument of a frame, 0 if it is not sure.
func holder(g *crashlog.Goroutine, frame int) uint64 {
	if g == nil || frame < 0 || frame >= len(g.Frames) {
		return 0
	}
	if w := g.Frames[frame].Words(); len(w) > 0 {
		return sure(w[0])
	}
	return 0
}

// writers are the sites that modify a map, under any of its names.
func writers(x *access.Index, m *access.Map) []writer {
	var out []writer
	for _, r := range x.Aliases(m) {
		for _, s := range x.SitesOf(r.Map) {
			if s.Op.IsWrite() && !slices.ContainsFunc(out, func(w writer) bool { return w.Site == s }) {
				out = append(out, writer{s, r.Steps})
			}
		}
	}
	return out
}

// writer is a site that modifies the map, and how many assignments away from the
// variable that the crash names.
type writer struct {
	*access.Site
	steps int
}
