//go:build amd64 || arm64

package agent

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestBuilds: a race is caught whatever the toolchain and the linker made of the
// program.
func TestBuilds(t *testing.T) {
	able(t)
	versions := []string{""} // the toolchain of this module
	if v := os.Getenv("MAPSAN_SUITE_TOOLCHAINS"); v != "" && os.Getenv("MAPSAN_HEAVY") != "" {
		versions = append(versions, append(strings.Split(v, ","), "go1.24.13", "go1.22.12")...)
	}
	for _, version := range versions {
		for name, flags := range map[string][]string{
			"plain":              nil,
			"stripped":           {"-ldflags=-s -w"},
			"pie":                {"-buildmode=pie"},
			"pie, stripped":      {"-buildmode=pie", "-ldflags=-s -w"},
			"external, stripped": {"-ldflags=-s -w -linkmode=external"},
			"static":             {"-ldflags=-linkmode=external -extldflags=-static"},
		} {
			if version != versions[0] && name != "stripped" {
				continue // each compiles the standard library anew
			}
			t.Run(strings.TrimPrefix(version+" "+name, " "), func(t *testing.T) {
				if strings.Contains(strings.Join(flags, " "), "external") {
					if _, err := exec.LookPath("gcc"); err != nil {
						t.Skip("no gcc to link with")
					}
				}
				if version != "" {
					t.Setenv("GOTOOLCHAIN", version)
					if out, err := exec.Command("go", "version").CombinedOutput(); err != nil {
						t.Skipf("%s cannot be had: %s", version, out)
					}
				}
				path := build(t, "racy", flags...)
				for range tries {
					p := start(t, path, "iterate", "20s")
					found, _ := watch(t, p, 10*time.Second, true, eager)
					p.kill()
					if !proved(found) {
						continue
					}
					f := found[0]
					if err := f.Validate(); err != nil {
						t.Error(err)
					}
					for _, party := range f.Parties {
						if s, ok := party.Site(); !ok || !strings.HasPrefix(s.Func, "main.") {
							t.Errorf("a %s with the stack %v", party.Access.Op, party.Stack)
						}
					}
					return
				}
				t.Error("never caught")
			})
		}
	}
}

// TestProbesOneByOne: the way of kernels before 6.6.
func TestProbesOneByOne(t *testing.T) {
	able(t)
	path := build(t, "racy")
	for range tries {
		p := start(t, path, "delete", "20s")
		o := eager
		o.single = true
		found, st := watch(t, p, 10*time.Second, true, o)
		p.kill()
		if proved(found) {
			return
		}
		t.Logf("nothing was caught: %+v", st)
	}
	t.Error("never caught")
}
