package explain

import (
	"bytes"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// peers builds testdata/peers and opens it.
func peers(t *testing.T, flags ...string) (string, *binfo.File) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command: nothing to build programs with")
	}
	exe := filepath.Join(t.TempDir(), "peers")
	cmd := exec.Command("go", append(append([]string{"build", "-o", exe}, flags...), ".")...)
	cmd.Dir = "testdata/peers"
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOOS=linux", "CGO_ENABLED=0")
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %v: %v\n%s", flags, err, msg)
	}
	f, err := binfo.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return exe, f
}

// die runs the program and reads its crash. Where the runtime misses the race, the
// program may die of what the race did to the map first: such a run does not count.
func die(t *testing.T, exe string) *crashlog.Crash {
	t.Helper()
	const tries = 20
	for range tries {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), "GOTRACEBACK=all")
		out, _ := cmd.CombinedOutput() // its status is the crash's
		all, err := crashlog.ReadAll(bytes.NewReader(out), crashlog.Options{})
		if err != nil || len(all) != 1 {
			t.Fatalf("%d crashes, %v, in\n%s", len(all), err, out)
		}
		if all[0].Cause.IsMap() {
			return all[0]
		}
	}
	t.Fatalf("%s did not die of a map in %d runs", exe, tries)
	return nil
}

// TestBinary explains a real crash without source, however it was built.
func TestBinary(t *testing.T) {
	for _, flags := range [][]string{nil, {"-ldflags=-s -w"}, {"-trimpath", "-buildmode=pie"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			exe, f := peers(t, flags...)
			r := Crash(die(t, exe), Options{Binary: f})
			if r.NoBinary != "" || r.Map == nil || r.Map.Name != "main.Registry.peers" || r.Map.Type != "map[string]int" {
				t.Fatalf("map %+v, %q, %q", r.Map, r.NoBinary, r.unnamed)
			}
			found := r.Finding()
			if err := found.Validate(); err != nil {
				t.Error(err)
			}
			sides := []string{r.Noticed.Site.Func.Name}
			for i := range r.Others {
				sides = append(sides, r.Others[i].Func())
			}
			for _, want := range []string{"main.(*Registry).Put", "main.(*Registry).Drop"} {
				if !slices.Contains(sides, want) {
					t.Errorf("sides %q, want %s among them", sides, want)
				}
			}
			if slices.Contains(sides, "main.(*Other).Put") && r.Map.Name != "" {
				t.Errorf("sides %q: Other.peers is another map", sides)
			}
			var text bytes.Buffer
			if err := r.Text(&text); err != nil || !strings.Contains(text.String(), "main.(*Registry)") {
				t.Errorf("%v in\n%s", err, text.String())
			}
		})
	}
}

// TestWrongBinary: an executable that is not the log's says nothing.
func TestWrongBinary(t *testing.T) {
	exe, f := peers(t)
	c := die(t, exe)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	other, err := binfo.Open(self)
	if err != nil {
		t.Skipf("the test's own executable cannot be read: %v", err)
	}
	defer other.Close()
	r := Crash(c, Options{Binary: other})
	if r.NoBinary == "" || r.Map != nil {
		t.Errorf("another program's executable: %q, map %v", r.NoBinary, r.Map)
	}
	if got := strings.Join(r.Doubts(), "\n"); !strings.Contains(got, "was not used") {
		t.Errorf("the report does not say so:\n%s", got)
	}
	// The right one, but a frame returns to where no call ends.
	for _, g := range c.Goroutines {
		for i := range g.Frames {
			if i > 0 && strings.HasPrefix(g.Frames[i].Func, "main.") && g.Frames[i].Offset > 0 {
				g.Frames[i].Offset++
			}
		}
	}
	if r := Crash(c, Options{Binary: f}); r.NoBinary == "" || r.Map != nil {
		t.Errorf("offsets of another build: %q, map %v", r.NoBinary, r.Map)
	}
}

// TestDamagedBinary: an executable with bytes changed must not stop us, and what is
// said by it must still be a finding.
func TestDamagedBinary(t *testing.T) {
	exe, _ := peers(t)
	c := die(t, exe)
	whole, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewSource(1))
	opened, used := 0, 0
	for seed := range 60 {
		b := bytes.Clone(whole)
		for range 1 << (seed % 12) {
			b[r.Intn(len(b))] ^= 1 << r.Intn(8)
		}
		f, err := binfo.New(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			continue
		}
		opened++
		got := Crash(c, Options{Binary: f})
		if got.NoBinary == "" {
			used++
		}
		if err := got.Finding().Validate(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	t.Logf("%d of 60 can be opened, %d are taken for the log's", opened, used)
	if used == 0 {
		t.Error("none was looked into")
	}
}

// TestCompare: when the source's line and the executable's call are on two maps, the
// report says so; of several maps in one line, the executable knows the one.
func TestCompare(t *testing.T) {
	use := func(name string) *mapUse {
		return &mapUse{names: naming{binfo.Origin{Name: name, Kind: binfo.FieldOf}, finding.Shown}}
	}
	a, b := &access.Map{Name: "main.T.a"}, &access.Map{Name: "main.T.b"}
	r := &Report{Map: a, MapGrade: finding.Shown, opts: Options{Index: &access.Index{}}}
	r.compare(use("main.T.a"))
	if r.MapGrade != finding.Shown || len(r.notes) != 0 {
		t.Errorf("agreed: %s, %q", r.MapGrade, r.notes)
	}
	r.compare(use("main.U.c"))
	if r.MapGrade != finding.Guessed || len(r.notes) != 1 {
		t.Errorf("disagreed: %s, %q", r.MapGrade, r.notes)
	}
	r = &Report{Map: a, Maps: []*access.Map{b}, MapGrade: finding.Inferred, opts: Options{Index: &access.Index{}}}
	r.compare(use("main.T.b"))
	if r.Map != b || r.MapGrade != finding.Shown || len(r.Maps) != 0 {
		t.Errorf("one of two: %v, %s, also %v", r.Map, r.MapGrade, r.Maps)
	}
}

func TestNames(t *testing.T) {
	for _, c := range [][3]string{
		{"main.F", "main.F", "main.F"},
		{"main.(*Cache[go.shape.string,go.shape.int]).Put", "main.(*Cache[...]).Put", "main.(*Cache).Put"},
		{"main.Index.byUser[]", "main.Index.byUser[]", "main.Index.byUser[]"},
		{"p.T[[]int].m[]", "p.T[...].m[]", "p.T.m[]"},
	} {
		if got := elided(c[0]); got != c[1] {
			t.Errorf("elided %s: %s, want %s", c[0], got, c[1])
		}
		if got := plain(c[0]); got != c[2] {
			t.Errorf("plain %s: %s, want %s", c[0], got, c[2])
		}
	}
}
