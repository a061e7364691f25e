package agent

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

// suspected is what a static engine may know of a race: the map, and two functions.
func suspected(m finding.Map, a, b finding.Party) *finding.Finding {
	return &finding.Finding{
		Schema: finding.Schema, Rule: finding.RuleFor(a.Access.Op, b.Access.Op), Engine: finding.Vet, Grade: finding.Inferred,
		Map: m, Parties: [2]finding.Party{a, b},
	}
}

func in(op finding.Op, fns ...string) finding.Party {
	p := finding.Party{Access: finding.Access{Op: op}}
	for _, fn := range fns {
		p.Stack = append(p.Stack, finding.Frame{Func: fn})
	}
	return p
}

func at(p finding.Party, line int) finding.Party {
	p.Access.Site = finding.Position{File: "/elsewhere/main.go", Line: line}
	return p
}

func TestSuspects(t *testing.T) {
	var all []*finding.Finding
	for i := range 6 {
		name := fmt.Sprint("main.m", i)
		for _, fn := range []string{"main.a", "main.b"} {
			all = append(all, suspected(finding.Map{Name: name}, in(finding.Assign, fn), in(finding.Lookup, "main.c")))
		}
	}
	got, left := suspects(all)
	if len(got) != maxSuspects || left != 2 {
		t.Fatalf("%d maps, %d left out", len(got), left)
	}
	for i, s := range got {
		if s.name != fmt.Sprint("main.m", i) || len(s.findings) != 2 {
			t.Errorf("map %d is %s with %d findings", i, s.name, len(s.findings))
		}
	}
}

const located = `package main

type box struct{ a, b map[string]int }

var one, two = map[string]int{}, map[string]int{}

//go:noinline
func setOne() { one["x"] = 1 }

//go:noinline
func getOne() int { return one["x"] }

//go:noinline
func setTwo() { two["x"] = 2 }

//go:noinline
func (b *box) set() {
	b.a["x"] = 1 // 18
	b.b["x"] = 2
}

//go:noinline
func (b *box) get() int { return b.a["x"] + b.b["x"] }

//go:noinline
func (b *box) clearB() { clear(b.b) }

func main() {
	b := &box{map[string]int{}, map[string]int{}}
	setOne()
	setTwo()
	b.set()
	b.clearB()
	println(getOne(), b.get())
}
`

// TestLocate: the calls of a suspect are found by the map's name, by a party's function
// or by its line, and those of other maps beside them are not.
func TestLocate(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": located, "go.mod": "module example.com/located\n\ngo 1.25\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, flags := range map[string][]string{"named": nil, "stripped": {"-ldflags=-s -w"}} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("go", append(append([]string{"build", "-o", name}, flags...), ".")...)
			cmd.Dir = dir
			cmd.Env = append(cmd.Environ(), "GOARCH=amd64", "GOOS=linux")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			f, err := binfo.Open(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			stripped := name == "stripped"
			for _, c := range []struct {
				what     string
				of       *finding.Finding
				sites    []string // with their operation
				variable bool
				cleared  bool
				names    bool // only by these
			}{
				{"a package variable", suspected(finding.Map{Name: "main.one", Kind: finding.Global}, in(finding.Assign), in(finding.Lookup)),
					[]string{"main.getOne lookup", "main.setOne assign"}, true, false, true},
				{"its functions", suspected(finding.Map{}, in(finding.Assign, "main.setOne"), in(finding.Lookup, "main.getOne")),
					[]string{"main.getOne lookup", "main.setOne assign"}, true, stripped, false},
				{"a field", suspected(finding.Map{Name: "main.box.a"}, in(finding.Assign, "main.(*box).set"), in(finding.Lookup, "main.(*box).get")),
					[]string{"main.(*box).get lookup", "main.(*box).set assign"}, false, false, true},
				{"a field that is cleared", suspected(finding.Map{Name: "main.box.b"}, in(finding.Assign, "main.(*box).set"), in(finding.Lookup, "main.(*box).get")),
					[]string{"main.(*box).clearB clear", "main.(*box).get lookup", "main.(*box).set assign"}, false, true, true},
				{"a line", suspected(finding.Map{}, at(in(finding.Assign, "main.(*box).set"), 18), in(finding.Lookup, "main.absent")),
					[]string{"main.(*box).set assign"}, false, stripped, false},
				{"another operation", suspected(finding.Map{}, in(finding.Delete, "main.(*box).set"), in(finding.Lookup, "main.absent")), nil, false, false, false},
			} {
				if c.names && stripped {
					continue
				}
				t.Run(c.what, func(t *testing.T) {
					all, _ := suspects([]*finding.Finding{c.of})
					found, _, err := locateAll(f, all)
					if (err != nil) != (c.sites == nil) {
						t.Fatalf("locate: %v", err)
					}
					if err != nil {
						return
					}
					s := found[0]
					var sites []string
					for _, site := range s.sites {
						sites = append(sites, site.Func+" "+string(site.Op))
					}
					slices.Sort(sites)
					if !slices.Equal(sites, c.sites) {
						t.Errorf("its calls are %q, not %q", sites, c.sites)
					}
					if addr, ok := f.VarAddress("main.one"); ok && c.variable && s.variable != addr || c.variable != (s.variable != 0) {
						t.Errorf("its variable is at %#x, main.one at %#x", s.variable, addr)
					}
					if strings.Contains(s.why, "clears such a map") != c.cleared {
						t.Errorf("no watchpoint because %q", s.why)
					}
				})
			}
		})
	}
}
