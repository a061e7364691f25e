package crashlog

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/crashlog/internal/corpus"
)

func needHeavy(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Skip(why + ": set MAPSAN_HEAVY=1")
	}
}

// TestFreshCorpus lets the program die anew under each toolchain, and holds
// what is read against the same demands as the stored corpus.
func TestFreshCorpus(t *testing.T) {
	needHeavy(t, "builds and runs a program with eight toolchains")
	total, right, logs, mixed := 0, 0, 0, 0
	for _, v := range corpus.Versions() {
		c, err := corpus.Build(t.Context(), v, filepath.Join("testdata", "crashers"), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		stored, err := corpus.Read(filepath.Join("testdata", "corpus"), v)
		if err != nil {
			t.Fatal(err)
		}
		for i, level := range corpus.Levels() {
			for _, ops := range corpus.Runs(i) {
				l, err := c.Run(t.Context(), level, ops)
				if err != nil {
					t.Fatal(err)
				}
				if isOther(l) {
					continue
				}
				// Two threads died at once, and wrote between each other's
				// words: TestTwoThreads and TestTornMessages are about these.
				if logs++; strings.Count(l.Text, "fatal error: ") > 1 {
					mixed++
					continue
				}
				got, rest := parseOne(t, l.Text)
				if rest != "" {
					t.Errorf("%s: not of the crash: %q", l.Name(), rest)
				}
				at := slices.IndexFunc(stored, func(s corpus.Log) bool { return s.Level == level && s.Ops == ops })
				if at < 0 {
					t.Errorf("%s: not in the stored corpus", l.Name())
					continue
				}
				sameShape(t, stored[at], l, got)
				for _, g := range got.Detecting() {
					total++
					if o := got.Operation(g); rightOp(o, truth(l, g)) {
						right++
					} else {
						t.Logf("%s: goroutine %d: %s by %s, want %s; frames %s", l.Name(), g.ID, o.Op, o.Evidence, truth(l, g), funcs(g))
					}
				}
			}
		}
	}
	t.Logf("operation right %d of %d; %d of %d logs are of two threads", right, total, mixed, logs)
	if mixed > logs/4 {
		t.Errorf("%d of %d logs are of two threads: too few are left", mixed, logs)
	}
	if total == 0 || float64(right) < 0.99*float64(total) {
		t.Errorf("operation right %d of %d, want 99 %%", right, total)
	}
}

// sameShape compares what does not depend on who was faster: the level, and
// the goroutines that stand by, which are the same in each run of the program.
func sameShape(t *testing.T, stored, fresh corpus.Log, got *Crash) {
	t.Helper()
	want, _ := parseOne(t, stored.Text)
	if got.Level != want.Level || got.Truncated || !got.Cause.IsMap() {
		t.Errorf("%s: level %s, truncated %v, cause %s; stored level %s", fresh.Name(), got.Level, got.Truncated, got.Cause, want.Level)
	}
	// By the functions that stay: what a bystander is about to do when the crash
	// comes, fall asleep or help the collector, differs.
	waiting := func(c *Crash) string {
		var out []string
		for _, g := range c.Goroutines {
			names := funcs(g)
			if at := strings.Index(names, "main.bystanders."); at >= 0 {
				out = append(out, fmt.Sprint(strings.Count(names, "main.deep"), " deep, ", names[at:]))
			}
		}
		slices.Sort(out)
		return strings.Join(out, "\n")
	}
	if g, w := waiting(got), waiting(want); g != w {
		t.Errorf("%s: the bystanders are\n%s\nstored:\n%s", fresh.Name(), g, w)
	}
}

// TestMessages looks the messages up in the sources of each runtime: each must
// be known, and each that is known must be there.
func TestMessages(t *testing.T) {
	needHeavy(t, "reads the sources of eight toolchains")
	re := regexp.MustCompile(`\bfatal\("([^"]*\bmap\b[^"]*)"\)`)
	found := map[string]int{}
	for _, v := range corpus.Versions() {
		cmd := exec.CommandContext(t.Context(), "go", "env", "GOROOT")
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+v)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		src := filepath.Join(strings.TrimSpace(string(out)), "src")
		for _, dir := range []string{"runtime", "internal/runtime/maps", "reflect", "maps", "internal/reflectlite"} {
			files, err := filepath.Glob(filepath.Join(src, dir, "*.go"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range re.FindAllStringSubmatch(string(b), -1) {
					if known, _ := leadingMessage([]byte(m[1])); known != m[1] && !strings.HasSuffix(f, "_test.go") {
						t.Errorf("%s: %s: %q is not known", v, f, m[1])
					}
					found[m[1]]++
				}
			}
		}
	}
	for _, m := range messages {
		if found[m.text] == 0 {
			t.Errorf("%q is in no runtime", m.text)
		}
	}
	t.Logf("%v", found)
}
