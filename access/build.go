package access

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

// Index is the answer book. It is immutable but for the call graph, which is
// built at the first question that needs it; ask from one goroutine at a time.
type Index struct {
	// Problems are the packages that could not be indexed, and why.
	Problems []string

	fset   *token.FileSet
	maps   map[string]*Map
	sites  []*Site
	funcs  []*Func
	funcOf map[*ssa.Function]*Func
	byFile map[string]*fileIndex   // by full name
	byBase map[string][]*fileIndex // by last element
	b      *builder
	graph  *graph
}

// Maps are all maps that a site is on, by name.
func (x *Index) Maps() []*Map {
	var out []*Map
	for _, m := range x.maps {
		if len(m.sites) > 0 {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *Map) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return out
}

// Sites are all operations, by file and line.
func (x *Index) Sites() []*Site { return x.sites }

// Funcs are all functions, by file and line.
func (x *Index) Funcs() []*Func { return x.funcs }

// builder holds what is needed while the index is made, and by the graph.
type builder struct {
	x    *Index
	fset *token.FileSet
	pkgs []*Package
	prog *ssa.Program
	all  map[*ssa.Function]bool

	funcAt   map[token.Pos]*Func    // by the position of the syntax
	wrappers map[token.Pos]string   // go and defer statement -> wrapper's name
	infos    map[token.Pos]*Package // by the position of the syntax
	exprAt   map[token.Pos]ast.Expr // Lbrack of an index, Lparen of a call
	ranges   map[token.Pos]*ast.RangeStmt
	stmtEnd  map[token.Pos]token.Pos  // last position that a traceback may show, by the key of exprAt
	varOf    map[token.Pos]*types.Var // the variable that is given a call's or literal's value
	comments map[token.Pos]string     // of fields and variables, by the position of the name
	owners   map[*types.Var]*types.TypeName
	groups   map[*types.Var][]*types.Var // package variables of one group
	localsOf map[string][]*types.Var     // locks declared in a function

	callers  map[any][]ssa.CallInstruction    // by originOf the callee
	invokes  map[string][]ssa.CallInstruction // by method name
	closures map[*ssa.Function][]*ssa.MakeClosure
	fieldIn  map[*types.Var]types.Type // the struct of a field seen in FieldAddr
	ids      map[ssa.Value][]*Map
	busy     map[ssa.Value]bool
	partial  map[ssa.Value][]*Map // of the question at hand
	cuts     int                  // how often it was cut short
	calledBy map[*ssa.Function][]ssa.CallInstruction
	lockSets map[*ssa.Function]*lockFlow
	spawning map[*ssa.Function]bool
	flows    map[*ssa.Function]reachBits
	names    map[*ssa.Function]string
	funcs    map[ssa.Value][]*ssa.Function // what funcsOf found
	byMethod map[string][]*ssa.Function
	roots    map[*types.Package]bool
	byType   map[string][]*ssa.Function
	asValue  map[*ssa.Function]bool // used other than by being called
}

func newBuilder(x *Index, pkgs []*Package) *builder {
	b := &builder{
		x: x, fset: x.fset, pkgs: pkgs, prog: pkgs[0].SSA.Prog,
		funcAt: map[token.Pos]*Func{}, wrappers: map[token.Pos]string{}, infos: map[token.Pos]*Package{},
		exprAt: map[token.Pos]ast.Expr{}, ranges: map[token.Pos]*ast.RangeStmt{}, stmtEnd: map[token.Pos]token.Pos{},
		varOf: map[token.Pos]*types.Var{}, comments: map[token.Pos]string{},
		owners: map[*types.Var]*types.TypeName{}, groups: map[*types.Var][]*types.Var{}, localsOf: map[string][]*types.Var{},
		callers: map[any][]ssa.CallInstruction{}, invokes: map[string][]ssa.CallInstruction{},
		closures: map[*ssa.Function][]*ssa.MakeClosure{}, fieldIn: map[*types.Var]types.Type{},
		ids: map[ssa.Value][]*Map{}, busy: map[ssa.Value]bool{}, names: map[*ssa.Function]string{}, funcs: map[ssa.Value][]*ssa.Function{}, calledBy: map[*ssa.Function][]ssa.CallInstruction{}, lockSets: map[*ssa.Function]*lockFlow{},
		spawning: map[*ssa.Function]bool{}, flows: map[*ssa.Function]reachBits{}, asValue: map[*ssa.Function]bool{},
	}
	return b
}

// name names the functions and notes what the source says at each position.
func (b *builder) name() {
	for _, p := range b.pkgs {
		(&namer{b: b, pkg: p}).run()
		for _, f := range p.Files {
			b.positions(p, f)
		}
	}
}

func (b *builder) addFunc(node ast.Node, name, decl string) {
	f := &Func{Name: name, Decl: decl, Pos: posOf(b.fset, node.Pos()), End: posOf(b.fset, node.End())}
	b.funcAt[node.Pos()] = f
}

// positions notes the syntax that SSA instructions refer to by position.
func (b *builder) positions(p *Package, f *ast.File) {
	var stack []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch n := n.(type) {
		case *ast.IndexExpr:
			b.exprAt[n.Lbrack] = n
			b.stmtEnd[n.Lbrack] = n.Rbrack
		case *ast.CallExpr:
			b.exprAt[n.Lparen] = n
			b.stmtEnd[n.Lparen] = n.Rparen
			b.infos[n.Lparen] = p
		case *ast.RangeStmt:
			b.ranges[n.For] = n
		case *ast.AssignStmt:
			if len(n.Lhs) == len(n.Rhs) {
				for i, r := range n.Rhs {
					if id := identOf(n.Lhs[i]); id != nil {
						v, _ := p.Info.ObjectOf(id).(*types.Var)
						b.given(r, v)
					}
				}
			} else if len(n.Rhs) == 1 && len(n.Lhs) > 0 {
				for _, l := range n.Lhs {
					id := identOf(l)
					if id == nil {
						continue
					}
					if v, ok := p.Info.ObjectOf(id).(*types.Var); ok {
						if _, isMap := mapType(v.Type()); isMap {
							b.given(n.Rhs[0], v)
							break
						}
					}
				}
			}
		case *ast.ValueSpec:
			for i, id := range n.Names {
				v, _ := p.Info.Defs[id].(*types.Var)
				if i < len(n.Values) {
					b.given(n.Values[i], v)
				}
				b.comments[id.Pos()] = n.Doc.Text() + n.Comment.Text()
			}
		case *ast.Field:
			for _, id := range n.Names {
				b.comments[id.Pos()] = n.Doc.Text() + n.Comment.Text()
			}
		case *ast.TypeSpec:
			if st, ok := n.Type.(*ast.StructType); ok {
				tn, _ := p.Info.Defs[n.Name].(*types.TypeName)
				b.own(p, st, tn)
			}
		case *ast.GenDecl:
			if len(stack) == 2 && n.Tok == token.VAR {
				b.group(p, n)
			}
		}
		return true
	})
	for id, obj := range p.Info.Defs {
		if v, ok := obj.(*types.Var); ok && !v.IsField() && lockType(v.Type()) != "" && v.Parent() != p.SSA.Pkg.Scope() {
			if fn := b.declaredAt(f, id.Pos()); fn != nil {
				b.localsOf[fn.Name] = append(b.localsOf[fn.Name], v)
			}
		}
	}
}

// declaredAt is the declared function of a file that holds a position.
func (b *builder) declaredAt(f *ast.File, pos token.Pos) *Func {
	if pos < f.FileStart || f.FileEnd < pos {
		return nil
	}
	for _, d := range f.Decls {
		if d.Pos() <= pos && pos < d.End() {
			return b.funcAt[d.Pos()]
		}
	}
	return nil
}

// given notes that a variable gets the value of an expression.
func (b *builder) given(e ast.Expr, v *types.Var) {
	if v == nil || v.Name() == "_" {
		return
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		b.varOf[e.Lparen] = v
	case *ast.CompositeLit:
		b.varOf[e.Lbrace] = v
	case *ast.UnaryExpr:
		b.given(e.X, v)
	case *ast.TypeAssertExpr:
		b.varOf[e.Lparen] = v
		b.given(e.X, v)
	}
}

// own notes which named type declares a field, also those of structs within it.
func (b *builder) own(p *Package, st *ast.StructType, tn *types.TypeName) {
	if tn == nil {
		return
	}
	s, ok := tn.Type().Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i := range s.NumFields() {
		b.owners[s.Field(i)] = tn
	}
}

// group notes which package variables stand together.
func (b *builder) group(p *Package, d *ast.GenDecl) {
	if !d.Lparen.IsValid() {
		return
	}
	var vars []*types.Var
	for _, s := range d.Specs {
		if vs, ok := s.(*ast.ValueSpec); ok {
			for _, id := range vs.Names {
				if v, ok := p.Info.Defs[id].(*types.Var); ok {
					vars = append(vars, v)
				}
			}
		}
	}
	for _, v := range vars {
		b.groups[v] = vars
	}
}

// collect finds all functions and who calls whom by name.
func (b *builder) collect() {
	b.all = ssautil.AllFunctions(b.prog)
	for _, p := range b.pkgs {
		for _, f := range p.Files {
			for _, d := range f.Decls {
				if fd, ok := d.(*ast.FuncDecl); ok {
					if obj, ok := p.Info.Defs[fd.Name].(*types.Func); ok {
						b.addAll(b.prog.FuncValue(obj))
					}
				}
			}
		}
	}
	for fn := range b.all {
		if f := b.funcFor(fn); f != nil {
			f.ssa = append(f.ssa, fn)
			b.x.funcOf[fn] = f
		}
		for _, blk := range fn.Blocks {
			for _, in := range blk.Instrs {
				b.noteValues(in)
				switch in := in.(type) {
				case ssa.CallInstruction:
					c := in.Common()
					if c.IsInvoke() {
						b.invokes[c.Method.Name()] = append(b.invokes[c.Method.Name()], in)
					} else if callee := c.StaticCallee(); callee != nil {
						k := originOf(callee)
						b.callers[k] = append(b.callers[k], in)
					}
				case *ssa.MakeClosure:
					if cl, ok := in.Fn.(*ssa.Function); ok {
						b.closures[cl] = append(b.closures[cl], in)
					}
				}
			}
		}
	}
	for _, list := range b.callers {
		b.sortCalls(list)
	}
	for _, list := range b.invokes {
		b.sortCalls(list)
	}
}

// noteValues notes the functions that an instruction uses as values.
func (b *builder) noteValues(in ssa.Instruction) {
	var ops [8]*ssa.Value
	for i, op := range in.Operands(ops[:0]) {
		fn, ok := (*op).(*ssa.Function)
		if !ok {
			continue
		}
		if c, ok := in.(ssa.CallInstruction); ok && i == 0 && c.Common().StaticCallee() == fn {
			continue
		}
		b.asValue[originOf(fn)] = true
	}
}

// sortCalls makes the answers the same in every run: functions come from a map.
func (b *builder) sortCalls(list []ssa.CallInstruction) {
	slices.SortStableFunc(list, func(a, c ssa.CallInstruction) int {
		if d := cmp.Compare(a.Pos(), c.Pos()); d != 0 {
			return d
		}
		return b.inOrder(a.Parent(), c.Parent())
	})
}

// inOrder sorts functions by place, those of one place by name.
func (b *builder) inOrder(a, c *ssa.Function) int {
	if d := cmp.Compare(a.Pos(), c.Pos()); d != 0 || a == c {
		return d
	}
	return strings.Compare(b.nameOf(a), b.nameOf(c))
}

// nameOf is fn.String, which is costly to make, made once.
func (b *builder) nameOf(fn *ssa.Function) string {
	s, ok := b.names[fn]
	if !ok {
		s = fn.String()
		b.names[fn] = s
	}
	return s
}

func (b *builder) addAll(fn *ssa.Function) {
	if fn == nil || b.all[fn] {
		return
	}
	b.all[fn] = true
	for _, a := range fn.AnonFuncs {
		b.addAll(a)
	}
}

// originOf is a function's generic form, and itself if it has none.
func originOf(fn *ssa.Function) *ssa.Function {
	if o := fn.Origin(); o != nil {
		return o
	}
	return fn
}

// funcFor is the function of the source that fn was built from; wrappers of the
// builder's own have none.
func (b *builder) funcFor(fn *ssa.Function) *Func {
	if syn := fn.Syntax(); syn != nil && len(fn.Blocks) > 0 {
		return b.funcAt[syn.Pos()]
	}
	return nil
}
