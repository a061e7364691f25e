package access

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var shop = sync.OnceValues(func() (*Index, error) {
	return Load(context.Background(), Config{Dir: filepath.Join("testdata", "shop")})
})

func load(t *testing.T) *Index {
	t.Helper()
	x, err := shop()
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Problems) > 0 {
		t.Fatalf("problems: %q", x.Problems)
	}
	return x
}

// marks are the "//> ..." comments of a package of testdata/shop, by line.
func marks(t *testing.T, pkg string) map[int][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "shop", pkg, pkg+".go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[int][]string{}
	at := regexp.MustCompile(` at (\d+)$`)
	for i, line := range strings.Split(string(b), "\n") {
		_, text, ok := strings.Cut(line, "//> ")
		if !ok {
			continue
		}
		n := i + 1
		if m := at.FindStringSubmatch(text); m != nil {
			n, _ = strconv.Atoi(m[1])
			text = strings.TrimSuffix(text, m[0])
		}
		out[n] = strings.Split(text, "; ")
		slices.Sort(out[n])
	}
	return out
}

// TestSites: every operation of the packages, and nothing else, with its map.
func TestSites(t *testing.T) {
	x := load(t)
	for _, pkg := range []string{"field", "local", "alias", "element", "generic", "hidden", "fresh", "lock"} {
		t.Run(pkg, func(t *testing.T) {
			got := map[int][]string{}
			for _, s := range x.Sites() {
				if filepath.Base(s.Pos.Filename) != pkg+".go" {
					continue
				}
				for _, m := range s.Maps {
					text := string(s.Op) + " " + strings.TrimPrefix(m.Name, "example.com/shop/")
					switch pkg {
					case "fresh":
						if s.Fresh {
							text += " fresh"
						}
					case "lock":
						for _, l := range s.Locks {
							text += " held " + strings.TrimPrefix(l.Name, "example.com/shop/")
							if l.Shared {
								text += " shared"
							}
							if l.Caller {
								text += " caller"
							}
						}
					}
					if !slices.Contains(got[s.Pos.Line], text) {
						got[s.Pos.Line] = append(got[s.Pos.Line], text)
					}
				}
				if len(s.Maps) == 0 {
					got[s.Pos.Line] = append(got[s.Pos.Line], string(s.Op)+" ?")
				}
				slices.Sort(got[s.Pos.Line])
			}
			if diff := cmp.Diff(marks(t, pkg), got); diff != "" {
				t.Errorf("operations by line (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpawns(t *testing.T) {
	x := load(t)
	got := map[int][]string{}
	for _, s := range x.Spawns() {
		if filepath.Base(s.Pos.Filename) != "spawn.go" {
			continue
		}
		for _, f := range s.Targets {
			text := strings.TrimPrefix(f.Name, "example.com/shop/")
			if s.Many {
				text = "many " + text
			}
			if !slices.Contains(got[s.Pos.Line], text) {
				got[s.Pos.Line] = append(got[s.Pos.Line], text)
			}
		}
		slices.Sort(got[s.Pos.Line])
	}
	if diff := cmp.Diff(marks(t, "spawn"), got); diff != "" {
		t.Errorf("what starts what (-want +got):\n%s", diff)
	}
}

func TestMap(t *testing.T) {
	x := load(t)
	ms := x.MapNamed("example.com/shop/field.base.peers")
	if len(ms) != 1 {
		t.Fatalf("%d maps of that name, want 1", len(ms))
	}
	m := *ms[0]
	if m.Decl.Line != 8 || filepath.Base(m.Decl.Filename) != "field.go" {
		t.Errorf("declared at %v, want field.go:8", m.Decl)
	}
	got := fmt.Sprintf("%s %s %s %s %q", m.Kind, m.Expr, m.Type, m.Declared, m.Guards)
	if want := `field r.peers map[string]int map[string]int ["mu sync.RWMutex"]`; got != want {
		t.Errorf("the map is %s, want %s", got, want)
	}
	if m := x.MapNamed("example.com/shop/generic.Cache.m"); len(m) != 1 || !m[0].Generic {
		t.Errorf("the map of a generic struct: %v", m)
	}
	if m := x.MapNamed("example.com/shop/local.Shadow.m"); len(m) != 2 {
		t.Errorf("two variables of one name are %d maps, want 2", len(m))
	}
}

func TestAliases(t *testing.T) {
	x := load(t)
	ms := x.MapNamed("example.com/shop/alias.Server.sessions")
	if len(ms) != 1 {
		t.Fatalf("%d maps of that name, want 1", len(ms))
	}
	var got []string
	for _, r := range x.Aliases(ms[0]) {
		got = append(got, fmt.Sprintf("%d %s", r.Steps, strings.TrimPrefix(r.Name, "example.com/shop/")))
	}
	if want := []string{"0 alias.Server.sessions", "1 alias.View.m"}; !slices.Equal(got, want) {
		t.Errorf("aliases %q, want %q", got, want)
	}
}

// TestAt: frames of a program built elsewhere find the source by the path's end
// and the function's package.
func TestAt(t *testing.T) {
	x := load(t)
	for _, c := range []struct {
		file, fn string
		line     int
		want     int
	}{
		{"/build/src/shop/field/field.go", "example.com/shop/field.(*Registry).Put", 22, 1},
		{"example.com/shop@v1.2.3/field/field.go", "example.com/shop/field.(*Registry).Put", 23, 2},
		{`C:\src\shop\field\field.go`, "example.com/shop/field.(*Registry).Put", 24, 1},
		{"/build/src/shop/field/field.go", "example.com/shop/field.Long", 41, 1},
		{"/build/src/shop/field/field.go", "example.com/shop/field.Long", 42, 1},
		{"/build/src/shop/field/field.go", "example.com/shop/field.Long", 40, 0},
		{"/build/other/field.go", "example.com/other.F", 23, 0},
		{"/build/src/shop/field/fields.go", "example.com/shop/field.F", 23, 0},
	} {
		if got := x.At(c.file, c.line, c.fn); len(got) != c.want {
			t.Errorf("At(%s, %d, %s): %v, want %d", c.file, c.line, c.fn, got, c.want)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for dir, want := range map[string]string{
		t.TempDir():                          "no package",
		filepath.Join(t.TempDir(), "absent"): "no such file",
	} {
		_, err := Load(context.Background(), Config{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load in %s: %v, want an error with %q", dir, err, want)
		}
	}
}

// TestTests: a package and its compilation for a test are one source.
func TestTests(t *testing.T) {
	x, err := Load(context.Background(), Config{Dir: "..", Patterns: []string{"./finding/...", "./internal/tally"}, Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	tests := 0
	for _, s := range x.Sites() {
		key := fmt.Sprintf("%s %s %s %s", s.Pos, s.Op, s.Expr, s.Via)
		if seen[key] {
			t.Errorf("%s is there twice", s)
		}
		seen[key] = true
		if strings.HasSuffix(s.Pos.Filename, "_test.go") {
			tests++
			if len(x.Starts(s)) == 0 {
				t.Errorf("%s has no start, not even a test", s)
			}
		}
		for _, m := range s.Maps {
			if strings.Contains(m.Name, "finding.Missing") && !strings.HasPrefix(m.Name, "github.com/mapsan/mapsan/") {
				t.Errorf("map %s has no import path", m.Name)
			}
		}
	}
	if tests == 0 {
		t.Error("no operation of a test")
	}
	for _, f := range x.FuncNamed("main.main") {
		if len(f.ssa) == 0 {
			t.Errorf("%s at %s has no body", f, f.Pos)
		}
	}
	names := map[string]int{}
	for _, f := range x.Funcs() {
		names[f.Pos.String()]++
	}
	for pos, n := range names {
		if n > 1 {
			t.Errorf("%d functions at %s", n, pos)
		}
	}
}
