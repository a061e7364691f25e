package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/finding"
)

var update = flag.Bool("update", false, "write the golden files anew")

const store = `package shop

import "sync"

// A Store keeps the sessions.
type Store struct {
	mu       sync.RWMutex
	sessions map[string]*Session
}

func (s *Store) Put(x *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[x.ID] = x
}

func (s *Store) Get(id string) (*Session, bool) {
	x, ok := s.sessions[id]
	return x, ok && x.Live("a long line " + "that goes on and on, far beyond what eighty columns can hold")
}
`

const program = `package main

func main() {
	st := shop.New()
	go fill(st) // <script>alert(1)</script>
	serve(st)
}
`

var files = map[string]string{
	"/src/shop/store.go":    store,
	"/src/shop/cmd/main.go": program,
}

func readFile(name string) ([]byte, error) {
	if s, ok := files[name]; ok {
		return []byte(s), nil
	}
	return nil, errors.New("no such file")
}

func options() Options { return Options{Source: readFile, Root: "/src/shop", Version: "1.2.3"} }

// sample is a race as the sanitizer finds it.
func sample() *finding.Finding {
	f := &finding.Finding{
		Schema: finding.Schema, Rule: finding.ReadWrite, Engine: finding.Sanitizer, Grade: finding.Proved,
		Map: finding.Map{
			Type: "map[string]*shop.Session", Expr: "s.sessions", Name: "example.com/shop.Store.sessions", Kind: finding.Field,
			Declared: "map[string]*Session", Decl: finding.Position{File: "/src/shop/store.go", Line: 8}, Addr: 0xc000012345,
			Guards: []string{"mu sync.RWMutex"},
		},
		Parties: [2]finding.Party{
			{
				Access:    finding.Access{Op: finding.Lookup, Expr: "s.sessions", Site: finding.Position{File: "/src/shop/store.go", Line: 18}},
				Goroutine: finding.Goroutine{ID: 1, State: "running", Main: true},
				Stack: []finding.Frame{
					{Func: "example.com/shop.(*Store).Get", File: "/src/shop/store.go", Line: 18, Offset: 0x64},
					{Func: "main.serve", File: "/src/shop/cmd/serve.go", Line: 9},
					{Func: "main.main", File: "/src/shop/cmd/main.go", Line: 6, Offset: 0x90},
				},
			},
			{
				Access: finding.Access{Op: finding.Assign, Expr: "s.sessions", Site: finding.Position{File: "/src/shop/store.go", Line: 14}},
				Goroutine: finding.Goroutine{ID: 8, State: "finished",
					Origin: []finding.Frame{{Func: "main.main", File: "/src/shop/cmd/main.go", Line: 5, Offset: 0x44}}},
				Stack: []finding.Frame{
					{Func: "example.com/shop.(*Store).Put", File: "/src/shop/store.go", Line: 14, Offset: 0x1a4},
					{Func: "net/http.HandlerFunc.ServeHTTP", File: "/usr/local/go/src/net/http/server.go", Line: 2286, Offset: 0x29},
					{Func: "main.fill", File: "/src/shop/cmd/fill.go", Line: 20, Offset: 0x44},
				},
				Locks: []finding.Lock{{Expr: "s.mu", Inferred: true, Site: finding.Position{File: "/src/shop/store.go", Line: 12}}},
			},
		},
		Evidence: finding.Evidence{
			Clocks: &finding.Clocks{
				Current:  finding.Epoch{Goroutine: 1, Time: 17},
				Known:    finding.Epoch{Goroutine: 8, Time: 3},
				Previous: finding.Epoch{Goroutine: 8, Time: 5},
			},
			Sync: []finding.Sync{
				{Goroutine: 1, Kind: "release", Object: 0xc000010000, Time: 16},
				{Goroutine: 1, Kind: "acquire", Object: 0xc000010008, Learnt: &finding.Epoch{Goroutine: 8, Time: 3}, Site: finding.Position{File: "/src/shop/store.go", Line: 12}},
				{Goroutine: 1, Kind: "acquire", Object: 0xc000010000, Learnt: &finding.Epoch{Goroutine: 3, Time: 2}},
				{Goroutine: 8, Kind: "release", Object: 0xc000010008, Time: 3, Site: finding.Position{File: "/src/shop/store.go", Line: 13}},
				{Goroutine: 8, Kind: "release", Object: 0xc000010008, Time: 6},
			},
		},
		Resource: finding.Resource{PID: 4242, Package: "example.com/shop", Test: "TestShop"},
	}
	f.Fixes = finding.Suggest(f)
	return f
}

// bare is a finding of which hardly anything is known.
func bare() *finding.Finding {
	f := &finding.Finding{Schema: finding.Schema, Rule: finding.WriteWrite, Engine: finding.Explain, Grade: finding.Guessed}
	for _, field := range []string{"type", "expr", "name", "decl", "addr"} {
		f.Map.Missing.Miss(field, "the log does not say")
	}
	for i := range f.Parties {
		p := &f.Parties[i]
		p.Access.Op = finding.Write
		p.Access.Missing.Miss("expr", "the log does not say")
		p.Missing.Miss("stack", "stack unavailable")
		p.Goroutine.Missing.Miss("id", "the log does not say")
		p.Goroutine.Missing.Miss("origin", "the log does not say")
	}
	f.Evidence.Log = &finding.Log{Lines: []string{"fatal error: concurrent map writes", "", "goroutine 7 [running]:"}}
	return f
}

// other is what engines to come will find.
func other() *finding.Finding {
	f := sample()
	f.Engine, f.Grade = finding.Explorer, finding.Shown
	f.Evidence = finding.Evidence{
		Schedule: &finding.Schedule{Seed: "5eed", Strategy: "pct"},
		Overlap:  &finding.Overlap{Nanoseconds: 1500},
	}
	f.Map.Kind, f.Map.Name, f.Map.Expr = finding.Captured, "main.main.st", "st"
	f.Parties[0].Partial = true
	f.Parties[0].Goroutine.Main, f.Parties[0].Goroutine.Runtime = false, true
	f.Parties[1].Goroutine.OriginPartial = true
	f.Parties[1].Locks[0].Inferred, f.Parties[1].Locks[0].Shared = false, true
	return f
}

// hostile has markup, control characters and worse in each text.
func hostile() *finding.Finding {
	const evil = "</script><script>alert(1)</script>\x1b[31m\u202e\"'`&\n<!--{{.}}"
	f := sample()
	m := &f.Map
	m.Type, m.Expr, m.Name, m.Declared, m.Decl.File, m.Guards = evil, evil, evil, evil, evil, []string{evil}
	for i := range f.Parties {
		p := &f.Parties[i]
		p.Access.Expr, p.Access.Site.File, p.Goroutine.State = evil, evil, evil
		for j := range p.Stack {
			p.Stack[j].Func, p.Stack[j].File = evil, evil
		}
		p.Goroutine.Origin = []finding.Frame{{Func: evil, File: "javascript:" + evil, Line: 1 << 40}}
		p.Goroutine.Main = false
		p.Locks = []finding.Lock{{Expr: evil}}
		p.Goroutine.Missing.Miss("state", "%s", evil)
	}
	p := &f.Parties[0]
	p.Goroutine.State = ""
	f.Parties[1].Goroutine.Missing = nil
	f.Evidence.Log = &finding.Log{Lines: []string{evil, "\xff\xfe"}}
	f.Resource.ServiceName, f.Resource.Test, f.Trace.TraceID = evil, evil, evil
	f.Fixes = []finding.Fix{{Title: evil, Text: evil, Code: evil}}
	return f
}

func valid(t *testing.T, f *finding.Finding) *finding.Finding {
	t.Helper()
	if err := f.Validate(); err != nil {
		t.Fatalf("the fixture is not valid: %v", err)
	}
	return f
}

// golden compares with a file of testdata/golden.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s (-update writes it anew); got:\n%s", path, got)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	for _, f := range []*finding.Finding{sample(), bare(), other(), hostile()} {
		if err := JSON(&b, valid(t, f)); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for f, err := range finding.Lines(strings.NewReader(b.String())) {
		n++
		if err != nil || f == nil {
			t.Errorf("finding %d: %v", n, err)
		}
	}
	if n != 4 || strings.Count(b.String(), "\n") != 4 {
		t.Errorf("%d findings in %d lines, want 4 in 4", n, strings.Count(b.String(), "\n"))
	}
}

// TestEscapeJSON: a terminal is not steered, and who decodes the line sees no difference.
func TestEscapeJSON(t *testing.T) {
	in := "a\x1b[2J\u009b2J\x7f\u202e\U000e0041\u00a0 日本 😀 \\u0041\n"
	line, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	line = escapeJSON(line)
	if i := bytes.IndexFunc(line, unprintable); i >= 0 {
		t.Errorf("%q is in the line", line[i:])
	}
	var out string
	if err := json.Unmarshal(line, &out); err != nil || out != in {
		t.Errorf("%s is %q: %v", line, out, err)
	}
	if want := "日本 😀"; !strings.Contains(string(line), want) {
		t.Errorf("no %s in %s", want, line)
	}
}

func TestClean(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain ünï 日本", "plain ünï 日本"},
		{"a\x1b[31mb", `a\x1b[31mb`},
		{"a\u202eb", `a\u202eb`},
		{"a\xffb", `a\xffb`},
		{"a\x00\x7f\r", `a\x00\x7f\x0d`},
		{"\u0085\u2028\ufeff", `\u0085\u2028\ufeff`},
		{"a\tb\nc", "a\tb\nc"},
		{"\ufffd", "\\ufffd"},
	} {
		if got := clean(c.in); got != c.want {
			t.Errorf("clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestFileNames(t *testing.T) {
	o := options()
	o.Goroot = "/usr/local/go/"
	for _, c := range []struct{ in, want string }{
		{"/src/shop/store.go", "store.go"},
		{"/src/shop/cmd/main.go", "cmd/main.go"},
		{"/src/shopping/store.go", "/src/shopping/store.go"},
		{"/usr/local/go/src/net/http/server.go", "$GOROOT/src/net/http/server.go"},
		{"store.go", "store.go"},
		{"", ""},
	} {
		if got := o.file(c.in); got != c.want {
			t.Errorf("file(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	src := newSources(options())
	at := func(file string, line, around int) string {
		var out []string
		for _, l := range src.excerpt(finding.Position{File: file, Line: line}, around) {
			mark := " "
			if l.Here {
				mark = ">"
			}
			out = append(out, mark+l.Text)
		}
		return strings.Join(out, "|")
	}
	for _, c := range []struct {
		name, file   string
		line, around int
		want         string
	}{
		{"one line", "/src/shop/store.go", 14, 0, ">s.sessions[x.ID] = x"},
		{"neighbours", "/src/shop/store.go", 14, 1, "     defer s.mu.Unlock()|>    s.sessions[x.ID] = x| }"},
		{"no blank lines at the ends", "/src/shop/store.go", 17, 1, ">func (s *Store) Get(id string) (*Session, bool) {|     x, ok := s.sessions[id]"},
		{"within the function", "/src/shop/store.go", 14, 9, " func (s *Store) Put(x *Session) {|     s.mu.Lock()|     defer s.mu.Unlock()|>    s.sessions[x.ID] = x| }"},
		{"first line", "/src/shop/store.go", 1, 1, ">package shop"},
		{"blank line", "/src/shop/store.go", 2, 1, ""},
		{"line 0", "/src/shop/store.go", 0, 1, ""},
		{"beyond the end", "/src/shop/store.go", 99, 1, ""},
		{"no file", "/src/shop/gone.go", 1, 1, ""},
		{"no name", "", 1, 1, ""},
	} {
		if got := at(c.file, c.line, c.around); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	o := options()
	o.Source = nil
	if got := newSources(o).excerpt(finding.Position{File: "/src/shop/store.go", Line: 1}, 1); got != nil {
		t.Errorf("without a Source: %v, want nothing", got)
	}
	o.Source = func(string) ([]byte, error) { return []byte(strings.Repeat("x", 10*maxColumn)), nil }
	if got := newSources(o).excerpt(finding.Position{File: "a.go", Line: 1}, 1); len(got) != 1 || len(got[0].Text) > maxColumn+3 {
		t.Errorf("a line of %d columns is not cut", 10*maxColumn)
	}
}
