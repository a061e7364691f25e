package overlay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

const schedPath = "github.com/mapsan/mapsan/safemap/proof/sched"

// stand-ins by what they stand in for.
var standIns = map[string]string{
	"sync":         schedPath + "/sync",
	"sync/atomic":  schedPath + "/atomic",
	"runtime":      schedPath + "/runtime",
	"math/rand/v2": schedPath + "/rand",
	"time":         schedPath + "/time",
	"weak":         schedPath + "/weak",
}

// otherFiles stand in for files of safemap that use what a seed does not decide.
var otherFiles = map[string]string{
	// Where a stack lies differs from run to run.
	"stripeof.go": `package safemap

import "github.com/mapsan/mapsan/safemap/proof/sched"

func stripeOf(s []stripe) *stripe { return &s[sched.Task()&(len(s)-1)] }
`,
}

// unseen tells why a schedule cannot follow what a package offers. Where names
// are listed, only those.
var unseen = map[string]struct {
	why   string
	names []string
}{
	"time": {"a schedule does not wait for time to pass",
		[]string{"After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}},
	"math/rand": {"what it draws does not follow from the seed: use math/rand/v2", nil},
	"context":   {"it waits on channels, which are not steps", nil},
	"C":         {"what C does is not seen", nil},
}

// untouched are files of safemap that schedules do not run: Buffered waits for
// time to pass.
var untouched = []string{"buffered.go", "bufferedlog.go"}

// A Rewriter makes source run by schedules.
type Rewriter struct {
	offers map[string]map[string]bool // by original path: what its stand-in has
}

// NewRewriter reads what the stand-ins offer.
func NewRewriter(ctx context.Context) (*Rewriter, error) {
	r := &Rewriter{offers: map[string]map[string]bool{}}
	for original, path := range standIns {
		pkg, err := Find(ctx, path)
		if err != nil {
			return nil, err
		}
		names := map[string]bool{}
		for _, file := range pkg.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), pkg.Path(file), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			for _, d := range f.Decls {
				for _, name := range declared(d) {
					names[name] = ast.IsExported(name)
				}
			}
		}
		r.offers[original] = names
	}
	return r, nil
}

// declared lists the names that a declaration adds to its package.
func declared(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}

// Package rewrites the files of a package, which may be replaced already, and
// adds them to files.
func (r *Rewriter) Package(p *Package, files Files) error {
	var errs []error
	for _, name := range p.GoFiles {
		if slices.Contains(untouched, name) {
			continue
		}
		path := p.Path(name)
		if other, ok := otherFiles[name]; ok {
			files[path] = []byte(other)
			continue
		}
		src, ok := files[path]
		if !ok {
			var err error
			if src, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		out, err := r.File(name, src)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !bytes.Equal(out, src) {
			files[path] = out
		}
	}
	return errors.Join(errs...)
}

// An edit replaces the text from one offset to another.
type edit struct {
	from, to int
	text     string
}

// File rewrites one file: the imports that have stand-ins, and go statements.
// Line numbers stay. It is an error, with its place, if the file does what a
// schedule cannot follow.
func (r *Rewriter) File(name string, src []byte) ([]byte, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	w := &rewriting{Rewriter: r, fset: fset, imports: map[string]string{}}
	w.importsOf(f)
	ast.Inspect(f, w.look)
	for _, group := range f.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:linkname ") && strings.Contains(c.Text, "procPin") {
				w.refuse(c.Pos(), "a goroutine that is pinned to its processor cannot let others go on")
			}
		}
	}
	if len(w.errs) > 0 {
		return nil, errors.Join(w.errs...)
	}
	if w.starts {
		at := w.offset(f.Name.End())
		w.edits = append(w.edits, edit{at, at, "; import proofsched " + strconv.Quote(schedPath)})
	}
	return apply(src, w.edits), nil
}

type rewriting struct {
	*Rewriter
	fset    *token.FileSet
	imports map[string]string // original path by the name it has in the file
	edits   []edit
	errs    []error
	starts  bool // some goroutine
}

func (w *rewriting) offset(p token.Pos) int { return w.fset.Position(p).Offset }

func (w *rewriting) refuse(p token.Pos, format string, args ...any) {
	w.errs = append(w.errs, fmt.Errorf("%s: %s", w.fset.Position(p), fmt.Sprintf(format, args...)))
}

func (w *rewriting) importsOf(f *ast.File) {
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			w.refuse(spec.Pos(), "import %s: %v", spec.Path.Value, err)
			continue
		}
		standIn, has := standIns[path]
		_, bad := unseen[path]
		if !has && !bad {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if path == "math/rand/v2" {
			name = "rand"
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." {
			w.refuse(spec.Pos(), "import . %q: its names cannot be told from others", path)
		}
		if name == "_" {
			continue
		}
		w.imports[name] = path
		if has {
			w.edits = append(w.edits, edit{w.offset(spec.Path.Pos()), w.offset(spec.Path.End()), strconv.Quote(standIn)})
		}
		if path == "C" {
			w.refuse(spec.Pos(), "import \"C\": %s", unseen[path].why)
		}
	}
}

func (w *rewriting) look(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		// A variable may be called like a package; then its field would have to
		// be called like something that is not offered, and the error says where.
		x, ok := n.X.(*ast.Ident)
		if !ok {
			break
		}
		path, ok := w.imports[x.Name]
		if !ok {
			break
		}
		if u, bad := unseen[path]; bad {
			if u.names == nil || slices.Contains(u.names, n.Sel.Name) {
				w.refuse(n.Pos(), "%s.%s: %s", path, n.Sel.Name, u.why)
			}
		} else if !w.offers[path][n.Sel.Name] {
			w.refuse(n.Pos(), "%s.%s: schedules have no stand-in for it; add one to %s", path, n.Sel.Name, standIns[path])
		}
	case *ast.GoStmt:
		if len(n.Call.Args) > 0 {
			w.refuse(n.Pos(), "go statement with arguments: use a function without any, which can be made a task")
			break
		}
		w.starts = true
		w.edits = append(w.edits,
			edit{w.offset(n.Pos()), w.offset(n.Call.Pos()), "proofsched.Go("},
			edit{w.offset(n.Call.Lparen), w.offset(n.Call.End()), ")"})
	case *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
		w.refuse(n.Pos(), "channels are no steps of a schedule: a task that waits for one would stop all")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			w.refuse(n.Pos(), "channels are no steps of a schedule: a task that waits for one would stop all")
		}
	}
	return true
}

func apply(src []byte, edits []edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(out, src[at:e.from]...)
		out = append(out, e.text...)
		at = e.to
	}
	return append(out, src[at:]...)
}

const module = "github.com/mapsan/mapsan/safemap/proof"

// Scheduled lists the packages whose steps schedules follow.
var Scheduled = []string{"github.com/mapsan/mapsan/safemap", module + "/schedules/testdata/planted"}

// BuildSchedules builds the program that runs schedules, with the files replaced
// and then rewritten, and with the others of their packages.
func BuildSchedules(ctx context.Context, files Files, to string) error {
	r, err := NewRewriter(ctx)
	if err != nil {
		return err
	}
	files = maps.Clone(files)
	for _, path := range Scheduled {
		p, err := Find(ctx, path)
		if err != nil {
			return err
		}
		if err := r.Package(p, files); err != nil {
			return fmt.Errorf("schedules cannot follow %s:\n%w", path, err)
		}
	}
	return files.Build(ctx, module+"/schedules/program", to)
}
