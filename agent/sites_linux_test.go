//go:build amd64 || arm64

package agent

import (
	"debug/elf"
	"encoding/binary"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/binfo"
)

// buildFor builds a program of testdata for an architecture, and opens it.
func buildFor(t *testing.T, arch, name string, flags ...string) (string, *binfo.File) {
	t.Helper()
	if os.Getenv("MAPSAN_AGENT_PROGRAMS") != "" {
		t.Skip("no go command here")
	}
	t.Setenv("GOARCH", arch)
	t.Setenv("CGO_ENABLED", "0")
	path := build(t, name, flags...)
	f, err := binfo.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return path, f
}

// examined is what is found in an executable, by the names of functions.
func examined(t *testing.T, path string) (map[string]Site, *executable) {
	t.Helper()
	e, b, err := openExecutable(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.close() })
	sites := map[string]Site{}
	for _, s := range e.sites {
		sites[s.Func] = s
	}
	return sites, e
}

// TestSitesOfBothArchitectures: what is found in an executable for arm64 is what is
// found in one for amd64, and each site is the instruction that it should be.
func TestSitesOfBothArchitectures(t *testing.T) {
	versions := []string{""} // the toolchain of this module
	if os.Getenv("MAPSAN_HEAVY") != "" {
		versions = append(versions, "go1.22.12", "go1.24.13", "go1.25.5", "go1.26.8", "go1.27.3")
	}
	for _, version := range versions {
		for name, flags := range map[string][]string{"plain": nil, "stripped": {"-ldflags=-s -w"}, "pie, stripped": {"-buildmode=pie", "-ldflags=-s -w"}} {
			if version != "" && name != "stripped" {
				continue // each compiles the standard library anew
			}
			t.Run(strings.TrimPrefix(version+" "+name, " "), func(t *testing.T) {
				if version != "" {
					t.Setenv("GOTOOLCHAIN", version)
					if out, err := exec.Command("go", "version").CombinedOutput(); err != nil {
						t.Skipf("%s cannot be had: %s", version, out)
					}
				}
				path, _ := buildFor(t, "amd64", "racy", flags...)
				want, amd64 := examined(t, path)
				path, f := buildFor(t, "arm64", "racy", flags...)
				got, arm64 := examined(t, path)
				if names := slices.Sorted(maps.Keys(want)); !slices.Equal(slices.Sorted(maps.Keys(got)), names) {
					t.Errorf("sites in %q, on amd64 in %q", slices.Sorted(maps.Keys(got)), names)
				}
				for name, s := range got {
					if w := want[name]; s.Op != w.Op || s.Arg != w.Arg || s.Iterator != w.Iterator {
						t.Errorf("%s: %+v, on amd64 %+v", name, s, w)
					}
					checkARM64(t, f, s)
				}
				if a, b := [3]uint64{arm64.goid, arm64.goPC, arm64.iterMap}, [3]uint64{amd64.goid, amd64.goPC, amd64.iterMap}; a != b || b[2] == 0 {
					t.Errorf("offsets %d, on amd64 %d", a, b)
				}
				t.Logf("%d sites, goid %d, gopc %d, the iterator's map %d", len(got), arm64.goid, arm64.goPC, arm64.iterMap)
			})
		}
	}
}

// checkARM64 looks at what stands at a site as a disassembler writes it.
func checkARM64(t *testing.T, f *binfo.File, s Site) {
	t.Helper()
	fn, _ := f.FuncAt(s.PC)
	code, err := f.Code(fn)
	if err != nil {
		t.Fatal(err)
	}
	i, ok := code.At(s.PC)
	if !ok || fn.Name != s.Func {
		t.Errorf("%s: the site %#x is no instruction of it", s.Func, s.PC)
		return
	}
	at, next := code.Text(i), code.Text(i+1)
	if !strings.HasPrefix(at, "BLS ") || !strings.HasPrefix(next, "MOVD.W R30, -") && !strings.HasPrefix(next, "SUB $") {
		t.Errorf("%s: %s, then %s", s.Func, at, next)
	}
	grow, ok := code.At(code.Insts[i].Target)
	for ; ok && grow < len(code.Insts); grow++ {
		if in := code.Insts[grow]; in.Flow == binfo.Call {
			if to, _ := f.FuncAt(in.Target); !strings.HasPrefix(to.Name, "runtime.morestack") {
				t.Errorf("%s: the branch leads to a call of %s", s.Func, to.Name)
			}
			return
		}
	}
	t.Errorf("%s: the branch leads to no call", s.Func)
}

// TestPlacesOnARM64: of all functions that begin as known, not only those of maps,
// so that each form of a frame is met.
func TestPlacesOnARM64(t *testing.T) {
	_, f := buildFor(t, "arm64", "racy")
	small, large, unchecked := 0, 0, 0
	for fn := range f.Funcs() {
		pc, err := probePlace(f, fn)
		if err != nil {
			continue
		}
		code, err := f.Code(fn)
		if err != nil {
			t.Fatal(err)
		}
		i, _ := code.At(pc)
		switch text := code.Text(i); {
		case !strings.HasPrefix(text, "BLS "):
			unchecked++
			if i != 0 || !strings.HasPrefix(text, "MOVD.W R30, -") && !strings.HasPrefix(text, "SUB $") {
				t.Errorf("%s: instruction %d: %s", fn.Name, i, text)
			}
			continue
		case strings.HasPrefix(code.Text(i+1), "SUB $"):
			large++
		default:
			small++
		}
		checkARM64(t, f, Site{Func: fn.Name, PC: pc})
	}
	t.Logf("%d functions with a small frame, %d with a large one, %d that do not check the stack", small, large, unchecked)
	if small < 500 || large < 20 || unchecked < 20 {
		t.Error("too few functions")
	}
}

// TestSitesAreRefused: where a map function does not begin as known, nothing is
// guessed.
func TestSitesAreRefused(t *testing.T) {
	words := func(w ...uint32) (b []byte) {
		for _, w := range w {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		return b
	}
	type change struct {
		at    int // bytes from the site
		bytes []byte
		why   string
	}
	for arch, changes := range map[string]map[string]change{
		"amd64": {
			"another instruction":   {0, []byte{0x90}, "something comes before"},             // NOP
			"another frame":         {0, []byte{0x55, 0x90, 0x90}, "something comes before"}, // PUSHQ BP; NOP; NOP
			"the function's return": {0, []byte{0xc3}, "not pushed where"},
		},
		"arm64": {
			"no check":                  {0, words(0xd503201f), "bound is not checked"},    // NOP
			"another check":             {0, words(0x54000060), "bound is not checked"},    // BEQ
			"another frame":             {8, words(0xd503201f), "something comes before"},  // NOP for MOVD R29, -8(RSP)
			"another frame pointer":     {12, words(0xd10043fd), "something comes before"}, // SUB $16, RSP, R29
			"the function's return":     {0, words(0xd65f03c0), "not pushed where"},
			"an argument set before":    {-4, words(0x91000400), "something comes before"}, // ADD $1, R0, R0
			"an argument set by others": {-4, words(0x9b020020), "not pushed where"},       // MADD R2, R0, R1, R0
			"a store before":            {-4, words(0xf9000001), "something comes before"}, // MOVD R1, (R0)
			"another register pushed":   {4, words(0xf81d0fe0), "something comes before"},  // MOVD.W R0, -48(RSP)
		},
	} {
		t.Run(arch, func(t *testing.T) {
			path, f := buildFor(t, arch, "racy")
			sites, err := Sites(f)
			if err != nil {
				t.Fatal(err)
			}
			ops := map[binfo.Op]bool{}
			for _, s := range sites {
				ops[s.Op] = true
			}
			for _, op := range []binfo.Op{binfo.Lookup, binfo.Assign, binfo.Delete, binfo.Iterate, binfo.Clear, binfo.Clone} {
				if !ops[op] {
					t.Errorf("no site for %s", op)
				}
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := sites[len(sites)/2]
			for name, c := range changes {
				t.Run(name, func(t *testing.T) {
					broken := slices.Clone(text)
					copy(broken[int(fileOffset(t, path, s.PC))+c.at:], c.bytes)
					g, err := binfo.New(strings.NewReader(string(broken)), int64(len(broken)))
					if err != nil {
						t.Fatal(err)
					}
					_, err = Sites(g)
					if err == nil || !strings.Contains(err.Error(), "function "+s.Func+": ") || !strings.Contains(err.Error(), c.why) {
						t.Errorf("Sites: %v; want an error that names %s, and says %q", err, s.Func, c.why)
					}
				})
			}
		})
	}
}

func section(t *testing.T, path, name string) *elf.Section {
	t.Helper()
	exe, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer exe.Close()
	s := exe.Section(name)
	if s == nil {
		t.Fatalf("%s has no section %s", path, name)
	}
	return s
}

func fileOffset(t *testing.T, path string, pc uint64) uint64 {
	t.Helper()
	exe, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer exe.Close()
	sites := []Site{{PC: pc}}
	if err := place(sites, exe); err != nil {
		t.Fatal(err)
	}
	return sites[0].Offset
}
