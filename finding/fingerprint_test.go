package finding

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestFingerprintForm(t *testing.T) {
	got := sample().Fingerprint()
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(got) {
		t.Errorf("fingerprint %q is not 32 hexadecimal digits", got)
	}
	// Stored findings are found again by it: a change of its value is a change of schema.
	if want := "068290084d701b92410210c6ade0686f"; got != want {
		t.Errorf("fingerprint of the sample is %s, want %s as in earlier versions", got, want)
	}
}

func TestFingerprint(t *testing.T) {
	for _, c := range []struct {
		name string
		same bool
		edit func(*Finding)
	}{
		{"another machine", true, func(f *Finding) {
			f.Map.Addr, f.Resource.PID = 1, 7
			for i := range f.Parties {
				f.Parties[i].Goroutine.ID += 100
				for j := range f.Parties[i].Stack {
					f.Parties[i].Stack[j].File = "/other" + f.Parties[i].Stack[j].File
				}
			}
		}},
		{"another build", true, func(f *Finding) { f.Resource.BuildID = "c"; f.Parties[0].Stack[0].Offset++ }},
		{"lines moved", true, func(f *Finding) { f.Parties[0].Stack[0].Line += 9; f.Map.Decl.Line += 9 }},
		{"another engine", true, func(f *Finding) { f.Engine, f.Grade, f.Evidence, f.Map.Type = Vet, Inferred, Evidence{}, "" }},
		{"the other way round", true, func(f *Finding) { f.Parties[0], f.Parties[1] = f.Parties[1], f.Parties[0] }},
		{"another caller", true, func(f *Finding) { f.Parties[0].Stack[1].Func = "main.other" }},
		{"through a library", true, func(f *Finding) {
			f.Parties[1].Stack = append([]Frame{{Func: "reflect.mapiternext"}, {Func: "encoding/json.Marshal"}}, f.Parties[1].Stack...)
		}},
		{"through another library", true, func(f *Finding) {
			f.Parties[1].Stack = append([]Frame{{Func: "github.com/json-iterator/go.(*mapEncoder).Encode"}}, f.Parties[1].Stack...)
		}},
		{"another name for the map", true, func(f *Finding) { f.Map.Expr = "st.sessions" }},
		{"another write of the same function", true, func(f *Finding) { f.Parties[0].Access.Op = Delete }},
		{"a program's test", true, func(f *Finding) { f.Resource.Main = "" }},

		{"another map", false, func(f *Finding) { f.Map.Name = "example.com/shop.Store.users" }},
		{"another function", false, func(f *Finding) { f.Parties[0].Stack[0].Func = "example.com/shop.(*Store).Create" }},
		{"another receiver", false, func(f *Finding) { f.Parties[0].Stack[0].Func = "example.com/shop.(*Shop).Put" }},
		{"another package", false, func(f *Finding) { f.Parties[0].Stack[0].Func = "example.com/store.(*Store).Put" }},
		{"write instead of read", false, func(f *Finding) { f.Parties[1].Access.Op = Assign }},
		{"no stack", false, func(f *Finding) { f.Parties[0].Stack = nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, g := sample(), sample()
			c.edit(g)
			if same := f.Fingerprint() == g.Fingerprint(); same != c.same {
				t.Errorf("same fingerprint: %v, want %v\n%q\n%q", same, c.same, f.key(), g.key())
			}
		})
	}
}

func TestFingerprintWithoutName(t *testing.T) {
	f, g := sample(), sample()
	f.Map.Name, g.Map.Name = "", ""
	if f.Fingerprint() != g.Fingerprint() {
		t.Error("the type does not stand for the name")
	}
	g.Map.Type = "map[int]int"
	if f.Fingerprint() == g.Fingerprint() {
		t.Error("another type gives the same fingerprint")
	}
	f.Map.Type, g.Map.Type = "", ""
	if f.Fingerprint() != g.Fingerprint() {
		t.Error("maps of which nothing is known differ")
	}
}

func TestNormalFunc(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"main.main", "main.main"},
		{"main.(*Store).Put", "main.(*Store).Put"},
		{"main.(*Store).Put-fm", "main.(*Store).Put"},
		{"main.Counts.Add", "main.Counts.Add"},
		{"main.main.func1", "main.main.func"},
		{"main.main.func12", "main.main.func"},
		{"main.main.func1.2", "main.main.func"},
		{"main.main.func1.2.3", "main.main.func"},
		{"main.main.gowrap1", "main.main"},
		{"main.main.deferwrap2", "main.main"},
		{"main.main.func1.gowrap1", "main.main.func"},
		{"main.All-range1", "main.All"},
		{"main.All.func1-range2", "main.All.func"},
		{"main.(*Store).Put.func1", "main.(*Store).Put.func"},
		{"main.main.(*Store).Put.func1", "main.(*Store).Put.func"}, // Put inlined into main
		{"main.main.run.func2", "main.run.func"},                   // run inlined into main
		{"main.glob..func1", "main..func"},
		{"main.init.func1", "main.init.func"},
		{"main.init.0", "main.init.func"},
		{"main.Map[...]", "main.Map[...]"},
		{"main.Map[go.shape.int,go.shape.string]", "main.Map[...]"},
		{"main.(*Cache[go.shape.string,example.com/x.Y[int]]).Get", "main.(*Cache[...]).Get"},
		{"main.(*Cache[...]).Get.func1", "main.(*Cache[...]).Get.func"},
		{"example.com/shop/v2.Get", "example.com/shop/v2.Get"},
		{"gopkg.in/yaml%2ev3.(*decoder).mapping", "gopkg.in/yaml.v3.(*decoder).mapping"},
		{"example.com/shop_test.TestX.func1", "example.com/shop_test.TestX.func"},
		{"main.function1", "main.function1"},
		{"main.func1x", "main.func1x"},
		{"nodots", "nodots"},
		{"", ""},
		{"a.[", "a.[...]"},
		{"a.].func1", "a.].func"},
	} {
		if got := normalFunc(c.in); got != c.want {
			t.Errorf("normalFunc(%q) = %q, want %q", c.in, got, c.want)
		}
		if once := normalFunc(c.in); normalFunc(once) != once {
			t.Errorf("normalFunc(%q) = %q is changed by a second time", c.in, once)
		}
	}
}

func TestFuncNames(t *testing.T) {
	for _, c := range []struct{ fn, path, short string }{
		{"main.main", "main", "main.main"},
		{"example.com/shop/store.(*Store).Put", "example.com/shop/store", "store.(*Store).Put"},
		{"gopkg.in/yaml%2ev3.Marshal", "gopkg.in/yaml.v3", "yaml.v3.Marshal"},
		{"main.F[example.com/x.Y]", "main", "main.F[example.com/x.Y]"},
		{"example.com/a.b/c.F", "example.com/a.b/c", "c.F"},
		{"odd", "", "odd"},
	} {
		if got := PackagePath(c.fn); got != c.path {
			t.Errorf("PackagePath(%q) = %q, want %q", c.fn, got, c.path)
		}
		if got := ShortFunc(c.fn); got != c.short {
			t.Errorf("ShortFunc(%q) = %q, want %q", c.fn, got, c.short)
		}
	}
}

func TestInStd(t *testing.T) {
	for _, c := range []struct {
		fn          string
		std, reader bool
	}{
		{"net/http.(*ServeMux).Handle", true, false},
		{"encoding/json.Marshal", true, true},
		{"reflect.Value.MapIndex", true, true},
		{"maps.Clone[...]", true, true},
		{"runtime.mapassign", true, true},
		{"internal/runtime/maps.(*Map).Clear", true, true},
		{"sync.(*Map).Range", true, false},
		{"vendor/golang.org/x/net/http/httpguts.ValidHeaderFieldName", true, false},
		{"github.com/json-iterator/go.Marshal", false, true},
		{"gopkg.in/yaml%2ev3.Marshal", false, true},
		{"github.com/bytedance/sonic/internal/encoder.Encode", false, true},
		{"github.com/bytedance/sonicx.Encode", false, false},
		{"main.main", false, false},
		{"archive.F", false, false}, // a folder there, not a package
		{"shop.F", false, false},
		{"example.com/net/http.F", false, false},
		{"cmd/compile/internal/gc.Main", false, false},
	} {
		if got := InStd(c.fn); got != c.std {
			t.Errorf("InStd(%q) = %v, want %v", c.fn, got, c.std)
		}
		if got := InReader(c.fn); got != c.reader {
			t.Errorf("InReader(%q) = %v, want %v", c.fn, got, c.reader)
		}
	}
}

// The table of the standard library must know the toolchain's.
func TestInStdKnowsGoroot(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	src := filepath.Join(strings.TrimSpace(string(out)), "src")
	entries, err := os.ReadDir(src)
	if err != nil {
		t.Skipf("this toolchain has no sources: %v", err)
	}
	for _, e := range entries {
		if !e.IsDir() || e.Name() == "cmd" || e.Name() == "builtin" || e.Name() == "testdata" {
			continue
		}
		single, ok := stdRoots[e.Name()]
		files, err := filepath.Glob(filepath.Join(src, e.Name(), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			t.Errorf("%s is not in the table", e.Name())
		} else if !single && len(files) > 0 {
			t.Errorf("%s is a package by itself, and the table says it is not", e.Name())
		}
	}
}

func TestSite(t *testing.T) {
	for _, c := range []struct {
		name  string
		stack []string
		want  string
	}{
		{"user code", []string{"main.put", "main.main"}, "main.put"},
		{"through json", []string{"reflect.Value.MapIndex", "encoding/json.Marshal", "main.save", "main.main"}, "main.save"},
		{"through http", []string{"net/http.Header.Set", "main.serve"}, "main.serve"},
		{"a library's own test", []string{"maps.Clone", "net/http.Header.Clone", "testing.tRunner"}, "net/http.Header.Clone"},
		{"readers alone", []string{"reflect.Value.MapIndex", "encoding/json.Marshal"}, "reflect.Value.MapIndex"},
		{"nothing", nil, ""},
	} {
		var p Party
		for _, fn := range c.stack {
			p.Stack = append(p.Stack, Frame{Func: fn})
		}
		if got, ok := p.Site(); got.Func != c.want || ok != (c.want != "") {
			t.Errorf("%s: site %q, %v; want %q", c.name, got.Func, ok, c.want)
		}
	}
}

func TestPlace(t *testing.T) {
	at := func(fn, file string, line int) Frame { return Frame{Func: fn, File: file, Line: line} }
	user, lib := at("main.serve", "main.go", 9), at("net/http.Header.Set", "header.go", 20)
	for _, c := range []struct {
		name  string
		stack []Frame
		site  Position
		want  Position
	}{
		{"named in user code", []Frame{user}, Position{File: "main.go", Line: 9, Column: 3}, Position{File: "main.go", Line: 9, Column: 3}},
		{"named in the library", []Frame{lib, user}, lib.Position(), user.Position()},
		{"named in the library, which alone is there", []Frame{lib}, lib.Position(), lib.Position()},
		{"not named", []Frame{lib, user}, Position{}, user.Position()},
		{"nothing", nil, Position{}, Position{}},
	} {
		p := Party{Access: Access{Site: c.site}, Stack: c.stack}
		if got := p.Place(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
