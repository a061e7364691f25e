package report

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mapsan/mapsan/finding"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// maxSource bounds the size of a source file that is read.
const maxSource = 8 << 20

// sourceFile is a parsed file, or why there is none.
type sourceFile struct {
	path string
	ast  *ast.File
	err  error
}

// file parses a source file once. What parses in part is of use too.
func (n *Namer) file(path string) *sourceFile {
	if f, ok := n.files[path]; ok {
		return f
	}
	f := &sourceFile{path: path}
	n.files[path] = f
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.err = fmt.Errorf("the source file %s is not here", path)
		return f
	case err != nil:
		f.err = fmt.Errorf("the source file %s cannot be read", path)
		return f
	case !info.Mode().IsRegular() || info.Size() > maxSource:
		f.err = fmt.Errorf("%s is no source file of a sane size", path)
		return f
	}
	f.ast, err = parser.ParseFile(n.fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil && (f.ast == nil || f.ast.Name == nil || f.ast.Name.Name == "" || len(f.ast.Decls) == 0) {
		f.ast, f.err = nil, fmt.Errorf("the source file %s does not parse", path)
	}
	return f
}

// locate finds the file of a frame. Programs built with -trimpath or told to
// strip a prefix name files by other than their path here.
func (n *Namer) locate(name, fn string) string {
	exists := func(p string) bool {
		info, err := os.Stat(p)
		return err == nil && info.Mode().IsRegular()
	}
	if filepath.IsAbs(name) && exists(name) {
		return name
	}
	var tries []string
	rel := filepath.FromSlash(strings.TrimLeft(name, "/"))
	if finding.InStd(fn) {
		tries = append(tries, filepath.Join(n.goroot(), "src", rel))
	}
	if mod := n.module(n.o.Dir); mod != nil {
		if rest, ok := strings.CutPrefix(name, mod.path+"/"); ok {
			tries = append(tries, filepath.Join(mod.dir, filepath.FromSlash(rest)))
		}
		tries = append(tries, filepath.Join(mod.dir, rel))
	}
	tries = append(tries, filepath.Join(n.o.Dir, rel), filepath.Join(n.o.ModCache, rel))
	for _, t := range tries {
		if exists(t) {
			return t
		}
	}
	return name
}

// goModule is what a go.mod says, as far as it helps to find packages.
type goModule struct {
	path, dir string
	dirs      map[string]string // module path -> directory
}

// module finds the module that a directory belongs to; nil when there is none.
func (n *Namer) module(dir string) *goModule {
	if m, ok := n.modules[dir]; ok {
		return m
	}
	var m *goModule
	if data, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil {
		m = n.parseModule(dir, data)
	} else if parent := filepath.Dir(dir); parent != dir {
		m = n.module(parent)
	}
	n.modules[dir] = m
	return m
}

func (n *Namer) parseModule(dir string, data []byte) *goModule {
	f, err := modfile.ParseLax("go.mod", data, nil)
	if err != nil || f.Module == nil {
		return nil
	}
	m := &goModule{path: f.Module.Mod.Path, dir: dir, dirs: map[string]string{}}
	cached := func(v module.Version) (string, bool) {
		path, err := module.EscapePath(v.Path)
		version, err2 := module.EscapeVersion(v.Version)
		if err != nil || err2 != nil {
			return "", false
		}
		return filepath.Join(n.o.ModCache, filepath.FromSlash(path)+"@"+version), true
	}
	for _, r := range f.Require {
		if d, ok := cached(r.Mod); ok {
			m.dirs[r.Mod.Path] = d
		}
	}
	for _, r := range f.Replace {
		if r.New.Version == "" {
			d := filepath.FromSlash(r.New.Path)
			if !filepath.IsAbs(d) {
				d = filepath.Join(dir, d)
			}
			m.dirs[r.Old.Path] = d
		} else if d, ok := cached(r.New); ok {
			m.dirs[r.Old.Path] = d
		}
	}
	return m
}

// importDir finds the directory of an import path, as seen from a package in
// the directory from. Only packages of the same module are local.
func (n *Namer) importDir(path, from string) (dir string, local bool) {
	mod := n.module(from)
	if mod != nil {
		if path == mod.path {
			return mod.dir, true
		}
		if rest, ok := strings.CutPrefix(path, mod.path+"/"); ok {
			return filepath.Join(mod.dir, filepath.FromSlash(rest)), true
		}
	}
	for _, d := range []string{
		filepath.Join(n.goroot(), "src", filepath.FromSlash(path)),
		filepath.Join(n.goroot(), "src", "vendor", filepath.FromSlash(path)),
	} {
		if isDir(d) {
			return d, false
		}
	}
	if mod == nil {
		return "", false
	}
	if d := filepath.Join(mod.dir, "vendor", filepath.FromSlash(path)); isDir(d) {
		return d, false
	}
	for prefix := path; prefix != "."; {
		if d, ok := mod.dirs[prefix]; ok {
			return filepath.Join(d, filepath.FromSlash(strings.TrimPrefix(path[len(prefix):], "/"))), false
		}
		i := strings.LastIndexByte(prefix, '/')
		if i < 0 {
			break
		}
		prefix = prefix[:i]
	}
	return "", false
}

func isDir(d string) bool {
	info, err := os.Stat(d)
	return err == nil && info.IsDir()
}

// packageFiles parses the files of one package of a directory. Tests are
// included when asked for; name "" takes the package that is not a test.
func (n *Namer) packageFiles(dir, name string, tests bool) []*ast.File {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	ctx := build.Default
	ctx.UseAllFiles = false
	var out []*ast.File
	for _, e := range entries {
		base := e.Name()
		if !strings.HasSuffix(base, ".go") || !tests && strings.HasSuffix(base, "_test.go") {
			continue
		}
		if ok, err := ctx.MatchFile(dir, base); err != nil || !ok {
			continue
		}
		f := n.file(filepath.Join(dir, base))
		if f.ast == nil {
			continue
		}
		if name == "" && !strings.HasSuffix(f.ast.Name.Name, "_test") && f.ast.Name.Name != "documentation" {
			name = f.ast.Name.Name
		}
		if f.ast.Name.Name == name {
			out = append(out, f.ast)
		}
	}
	return out
}

func (n *Namer) position(p token.Pos) finding.Position {
	pos := n.fset.PositionFor(p, false)
	if !pos.IsValid() {
		return finding.Position{}
	}
	return finding.Position{File: pos.Filename, Line: pos.Line, Column: pos.Column}
}

func (n *Namer) line(p token.Pos) int { return n.fset.PositionFor(p, false).Line }
