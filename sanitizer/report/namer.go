package report

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/build"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mapsan/mapsan/finding"
)

// NamerOptions say where to look for sources. The zero value finds what is
// named by absolute paths.
type NamerOptions struct {
	Dir      string // where relative names of files start; the module's directory or one below
	Goroot   string // of the program's toolchain; when empty it is learnt from the stacks
	ModCache string // when empty, that of the environment

	_ struct{}
}

// Namer names maps as the source names them. It keeps what it has parsed, so
// that a second finding in a package costs little. It is safe for concurrent use.
type Namer struct {
	o      NamerOptions
	learnt string // GOROOT, from a stack

	mu       sync.Mutex // protects all below, and is held while a finding is named
	fset     *token.FileSet
	files    map[string]*sourceFile
	modules  map[string]*goModule
	checked  map[checkKey]*checkedFunc
	imported map[importKey]*types.Package
}

// NewNamer makes a Namer.
func NewNamer(o NamerOptions) *Namer {
	if o.Dir == "" {
		o.Dir, _ = os.Getwd()
	}
	if o.ModCache == "" {
		gopath, _, _ := strings.Cut(build.Default.GOPATH, string(filepath.ListSeparator))
		o.ModCache = cmp.Or(os.Getenv("GOMODCACHE"), filepath.Join(gopath, "pkg", "mod"))
	}
	return &Namer{
		o:        o,
		fset:     token.NewFileSet(),
		files:    map[string]*sourceFile{},
		modules:  map[string]*goModule{},
		checked:  map[checkKey]*checkedFunc{},
		imported: map[importKey]*types.Package{},
	}
}

// Name names one finding with a Namer of its own.
func Name(f *finding.Finding, o NamerOptions) { NewNamer(o).Name(f) }

func (n *Namer) goroot() string { return cmp.Or(n.o.Goroot, n.learnt, build.Default.GOROOT) }

// Name fills in what the source says of the finding: the expressions that name
// the map, its variable and declaration, the locks beside it and those held,
// and fixes. It never fails; what cannot be had is absent, with the reason.
func (n *Namer) Name(f *finding.Finding) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.learnt == "" {
		n.learnt = gorootOf(f)
	}
	var names [2][]variable
	var reasons [2]string
	typ := f.Map.Type
	for i := range f.Parties {
		names[i], reasons[i] = n.party(f, i, typ)
	}
	if typ == "" {
		// What the runtime did not know one side's source may tell the other.
		for i := range f.Parties {
			if len(names[i]) != 1 || names[i][0].typ == nil || len(names[1-i]) == 1 {
				continue
			}
			if s, ok := reflectString(names[i][0].typ); ok {
				names[1-i], reasons[1-i] = n.party(f, 1-i, s)
			}
		}
	}
	choose(&names, &reasons)
	var best *variable
	for i := range f.Parties {
		a := &f.Parties[i].Access
		if len(names[i]) == 0 {
			a.Missing.Found("expr")
			a.Missing.Miss("expr", "%s", reasons[i])
			continue
		}
		v := &names[i][0]
		a.Missing.Found("expr")
		a.Expr, a.Site = v.written, v.site
		if best == nil || v.rank() > best.rank() {
			best = v
		}
	}
	n.nameMap(&f.Map, best, reasons[0])
	for i := range f.Parties {
		f.Parties[i].Locks = n.held(&f.Parties[i])
	}
	if f.Resource.Main == "" {
		f.Resource.Main = n.mainPath(f)
	}
	f.Fixes = finding.Suggest(f)
}

func (n *Namer) nameMap(m *finding.Map, v *variable, reason string) {
	m.Missing.Found("expr", "name", "decl")
	if v == nil {
		for _, field := range []string{"expr", "name", "decl"} {
			m.Missing.Miss(field, "%s", reason)
		}
		return
	}
	m.Expr, m.Name, m.Kind, m.Declared, m.Decl, m.Guards = v.expr, v.name, v.kind, v.declared, v.decl, v.guards
	if m.Name == "" {
		m.Kind = ""
		m.Missing.Miss("name", "%s", cmp.Or(v.unnamed, "the expression names no variable"))
	}
	if m.Decl.IsZero() {
		m.Missing.Miss("decl", "%s", cmp.Or(v.unnamed, "the map is no variable that is declared"))
	}
	if m.Type == "" && v.typ != nil {
		if s, ok := reflectString(v.typ); ok {
			m.Type = s
			m.Missing.Found("type")
		}
	}
}

// choose settles which of several maps is meant: one that both parties can name.
func choose(names *[2][]variable, reasons *[2]string) {
	if len(names[0]) > 1 || len(names[1]) > 1 {
		var common [2][]variable
		for _, a := range names[0] {
			for _, b := range names[1] {
				if a.name != "" && a.name == b.name {
					common[0], common[1] = append(common[0], a), append(common[1], b)
				}
			}
		}
		if len(common[0]) == 1 {
			*names = common
		}
	}
	for i := range names {
		if len(names[i]) > 1 {
			var all []string
			for _, v := range names[i] {
				all = append(all, v.written)
			}
			at := names[i][0].site
			reasons[i] = fmt.Sprintf("%s:%d uses %d maps that it may be: %s", filepath.Base(at.File), at.Line, len(all), strings.Join(all, ", "))
			names[i] = nil
		}
	}
}

// party lists the maps that one side's source may mean.
func (n *Namer) party(f *finding.Finding, i int, typ string) (found []variable, reason string) {
	defer func() {
		// The type checker is given sources that need not belong together.
		if r := recover(); r != nil {
			found, reason = nil, fmt.Sprintf("the source could not be analysed (%.100v)", r)
		}
	}()
	p := &f.Parties[i]
	if len(p.Stack) == 0 {
		return nil, "there is no stack to look up"
	}
	chain := p.Stack
	if !p.Partial {
		chain = append(chain[:len(chain):len(chain)], p.Goroutine.Origin...)
	}
	at := 0
	for at < len(p.Stack) && finding.InReader(p.Stack[at].Func) {
		at++
	}
	if at == len(p.Stack) {
		at = 0 // the library's own tests
	}
	s, reason := n.open(chain[at:])
	if s == nil {
		return nil, reason
	}
	for _, deep := range depths {
		s.chk = n.check(s.file, s.decl, deep)
		var sure bool
		if at > 0 {
			found, sure, reason = s.arguments(finding.ShortFunc(p.Stack[at-1].Func), p.Access.Op, typ)
		} else {
			found, sure, reason = s.operands(p.Access.Op, typ)
		}
		if sure {
			break
		}
	}
	return found, reason
}

// scope is a line of the source that a frame points at.
type scope struct {
	n       *Namer
	frame   finding.Frame
	callers []finding.Frame
	file    *sourceFile
	decl    ast.Decl
	chk     *checkedFunc
}

// open finds the source of the first frame; the others are its callers.
func (n *Namer) open(frames []finding.Frame) (*scope, string) {
	fr := frames[0]
	if fr.File == "" {
		return nil, "the stack names no file"
	}
	s := &scope{n: n, frame: fr, callers: frames[1:], file: n.file(n.locate(fr.File, fr.Func))}
	if s.file.err != nil {
		return nil, s.file.err.Error()
	}
	if s.decl = n.enclosing(s.file.ast, fr.Line); s.decl == nil {
		return nil, fmt.Sprintf("%s is in no function: the source may have changed since the build", s.where())
	}
	return s, ""
}

func (s *scope) where() string { return fmt.Sprintf("%s:%d", filepath.Base(s.file.path), s.frame.Line) }

// operands lists the maps that the operation on the scope's line may be of.
// sure is false when a fuller type check might tell more.
func (s *scope) operands(op finding.Op, typ string) (out []variable, sure bool, reason string) {
	ops := s.ofFrame(s.n.operations(s.decl, s.frame.Line, op))
	if len(ops) == 0 {
		return nil, true, fmt.Sprintf("%s has no such map operation (%s): the source may have changed since the build", s.where(), op)
	}
	var exprs []ast.Expr
	for _, o := range ops {
		exprs = append(exprs, o.m)
	}
	return s.candidates(exprs, typ)
}

// candidates keeps the expressions that may be a map of the type, and says
// which variable each is.
func (s *scope) candidates(exprs []ast.Expr, typ string) (out []variable, sure bool, reason string) {
	best := noFit
	sure = true
	var kept []ast.Expr
	for _, e := range exprs {
		fit := fits(s.typeOf(e), typ)
		switch {
		case fit == noFit || fit < best:
			continue
		case fit > best:
			best, kept = fit, nil
		}
		kept = append(kept, e)
	}
	kept = withoutFresh(kept)
	if len(kept) == 0 {
		return nil, true, fmt.Sprintf("%s uses no map of this type: the source may have changed since the build", s.where())
	}
	seen := map[string]bool{}
	for _, e := range kept {
		v := s.resolve(e, 0)
		v.written, v.site = types.ExprString(e), s.n.position(e.Pos())
		v.typ = s.typeOf(e)
		if key := v.written + "\n" + v.name; !seen[key] {
			seen[key] = true
			out = append(out, v)
		}
		sure = sure && v.name != ""
	}
	return out, sure && (len(out) == 1 || best == exactFit), ""
}

// withoutFresh leaves out maps that are made on the spot, which nobody else
// has, if that leaves any.
func withoutFresh(exprs []ast.Expr) []ast.Expr {
	var out []ast.Expr
	for _, e := range exprs {
		if !fresh(e) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return exprs
	}
	return out
}

type fit int

const (
	noFit fit = iota
	mayFit
	exactFit
)

// fits compares a type with one that reflect printed; "" fits every map.
func fits(t types.Type, printed string) fit {
	if t == nil {
		return mayFit
	}
	if _, ok := t.Underlying().(*types.Map); !ok {
		if b, ok := t.Underlying().(*types.Basic); ok && b.Kind() == types.Invalid {
			return mayFit
		}
		if _, ok := t.(*types.TypeParam); ok {
			return mayFit
		}
		return noFit
	}
	if printed == "" {
		return mayFit
	}
	known := true
	for _, t := range []types.Type{t, t.Underlying()} {
		s, ok := reflectString(t)
		if ok && s == printed {
			return exactFit
		}
		known = known && ok
	}
	if known && strings.HasPrefix(printed, "map[") {
		return noFit
	}
	// Either is a named type: a conversion may stand between the two.
	return mayFit
}

func (s *scope) typeOf(e ast.Expr) types.Type {
	if s.chk == nil {
		return nil
	}
	if tv, ok := s.chk.info.Types[e]; ok {
		return tv.Type
	}
	if id, ok := e.(*ast.Ident); ok {
		if obj := s.object(id); obj != nil {
			return obj.Type()
		}
	}
	return nil
}

func (s *scope) object(id *ast.Ident) types.Object {
	if o := s.chk.info.Uses[id]; o != nil {
		return o
	}
	return s.chk.info.Defs[id]
}

// gorootOf learns GOROOT from a frame of the standard library, if it is here:
// the report may come from another machine.
func gorootOf(f *finding.Finding) string {
	for i := range f.Parties {
		p := &f.Parties[i]
		for _, stack := range [][]finding.Frame{p.Stack, p.Goroutine.Origin} {
			for _, fr := range stack {
				path := finding.PackagePath(fr.Func)
				root, _, ok := strings.Cut(fr.File, "/src/"+path+"/")
				if ok && finding.InStd(fr.Func) && isDir(filepath.Join(root, "src", "runtime")) {
					return root
				}
			}
		}
	}
	return ""
}

// mainPath is the import path of the program's package main, when a frame
// belongs to it.
func (n *Namer) mainPath(f *finding.Finding) string {
	for i := range f.Parties {
		p := &f.Parties[i]
		for _, stack := range [][]finding.Frame{p.Stack, p.Goroutine.Origin} {
			for _, fr := range stack {
				if finding.PackagePath(fr.Func) != "main" {
					continue
				}
				dir := filepath.Dir(n.locate(fr.File, fr.Func))
				mod := n.module(dir)
				if mod == nil {
					return ""
				}
				rel, err := filepath.Rel(mod.dir, dir)
				switch {
				case err != nil:
					return ""
				case rel == ".":
					return mod.path
				}
				return mod.path + "/" + filepath.ToSlash(rel)
			}
		}
	}
	return ""
}
