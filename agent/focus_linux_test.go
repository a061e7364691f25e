//go:build amd64 || arm64

package agent

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

var (
	words = suspected(finding.Map{Name: "main.words", Kind: finding.Global}, in(finding.Assign, "main.setWord"), in(finding.Lookup, "main.getWord"))
	rows  = suspected(finding.Map{Name: "main.table.rows", Kind: finding.Field}, in(finding.Assign, "main.(*table).set"), in(finding.Lookup, "main.(*table).get"))
	// Of this one only the functions are known, as where the executable is stripped.
	set = suspected(finding.Map{}, in(finding.Assign, "main.(*table).set"), in(finding.Assign, "main.(*table).drop"))
)

// patient holds so long that the other side comes even where processors are busy.
var patient = Options{Budget: 50, Delay: time.Millisecond}

var focused = []struct {
	shape string
	of    *finding.Finding
	how   How
	fns   [2]string // the parties' functions, sorted
}{
	{"global", words, ByWatchpoint, [2]string{"main.getWord", "main.setWord"}},
	{"small", rows, ByWatchpoint, [2]string{"main.(*table).get", "main.(*table).set"}},
	{"large", rows, ByWatchpoint, [2]string{"main.(*table).get", "main.(*table).set"}},
	// The finding knows one side of it, as of a crash.
	{"writes", suspected(finding.Map{}, in(finding.Assign, "main.(*table).set"), finding.Party{}), ByWatchpoint, [2]string{"main.(*table).set", ""}},
	{"iterate", suspected(finding.Map{Name: "main.table.rows"}, in(finding.Assign, "main.(*table).set"), in(finding.Iterate, "main.(*table).sum")),
		ByWatchpoint, [2]string{"main.(*table).set", "main.(*table).sum"}},
	{"json", suspected(finding.Map{}, in(finding.Assign, "main.(*table).set"),
		in(finding.Iterate, "reflect.(*MapIter).Next", "encoding/json.mapEncoder.encode", "main.(*table).print")),
		ByWatchpoint, [2]string{"main.(*table).print", "main.(*table).set"}},
	{"clear", suspected(finding.Map{Name: "main.cleared.m"}, in(finding.Clear, "main.(*cleared).reset"), in(finding.Lookup, "main.(*cleared).has")),
		ByCalls, [2]string{"main.(*cleared).has", "main.(*cleared).reset"}},
}

// catchFocused watches a program until its race is caught, in some runs at most. The race
// begins when the map is watched as it should be.
func catchFocused(t *testing.T, path, shape string, of *finding.Finding, how How) *finding.Finding {
	t.Helper()
	if oldGuest {
		how = ByCalls // no watchpoints: TestKernel
	}
	for range tries {
		p := start(t, path, shape, "60s")
		var found []*finding.Finding
		o := patient
		o.Focus = []*finding.Finding{of}
		o.Found = func(f *finding.Finding) { found = append(found, f) }
		var racing time.Time
		st := focusing(t, p, o, func(w *Watcher) bool {
			if racing.IsZero() && w.status.Focus[0].How == how && (w.status.Traps > 0) == (how == ByWatchpoint) {
				racing = time.Now()
				p.begin()
			}
			return w.status.Conflicts > 0 || w.status.Crash != ""
		})
		took := time.Since(racing)
		p.kill()
		if len(found) == 0 {
			t.Logf("nothing found: %+v", st)
			continue
		}
		if racing.IsZero() {
			t.Errorf("a race before there was one, watched as %+v, %d traps", st.Focus, st.Traps)
		}
		if err := found[0].Validate(); err != nil {
			t.Error(err)
		}
		if found[0].Grade != finding.Proved {
			t.Errorf("grade %s", found[0].Grade)
		}
		t.Logf("%v: %d hits, %d traps of which %d strange, %d delays", took.Round(time.Millisecond), st.Hits, st.Traps, st.Strange, st.Delays)
		return found[0]
	}
	t.Fatal("never caught")
	return nil
}

// parties are the functions of both sides, sorted.
func parties(f *finding.Finding) (fns [2]string) {
	for i := range f.Parties {
		if s, ok := f.Parties[i].Site(); ok {
			fns[i] = s.Func
		}
	}
	slices.Sort(fns[:])
	return fns
}

// TestFocusCatches: what findings name is caught in the act, by both sides.
func TestFocusCatches(t *testing.T) {
	able(t)
	path := build(t, "focus")
	for _, c := range focused {
		t.Run(c.shape, func(t *testing.T) {
			f := catchFocused(t, path, c.shape, c.of, c.how)
			if fns := parties(f); fns != c.fns && (c.fns[1] != "" || !strings.HasPrefix(fns[0]+fns[1], "main.(*table)")) {
				t.Errorf("the parties are in %q, not in %q", fns, c.fns)
			}
		})
	}
}

// TestFocusBuilds: whatever the toolchain and the linker made of the program.
func TestFocusBuilds(t *testing.T) {
	able(t)
	of := suspected(finding.Map{}, rows.Parties[0], rows.Parties[1])
	versions := []string{""}
	if v := os.Getenv("MAPSAN_SUITE_TOOLCHAINS"); v != "" && os.Getenv("MAPSAN_HEAVY") != "" {
		versions = append(versions, append(strings.Split(v, ","), "go1.24.13", "go1.22.12")...)
	}
	for _, version := range versions {
		for name, flags := range map[string][]string{
			"stripped":      {"-ldflags=-s -w"},
			"pie, stripped": {"-buildmode=pie", "-ldflags=-s -w"},
		} {
			if version != "" && name != "stripped" {
				continue
			}
			t.Run(strings.TrimPrefix(version+" "+name, " "), func(t *testing.T) {
				if version != "" {
					t.Setenv("GOTOOLCHAIN", version)
					if out, err := exec.Command("go", "version").CombinedOutput(); err != nil {
						t.Skipf("%s cannot be had: %s", version, out)
					}
				}
				path := build(t, "focus", flags...)
				touchesAreKnown(t, path)
				g := catchFocused(t, path, "global", suspected(finding.Map{}, words.Parties[0], words.Parties[1]), ByWatchpoint)
				if fns := parties(g); fns != [2]string{"main.getWord", "main.setWord"} {
					t.Errorf("the parties are in %q", fns)
				}
				f := catchFocused(t, path, "large", of, ByWatchpoint)
				if fns := parties(f); fns != [2]string{"main.(*table).get", "main.(*table).set"} {
					t.Errorf("the parties are in %q", fns)
				}
			})
		}
	}
}

// touchesAreKnown: for each operation that hashes its key there is an instruction
// before the writing flag is set, and none in what runs behind it.
func touchesAreKnown(t *testing.T, path string) {
	t.Helper()
	f, err := binfo.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, err := layoutOf(f)
	if err != nil {
		t.Fatal(err)
	}
	all, err := touches(f, l)
	if err != nil {
		t.Fatal(err)
	}
	before, behind := map[binfo.Op]int{}, 0
	for _, c := range all {
		if !c.Inside {
			before[c.Op]++
			if op, _, _, _, ok := binfo.OpOf(c.Func); !ok || op == binfo.Clear || strings.Contains(c.Func, "grow") {
				t.Errorf("%s uses a seed behind the flag, and is said not to", c.Func)
			}
		} else {
			behind++
		}
	}
	for _, op := range []binfo.Op{binfo.Lookup, binfo.Assign, binfo.Delete} {
		if before[op] == 0 {
			t.Errorf("no %s takes a seed", op)
		}
	}
	if behind < 3 { // growth, clear and what empties a map
		t.Errorf("%d uses of a seed behind the flag", behind)
	}
	t.Logf("%+v: %v, %d behind the flag", l, before, behind)
}

// TestFocusIsSilent: what is ordered is no race, what is not in focus is not looked at,
// and an address that is used again is another map.
func TestFocusIsSilent(t *testing.T) {
	able(t)
	limit := 3 * time.Second
	if os.Getenv("MAPSAN_HEAVY") != "" {
		limit = 20 * time.Second
	}
	function := func(fn string) []*finding.Finding {
		return []*finding.Finding{suspected(finding.Map{}, in(finding.Assign, fn), in(finding.Read, fn))}
	}
	for _, c := range []struct {
		program, shape string
		focus          []*finding.Finding
		alone, traps   bool // alone: each hit is a trap, too
	}{
		{"focus", "mutex", []*finding.Finding{rows, words}, false, true},
		{"focus", "other", []*finding.Finding{words}, true, true},
		{"focus", "reuse", []*finding.Finding{set}, false, true},
		{"correct", "rwmutex", function("main.rwmutex.func1"), false, true},
		{"correct", "churn", function("main.churn.func1"), false, true},
		{"correct", "pooled", function("main.pooled.func2"), false, false}, // it clears them
		{"correct", "sharded", function("main.sharded.func1"), false, false},
	} {
		t.Run(c.program+"/"+c.shape, func(t *testing.T) {
			p := start(t, build(t, c.program), c.shape, "10m")
			o := eager
			o.Focus = c.focus
			found, st := watch(t, p, limit, false, o)
			for _, f := range found {
				b, err := finding.Encode(f)
				t.Errorf("a false alarm: %s, %v", b, err)
			}
			if (c.traps && !oldGuest) != (st.Traps > 0) {
				t.Errorf("%d traps", st.Traps)
			}
			if c.alone && !oldGuest && st.Hits > st.Traps+100 || st.Hits == 0 {
				t.Errorf("%d hits, %d traps", st.Hits, st.Traps)
			}
			t.Logf("%d hits, %d traps of which %d strange, %d delays, cost %v of %v; %+v", st.Hits, st.Traps, st.Strange, st.Delays, st.Cost, st.Elapsed, st.Focus)
		})
	}
}

// focusing watches a program until check says that it has seen what it waits for; check
// is called between two looks of focus.
func focusing(t *testing.T, p started, o Options, check func(w *Watcher) bool) Status {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	w, err := Attach(p.pid, o)
	if err != nil {
		t.Fatal(err)
	}
	seen := false
	w.o.Tick = func(Status) {
		if check(w) {
			seen = true
			stop()
		}
	}
	p.begin()
	if err := w.Watch(ctx); err != nil && !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	if !seen && !w.gone() {
		t.Logf("not seen: %+v", w.Status())
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	return w.Status()
}

// TestFocusFollowsVariable: a package variable is assigned another map, on which the
// race is.
func TestFocusFollowsVariable(t *testing.T) {
	able(t)
	for range tries {
		p := start(t, build(t, "focus"), "assigned", "60s")
		var first, last finding.Addr
		var found []*finding.Finding
		o := patient
		o.Focus = []*finding.Finding{words}
		o.Found = func(f *finding.Finding) { found = append(found, f) }
		st := focusing(t, p, o, func(w *Watcher) bool {
			if addrs := w.status.Focus[0].Addrs; len(addrs) > 0 {
				last = addrs[0]
			}
			if first == 0 && last != 0 {
				first = last
				p.begin()
			}
			return w.status.Conflicts > 0 && last != first || w.status.Crash != ""
		})
		p.kill()
		if first == 0 || last == first && st.Crash == "" {
			t.Errorf("watched was %v, then %v", first, last)
		}
		if len(found) > 0 && last != first {
			if found[0].Map.Addr == first {
				t.Errorf("the race is on %v, which the variable no longer was", first)
			}
			return
		}
	}
	t.Error("never caught")
}

// TestFocusCoversNewThreads: threads that begin later have the watchpoint, too, and none
// has one afterwards.
func TestFocusCoversNewThreads(t *testing.T) {
	able(t)
	p := start(t, build(t, "focus"), "threads", "60s")
	var before []int
	o := eager
	o.Focus = []*finding.Finding{set}
	covered := false
	focusing(t, p, o, func(w *Watcher) bool {
		f := w.p.focus
		if len(f.watches) == 0 || w.status.Traps == 0 {
			return false
		}
		if before == nil {
			before = tids(t, p.pid)
			p.begin()
			return false
		}
		for _, tid := range tids(t, p.pid) {
			if point, ok := f.watches[0].points[tid]; ok && !slices.Contains(before, tid) && trapped(t, point) > 0 {
				if freeRegisters(t, tid) == maxSuspects {
					t.Error("all registers are free while it is watched: this test sees nothing")
				}
				covered = true
				return true
			}
		}
		return false
	})
	if !covered {
		t.Error("no new thread came by a watchpoint")
	}
	for _, tid := range tids(t, p.pid) {
		if n := freeRegisters(t, tid); n != maxSuspects {
			t.Errorf("thread %d has %d registers free afterwards", tid, n)
		}
	}
}

// trapped is how often a watchpoint did.
func trapped(t *testing.T, w watchpoint) uint64 {
	b := make([]byte, 8)
	if _, err := unix.Read(w.event, b); err != nil {
		t.Fatal(err)
	}
	return binary.LittleEndian.Uint64(b)
}

func tids(t *testing.T, pid int) (all []int) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		tid, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tid)
	}
	return all
}

// takeRegisters takes what is left of the debug registers of a process's first thread.
func takeRegisters(t *testing.T, pid int) (n int, release func()) {
	var events []int
	release = func() {
		for _, fd := range events {
			unix.Close(fd)
		}
	}
	for range maxSuspects {
		attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_BREAKPOINT, Size: 136, Bp_type: 2, Ext1: 0x1000, Ext2: 8, Sample: 1, Bits: unix.PerfBitDisabled | unix.PerfBitExcludeKernel}
		fd, err := unix.PerfEventOpen(&attr, pid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if errors.Is(err, unix.ENOSPC) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		events = append(events, fd)
	}
	return len(events), release
}

func freeRegisters(t *testing.T, pid int) int {
	n, release := takeRegisters(t, pid)
	release()
	return n
}

// TestFocusWithoutRegisters: where a debugger has them all, the map is watched by its
// calls, and that is said.
func TestFocusWithoutRegisters(t *testing.T) {
	able(t)
	for range tries {
		p := start(t, build(t, "focus"), "small", "60s")
		n, release := takeRegisters(t, p.pid)
		if n != maxSuspects {
			t.Fatalf("%d registers were free", n)
		}
		racing := false
		o := patient
		o.Focus = []*finding.Finding{rows}
		st := focusing(t, p, o, func(w *Watcher) bool {
			if s := w.status.Focus[0]; !racing && s.How == ByCalls && strings.Contains(s.Why, "debug register") {
				racing = true
				p.begin()
			}
			return w.status.Conflicts > 0 || w.status.Crash != ""
		})
		release()
		p.kill()
		if !racing {
			t.Errorf("watched as %+v", st.Focus)
		}
		if st.Conflicts > 0 {
			return
		}
	}
	t.Error("never caught")
}

// TestFocusStaysOutside: what uses the seed while the writing flag is set, as growth
// does a thousand times in a row, traps once at most for each thread, and ends the
// watchpoints of the map.
func TestFocusStaysOutside(t *testing.T) {
	able(t)
	p := start(t, build(t, "focus"), "grow", "60s")
	p.begin()
	o := eager
	o.Focus = []*finding.Finding{set}
	var behind uint64
	looks := 0
	st := focusing(t, p, o, func(w *Watcher) bool {
		if w.status.Traps > 0 {
			looks++
		}
		behind = 0
		for n := range maxSuspects {
			times, err := w.p.focus.inside(n)
			if err != nil {
				t.Error(err)
			}
			behind += times
		}
		return looks == 30 || w.status.Focus[0].How == ByCalls
	})
	t.Logf("%d of %d traps were behind the flag; %+v", behind, st.Traps, st.Focus)
	if st.Traps == 0 {
		t.Error("no watchpoint was hit")
	}
	if most := insideMost * len(tids(t, p.pid)); int(behind) > most {
		t.Errorf("%d traps behind the flag, not at most %d", behind, most)
	}
}

// TestFocusTightLoop: the watchpoints of a map that a program does nothing but write to
// are removed as soon as the credit is used up.
func TestFocusTightLoop(t *testing.T) {
	able(t)
	p := start(t, build(t, "focus"), "tight", "10m")
	_, st := watch(t, p, time.Second, false, Options{Focus: []*finding.Finding{words}})
	t.Logf("%d traps, watched for %v of %v, which cost %v", st.Traps, st.Watching, st.Elapsed, st.Cost)
	// As TestTightLoop: 100 ms, and a machine that is late to look.
	if st.Watching > 300*time.Millisecond {
		t.Errorf("watchpoints were set for %v", st.Watching)
	}
	if st.Traps == 0 {
		t.Error("no watchpoint was hit")
	}
}

// TestKilledFocusLeavesNothing kills a process of this test that has watchpoints and
// probes set.
func TestKilledFocusLeavesNothing(t *testing.T) {
	if pid := os.Getenv("MAPSAN_AGENT_FOCUS"); pid != "" {
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		w, err := Attach(n, Options{Budget: 100, Focus: []*finding.Finding{rows, words}})
		if err != nil {
			t.Fatal(err)
		}
		t.Fatal(w.Watch(context.Background()))
	}
	able(t)
	p := start(t, build(t, "focus"), "mutex", "10m")
	p.begin()
	w, err := Attach(p.pid, Options{Focus: []*finding.Finding{rows, words}}) // to read the code by; it sets nothing
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.t.sites = nil // codeAt is to look at the calls
	for _, s := range w.p.focus.suspects {
		w.t.sites = append(w.t.sites, s.sites...)
	}
	before := codeAt(t, w)
	child := exec.Command(os.Args[0], "-test.run", "^TestKilledFocusLeavesNothing$")
	child.Env = append(os.Environ(), fmt.Sprint("MAPSAN_AGENT_FOCUS=", p.pid))
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { child.Process.Kill(); child.Wait() })
	eventually(t, "set", func() bool { return !slices.Equal(codeAt(t, w), before) && freeRegisters(t, p.pid) < maxSuspects })
	child.Process.Kill()
	child.Wait()
	eventually(t, "removed", func() bool { return freeRegisters(t, p.pid) == maxSuspects })
	// Was it killed while it removed a probe, that one may be left: TestKilledWhileSetting.
	for end := time.Now().Add(5 * time.Second); !slices.Equal(codeAt(t, w), before); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Log("a probe was left: another one is set there, and removed")
			links, err := w.p.attach(w.p.access.AccessMulti, w.p.access.AccessSingle, w.t.sites, make([]uint64, len(w.t.sites)))
			if err := errors.Join(err, closeAll(links)); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if !slices.Equal(codeAt(t, w), before) {
		t.Error("the probes were not removed")
	}
}

// TestFocusIsRefused: findings of another program are not looked for by guesses.
func TestFocusIsRefused(t *testing.T) {
	able(t)
	p := start(t, build(t, "focus"), "mutex", "1m")
	elsewhere := suspected(finding.Map{Name: "main.absent"}, in(finding.Assign, "main.absent"), in(finding.Lookup, "main.setWord"))
	if _, err := Attach(p.pid, Options{Focus: []*finding.Finding{elsewhere}}); err == nil || !strings.Contains(err.Error(), "main.absent") {
		t.Errorf("Attach: %v; want an error that names the map", err)
	}
	w, err := Attach(p.pid, Options{Focus: []*finding.Finding{elsewhere, words}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if st := w.Status(); len(st.Focus) != 1 || st.Focus[0].Map != "main.words" || len(st.Unfound) != 1 || !strings.Contains(st.Unfound[0], "main.absent") {
		t.Errorf("watched are %+v, and not %q", st.Focus, st.Unfound)
	}
}
