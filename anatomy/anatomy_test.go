package anatomy

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/maplayout"
)

var (
	cacheOnce sync.Once
	cacheDir  string
)

func TestMain(m *testing.M) {
	code := m.Run()
	if cacheDir != "" {
		os.RemoveAll(cacheDir)
	}
	os.Exit(code)
}

// targetsOf are the toolchains and architectures that a test covers.
func targetsOf(t *testing.T) []Target {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command: nothing to build with")
	}
	var out []Target
	versions := []string{"local"}
	if os.Getenv("MAPSAN_HEAVY") != "" {
		versions = Versions()
	} else {
		t.Log("only the local toolchain: MAPSAN_HEAVY=1 takes Go 1.20 to 1.27")
	}
	for _, v := range versions {
		out = append(out, Target{Go: v, Arch: binfo.AMD64}, Target{Go: v, Arch: binfo.ARM64})
	}
	return out
}

var (
	probeMu sync.Mutex
	probes  = map[string]string{}
)

// probeOf builds the program once for each target, and returns its path.
func probeOf(t *testing.T, target Target) string {
	t.Helper()
	cacheOnce.Do(func() {
		var err error
		if cacheDir, err = os.MkdirTemp("", "anatomy"); err != nil {
			t.Fatal(err)
		}
	})
	probeMu.Lock()
	defer probeMu.Unlock()
	if p := probes[target.String()]; p != "" {
		return p
	}
	path, cleanup, err := buildProbe(context.Background(), target, "")
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	kept := filepath.Join(cacheDir, strings.ReplaceAll(target.String(), " ", "-"))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept, data, 0o666); err != nil {
		t.Fatal(err)
	}
	probes[target.String()] = kept
	return kept
}

func look(t *testing.T, path string) *Subject {
	t.Helper()
	f, err := binfo.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	s, err := Look(filepath.Base(path), f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLayout: DWARF, the table of versions and the code say the same.
func TestLayout(t *testing.T) {
	for _, target := range targetsOf(t) {
		t.Run(target.String(), func(t *testing.T) {
			s := look(t, probeOf(t, target))
			if s.Layout.Header.From != "dwarf" || s.Layout.Type.From != "dwarf" {
				t.Errorf("from %s and %s, want dwarf", s.Layout.Header.From, s.Layout.Type.From)
			}
			known, err := maplayout.Known(s.Go)
			if err != nil {
				t.Fatal(err)
			}
			same := func(got, want maplayout.Struct) {
				t.Helper()
				for _, w := range want.Fields {
					if g, ok := got.Field(w.Name); !ok || g != w {
						t.Errorf("%s.%s: the binary has %+v, the table %+v", got.Name, w.Name, g, w)
					}
				}
				if got.Size != want.Size {
					t.Errorf("%s: %d bytes, the table says %d", got.Name, got.Size, want.Size)
				}
			}
			if s.Layout.Design != known.Design || s.Layout.Flag != known.Flag || s.Layout.Mask != known.Mask || len(s.Layout.Header.Fields) != len(known.Header.Fields) {
				t.Errorf("layout %+v, the table has %+v", s.Layout, known)
			}
			same(s.Layout.Header, known.Header)
			same(s.Layout.Type, known.Type)
			if known.Design == maplayout.Tables {
				same(s.Layout.Table, known.Table)
				same(s.Layout.Groups, known.Groups)
			}
			for _, name := range []string{"internal/runtime/maps.Iter", "runtime.hiter"} {
				it, err := s.file.Type(name)
				if err != nil {
					continue
				}
				for _, f := range it.Fields() {
					if (f.Name == "m" || f.Name == "h") && f.Offset != iterHeader {
						t.Errorf("%s.%s is at %d, want %d", name, f.Name, f.Offset, iterHeader)
					}
				}
			}
			for _, f := range s.Fields {
				if f.Reads+f.Writes == 0 {
					t.Errorf("no instruction uses %s at %d", f.Name, f.Offset)
				}
			}
			for _, u := range s.Strays {
				t.Errorf("%s %s (%s) fits no field", u.Func, u.Text, off(uint64(u.Offset)))
			}
		})
	}
}

var fatalLine = regexp.MustCompile(`fatal\("(concurrent map [^"]*)"\)`)

// TestChecks holds the check sites to the Go source that the code was compiled
// from: each is at an if on the flag whose body is the fatal error, and each such if
// that was compiled is found.
func TestChecks(t *testing.T) {
	for _, target := range targetsOf(t) {
		t.Run(target.String(), func(t *testing.T) {
			s := look(t, probeOf(t, target))
			list, err := s.Checks()
			if err != nil {
				t.Fatal(err)
			}
			checks, toggles := 0, 0
			found := map[string]bool{} // func file:line of fatal calls that were explained
			for _, a := range list {
				for _, o := range a.Odd {
					t.Errorf("%s: %s", a.Func, o)
				}
				toggles += len(a.Toggles)
				for _, c := range a.Checks {
					checks++
					fr := s.file.Frames(c.PC)[0]
					src := sourceLines(t, fr.File)
					if at := src[fr.Line-1]; !strings.Contains(at, "if ") || !strings.Contains(at, "riting") {
						t.Errorf("%s+%#x is at %s:%d, %q: no test of the flag", c.Func, c.Offset, fr.File, fr.Line, at)
					}
					m := fatalLine.FindStringSubmatch(src[fr.Line])
					if m == nil || m[1] != c.Message {
						t.Errorf("%s+%#x: message %q, the source has %q", c.Func, c.Offset, c.Message, src[fr.Line])
					}
					if wantSet := !strings.Contains(src[fr.Line-1], "== 0"); strings.Contains(c.Tests, "!= 0") != wantSet {
						t.Errorf("%s+%#x: tests %s, the source has %q", c.Func, c.Offset, c.Tests, src[fr.Line-1])
					}
					found[fmt.Sprintf("%s %s:%d", c.Func, fr.File, fr.Line+1)] = true
				}
			}
			compiled := 0
			for _, fn := range s.mapFuncs() {
				c, err := s.file.Code(fn)
				if err != nil {
					t.Fatal(err)
				}
				for _, in := range c.Insts {
					fr := s.file.Frames(in.PC)[0]
					if in.Flow != binfo.Call || fr.Line < 1 || !strings.Contains(fr.File, "/runtime/") {
						continue
					}
					src := sourceLines(t, fr.File)
					if fr.Line > len(src) || !fatalLine.MatchString(src[fr.Line-1]) {
						continue
					}
					compiled++
					if !found[fmt.Sprintf("%s %s:%d", fn.Name, fr.File, fr.Line)] {
						t.Errorf("%s: the check of %s:%d is not found", fn.Name, fr.File, fr.Line)
					}
				}
			}
			t.Logf("%d check sites, %d changes of the flag, %d fatal calls compiled", checks, toggles, compiled)
			if checks < 20 || compiled < 20 || toggles < 10 {
				t.Errorf("%d checks, %d fatal calls, %d toggles: too few to be all", checks, compiled, toggles)
			}
		})
	}
}

var sources sync.Map

func sourceLines(t *testing.T, file string) []string {
	if v, ok := sources.Load(file); ok {
		return v.([]string)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("the source that the code was compiled from is not here: %v", err)
	}
	lines := strings.Split(string(data), "\n")
	sources.Store(file, lines)
	return lines
}

// TestNearMisses: all the code of a program has no check site but those of the
// map functions, though much of it tests bytes at those offsets and throws.
func TestNearMisses(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		out := filepath.Join(t.TempDir(), arch)
		cmd := exec.Command("go", "build", "-o", out, ".")
		cmd.Dir = filepath.Join("testdata", "near")
		cmd.Env = append(os.Environ(), "GOARCH="+arch, "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0", "GOTOOLCHAIN=local")
		if msg, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, msg)
		}
		s := look(t, out)
		n, bytes := 0, 0
		for fn := range s.file.Funcs() {
			if isMapFunc(fn.Name) || fn.End == fn.Entry {
				continue
			}
			n++
			a, err := s.function(fn)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Checks) > 0 || len(a.Toggles) > 0 || len(a.Odd) > 0 {
				t.Errorf("%s: %+v", fn.Name, a)
			}
			c, err := s.file.Code(fn)
			if err != nil {
				t.Fatal(err)
			}
			for _, in := range c.Insts {
				for _, m := range in.Accesses() {
					if m.Size == 1 && m.Mem.Disp == s.Layout.Flag.Offset {
						bytes++
					}
				}
			}
		}
		if n < 1000 || bytes < 3 || !slices.ContainsFunc(slices.Collect(s.file.Funcs()), func(f binfo.Func) bool { return f.Name == "main.(*like).test" }) {
			t.Errorf("%s: %d functions with %d such bytes were looked at: too few", arch, n, bytes)
		}
	}
}

// TestStripped: without symbols and DWARF the same check sites are found.
func TestStripped(t *testing.T) {
	tool, err := exec.LookPath("strip")
	if err != nil {
		t.Skip("no strip command")
	}
	for _, target := range targetsOf(t) {
		if target.Arch != binfo.AMD64 {
			continue // the host's strip need not know others
		}
		t.Run(target.String(), func(t *testing.T) {
			full := probeOf(t, target)
			bare := filepath.Join(t.TempDir(), "stripped")
			if msg, err := exec.Command(tool, "--strip-all", "-o", bare, full).CombinedOutput(); err != nil {
				t.Fatalf("strip: %v\n%s", err, msg)
			}
			a, b := look(t, full), look(t, bare)
			if b.Layout.Header.From == "dwarf" || b.Layout.Flag != a.Layout.Flag || b.Layout.Header.Size != a.Layout.Header.Size {
				t.Errorf("layout %+v, with DWARF %+v", b.Layout.Header, a.Layout.Header)
			}
			all := func(s *Subject) (out []string) {
				list, err := s.Checks()
				if err != nil {
					t.Fatal(err)
				}
				for _, an := range list {
					for _, c := range an.Checks {
						out = append(out, fmt.Sprintf("%s %#x %s %q", c.Func, c.PC, c.Tests, c.Message))
					}
					for _, g := range an.Toggles {
						out = append(out, fmt.Sprintf("%s %#x %s %v", g.Func, g.PC, g.How, g.On))
					}
				}
				return out
			}
			x, y := all(a), all(b)
			for _, s := range x {
				if !slices.Contains(y, s) {
					t.Errorf("not found in the stripped binary: %s", s)
				}
			}
			for _, s := range y {
				if !slices.Contains(x, s) {
					t.Errorf("only in the stripped binary: %s", s)
				}
			}
		})
	}
}

// TestWindows: what the phases mean holds for each function that has checks.
func TestWindows(t *testing.T) {
	for _, target := range targetsOf(t) {
		t.Run(target.String(), func(t *testing.T) {
			s := look(t, probeOf(t, target))
			list, err := s.Checks()
			if err != nil {
				t.Fatal(err)
			}
			writers, readers := 0, 0
			for _, a := range list {
				w, err := s.Window(a.Func)
				if err != nil {
					t.Fatal(err)
				}
				count := map[Phase]int{}
				at := map[uint64]Step{}
				for _, st := range w.Steps {
					at[st.PC] = st
					for _, p := range st.Phases {
						count[p]++
					}
					// Nobody returns with the flag set: the next user would die of it.
					if ret(st) && (slices.Contains(st.Phases, Seen) || slices.Contains(st.Phases, Closing)) {
						t.Errorf("%s%s returns in phase %v", a.Func, off(st.Offset), st.Phases)
					}
				}
				for _, c := range a.Checks {
					if len(at[c.PC].Phases) == 0 {
						t.Errorf("%s: the check at %s is never reached", a.Func, off(c.Offset))
					}
					if ps := at[c.Fatal].Phases; !slices.Equal(ps, []Phase{Fatal}) {
						t.Errorf("%s: the fatal error at %#x is in phase %v", a.Func, c.Fatal, ps)
					}
				}
				on, offs := 0, 0
				for _, g := range a.Toggles {
					ps := at[g.PC].Phases
					if g.On {
						on++
						if !slices.Contains(ps, Open) && !slices.Contains(ps, Before) {
							t.Errorf("%s%s sets the flag in phase %v", a.Func, off(g.Offset), ps)
						}
					} else {
						offs++
						if !slices.Contains(ps, Closing) && !slices.Contains(ps, Seen) {
							t.Errorf("%s%s clears the flag in phase %v", a.Func, off(g.Offset), ps)
						}
					}
				}
				if w.Writer {
					writers++
					if on == 0 || offs == 0 || count[Open] == 0 || count[Seen] == 0 {
						t.Errorf("%s: set %d times, cleared %d times, phases %v", a.Func, on, offs, count)
					}
				} else {
					readers++
					if count[Blind] == 0 || count[Open] > 0 {
						t.Errorf("%s: phases %v", a.Func, count)
					}
				}
				fits(t, w)
				wellFormed(t, w)
			}
			if writers < 5 || readers < 4 {
				t.Errorf("%d writers and %d readers: too few", writers, readers)
			}
		})
	}
}

func ret(s Step) bool { return strings.HasPrefix(s.Text, "RET") }

// fits: the text form keeps to 80 columns and has no control characters.
func fits(t *testing.T, w *Window) {
	t.Helper()
	var b bytes.Buffer
	if err := w.WriteText(&b, true); err != nil {
		t.Fatal(err)
	}
	full := strings.Count(b.String(), "\n")
	if full < len(w.Steps) {
		t.Errorf("%s: %d lines for %d instructions", w.Func, full, len(w.Steps))
	}
	sc := bufio.NewScanner(&b)
	for sc.Scan() {
		if n := len([]rune(sc.Text())); n > width || strings.ContainsAny(sc.Text(), "\x1b\t") || strings.HasSuffix(sc.Text(), " ") {
			t.Errorf("%s: %d columns: %q", w.Func, n, sc.Text())
		}
	}
	var short bytes.Buffer
	if err := w.WriteText(&short, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range w.Checks {
		if !strings.Contains(short.String(), off(c.Offset)+"  ") {
			t.Errorf("%s: the short form leaves out the check at %s", w.Func, off(c.Offset))
		}
	}
}

// wellFormed: the picture is XML, and says what the text says.
func wellFormed(t *testing.T, w *Window) {
	t.Helper()
	var b bytes.Buffer
	if err := w.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	d := xml.NewDecoder(&b)
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: the SVG is no XML: %v", w.Func, err)
		}
		if c, ok := tok.(xml.CharData); ok {
			said.Write(c)
			said.WriteByte('\n')
		}
	}
	wants := []string{w.Func}
	for _, c := range w.Checks {
		wants = append(wants, c.Tests, c.Message)
	}
	for _, want := range wants {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%s: the SVG does not say %q", w.Func, want)
		}
	}
}

func TestVersions(t *testing.T) {
	for in, want := range map[string]string{
		"1.26": "go1.26.8", "go1.24": "go1.24.11", "go1.24.3": "go1.24.3", "1.20,1.21": "go1.20.14 go1.21.13",
		"local": "local", "1.26 1.26": "go1.26.8", "1.27rc1": "go1.27rc1", "": "", "all": strings.Join(Versions(), " "),
	} {
		got, err := ParseVersions([]string{in})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"1.19", "1.2", "1.28", "x", "go1.260", "-1"} {
		if got, err := ParseVersions([]string{in}); err == nil {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func TestBuildErrors(t *testing.T) {
	if _, err := exec.LookPath("go"); err == nil {
		_, err := Build(context.Background(), Target{Go: "go1.26.999"}, "")
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "go1.26.999") {
			t.Errorf("a version that does not exist: %v", err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Build(context.Background(), Target{Go: "local"}, ""); err == nil || !strings.Contains(err.Error(), "no go command in PATH") {
		t.Errorf("no go command: %v", err)
	}
}

// TestCache: the second time nothing is built, and a damaged file is replaced.
func TestCache(t *testing.T) {
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Skip("builds with a toolchain that may have to be fetched: MAPSAN_HEAVY=1")
	}
	dir, target := t.TempDir(), Target{Go: "go1.26.8", Arch: binfo.AMD64}
	f, err := Build(context.Background(), target, dir)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	kept, err := filepath.Glob(filepath.Join(dir, "anatomy", "*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	if err := os.Truncate(kept[0], 1000); err != nil {
		t.Fatal(err)
	}
	if f, err = Build(context.Background(), target, dir); err != nil {
		t.Fatal(err)
	}
	f.Close()
	path := os.Getenv("PATH")
	t.Setenv("PATH", t.TempDir())
	if f, err = Build(context.Background(), target, dir); err != nil {
		t.Errorf("with a cache, and no go command: %v", err)
	} else {
		f.Close()
	}
	t.Setenv("PATH", path)
}
