package explain

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/finding/render"
)

const source = "testdata/shop/shop.go"

var shop = sync.OnceValues(func() (*access.Index, error) {
	return access.Load(context.Background(), access.Config{Dir: filepath.Dir(source)})
})

// at is the place of a line that a comment of the source marks.
func at(t *testing.T, mark string) string {
	t.Helper()
	b, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(b), "\n") {
		if strings.HasSuffix(line, "// "+mark) {
			return fmt.Sprintf("/build/shop/shop.go:%d", i+1)
		}
	}
	t.Fatalf("no line of the source is marked %q", mark)
	return ""
}

// report explains a log. Lines "@function mark" in it are frames of the source.
func report(t *testing.T, log string, edit ...func(*Options)) *Report {
	t.Helper()
	x, err := shop()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(log) {
		line = strings.TrimSuffix(line, "\n")
		if call, ok := strings.CutPrefix(line, "@"); ok {
			fn, mark, _ := strings.Cut(call, " ")
			if created, ok := strings.CutPrefix(fn, "created:"); ok {
				fmt.Fprintf(&b, "created by %s in goroutine 1\n\t%s +0x1a\n", created, at(t, mark))
				continue
			}
			fmt.Fprintf(&b, "%s\n\t%s +0x2b\n", fn, at(t, mark))
			continue
		}
		b.WriteString(line + "\n")
	}
	all, err := crashlog.ReadAll(strings.NewReader(b.String()), crashlog.Options{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d crashes, %v, in\n%s", len(all), err, b.String())
	}
	o := Options{Index: x, Source: "crash.log"}
	for _, e := range edit {
		e(&o)
	}
	r := Crash(all[0], o)
	if r == nil {
		t.Fatal("no report")
	}
	for i, f := range r.Findings() {
		if err := f.Validate(); err != nil {
			t.Errorf("finding %d: %v", i, err)
		}
		if err := render.Text(&bytes.Buffer{}, f, render.Options{}); err != nil {
			t.Errorf("finding %d: %v", i, err)
		}
	}
	return r
}

// others are the candidates: goroutine, function and grade.
func others(r *Report) []string {
	var out []string
	for i := range r.Others {
		c := &r.Others[i]
		id := "-"
		if c.Goroutine != nil {
			id = fmt.Sprint(c.Goroutine.ID)
		}
		out = append(out, fmt.Sprintf("%s %s %s", id, strings.TrimPrefix(c.Func(), "main."), c.Grade))
	}
	return out
}

const detecting = `fatal error: concurrent map read and map write

goroutine 1 [running]:
internal/runtime/maps.fatal({0x4b1d0e?, 0x0?})
	/usr/local/go/src/runtime/panic.go:1181 +0x18
@main.(*Registry).Get(...) get
@main.main() main gets
`

func TestOneGoroutine(t *testing.T) {
	r := report(t, detecting)
	if r.Map == nil || r.Map.Name != "main.Registry.peers" || r.MapGrade != finding.Shown {
		t.Fatalf("map %v, %s", r.Map, r.MapGrade)
	}
	got := others(r)
	want := []string{"- (*Registry).Drop inferred", "- (*Registry).Put inferred", "- main guessed"}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("candidates %q, want %q: the unguarded one first, what was before any goroutine last", got, want)
	}
	f := r.Finding()
	if f.Rule != finding.ReadWrite || f.Engine != finding.Explain || f.Grade != finding.Inferred {
		t.Errorf("rule %s, engine %s, grade %s", f.Rule, f.Engine, f.Grade)
	}
	if len(f.Map.Guards) != 1 || f.Map.Guards[0] != "mu sync.RWMutex" || f.Map.Type != "map[string]int" {
		t.Errorf("map %+v", f.Map)
	}
	if o := f.Parties[1].Goroutine.Origin; len(o) != 1 || !strings.HasSuffix(at(t, "go dropper"), fmt.Sprintf(":%d", o[0].Line)) {
		t.Errorf("the other side's origin is %v, want the go statement", o)
	}
	if next := strings.Join(r.Next(), "\n"); !strings.Contains(next, "GOTRACEBACK=all") {
		t.Errorf("what to set next time lacks GOTRACEBACK=all:\n%s", next)
	}
}

func TestSleepingWriter(t *testing.T) {
	r := report(t, detecting+`
goroutine 18 [sleep]:
time.Sleep(0x3b9aca00)
	/usr/local/go/src/runtime/time.go:363 +0x165
@main.(*Registry).writer(0xc000010000) writer sleeps
@created:main.main go writer

goroutine 20 [sleep]:
time.Sleep(0x3b9aca00)
	/usr/local/go/src/runtime/time.go:363 +0x165
@main.(*Other).writer(0xc000010008) other sleeps
@created:main.main go other
`)
	if got := others(r); got[0] != "18 (*Registry).Put inferred" {
		t.Errorf("candidates %q, want goroutine 18 first", got)
	}
	for _, c := range r.Others {
		if c.Goroutine != nil && c.Goroutine.ID == 20 {
			t.Errorf("goroutine 20 works on another type's field of that name: %s", c.Why)
		}
	}
}

func TestLongAsleep(t *testing.T) {
	r := report(t, detecting+`
goroutine 18 [sleep, 7 minutes]:
time.Sleep(0x3b9aca00)
	/usr/local/go/src/runtime/time.go:363 +0x165
@main.(*Registry).writer(0xc000010000) writer sleeps
@created:main.main go writer

goroutine 19 [runnable]:
@main.pause(...) dropper pauses
@main.(*Registry).dropper(0xc000010000) dropper pauses
@created:main.main go dropper
`)
	if got := others(r); got[0] != "19 (*Registry).Drop inferred" {
		t.Errorf("candidates %q, want goroutine 19 first: 18 has slept for minutes", got)
	}
}

// TestHolders: a core tells which of the goroutines that may write such a map has
// this one. Who may only have passed the site is not shown to have written by that.
func TestHolders(t *testing.T) {
	log := detecting + `
goroutine 18 [sleep]:
time.Sleep(0x3b9aca00)
	/usr/local/go/src/runtime/time.go:363 +0x165
@main.(*Registry).writer(0xc000010000) writer sleeps
@created:main.main go writer

goroutine 19 [runnable]:
@main.pause(...) dropper pauses
@main.(*Registry).dropper(0xc000010000) dropper pauses
@created:main.main go dropper
`
	hold := func(ids ...uint64) func(*Options) {
		return func(o *Options) {
			o.Header = 0xc000012030
			for _, id := range ids {
				o.Holders = append(o.Holders, Holder{Goroutine: id, Func: "main.(*Registry).writer", Object: 0xc000010000})
			}
		}
	}
	for _, c := range []struct {
		holders     []uint64
		first, last string
	}{
		{[]uint64{1, 18}, "18 (*Registry).Put shown", "19 (*Registry).Drop guessed"},
		{[]uint64{1, 19}, "19 (*Registry).Drop shown", "18 (*Registry).Put guessed"},
		{[]uint64{1}, "19 (*Registry).Drop inferred", "18 (*Registry).Put inferred"}, // a global: nobody's stack has it
	} {
		got := others(report(t, log, hold(c.holders...)))
		last := slices.IndexFunc(got, func(s string) bool { return s == c.last })
		if got[0] != c.first || last < 1 {
			t.Errorf("holders %v: candidates %q, want %q first, and then %q", c.holders, got, c.first, c.last)
		}
	}
	far := others(report(t, log, func(o *Options) {
		hold(1, 18)(o)
		o.Holders = append(o.Holders, Holder{Goroutine: 19, Func: "main.(*Registry).dropper", Object: 0xc000011000, Far: true})
	}))
	if far[0] != "18 (*Registry).Put shown" || !slices.Contains(far, "19 (*Registry).Drop inferred") {
		t.Errorf("candidates %q: who only leads to the map is neither shown to have it nor said not to", far)
	}
	passed := strings.Replace(detecting, "goroutine 1 [running]", "goroutine 7 [running]", 1) + `
goroutine 1 [runnable]:
@main.main() main gets
`
	for _, got := range others(report(t, passed, hold(7, 1))) {
		if got == "1 main shown" {
			t.Error("the main goroutine, which wrote before it started others, is shown to be the other side")
		}
	}
}

func TestStackUnavailable(t *testing.T) {
	r := report(t, detecting+`
goroutine 18 [running]:
	goroutine running on other thread; stack unavailable
@created:main.main go dropper

goroutine 19 [sleep]:
time.Sleep(0x3b9aca00)
	/usr/local/go/src/runtime/time.go:363 +0x165
@main.(*Registry).writer(0xc000010000) writer sleeps
@created:main.main go writer
`)
	if got := others(r); got[0] != "18 (*Registry).Drop inferred" {
		t.Errorf("candidates %q, want goroutine 18 first", got)
	}
}

const system = `fatal error: concurrent map writes

goroutine 19 [running]:
internal/runtime/maps.fatal({0x4b1d0e?, 0x0?})
	/usr/local/go/src/runtime/panic.go:1181 +0x18
runtime.mapdelete_faststr(0x4994e0?, 0xc000012030, {0x4b1d0e?, 0x1?})
	/usr/local/go/src/internal/runtime/maps/runtime_faststr.go:404 +0x1a5
@main.(*Registry).Drop(...) drop
@main.(*Registry).dropper(0xc000010000) dropper drops
@created:main.main go dropper

goroutine 18 gp=0xc000003a40 m=nil [runnable]:
runtime.mapassign_faststr(0x4994e0?, HEADER, {0x4b1d0e?, 0x1?})
	/usr/local/go/src/internal/runtime/maps/runtime_faststr.go:263 +0x1a5
@main.(*Registry).Put(...) put
@main.(*Registry).writer(0xc000010000) writer puts
@created:main.main go writer
`

func TestSameHeader(t *testing.T) {
	r := report(t, strings.ReplaceAll(system, "HEADER", "0xc000012030"))
	if got := others(r); got[0] != "18 (*Registry).Put proved" {
		t.Errorf("candidates %q, want goroutine 18 first, proved", got)
	}
	f := r.Finding()
	if f.Grade != finding.Proved || f.Map.Addr != 0xc000012030 || f.Rule != finding.WriteWrite {
		t.Errorf("grade %s, address %s, rule %s", f.Grade, f.Map.Addr, f.Rule)
	}
}

// TestStaleHeader: a word that the traceback marks is what its slot held before.
// Equal ones prove nothing, and different ones tell nobody apart.
func TestStaleHeader(t *testing.T) {
	for _, words := range [][2]string{{"0x1?", "0x1?"}, {"0xc000012030?", "0xc000012030?"}, {"0xc000012030", "0xc000012030?"}, {"0x1?", "0xc0000aa000?"}} {
		log := strings.NewReplacer("HEADER", words[1], "0x4994e0?, 0xc000012030,", "0x4994e0?, "+words[0]+",").Replace(system)
		r := report(t, log)
		if got := others(r); got[0] != "18 (*Registry).Put shown" {
			t.Errorf("headers %v: candidates %q, want goroutine 18 first, shown", words, got)
		}
		if f := r.Finding(); f.Grade == finding.Proved || strings.HasSuffix(words[0], "?") && f.Map.Addr != 0 {
			t.Errorf("headers %v: grade %s, address %s", words, f.Grade, f.Map.Addr)
		}
	}
}

func TestOtherHeader(t *testing.T) {
	r := report(t, strings.ReplaceAll(system, "HEADER", "0xc0000aa000"))
	for _, c := range r.Others {
		if c.Goroutine != nil && c.Goroutine.ID == 18 && c.Grade != finding.Guessed {
			t.Errorf("goroutine 18 is %s, want guessed: it is inside another map", c.Grade)
		}
	}
	if r.Others[0].Goroutine != nil && r.Others[0].Goroutine.ID == 18 {
		t.Errorf("candidates %q: goroutine 18, inside another map, is first", others(r))
	}
}

func TestSharedLock(t *testing.T) {
	r := report(t, strings.NewReplacer("main.(*Registry).Get(...) get", "main.(*Registry).Safe(...) safe").Replace(detecting))
	if got := others(r); got[0] != "- (*Registry).Drop inferred" || got[1] == "- (*Registry).Put inferred" {
		t.Errorf("candidates %q: Put cannot be inside while Safe holds the lock", got)
	}
}

func TestSameLine(t *testing.T) {
	r := report(t, strings.NewReplacer("main.(*Registry).Get(...) get", "main.(*Registry).Both(...) both").Replace(detecting))
	if r.Map == nil || r.Map.Name != "main.Registry.peers" || r.MapGrade != finding.Inferred {
		t.Errorf("map %v, %s; want the one of the line that somebody writes, inferred", r.Map, r.MapGrade)
	}
	if len(r.Maps) != 1 || r.Maps[0].Name != "main.Registry.tags" {
		t.Errorf("further maps %v, want main.Registry.tags", r.Maps)
	}
}

func TestHiddenReader(t *testing.T) {
	r := report(t, `fatal error: concurrent map iteration and map write

goroutine 1 [running]:
internal/runtime/maps.fatal({0x4b1d0e?, 0x0?})
	/usr/local/go/src/runtime/panic.go:1181 +0x18
internal/runtime/maps.(*Iter).Next(0xc000123450?)
	/usr/local/go/src/internal/runtime/maps/table.go:826 +0x9b
reflect.mapIterNext(0xc000123450?)
	/usr/local/go/src/runtime/map.go:339 +0x13
encoding/json.mapEncoder.encode({0x0?}, 0xc000092000, {0x4f0a80?, 0xc000012030?, 0x0?}, {0x0?, 0x0?})
	/usr/local/go/src/encoding/json/encode.go:741 +0x1f4
encoding/json.Marshal({0x4f0a80, 0xc000012030})
	/usr/local/go/src/encoding/json/encode.go:171 +0xd0
@main.(*Page).JSON(...) marshal
@main.main() main gets
`)
	if r.Map == nil || r.Map.Name != "main.Page.Peers" || r.Noticed.Op != finding.Iterate {
		t.Fatalf("map %v, operation %s", r.Map, r.Noticed.Op)
	}
	if got := others(r); len(got) != 1 || got[0] != "- (*Page).fill inferred" {
		t.Errorf("candidates %q, want fill alone", got)
	}
}

func TestOtherVersion(t *testing.T) {
	r := report(t, strings.Replace(detecting, "@main.(*Registry).Get(...) get", "@main.(*Registry).Get(...) drop", 1))
	if r.Map != nil && r.MapGrade == finding.Shown {
		t.Errorf("the map is shown by a line that holds another operation: %v", r.Map)
	}
}

func TestNoIndex(t *testing.T) {
	r := report(t, detecting, func(o *Options) { o.Index, o.NoIndex = nil, "the source was not read" })
	if r.Map != nil || len(r.Others) != 0 {
		t.Errorf("map %v, candidates %q without a source", r.Map, others(r))
	}
	f := r.Finding()
	if f.Grade != finding.Guessed || f.Map.Missing["name"] != "the source was not read" {
		t.Errorf("grade %s, missing %v", f.Grade, f.Map.Missing)
	}
}

func TestNoStack(t *testing.T) {
	r := report(t, "fatal error: concurrent map writes\n")
	f := r.Finding()
	if f.Grade != finding.Guessed || f.Rule != finding.WriteWrite || f.Parties[0].Missing["stack"] == "" {
		t.Errorf("grade %s, rule %s, %v", f.Grade, f.Rule, f.Parties[0].Missing)
	}
}

func TestNotOurs(t *testing.T) {
	all, err := crashlog.ReadAll(strings.NewReader("fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select (no cases)]:\nmain.main()\n\t/a/b.go:3 +0x2\n"), crashlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if Crash(c, Options{}) != nil {
			t.Error("a deadlock is explained as a map crash")
		}
	}
}

func TestText(t *testing.T) {
	r := report(t, detecting)
	var b bytes.Buffer
	if err := r.Text(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"The other side, the likeliest first:", "write (delete) of r.peers at shop.go:", "under r.mu",
		"internal/runtime/maps.fatal", "runtime.fatalthrow", "exit(2)", "To know more next time:", "of one main.Registry or of two",
	} {
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), want) {
			t.Errorf("the text lacks %q:\n%s", want, b.String())
		}
	}
	for line := range strings.Lines(b.String()) {
		if len(line) > width+1 && strings.Count(strings.TrimSpace(line), " ") > 3 {
			t.Errorf("a line of %d columns: %s", len(line), line)
		}
	}
	b.Reset()
	if err := r.JSON(&b); err != nil || strings.Count(b.String(), "\n") != 1 {
		t.Errorf("JSON of %d lines, %v", strings.Count(b.String(), "\n"), err)
	}
}

// TestManyGoroutines: what is asked of one goroutine is not worked out again for
// each of a thousand, and those that are alike are one candidate.
func TestManyGoroutines(t *testing.T) {
	var b strings.Builder
	b.WriteString(detecting)
	for i := range 900 {
		fmt.Fprintf(&b, "\ngoroutine %d [sleep]:\ntime.Sleep(0x3b9aca00)\n\t/usr/local/go/src/runtime/time.go:363 +0x165\n", 100+i)
		b.WriteString("@main.(*Registry).writer(0xc000010000) writer sleeps\n@created:main.main go writer\n")
	}
	r := report(t, b.String())
	c := r.Others[0]
	if c.Func() != "main.(*Registry).Put" || c.Like != 899 {
		t.Errorf("first candidate %s with %d like it, want Put with 899", c.Func(), c.Like)
	}
}

// TestExcluded: of several locks, the one that both sides hold is named; two
// readers do not keep each other out.
func TestExcluded(t *testing.T) {
	r := &Report{Noticed: Side{Site: &access.Site{Locks: []access.Lock{{Name: "p.T.a"}, {Name: "p.T.mu", Shared: true}}}}}
	for _, c := range []struct {
		locks []access.Lock
		want  string
	}{
		{[]access.Lock{{Name: "p.T.log"}, {Name: "p.T.mu"}}, "p.T.mu"},
		{[]access.Lock{{Name: "p.T.log"}, {Name: "p.T.mu", Shared: true}}, ""},
		{[]access.Lock{{Name: "p.T.a", Shared: true}}, "p.T.a"},
		{[]access.Lock{{Name: "p.U.mu"}}, ""},
		{nil, ""},
	} {
		if got := r.excluded(&access.Site{Locks: c.locks}); got != c.want {
			t.Errorf("locks %v: kept out by %q, want %q", c.locks, got, c.want)
		}
	}
}
