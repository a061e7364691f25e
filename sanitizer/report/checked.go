package report

import (
	"go/ast"
	"go/types"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// maxImportDepth bounds how far imports of imports are followed. What lies
// beyond is taken for empty; types that need it are then unknown.
const maxImportDepth = 2

// checkedFunc is a package type-checked with the body of one function: names
// are wanted for one line, so the other bodies would be time lost.
type checkedFunc struct {
	pkg  *types.Package
	info *types.Info
	err  error // the first thing that did not check
}

type checkKey struct {
	file  *ast.File
	decl  ast.Decl
	depth depth
}

// depth says which imports are looked into. What is not is taken for empty.
type depth int

const (
	ownModule depth = iota // packages of the same module: fast and mostly enough
	mentioned              // and those that the declaration itself mentions
	everything
)

var depths = []depth{ownModule, mentioned, everything}

// check type-checks the declaration within its package. It never fails: what
// does not check stays unknown.
func (n *Namer) check(file *sourceFile, decl ast.Decl, deep depth) *checkedFunc {
	key := checkKey{file.ast, decl, deep}
	if c, ok := n.checked[key]; ok {
		return c
	}
	dir := filepath.Dir(file.path)
	files := n.packageFiles(dir, file.ast.Name.Name, strings.HasSuffix(file.path, "_test.go"))
	if !slices.Contains(files, file.ast) {
		files = append(files, file.ast) // excluded by a build tag that the program had
	}
	c := &checkedFunc{info: &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	n.checked[key] = c
	restore := dropBodies(files, decl)
	defer restore()
	conf := types.Config{
		FakeImportC: true,
		Importer:    &sourceImporter{n: n, from: dir, deep: deep, wanted: imports(file.ast, decl)},
		Error: func(err error) {
			if c.err == nil {
				c.err = err
			}
		},
	}
	c.pkg, _ = conf.Check(file.ast.Name.Name, n.fset, files, c.info)
	return c
}

// dropBodies takes the bodies off all functions but one, until restore is called.
func dropBodies(files []*ast.File, keep ast.Decl) (restore func()) {
	bodies := map[*ast.FuncDecl]*ast.BlockStmt{}
	for _, f := range files {
		for _, d := range f.Decls {
			if fd, ok := d.(*ast.FuncDecl); ok && d != keep {
				bodies[fd], fd.Body = fd.Body, nil
			}
		}
	}
	return func() {
		for fd, body := range bodies {
			fd.Body = body
		}
	}
}

// imports lists the import paths that a declaration mentions.
func imports(file *ast.File, decl ast.Decl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(decl, func(node ast.Node) bool {
		if sel, ok := node.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				names[id.Name] = true
			}
		}
		return true
	})
	out := map[string]bool{}
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		// A package's name is mostly the last element of its path, or the one
		// before a version.
		dir, last := path.Split(p)
		if names[last] || names[path.Base(dir)] || spec.Name != nil && names[spec.Name.Name] {
			out[p] = true
		}
	}
	return out
}

// sourceImporter reads packages from their source, without bodies and without
// ever failing: what it cannot find is an empty package.
type sourceImporter struct {
	n      *Namer
	from   string // directory of the importing package
	deep   depth
	wanted map[string]bool // the imports that mentioned looks into
	level  int             // how far from the package that is checked
	std    bool            // the importing package is of the standard library
}

func (im *sourceImporter) Import(p string) (*types.Package, error) {
	if p == "unsafe" {
		return types.Unsafe, nil
	}
	if im.level >= maxImportDepth || im.level > 0 && im.std {
		return emptyPackage(p), nil // the library's imports are many and seldom needed
	}
	dir, local := im.n.importDir(p, im.from)
	if dir == "" || !local && (im.deep == ownModule || im.deep == mentioned && !im.wanted[p]) {
		return emptyPackage(p), nil
	}
	key := importKey{dir, im.deep, im.level}
	if pkg, ok := im.n.imported[key]; ok {
		if pkg == nil {
			return emptyPackage(p), nil // an import cycle: broken code
		}
		return pkg, nil
	}
	im.n.imported[key] = nil
	files := im.n.packageFiles(dir, "", false)
	conf := types.Config{
		FakeImportC:      true,
		IgnoreFuncBodies: true,
		Importer:         &sourceImporter{n: im.n, from: dir, deep: im.deep, level: im.level + 1, std: finding.InStd(p + ".F")},
		Error:            func(error) {},
	}
	pkg, _ := conf.Check(p, im.n.fset, files, nil)
	if pkg == nil {
		pkg = emptyPackage(p)
	}
	pkg.MarkComplete()
	im.n.imported[key] = pkg
	return pkg, nil
}

type importKey struct {
	dir   string
	deep  depth
	level int
}

func emptyPackage(p string) *types.Package {
	pkg := types.NewPackage(p, path.Base(p))
	pkg.MarkComplete()
	return pkg
}
