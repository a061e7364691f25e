package racelog

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// logs are what testdata/racers printed, built by each Go version: name -> text.
func logs(t testing.TB) map[string]map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/logs/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no logs", err)
	}
	out := map[string]map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		of := map[string]string{}
		for part := range strings.SplitSeq(string(text), "### ") {
			if name, body, ok := strings.Cut(part, "\n"); ok {
				of[name] = body
			}
		}
		out[strings.TrimSuffix(filepath.Base(f), ".txt")] = of
	}
	return out
}

func read(t testing.TB, text string) []*Report {
	t.Helper()
	all, err := ReadAll(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestMaps: the races on maps are told from the near misses, which are named no...
func TestMaps(t *testing.T) {
	for v, of := range logs(t) {
		for name, text := range of {
			all := read(t, text)
			if name == "clone-assign" {
				if len(all) != 0 {
					t.Errorf("%s: the detector hears of maps.Clone now", v)
				}
				continue
			}
			if len(all) == 0 {
				t.Errorf("%s %s: no report", v, name)
			}
			// Beside the map's own race there may be one on the slot of its element.
			if want := !strings.HasPrefix(name, "no-"); slices.ContainsFunc(all, (*Report).IsMap) != want {
				t.Errorf("%s %s: IsMap is %v", v, name, !want)
			}
		}
	}
}

func TestGolden(t *testing.T) {
	for v, of := range logs(t) {
		var names []string
		for name := range of {
			names = append(names, name)
		}
		slices.Sort(names)
		var b strings.Builder
		for _, name := range names {
			fmt.Fprintf(&b, "%s\n", name)
			for _, r := range read(t, of[name]) {
				b.WriteString(summary(r))
			}
		}
		file := filepath.Join("testdata", "golden", v+".txt")
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != b.String() {
			t.Errorf("%s differs; -update writes it anew:\n%s", file, b.String())
		}
	}
}

func summary(r *Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  line %d map=%v truncated=%v\n", r.Line, r.IsMap(), r.Truncated)
	for i := range r.Accesses {
		a := &r.Accesses[i]
		fmt.Fprintf(&b, "  %s write=%v goroutine=%d main=%v %s:", a.Op(), a.Write, a.Goroutine.ID, a.Goroutine.Main, a.Goroutine.State)
		for _, f := range a.Stack.Frames {
			fmt.Fprintf(&b, " %s:%d", f.Func, f.Line)
		}
		if a.Stack.Lost {
			b.WriteString(" lost")
		}
		for i, f := range a.Goroutine.Created.Frames {
			if i == 0 {
				b.WriteString(" <-")
			}
			fmt.Fprintf(&b, " %s:%d", f.Func, f.Line)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// wraps are what a log may look like on its way.
var wraps = map[string]func(string) string{
	"plain":  func(s string) string { return s },
	"syslog": func(s string) string { return "Jan  2 03:04:05 host prog[7]: " + s },
	"docker": func(s string) string {
		t, _ := json.Marshal(s + "\n")
		return `{"log":` + string(t) + `,"stream":"stderr"}`
	},
	"test -json": func(s string) string {
		t, _ := json.Marshal(s + "\n")
		return `{"Action":"output","Package":"example.com/p","Test":"TestX","Output":` + string(t) + `}`
	},
	"cri": func(s string) string { return "2024-05-06T07:08:09.123456789Z stderr F " + s },
}

func TestWrapped(t *testing.T) {
	text := logs(t)["go1.26.8"]["has-delete"]
	want := summary(read(t, text)[0])
	for name, wrap := range wraps {
		var b strings.Builder
		for line := range strings.Lines(text) {
			b.WriteString(wrap(strings.TrimSuffix(line, "\n")) + "\n")
		}
		all := read(t, b.String())
		if len(all) != 1 || summary(all[0]) != want {
			t.Errorf("%s: %d reports", name, len(all))
			continue
		}
		if name == "test -json" && (all[0].Package != "example.com/p" || all[0].Test != "TestX") {
			t.Errorf("test %q of %q", all[0].Test, all[0].Package)
		}
	}
}

// TestInterleaved: a program's own lines stand inside of a report, and two
// packages' reports inside of one another.
func TestInterleaved(t *testing.T) {
	of := logs(t)["go1.27.3"]
	text := of["has-delete"]
	want := summary(read(t, text)[0])
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(line)
		if strings.HasPrefix(line, "  ") {
			b.WriteString("listening on :8080\n")
		}
	}
	if all := read(t, b.String()); len(all) != 1 || len(all[0].Accesses[0].Stack.Frames) != strings.Count(strings.Split(text, "\n\n")[0], "()") {
		t.Errorf("with lines of others: %d reports", len(all))
	}
	b.Reset()
	lines := [2][]string{strings.Split(text, "\n"), strings.Split(of["assign-assign"], "\n")}
	for i := range max(len(lines[0]), len(lines[1])) {
		for p, l := range lines {
			if i < len(l) {
				t, _ := json.Marshal(l[i] + "\n")
				fmt.Fprintf(&b, `{"Action":"output","Package":"p%d","Output":%s}`+"\n", p, t)
			}
		}
	}
	all := read(t, b.String())
	if len(all) != 2 || all[0].Package != "p0" || strings.SplitN(summary(all[0]), "\n", 2)[1] != strings.SplitN(want, "\n", 2)[1] {
		t.Errorf("two packages: %d reports", len(all))
	}
}

func TestLost(t *testing.T) {
	const form = "WARNING: DATA RACE\n%s at 0x00c000012180 by goroutine 7:\n  %s()\n      /x.go:1 +0x2\n\n" +
		"Previous %s at 0x00c000012180 by goroutine 8:\n  [failed to restore the stack]\n\nGoroutine 7 (running) created at:\n  main.main()\n      /x.go:9 +0x3\n\n" +
		"Goroutine 8 (finished) created at:\n  [failed to restore the stack]\n==================\n"
	for _, test := range []struct {
		kind, fn, previous string
		isMap              bool
	}{
		{"Write", "runtime.mapassign", "read", true},
		{"Read", "runtime.mapaccess1_faststr", "write", true},
		{"Read", "runtime.mapaccess1", "write", false}, // may be its key
		{"Read", "main.f", "write", false},
	} {
		all := read(t, fmt.Sprintf(form, test.kind, test.fn, test.previous))
		if len(all) != 1 || !all[0].Accesses[1].Stack.Lost || all[0].Accesses[0].Goroutine.State != "running" || all[0].IsMap() != test.isMap {
			t.Errorf("%v: %+v", test, all)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, of := range logs(f) {
		f.Add([]byte(of["has-delete"]))
		f.Add([]byte(of["no-key"]))
		for _, wrap := range wraps {
			var b strings.Builder
			for line := range strings.Lines(of["len-assign"]) {
				b.WriteString(wrap(strings.TrimSuffix(line, "\n")) + "\n")
			}
			f.Add([]byte(b.String()))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := ReadAll(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			if r.Line < 1 || r.Line > int64(strings.Count(string(text), "\n")+1) {
				t.Errorf("line %d", r.Line)
			}
			for i := range r.Accesses {
				a := &r.Accesses[i]
				if a.User() > len(a.Stack.Frames) || a.Op() == OpNone || a.Stack.Lost != (len(a.Stack.Frames) == 0) && !a.Stack.Lost {
					t.Errorf("access %+v", a)
				}
			}
			r.IsMap()
		}
	})
}
