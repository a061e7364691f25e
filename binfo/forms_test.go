package binfo_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/binfo"
)

// stripped is a copy of a binary without symbols and debug information.
func stripped(t *testing.T, path string) string {
	t.Helper()
	tool, err := exec.LookPath("strip")
	if err != nil {
		t.Skip("no strip command")
	}
	out := filepath.Join(t.TempDir(), "stripped")
	if msg, err := exec.Command(tool, "--strip-all", "-o", out, path).CombinedOutput(); err != nil {
		t.Fatalf("strip: %v\n%s", err, msg)
	}
	return out
}

// sameFuncs holds one binary's functions, positions and inlined calls to another's.
func sameFuncs(t *testing.T, a, b *binfo.File) {
	t.Helper()
	want := map[string][]binfo.Func{} // Go 1.20 leaves type arguments out of names
	for fn := range a.Funcs() {
		want[fn.Name] = append(want[fn.Name], fn)
	}
	n, frames := 0, 0
	for fn := range b.Funcs() {
		n++
		list := want[fn.Name]
		if len(list) == 0 {
			t.Errorf("function %s is only in one", fn.Name)
			continue
		}
		w := list[0]
		want[fn.Name] = list[1:]
		if !strings.HasPrefix(fn.Name, "main.") {
			continue
		}
		for off := uint64(0); off < fn.End-fn.Entry; off += 3 {
			x, y := a.Frames(w.Entry+off), b.Frames(fn.Entry+off)
			if fmt.Sprint(x) != fmt.Sprint(y) {
				t.Fatalf("%s+%#x: frames %v and %v", fn.Name, off, x, y)
			}
			frames += len(x)
		}
	}
	if n < 500 || frames < 500 {
		t.Errorf("only %d functions and %d frames were compared", n, frames)
	}
}

// TestStripped: functions, lines, inlined calls, operations, types and chains
// do not need symbols.
func TestStripped(t *testing.T) {
	for _, b := range builds(t) {
		if b.arch != "amd64" {
			continue // the host's strip need not know others
		}
		t.Run(b.String(), func(t *testing.T) {
			full := program(t, "sites", b)
			bare := stripped(t, full)
			linked := program(t, "sites", build{toolchain: b.toolchain, arch: b.arch, flags: "-ldflags=-s"})
			f := open(t, full)
			for _, path := range []string{bare, linked} {
				g := open(t, path)
				if in := g.Info(); in.Symbols || in.DWARF || in.GoVersion != f.Info().GoVersion {
					t.Errorf("stripped: %+v", in)
				}
				sameFuncs(t, f, g)
				want := sitesAt(t, f)
				fields := 0
				for line, ss := range sitesAt(t, g) {
					for i, s := range ss {
						w := want[line][i]
						generic := strings.Contains(w.Func, "[")
						if s.Op != w.Op || !generic && s.Type != w.Type ||
							path == bare && s.Map.Chain != w.Map.Chain { // -s moves variables
							t.Errorf("%s: %s %s %s, with symbols %s %s %s", line, s.Op, s.Type, s.Map.Chain, w.Op, w.Type, w.Map.Chain)
						}
						// What is still named is named the same.
						if s.Map.Name != "" {
							fields++
							if s.Map.Name != w.Map.Name {
								t.Errorf("%s: %s, with symbols %s", line, s.Map.Name, w.Map.Name)
							}
						} else if s.Map.Missing == "" {
							t.Errorf("%s: no name, and no reason", line)
						}
					}
				}
				if fields < 8 {
					t.Errorf("only %d maps were named from type descriptors", fields)
				}
			}
		})
	}
}

// TestForms: position independent, with cgo, linked by the system's linker, for
// newer processors, without optimisation.
func TestForms(t *testing.T) {
	forms := []build{
		{arch: "amd64", flags: "-buildmode=pie"},
	}
	heavy := os.Getenv("MAPSAN_HEAVY") != ""
	if heavy {
		forms = append(forms, build{arch: "amd64", env: "GOAMD64=v3"}, build{arch: "arm64", flags: "-buildmode=pie"})
		for _, tc := range toolchains {
			forms = append(forms, build{toolchain: tc, arch: "amd64", flags: "-buildmode=pie"})
		}
	}
	if _, err := exec.LookPath("gcc"); err == nil && heavy {
		forms = append(forms,
			build{arch: "amd64", flags: "-ldflags=-linkmode=external", env: "CGO_ENABLED=1"},
			build{arch: "amd64", flags: "-buildmode=pie -ldflags=-linkmode=external", env: "CGO_ENABLED=1"})
	} else {
		t.Log("linking by gcc is not tested: it needs gcc and MAPSAN_HEAVY=1")
	}
	truth := wants(t, "testdata/sites")
	for _, b := range forms {
		t.Run(b.String(), func(t *testing.T) {
			path := program(t, "sites", b)
			f := open(t, path)
			if want := strings.Contains(b.flags, "pie"); f.Info().PIE != want {
				t.Errorf("PIE %v, want %v", f.Info().PIE, want)
			}
			sites := sitesAt(t, f)
			for line, ws := range truth {
				for _, w := range ws {
					ok := false
					for _, s := range sites[line] {
						ok = ok || matches(w, got(s))
					}
					if !ok {
						t.Errorf("%s: want %s", line, w)
						for _, s := range sites[line] {
							t.Logf("   got %s: chain %s, missing %q, type %q", got(s), s.Map.Chain, s.Map.Missing, s.TypeWhy)
						}
					}
				}
			}
			if b.arch == "amd64" {
				sameFuncs(t, f, open(t, stripped(t, path)))
			}
		})
	}
}

// TestNoSections: a file without section headers is still found its way in.
func TestNoSections(t *testing.T) {
	full := program(t, "sites", build{arch: "amd64"})
	data, err := os.ReadFile(full)
	if err != nil {
		t.Fatal(err)
	}
	clear(data[40:48]) // e_shoff
	clear(data[58:64]) // e_shentsize, e_shnum, e_shstrndx
	g, err := binfo.New(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	sameFuncs(t, open(t, full), g)
}

// TestObjdump: calls of map operations, and the instructions around them, are
// those that go tool objdump prints.
func TestObjdump(t *testing.T) {
	for _, b := range builds(t) {
		t.Run(b.String(), func(t *testing.T) {
			path := program(t, "sites", b)
			out, err := exec.Command("go", "tool", "objdump", "-s", `^main\.`, path).Output()
			if err != nil {
				t.Fatal(err)
			}
			f := open(t, path)
			calls, insts := map[string]string{}, 0
			var fn string
			for line := range strings.Lines(string(out)) {
				line = strings.TrimSpace(line)
				if rest, ok := strings.CutPrefix(line, "TEXT "); ok {
					fn, _, _ = strings.Cut(rest, "(SB)")
					continue
				}
				w := strings.Fields(line)
				if len(w) < 4 || fn == "" {
					continue
				}
				var pc uint64
				fmt.Sscanf(w[1], "0x%x", &pc)
				var file string
				var num int
				file, rest, _ := strings.Cut(w[0], ":")
				fmt.Sscan(rest, &num)
				at, ok := f.FuncAt(pc)
				if !ok {
					t.Fatalf("%#x is in no function, objdump says %s", pc, fn)
				}
				c, err := f.Code(at)
				if err != nil {
					t.Fatal(err)
				}
				i, ok := c.At(pc)
				if !ok || c.Insts[i].Bad {
					t.Fatalf("%s: %#x is no instruction's start", fn, pc)
				}
				insts++
				if raw := fmt.Sprintf("%x", c.Insts[i].Bytes()); b.arch == "amd64" && raw != w[2] {
					t.Fatalf("%s: %#x: bytes %s, objdump has %s", fn, pc, raw, w[2])
				}
				if fr := f.Frames(pc); filepath.Base(fr[0].File) != file || fr[0].Line != num {
					t.Errorf("%#x: %s:%d, objdump has %s", pc, fr[0].File, fr[0].Line, w[0])
				}
				if callee, ok := strings.CutSuffix(w[len(w)-1], "(SB)"); ok && strings.HasPrefix(w[3], "CALL") {
					if _, _, _, _, isMap := binfo.OpOf(callee); isMap {
						calls[fmt.Sprintf("%#x", pc)] = callee
					}
				}
			}
			found := 0
			for _, ss := range sitesAt(t, f) {
				for _, s := range ss {
					found++
					if want := calls[fmt.Sprintf("%#x", s.PC)]; want != s.Callee {
						t.Errorf("%#x: calls %s, objdump has %q", s.PC, s.Callee, want)
					}
					// A traceback's form leads to the same.
					fn, _ := f.FuncAt(s.PC)
					again, err := f.CallIn(fn.Name, s.Return-fn.Entry)
					if err != nil && !strings.Contains(err.Error(), "functions of that name") {
						t.Errorf("%s+%#x: %v", fn.Name, s.Return-fn.Entry, err)
					} else if err == nil && again.Map.Name != s.Map.Name {
						t.Errorf("%s+%#x: %s, by address %s", fn.Name, s.Return-fn.Entry, again.Map.Name, s.Map.Name)
					}
				}
			}
			if found != len(calls) || found < 30 || insts < 500 {
				t.Errorf("%d calls found, objdump has %d; %d instructions", found, len(calls), insts)
			}
		})
	}
}

// TestNotCalls: what is no call of a map operation is said to be none.
func TestNotCalls(t *testing.T) {
	f := open(t, program(t, "sites", build{arch: "amd64"}))
	fn := f.FuncsNamed("main.(*Registry).Get")[0]
	for _, c := range []struct {
		fn   string
		off  uint64
		want string
	}{
		{"main.(*Registry).Get", 4, "no call ends there"},
		{"main.(*Registry).Get", 1, "nor any instruction"},
		{"main.(*Registry).Get", 1 << 20, "beyond the function's end"},
		{"main.(*Registry).small", 4, "not in the binary, or only inlined"},
		{"main.nowhere", 4, "not in the binary"},
	} {
		if _, err := f.CallIn(c.fn, c.off); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s+%#x: %v, want %q", c.fn, c.off, err, c.want)
		}
	}
	if _, err := f.Call(1); err == nil {
		t.Error("address 1 is in a function")
	}
	c, err := f.Code(fn)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range c.Insts { // the one to morestack
		if s, err := f.Call(in.End()); in.Flow == binfo.Call && in.PC > fn.Entry+0x30 && err == nil && s.Callee == "" {
			t.Errorf("%#x: %+v", in.PC, s)
		}
	}
}
