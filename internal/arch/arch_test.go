package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestImports walks every Go file, whatever its build tags. Tests may import
// more than their packages: only what is built counts.
func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			// Another module, or what the go command does not see.
			if path == root {
				return nil
			}
			if name == "testdata" || name[0] == '.' || name[0] == '_' {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		files++
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := judge(pkg, to); why != "" {
				t.Errorf("%s/%s imports %s: %s", pkg, name, to, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("only %d files were looked at", files)
	}
}

// TestTable: the table and its living copy name the same folders.
func TestTable(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range table {
		if !strings.Contains(string(b), "| `"+r.folder+"` |") {
			t.Errorf("ARCHITECTURE.md has no row for %s", r.folder)
		}
		for _, to := range r.may {
			if rowOf(to) == nil || rowOf(to).folder != to {
				t.Errorf("%s may import %s, which is no row", r.folder, to)
			}
		}
	}
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		pkg, imports string
		ok           bool
	}{
		{"finding/render", module + "/finding", true},
		{"finding", module + "/finding/render", false},
		{"sanitizer/report", module + "/toolchain", false},
		{"toolchain", module + "/finding", false},
		{"toolchain", "golang.org/x/sys/windows", true},
		{"sanitizer/rt", "golang.org/x/sys/unix", false},
		{"sanitizer/suite/oracle", module + "/sanitizer/suite/words", true},
		{"nowhere", "fmt", false},
	} {
		if why := judge(test.pkg, test.imports); (why == "") != test.ok {
			t.Errorf("%s imports %s: %q, want it allowed: %v", test.pkg, test.imports, why, test.ok)
		}
	}
}
