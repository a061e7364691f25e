package access

import (
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/callgraph/vta"
	"golang.org/x/tools/go/ssa"
)

// maxVTA is the number of functions up to which calls through interfaces and
// function values are resolved by the types that flow there (VTA). Beyond it an
// interface call may reach every type that satisfies the interface, and calls of
// function values are followed through nearby code only.
const maxVTA = 120000

// maxCallees bounds what one call may reach: io.Writer and its like tell nothing.
const maxCallees = 64

// Spawn is a place that starts goroutines: a go statement, or a call that hands a
// function to something that does.
type Spawn struct {
	// Via is "go", or the function or interface that takes the function.
	Via  string
	Func *Func // where it stands; nil outside of any function
	Pos  token.Position
	// Targets are what the goroutine runs.
	Targets []*Func
	// Wrapper is the name of the function that the compiler puts around the call,
	// "" if none: "main.main.gowrap1".
	Wrapper string
	// Many says that several goroutines of it may be alive at once.
	Many bool

	creators []string
	instr    ssa.Instruction
	targets  []*node
}

type spawnKey struct {
	pos token.Position
	via string
	fn  *Func
}

type node struct {
	f   *Func
	fn  *ssa.Function
	out []edge
	in  []edge
	by  []*Spawn // that start it
}

type edge struct {
	n  *node
	at ssa.Instruction // in the caller
}

type graph struct {
	b       *builder
	byFunc  map[*Func]*node
	bySSA   map[*ssa.Function]*node
	spawns  []*Spawn
	spawnAt map[spawnKey]*Spawn
	library map[string][]*node // import path of a dependency -> what it was handed
	mains   map[*node]bool
	tests   map[*node]bool
	dist    map[*Func]map[*node]int
	reached map[reachKey]reachAnswer
}

// calls returns the call graph, built at the first use.
func (x *Index) calls() *graph {
	if x.graph != nil {
		return x.graph
	}
	b := x.b
	g := &graph{b: b, byFunc: map[*Func]*node{}, bySSA: map[*ssa.Function]*node{}, library: map[string][]*node{}, spawnAt: map[spawnKey]*Spawn{},
		mains: map[*node]bool{}, tests: map[*node]bool{}, dist: map[*Func]map[*node]int{}, reached: map[reachKey]reachAnswer{}}
	x.graph = g
	fns := make([]*ssa.Function, 0, len(b.all))
	for fn := range b.all {
		if len(fn.Blocks) > 0 {
			fns = append(fns, fn)
		}
	}
	slices.SortFunc(fns, b.inOrder)
	dynamic := g.dynamic(fns)
	for _, fn := range fns {
		for _, blk := range fn.Blocks {
			for _, in := range blk.Instrs {
				g.instruction(fn, in, dynamic)
			}
		}
		g.root(fn)
	}
	g.finish()
	return g
}

// dynamic tells what calls that are not by name may call.
func (g *graph) dynamic(fns []*ssa.Function) func(ssa.CallInstruction) []*ssa.Function {
	if len(fns) > maxVTA {
		return g.nearby
	}
	set := make(map[*ssa.Function]bool, len(fns))
	for _, fn := range fns {
		set[fn] = true
	}
	cg := vta.CallGraph(set, nil)
	byCall := map[ssa.CallInstruction][]*ssa.Function{}
	for _, n := range cg.Nodes {
		for _, e := range n.Out {
			if e.Site != nil && e.Site.Common().StaticCallee() == nil {
				byCall[e.Site] = append(byCall[e.Site], e.Callee.Func)
			}
		}
	}
	return func(c ssa.CallInstruction) []*ssa.Function {
		if out := byCall[c]; len(out) > 0 {
			if len(out) > maxCallees {
				return nil
			}
			slices.SortFunc(out, g.b.inOrder)
			return out
		}
		return g.nearby(c)
	}
}

// nearby is the fallback for values whose making is not seen by VTA.
func (g *graph) nearby(c ssa.CallInstruction) []*ssa.Function {
	if c.Common().IsInvoke() {
		return g.implementers(c.Common())
	}
	if out := g.b.funcsOf(c.Common().Value, 0); len(out) > 0 {
		return out
	}
	return g.b.bySignature(c.Common().Value.Type())
}

// implementers are the methods that an interface call may reach, for interfaces
// that few types satisfy.
func (g *graph) implementers(c *ssa.CallCommon) []*ssa.Function {
	iface, ok := c.Value.Type().Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	var out []*ssa.Function
	for _, fn := range g.b.methods()[c.Method.Name()] {
		if types.Implements(fn.Signature.Recv().Type(), iface) {
			out = append(out, fn)
		}
	}
	if len(out) > maxCallees {
		return nil
	}
	slices.SortFunc(out, g.b.inOrder) // methods come from a map
	return out
}

func (g *graph) node(fn *ssa.Function) *node {
	if f := g.b.x.funcOf[fn]; f != nil {
		n := g.byFunc[f]
		if n == nil {
			n = &node{f: f, fn: fn}
			g.byFunc[f] = n
		}
		return n
	}
	n := g.bySSA[fn]
	if n == nil {
		n = &node{fn: fn}
		g.bySSA[fn] = n
	}
	return n
}

func (g *graph) instruction(fn *ssa.Function, in ssa.Instruction, dynamic func(ssa.CallInstruction) []*ssa.Function) {
	switch in := in.(type) {
	case ssa.CallInstruction:
		g.callInstr(fn, in, dynamic)
	case *ssa.MakeInterface:
		g.converted(fn, in)
	case *ssa.Store:
		// A function kept in a struct of a dependency is called by it.
		if _, ok := in.Val.Type().Underlying().(*types.Signature); !ok {
			return
		}
		fa, ok := in.Addr.(*ssa.FieldAddr)
		if !ok {
			return
		}
		named, ok := types.Unalias(deref(fa.X.Type())).(*types.Named)
		if !ok || named.Obj().Pkg() == nil || g.b.isRoot(named.Obj().Pkg()) {
			return
		}
		for _, t := range g.b.funcsOf(in.Val, 0) {
			g.handed(fn, in, t, named.Obj().Pkg().Path())
		}
	}
}

func (g *graph) callInstr(fn *ssa.Function, in ssa.CallInstruction, dynamic func(ssa.CallInstruction) []*ssa.Function) {
	c := in.Common()
	var callees []*ssa.Function
	if s := c.StaticCallee(); s != nil {
		callees = []*ssa.Function{s}
	} else if _, ok := c.Value.(*ssa.Builtin); !ok {
		callees = dynamic(in)
	}
	_, isGo := in.(*ssa.Go)
	var targets []*node
	outside := c.IsInvoke() && len(callees) == 0
	for _, callee := range callees {
		if len(callee.Blocks) == 0 {
			outside = true
			continue
		}
		if isGo {
			targets = append(targets, g.node(callee))
			continue
		}
		g.link(g.node(fn), g.node(callee), in)
	}
	if len(targets) > 0 {
		g.spawn(fn, in, "go", spawner{}, targets)
	}
	if !outside {
		return
	}
	name := calleeName(c)
	sp, spawns := spawners[name]
	var given []*node
	for i := 0; ; i++ {
		a := argument(c, i)
		if a == nil {
			break
		}
		for _, t := range g.b.funcsOf(a, 0) {
			if len(t.Blocks) == 0 {
				continue
			}
			if spawns || isGo {
				given = append(given, g.node(t))
			} else {
				g.handed(fn, in, t, pathOf(c))
			}
		}
	}
	for _, a := range arguments(c, 0) {
		if mi, ok := a.(*ssa.MakeInterface); ok {
			if h, ok := hidden[name]; ok && h.self != "" {
				g.methodOf(fn, in, mi.X.Type(), h.self)
				if h.self == "String" {
					g.methodOf(fn, in, mi.X.Type(), "Error")
				}
			}
		}
		// Variadic function arguments: gin's handlers.
		if _, ok := a.Type().Underlying().(*types.Signature); ok && spawns {
			for _, t := range g.b.funcsOf(a, 0) {
				given = append(given, g.node(t))
			}
		}
	}
	if len(given) > 0 {
		via := name
		if isGo && !spawns {
			via = "go"
		}
		g.spawn(fn, in, via, sp, given)
	}
}

// pathOf is the import path of a call's callee.
func pathOf(c *ssa.CallCommon) string {
	if c.IsInvoke() {
		return pkgPath(c.Method.Pkg())
	}
	if s := c.StaticCallee(); s != nil {
		return pkgPath(pkgOf(s))
	}
	return ""
}

// handed notes a function that a dependency got and may call: mostly before it
// returns, so that it counts as called here.
func (g *graph) handed(fn *ssa.Function, at ssa.Instruction, t *ssa.Function, path string) {
	if len(t.Blocks) == 0 {
		return
	}
	n := g.node(t)
	g.link(g.node(fn), n, at)
	g.library[path] = append(g.library[path], n)
}

// methodOf links a method that a library calls on a value that it is handed.
func (g *graph) methodOf(fn *ssa.Function, at ssa.Instruction, t types.Type, name string) {
	sel := g.b.prog.MethodSets.MethodSet(t).Lookup(nil, name)
	if sel == nil {
		return
	}
	if m := g.b.prog.MethodValue(sel); m != nil && len(m.Blocks) > 0 {
		g.link(g.node(fn), g.node(m), at)
	}
}

// converted notes the methods that a dependency can call on a value because it
// became one of the dependency's interfaces.
func (g *graph) converted(fn *ssa.Function, in *ssa.MakeInterface) {
	named, ok := types.Unalias(in.Type()).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || g.b.isRoot(named.Obj().Pkg()) {
		return
	}
	iface, ok := named.Underlying().(*types.Interface)
	if !ok {
		return
	}
	name := named.Obj().Pkg().Path() + "." + named.Obj().Name()
	sp, spawns := spawnerTypes[name]
	var targets []*node
	ms := g.b.prog.MethodSets.MethodSet(in.X.Type())
	for i := range iface.NumMethods() {
		sel := ms.Lookup(iface.Method(i).Pkg(), iface.Method(i).Name())
		if sel == nil {
			continue
		}
		m := g.b.prog.MethodValue(sel)
		if m == nil {
			continue
		}
		if len(m.Blocks) > 0 && g.b.all[m] || m.Pkg != nil && len(m.Blocks) > 0 {
			if spawns {
				targets = append(targets, g.node(m))
			} else {
				g.handed(fn, in, m, named.Obj().Pkg().Path())
			}
		}
		// http.HandlerFunc(f): the method calls f itself.
		if spawns {
			for _, t := range g.b.funcsOf(in.X, 0) {
				if len(t.Blocks) > 0 {
					targets = append(targets, g.node(t))
				}
			}
		}
	}
	if len(targets) > 0 {
		g.spawn(fn, in, name, sp, targets)
	}
}

func (g *graph) link(from, to *node, at ssa.Instruction) {
	// One instruction's edges are made one after the other.
	for _, e := range slices.Backward(from.out) {
		if e.at != at {
			break
		}
		if e.n == to {
			return
		}
	}
	from.out = append(from.out, edge{to, at})
	to.in = append(to.in, edge{from, at})
}

func (g *graph) spawn(fn *ssa.Function, in ssa.Instruction, via string, sp spawner, targets []*node) {
	pos := g.place(in, via == "go")
	s := &Spawn{Via: via, Func: g.b.x.funcOf[fn], Pos: posOf(g.b.fset, pos), Wrapper: g.b.wrappers[in.Pos()],
		Many: sp.many, creators: sp.creators, instr: in, targets: targets}
	key := spawnKey{s.Pos, s.Via, s.Func}
	if old := g.spawnAt[key]; old != nil {
		for _, t := range targets {
			if !slices.Contains(old.targets, t) {
				old.targets = append(old.targets, t)
				t.by = append(t.by, old)
			}
		}
		return
	}
	g.spawnAt[key] = s
	g.spawns = append(g.spawns, s)
	for _, t := range targets {
		if !slices.Contains(t.by, s) {
			t.by = append(t.by, s)
		}
	}
}

// place is where the source does what an instruction does. An implicit conversion
// has no position of its own: it is where the converted value goes.
func (g *graph) place(in ssa.Instruction, statement bool) token.Pos {
	if mi, ok := in.(*ssa.MakeInterface); ok && !in.Pos().IsValid() {
		for _, ref := range *mi.Referrers() {
			if ref.Pos().IsValid() {
				return g.place(ref, false)
			}
		}
	}
	if c, ok := in.(ssa.CallInstruction); ok && !statement {
		if e := g.b.exprAt[c.Common().Pos()]; e != nil {
			return e.Pos()
		}
		return c.Common().Pos()
	}
	return in.Pos()
}

func (g *graph) root(fn *ssa.Function) {
	if fn.Pkg == nil {
		return
	}
	switch {
	case fn.Name() == "main" && fn.Pkg.Pkg.Name() == "main" && fn.Parent() == nil && fn.Signature.Recv() == nil,
		fn.Synthetic == "package initializer", strings.HasPrefix(fn.Name(), "init#"):
		g.mains[g.node(fn)] = true
	case fn.Parent() == nil && fn.Signature.Recv() == nil && fn.Signature.Params().Len() == 1 && isTest(fn):
		g.tests[g.node(fn)] = true
	}
}

func isTest(fn *ssa.Function) bool {
	for _, p := range []string{"Test", "Benchmark", "Fuzz"} {
		if strings.HasPrefix(fn.Name(), p) {
			t := fn.Signature.Params().At(0).Type().String()
			return strings.HasPrefix(t, "*testing.")
		}
	}
	return false
}

func (g *graph) finish() {
	for _, s := range g.spawns {
		for _, t := range s.targets {
			if f := g.visible(t); f != nil && !slices.Contains(s.Targets, f) {
				s.Targets = append(s.Targets, f)
			}
		}
		s.Many = s.Many || inLoop(s.instr)
	}
	// What is started by code that itself runs several times is many as well.
	for range 3 {
		for _, s := range g.spawns {
			s.Many = s.Many || s.Func != nil && g.oftenRun(g.byFunc[s.Func], 3, map[*node]bool{})
		}
	}
}

// visible is the function that a node of SSA's own stands for.
func (g *graph) visible(n *node) *Func {
	for range 4 {
		if n.f != nil {
			return n.f
		}
		if len(n.out) != 1 {
			return nil
		}
		n = n.out[0].n
	}
	return nil
}

// oftenRun reports whether a function is seen to be called more than once.
func (g *graph) oftenRun(n *node, levels int, seen map[*node]bool) bool {
	if n == nil || levels == 0 || seen[n] {
		return false
	}
	seen[n] = true
	if len(n.in)+len(n.by) > 1 {
		return true
	}
	for _, s := range n.by {
		if s.Many {
			return true
		}
	}
	for _, e := range n.in {
		if inLoop(e.at) || g.oftenRun(e.n, levels-1, seen) {
			return true
		}
	}
	return false
}
