package access

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const spawnFile = "testdata/shop/spawn/spawn.go"

// lineWith is the first line of a file of the fixtures that holds a text.
func lineWith(t *testing.T, file, text string) int {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(b), "\n") {
		if strings.Contains(line, text) {
			return i + 1
		}
	}
	t.Fatalf("%s has no line with %q", file, text)
	return 0
}

func spawnWrite(t *testing.T, x *Index) *Site {
	t.Helper()
	abs, err := filepath.Abs(spawnFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range x.At(abs, lineWith(t, spawnFile, `s.m["a"] = 1`), "") {
		return s
	}
	t.Fatal("no site")
	return nil
}

func TestReach(t *testing.T) {
	x := load(t)
	s := spawnWrite(t, x)
	const pkg = "example.com/shop/spawn."
	for _, c := range []struct {
		fn, at        string
		steps         int
		passed, ahead bool
		ok            bool
	}{
		{"(*S).write", `s.m["a"] = 1`, 0, true, true, true},
		{"(*S).loop", "time.Sleep(time.Second)", 1, true, true, true},
		{"Main", "s := &S{", 1, false, true, true},
		{"Main", "wg.Wait()", 1, true, false, true},
		{"(*S).ServeHTTP", "ServeHTTP(http.ResponseWriter", 1, true, true, true},
		{"(*S).idle", "time.Sleep(time.Second)", 0, false, false, false},
	} {
		fs := x.FuncNamed(pkg + c.fn)
		if len(fs) != 1 {
			t.Errorf("%d functions %s", len(fs), c.fn)
			continue
		}
		r, ok := x.Reach(fs[0], lineWith(t, spawnFile, c.at), s)
		if ok != c.ok || ok && (r.Steps != c.steps || r.Passed != c.passed || r.Ahead != c.ahead) {
			t.Errorf("%s at %q: %d steps, passed %v, ahead %v, %v; want %d, %v, %v, %v",
				c.fn, c.at, r.Steps, r.Passed, r.Ahead, ok, c.steps, c.passed, c.ahead, c.ok)
		}
	}
}

func TestStarts(t *testing.T) {
	x := load(t)
	var got []string
	for _, st := range x.Starts(spawnWrite(t, x)) {
		text := string(st.Kind)
		if st.Spawn != nil {
			text += fmt.Sprintf(" %d", st.Spawn.Pos.Line)
		}
		text += " " + strings.TrimPrefix(st.Entry.Name, "example.com/shop/spawn.")
		if st.Pace == Endless {
			text += " endless"
		}
		got = append(got, text)
	}
	at := func(text string) int { return lineWith(t, spawnFile, text) }
	for _, want := range []string{
		fmt.Sprintf("spawn %d (*S).loop endless", at("go s.loop()")),
		fmt.Sprintf("spawn %d Main.func1", at("go func() { s.write() }()")),
		fmt.Sprintf("spawn %d (*S).write", at("time.AfterFunc")),
		fmt.Sprintf("spawn %d Main.func2", at("wg.Go")),
		fmt.Sprintf("spawn %d (*S).ServeHTTP", at(`http.Handle("/", s)`)),
		"api Main",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no start %q in %q", want, got)
		}
	}
	for _, g := range got {
		if strings.Contains(g, "idle") {
			t.Errorf("start %q does not get there", g)
		}
	}
}

func TestSpawnsAt(t *testing.T) {
	x := load(t)
	for _, c := range []struct {
		name, file, fn string
		line, want     int
	}{
		{"go statement", "/build/shop/spawn/spawn.go", "example.com/shop/spawn.Main", lineWith(t, spawnFile, "go s.loop()"), 1},
		{"no go statement there", "/build/shop/spawn/spawn.go", "example.com/shop/spawn.Main", lineWith(t, spawnFile, "wg.Wait()"), 0},
		{"library", "/go/src/sync/waitgroup.go", "sync.(*WaitGroup).Go", 238, 1},
		{"server", "/go/src/net/http/server.go", "net/http.(*Server).Serve", 3493, 4},
		{"other library", "/go/src/os/exec/exec.go", "os/exec.(*Cmd).Start", 10, 0},
	} {
		if got := x.SpawnsAt(c.file, c.line, c.fn); len(got) != c.want {
			var at []string
			for _, s := range got {
				at = append(at, fmt.Sprintf("%s:%d %s", filepath.Base(s.Pos.Filename), s.Pos.Line, s.Via))
			}
			t.Errorf("%s: %q, want %d", c.name, at, c.want)
		}
	}
}
