package overlay

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func rewriter(t *testing.T) *Rewriter {
	t.Helper()
	r, err := NewRewriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRewrite(t *testing.T) {
	const src = `// Package p does.
package p

import (
	"fmt"
	"math/rand/v2"
	gort "runtime"
	. "strings"
	"sync"
	"sync/atomic"
)

var mu sync.Mutex

func f(n *atomic.Pointer[int]) {
	go func() { // a task
		gort.Gosched()
	}()
	go g()
	fmt.Println(n.Load(), rand.IntN(2), ToUpper("x"))
}

func g() { mu.Lock() }
`
	const want = `// Package p does.
package p; import proofsched "github.com/mapsan/mapsan/safemap/proof/sched"

import (
	"fmt"
	"github.com/mapsan/mapsan/safemap/proof/sched/rand"
	gort "github.com/mapsan/mapsan/safemap/proof/sched/runtime"
	. "strings"
	"github.com/mapsan/mapsan/safemap/proof/sched/sync"
	"github.com/mapsan/mapsan/safemap/proof/sched/atomic"
)

var mu sync.Mutex

func f(n *atomic.Pointer[int]) {
	proofsched.Go(func() { // a task
		gort.Gosched()
	})
	proofsched.Go(g)
	fmt.Println(n.Load(), rand.IntN(2), ToUpper("x"))
}

func g() { mu.Lock() }
`
	got, err := rewriter(t).File("p.go", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got:\n%s", got)
	}
}

func TestRefuse(t *testing.T) {
	r := rewriter(t)
	for _, test := range []struct{ imports, body, want string }{
		{`"sync"`, "var m sync.Map", "p.go:3:7: sync.Map: schedules have no stand-in for it"},
		{`"runtime"`, "var _ = runtime.LockOSThread", "runtime.LockOSThread: schedules have no stand-in"},
		{`. "sync"`, "var m Mutex", "its names cannot be told"},
		{`"time"`, "func f() { time.AfterFunc(1, nil) }", "time.AfterFunc: a schedule does not wait for time to pass"},
		{`"math/rand"`, "var n = rand.Int()", "does not follow from the seed"},
		{`"fmt"`, "func f() { go fmt.Println(1) }", "go statement with arguments"},
		{`"fmt"`, "var c = make(chan int)", "channels are no steps"},
		{`"fmt"`, "func f(c interface{ C() <-chan int }) { <-c.C() }", "channels are no steps"},
		{`_ "unsafe"`, "//go:linkname pin runtime.procPin\nfunc pin() int", "pinned"},
		{`"C"`, "", "what C does is not seen"},
	} {
		_, err := r.File("p.go", []byte("package p\nimport "+test.imports+"\n"+test.body+"\n"))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.body, err, test.want)
		}
	}
	for _, test := range []struct{ imports, body string }{
		{`"time"`, "var d = time.Second"},
		{`"sync"`, "var mu sync.RWMutex; var l sync.Locker = &mu"},
		{`_ "unsafe"`, "//go:linkname rand runtime.rand\nfunc rand() uint64"},
	} {
		if _, err := r.File("p.go", []byte("package p\nimport "+test.imports+"\n"+test.body+"\n")); err != nil {
			t.Errorf("%s: %v", test.body, err)
		}
	}
}

// TestAtomicWhole: all of sync/atomic has a stand-in, functions and types and
// their methods, whatever a later Go adds.
func TestAtomicWhole(t *testing.T) {
	ours, err := Find(t.Context(), standIns["sync/atomic"])
	if err != nil {
		t.Fatal(err)
	}
	have := exported(t, ours.Dir)
	theirs, err := Find(t.Context(), "sync/atomic")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for name := range exported(t, theirs.Dir) {
		n++
		if !have[name] {
			t.Errorf("sync/atomic has %s, and its stand-in does not", name)
		}
	}
	if n < 80 {
		t.Errorf("sync/atomic has only %d names: not all of it was read", n)
	}
}

// exported lists functions, types, and methods of exported types as T.M.
func exported(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if m, ok := d.(*ast.FuncDecl); ok && m.Recv != nil {
				recv := m.Recv.List[0].Type
				if star, ok := recv.(*ast.StarExpr); ok {
					recv = star.X
				}
				if index, ok := recv.(*ast.IndexExpr); ok {
					recv = index.X
				}
				if id, ok := recv.(*ast.Ident); ok && id.IsExported() && m.Name.IsExported() {
					names[id.Name+"."+m.Name.Name] = true
				}
				continue
			}
			for _, name := range declared(d) {
				if ast.IsExported(name) {
					names[name] = true
				}
			}
		}
	}
	return names
}

// TestBuild: a command is built of what replaces a file, and the file stays.
func TestBuild(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	for name, text := range map[string]string{
		"go.mod":  "module example.test/x\n\ngo 1.26\n",
		"main.go": "package main\n\nfunc main() { println(\"original\") }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	f := Files{file: []byte("package main\n\nfunc main() { println(\"replaced\") }\n")}
	out, err := f.Go(t.Context(), "run", ".")
	if err != nil || !strings.Contains(string(out), "replaced") {
		t.Errorf("%s (%v)", out, err)
	}
	if err := (Files{file: []byte("package main\n\nfunc main() { what }\n")}).Build(t.Context(), ".", filepath.Join(dir, "x")); err == nil || !strings.Contains(err.Error(), "what") {
		t.Errorf("what does not compile: %v", err)
	}
}
