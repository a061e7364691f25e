package access

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNames holds the names against the compiler's own, without inlining: with
// it a literal's name may have its callers' in front, which no source tells.
func TestNames(t *testing.T) {
	x := load(t)
	archive := filepath.Join(t.TempDir(), "names.a")
	build := exec.Command("go", "build", "-gcflags=-l", "-o", archive, "./names")
	build.Dir = filepath.Join("testdata", "shop")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command("go", "tool", "nm", archive).Output()
	if err != nil {
		t.Fatal(err)
	}
	args := regexp.MustCompile(`\[go\.shape[^\]]*\]`)
	compiled := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) >= 3 && f[1] == "T" {
			compiled[args.ReplaceAllString(f[2], "[...]")] = true
		}
	}
	n := 0
	for _, f := range x.Funcs() {
		if filepath.Base(f.Pos.Filename) != "names.go" {
			continue
		}
		n++
		if !compiled[f.Name] {
			t.Errorf("%s at line %d is no function of the compiler's", f, f.Pos.Line)
		}
	}
	if n < 25 {
		t.Errorf("%d functions, want at least 25", n)
	}
	// And the other way round, but for what the compiler adds.
	mine := map[string]bool{}
	for _, f := range x.Funcs() {
		mine[f.Name] = true
	}
	for _, w := range x.b.wrappers {
		mine[w] = true
	}
	for name := range compiled {
		// Instances, and methods for the pointer to a value receiver, are no
		// functions of the source.
		own := !strings.HasSuffix(name, ".(*T).V") && (!strings.Contains(name, "[") || strings.Contains(name, "[...]"))
		if own && strings.HasPrefix(name, "example.com/shop/names.") && !mine[name] && !strings.HasSuffix(name, ".init") && !strings.Contains(name, ".map.init") {
			t.Errorf("the compiler has a function %s, the index has not", name)
		}
	}
}
