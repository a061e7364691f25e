package access

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

// Config says what to index.
type Config struct {
	// Dir is the directory that Patterns are relative to.
	Dir string
	// Patterns are as the go command takes them; none means "./...".
	Patterns []string
	// Tests takes in the packages' tests.
	Tests bool
	// Env is the go command's environment; nil means the process's own.
	Env        []string
	BuildFlags []string

	_ struct{}
}

// ErrNoPackages is what Load's error wraps when nothing could be indexed.
var ErrNoPackages = errors.New("no package")

const loadMode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
	packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule |
	packages.NeedExportFile | packages.NeedDeps

// Load reads packages and indexes them. Packages that do not compile are left out
// and named in Problems; it is an error when no package is left.
func Load(ctx context.Context, c Config) (*Index, error) {
	patterns := c.Patterns
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	if c.Dir != "" {
		// The go command's own error would be about the go command.
		if fi, err := os.Stat(c.Dir); err != nil {
			return nil, fmt.Errorf("load %s: %w", strings.Join(patterns, " "), err)
		} else if !fi.IsDir() {
			return nil, fmt.Errorf("load %s: %s is not a directory", strings.Join(patterns, " "), c.Dir)
		}
	}
	fset := token.NewFileSet()
	// Dependencies come as export data: their bodies would cost ten times the
	// rest, and what they do with what they are handed is told by tables.
	conf := &packages.Config{
		Context: ctx, Dir: c.Dir, Env: c.Env, BuildFlags: c.BuildFlags, Tests: c.Tests, Fset: fset,
		Mode: loadMode &^ packages.NeedDeps,
	}
	pkgs, err := packages.Load(conf, patterns...)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", strings.Join(patterns, " "), err)
	}
	var problems []string
	pkgs = slices.DeleteFunc(pkgs, func(p *packages.Package) bool {
		if strings.HasSuffix(p.ID, ".test") && p.Name == "main" {
			return true // the generated main of a test
		}
		if p.Types == nil || p.IllTyped || len(p.Syntax) == 0 {
			// Without errors it is a package of tests alone.
			if len(p.Errors) > 0 {
				problems = append(problems, fmt.Sprintf("%s: %v", p.ID, p.Errors[0]))
			}
			return true
		}
		return false
	})
	if len(pkgs) == 0 {
		why := "nothing matches"
		if len(problems) > 0 {
			why = problems[0]
		}
		return nil, fmt.Errorf("load %s in %s: %w: %s", strings.Join(patterns, " "), c.Dir, ErrNoPackages, why)
	}
	prog, spkgs := ssautil.Packages(pkgs, ssa.InstantiateGenerics)
	prog.Build()
	var roots []*Package
	for i, p := range pkgs {
		if spkgs[i] == nil {
			problems = append(problems, p.ID+": no SSA form")
			continue
		}
		roots = append(roots, &Package{Path: p.PkgPath, Files: p.Syntax, Info: p.TypesInfo, SSA: spkgs[i],
			Test: p.ForTest != "" || strings.HasSuffix(p.ID, ".test]")})
	}
	x := Build(fset, roots)
	x.Problems = problems
	return x, nil
}

// Package is one package to index, with its SSA form built in the mode
// [ssa.InstantiateGenerics].
type Package struct {
	Path  string
	Files []*ast.File
	Info  *types.Info
	SSA   *ssa.Package
	// Test says that it is compiled for a test: a package main is then called by
	// its import path.
	Test bool
}

// Build indexes packages of one SSA program.
func Build(fset *token.FileSet, pkgs []*Package) *Index {
	x := &Index{fset: fset, maps: map[string]*Map{}, funcOf: map[*ssa.Function]*Func{}}
	b := newBuilder(x, pkgs)
	b.name()
	b.collect()
	b.scan()
	b.finish()
	x.b = b
	return x
}
