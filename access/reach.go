package access

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// maxWalk bounds how many functions one question looks at.
const maxWalk = 20000

// distances are the calls that lie between each function and one of f's body; a
// new goroutine's functions are not counted as called.
func (g *graph) distances(f *Func) map[*node]int {
	if d := g.dist[f]; d != nil {
		return d
	}
	d := map[*node]int{}
	g.dist[f] = d
	start := g.byFunc[f]
	if start == nil {
		return d
	}
	d[start] = 0
	queue := []*node{start}
	for len(queue) > 0 && len(d) < maxWalk {
		n := queue[0]
		queue = queue[1:]
		step := 1
		if n.f == nil {
			step = 0 // wrappers have no frames of their own
		}
		for _, e := range n.in {
			if _, ok := d[e.n]; !ok {
				d[e.n] = d[n] + step
				queue = append(queue, e.n)
			}
		}
	}
	return d
}

// Reach is how a function gets to a site.
type Reach struct {
	// Steps is the number of calls on the shortest way; 0 when the site is in the
	// function itself.
	Steps int
	// Path are the functions on the way, the site's own last.
	Path []*Func
	// Passed says that control may have been there before it came to the line that
	// was asked about, Ahead that it may come there afterwards. Both hold in a loop.
	Passed, Ahead bool
}

// reachKey is a question of Reach: a log asks the same of a thousand goroutines.
type reachKey struct {
	f    *Func
	line int
	s    *Site
}

type reachAnswer struct {
	Reach
	ok bool
}

// Reach says how a function that stands at a line of its body, 0 if unknown, gets
// to a site by calls.
func (x *Index) Reach(f *Func, line int, s *Site) (Reach, bool) {
	g := x.calls()
	key := reachKey{f, line, s}
	a, known := g.reached[key]
	if !known {
		a.Reach, a.ok = g.reach(f, line, s)
		g.reached[key] = a
	}
	return a.Reach, a.ok
}

func (g *graph) reach(f *Func, line int, s *Site) (Reach, bool) {
	n := g.byFunc[f]
	if n == nil {
		return Reach{}, false
	}
	dist := g.distances(s.Func)
	d, ok := dist[n]
	if !ok {
		return Reach{}, false
	}
	r := Reach{Steps: d, Path: g.path(n, dist)}
	if d == 0 && f == s.Func {
		r.Passed, r.Ahead = g.b.order(line, s.instr)
		return r, true
	}
	// Each call that leads there counts, not only the shortest way's.
	for _, e := range n.out {
		if _, ok := dist[e.n]; !ok || r.Passed && r.Ahead {
			continue
		}
		p, a := g.b.order(line, e.at)
		r.Passed, r.Ahead = r.Passed || p, r.Ahead || a
	}
	return r, true
}

func (g *graph) path(n *node, dist map[*node]int) []*Func {
	var out []*Func
	for range 64 {
		if n.f != nil {
			out = append(out, n.f)
		}
		if n.f != nil && dist[n] == 0 {
			return out
		}
		var next *node
		for _, e := range n.out {
			if d, ok := dist[e.n]; ok && (next == nil || d < dist[next]) && e.n != n {
				next = e.n
			}
		}
		if next == nil {
			return out
		}
		n = next
	}
	return out
}

// order says whether an instruction may run before, or after, what stands at a line
// of its function.
func (b *builder) order(line int, at ssa.Instruction) (before, after bool) {
	if line == 0 {
		return true, true
	}
	found := false
	for _, blk := range at.Parent().Blocks {
		for _, in := range blk.Instrs {
			if !in.Pos().IsValid() || b.lineOf(in) != line {
				continue
			}
			found = true
			if in == at {
				return true, true
			}
			before = before || b.mayPrecede(at, in)
			after = after || b.mayPrecede(in, at)
		}
	}
	if !found {
		return true, true
	}
	return before, after
}

func (b *builder) lineOf(in ssa.Instruction) int {
	pos := in.Pos()
	if c, ok := in.(ssa.CallInstruction); ok && c.Common().Pos().IsValid() {
		pos = c.Common().Pos()
		if e := b.exprAt[pos]; e != nil {
			// A call spread over lines is at its selector's line.
			pos = e.Pos()
		}
	}
	return b.fset.Position(pos).Line
}

// StartKind says how the goroutine began that a site runs on.
type StartKind string

// The kinds.
const (
	ByMain  StartKind = "main"  // main.main or a package's initialisation
	BySpawn StartKind = "spawn" // a go statement, or a function that has one
	ByTest  StartKind = "test"
	ByAPI   StartKind = "api" // a function that nobody in the source calls
)

// Start is a beginning from which calls lead to a site.
type Start struct {
	Kind  StartKind
	Spawn *Spawn // of BySpawn
	// Entry is the function that begins there.
	Entry *Func
	Steps int
	// Setup says that control comes to the site before anything on the way has
	// started a goroutine.
	Setup bool
	// Pace says how often control comes to the site, by the loops on the shortest
	// way to it.
	Pace Pace
}

// Pace says how a goroutine comes to a site again.
type Pace int

// The paces, from the rarest.
const (
	Once     Pace = iota // no loop is seen
	OnEvents             // a loop that waits for what others send
	Bounded              // a loop that ends
	Endless              // a loop that does not, by itself or by a timer
)

// Many reports whether several goroutines of this start may be alive at once.
func (s Start) Many() bool {
	return s.Kind == BySpawn && s.Spawn.Many || s.Kind == ByAPI || s.Kind == ByTest
}

// Starts are the beginnings from which calls lead to a site, the nearest first.
func (x *Index) Starts(s *Site) []Start {
	g := x.calls()
	dist := g.distances(s.Func)
	var out []Start
	for n, d := range dist {
		f := g.visible(n)
		switch {
		case g.mains[n]:
			out = append(out, Start{Kind: ByMain, Entry: f, Steps: d, Setup: g.setup(n, s, dist)})
		case g.tests[n]:
			out = append(out, Start{Kind: ByTest, Entry: f, Steps: d, Setup: g.setup(n, s, dist)})
		case len(n.in) == 0 && len(n.by) == 0 && n.f != nil:
			out = append(out, Start{Kind: ByAPI, Entry: f, Steps: d})
		}
		for _, sp := range n.by {
			out = append(out, Start{Kind: BySpawn, Spawn: sp, Entry: f, Steps: d})
		}
	}
	for i := range out {
		out[i].Pace = g.b.pace(s.instr)
		if out[i].Entry != nil {
			out[i].Pace = g.paceOf(g.byFunc[out[i].Entry], dist, out[i].Pace)
		}
	}
	slices.SortFunc(out, func(a, c Start) int {
		return cmp.Or(cmp.Compare(a.Steps, c.Steps), strings.Compare(string(a.Kind), string(c.Kind)), strings.Compare(a.key(), c.key()))
	})
	return slices.CompactFunc(out, func(a, c Start) bool { return a.Kind == c.Kind && a.Spawn == c.Spawn && a.Entry == c.Entry })
}

// paceOf is the pace of the outermost loop on the shortest way, which the inner
// ones depend on; inner is that at the site.
func (g *graph) paceOf(n *node, dist map[*node]int, inner Pace) Pace {
	for range 64 {
		if n == nil || n.f != nil && dist[n] == 0 {
			return inner
		}
		var next *node
		pace := Once
		for _, e := range n.out {
			d, ok := dist[e.n]
			if !ok || e.n == n || next != nil && d > dist[next] {
				continue
			}
			if next == nil || d < dist[next] {
				next, pace = e.n, Once
			}
			pace = max(pace, g.b.pace(e.at))
		}
		if pace != Once {
			return pace
		}
		n = next
	}
	return inner
}

func (s Start) key() string {
	k := ""
	if s.Spawn != nil {
		k = s.Spawn.Pos.String()
	}
	if s.Entry != nil {
		k += s.Entry.Name
	}
	return k
}

// setup reports whether every way from a root to the site begins before the root
// has started a goroutine.
func (g *graph) setup(n *node, s *Site, dist map[*node]int) bool {
	if n.f == s.Func {
		return !g.b.afterStart(s.instr)
	}
	for _, e := range n.out {
		if _, ok := dist[e.n]; !ok {
			continue
		}
		if g.b.afterStart(e.at) || g.startsInside(e.n, s, dist, 4, map[*node]bool{}) {
			return false
		}
	}
	return true
}

// startsInside reports whether a goroutine may have been started between a
// function's entry and the site below it.
func (g *graph) startsInside(n *node, s *Site, dist map[*node]int, levels int, seen map[*node]bool) bool {
	if levels == 0 || seen[n] {
		return false
	}
	seen[n] = true
	if n.f != nil && n.f == s.Func && g.b.afterStart(s.instr) {
		return true
	}
	for _, e := range n.out {
		if _, ok := dist[e.n]; ok && (g.b.afterStart(e.at) || g.startsInside(e.n, s, dist, levels-1, seen)) {
			return true
		}
	}
	return false
}

// Spawns are all places that start goroutines, by file and line.
func (x *Index) Spawns() []*Spawn {
	g := x.calls()
	out := slices.Clone(g.spawns)
	slices.SortStableFunc(out, func(a, c *Spawn) int {
		return cmp.Or(strings.Compare(a.Pos.Filename, c.Pos.Filename), cmp.Compare(a.Pos.Offset, c.Pos.Offset))
	})
	return out
}

// SpawnsAt are the places that a "created by" line may stand for. fn is the
// function that it names: of the source, or of a library that starts what it was
// handed.
func (x *Index) SpawnsAt(file string, line int, fn string) []*Spawn {
	g := x.calls()
	var out []*Spawn
	if f := x.find(file, fn); f != nil {
		for _, s := range g.spawns {
			if s.Pos.Filename == f.name && s.Pos.Line == line {
				out = append(out, s)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	for _, s := range g.spawns {
		if slices.Contains(s.creators, fn) {
			out = append(out, s)
		}
	}
	return out
}

// Handed are the functions that a dependency was handed, by the name of one of
// its functions: what its goroutines may run.
func (x *Index) Handed(fn string) []*Func {
	g := x.calls()
	var out []*Func
	for _, n := range g.library[strings.ReplaceAll(declared(fn), "%2e", ".")] {
		if f := g.visible(n); f != nil && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// Reaches reports whether what a spawn starts gets to a site, and in how many
// calls.
func (x *Index) Reaches(sp *Spawn, s *Site) (int, bool) {
	g := x.calls()
	dist := g.distances(s.Func)
	best, ok := 0, false
	for _, t := range sp.targets {
		if d, has := dist[t]; has && (!ok || d < best) {
			best, ok = d, true
		}
	}
	return best, ok
}
