package suite

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
)

// A verdict is what a corpus program's name says of it.
type verdict string

const (
	races verdict = "Race"  // must be reported
	ok    verdict = "OK"    // must be silent
	blind verdict = "Blind" // races, and cannot be seen
)

// An expectation is what the report on a test of the corpus must say.
type expectation struct {
	test    string
	verdict verdict
	each    bool // every subtest must be reported, not only one
	current *regexp.Regexp
	prior   *regexp.Regexp
	text    string
}

var expectLine = regexp.MustCompile(`(?m)^(want|each): (\S+)/(\S+)$`)

// expectations reads the expectations from the test files in dir.
func expectations(dir string) (map[string]*expectation, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("read corpus %s: no test files (%v)", dir, err)
	}
	all := map[string]*expectation{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			fn, isFunc := d.(*ast.FuncDecl)
			if !isFunc || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") || fn.Name.Name == "TestMain" {
				continue
			}
			e, err := expect(fn.Name.Name, fn.Doc.Text())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			all[e.test] = e
		}
	}
	return all, nil
}

func expect(test, doc string) (*expectation, error) {
	kind, _, _ := strings.Cut(strings.TrimPrefix(test, "Test"), "_")
	e := &expectation{test: test, verdict: verdict(kind)}
	line := expectLine.FindStringSubmatch(doc)
	switch {
	case e.verdict != races && e.verdict != ok && e.verdict != blind:
		return nil, fmt.Errorf("%s: the name says neither Race nor OK nor Blind", test)
	case (e.verdict == races) != (line != nil):
		return nil, fmt.Errorf("%s: a Race, and nothing else, needs a line such as \"want: assign/lookup\"", test)
	case line == nil:
		return e, nil
	}
	e.each, e.text = line[1] == "each", line[2]+"/"+line[3]
	e.current = regexp.MustCompile("^(" + line[2] + ")$")
	e.prior = regexp.MustCompile("^(" + line[3] + ")$")
	return e, nil
}
