package main

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/safemap/bench/internal/loopgen"
)

// TestMain lets the test's own program do the turns that spawn asks for.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == unitWord {
		if err := runRequest(os.Args[2]); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestGeneratedFileIsCurrent(t *testing.T) {
	want, err := loopgen.Source()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("loops_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("loops_gen.go is not what internal/loopgen makes: run go generate")
	}
}

// TestLoops holds every generated loop to what it says it does.
func TestLoops(t *testing.T) {
	const n = 500
	r := rand.New(rand.NewPCG(1, 1))
	ints, strings := newInts(n, true, r), newStrings(n, true, r)
	for _, name := range mapNames {
		for _, k := range []kind{kindInt, kindString, kindPointer} {
			s := newSubject(name, k, n, ints, strings)
			value := func(i int) int {
				if k == kindPointer {
					return 1
				}
				return i
			}
			s.insert(0, n)
			for i := range n {
				if got := s.get(same, i); got != value(i) {
					t.Errorf("%s %s has %d for key %d", name, k, got, i)
				}
				if got := s.get(copied, i); got != value(i) {
					t.Errorf("%s %s has %d for a copy of key %d", name, k, got, i)
				}
				if got := s.get(absent, i); got != 0 {
					t.Errorf("%s %s has %d for absent key %d", name, k, got, i)
				}
			}
			d := new(draws)
			want := 0
			for i := range d {
				d[i] = uint32(i % n)
				if i < 3*n {
					want += value(i % n)
				}
			}
			h := new(histogram)
			if got := s.read(same, d, 0, 3*n); got != want {
				t.Errorf("%s %s reads %d, not %d", name, k, got, want)
			}
			if got := s.mix(d, 0, 3*n); got != want {
				t.Errorf("%s %s reads %d in a mix, not %d", name, k, got, want)
			}
			if got := s.timeReads(d, 0, 3*n, h); got != want || h.n != 3*n {
				t.Errorf("%s %s reads %d, not %d, timed %d of %d", name, k, got, want, h.n, 3*n)
			}
			if count, sum := s.iterate(); count != n || sum != want/3 {
				t.Errorf("%s %s iterates over %d entries, sum %d", name, k, count, sum)
			}
			d[0], d[1] = drawDelete<<drawShift|7, drawStore<<drawShift|8
			s.mix(d, 0, 2)
			s.remove(20, 30)
			if count, _ := s.iterate(); count != n-11 {
				t.Errorf("%s %s has %d entries after eleven were deleted", name, k, count)
			}
			if got := s.get(same, 8); got != value(1) {
				t.Errorf("%s %s has %d for an overwritten key", name, k, got)
			}
			s.timeInserts(0, n, h)
			if count, _ := s.iterate(); count != n || h.n != 4*n {
				t.Errorf("%s %s has %d entries after inserts, %d timed", name, k, count, h.n)
			}
		}
	}
	if newSubject("none", kindInt, 1, ints, strings) != nil {
		t.Error("there is a map named none")
	}
}

func TestKeys(t *testing.T) {
	k := newStrings(2000, true, rand.New(rand.NewPCG(1, 1)))
	form := regexp.MustCompile(`^user:\d{7}:[a-z]{1,5}$`)
	seen := map[string]bool{}
	for i, s := range k.stored {
		if !form.MatchString(s) || k.copies[i] != s || seen[s] || seen[k.absent[i]] {
			t.Fatalf("key %d: %q, copy %q, absent %q", i, s, k.copies[i], k.absent[i])
		}
		seen[s], seen[k.absent[i]] = true, true
	}
	if newStrings(10, false, rand.New(rand.NewPCG(1, 1))).absent != nil {
		t.Error("absent keys that nobody looks up")
	}
}

func TestDraws(t *testing.T) {
	for _, m := range mixes {
		var ops [3]int
		keys := map[uint32]bool{}
		for _, x := range m.draw(100, rand.New(rand.NewPCG(1, 1))) {
			ops[x>>drawShift]++
			keys[x&drawKey] = true
		}
		share := func(i int) float64 { return 100 * float64(ops[i]) / drawCount }
		stores, deletes := float64(100-m.reads), 0.0
		if !m.overwrite {
			stores /= 2
			deletes = stores
		}
		if math.Abs(share(drawLoad)-float64(m.reads)) > 0.5 || math.Abs(share(drawStore)-stores) > 0.5 || math.Abs(share(drawDelete)-deletes) > 0.5 {
			t.Errorf("%s: %d loads, %d stores, %d deletes", m.name, ops[0], ops[1], ops[2])
		}
		if len(keys) != 100 {
			t.Errorf("%s draws %d of 100 keys", m.name, len(keys))
		}
	}
}

// TestEveryCell measures everything of every map, on small maps and for so
// short a time that the figures mean nothing.
func TestEveryCell(t *testing.T) {
	o := options{rounds: 1, time: 200 * time.Microsecond, most: 600}
	res := &results{Rounds: 1}
	all := o.selected()
	for _, j := range all {
		res.add(j)
	}
	o.measure(all, res, func(req request, got func(reading)) error { return spawn(t.Context(), req, got) })
	for _, j := range all {
		for _, r := range j.rows {
			for _, m := range j.maps {
				if strings.HasSuffix(r.name, "/snapshot") && m != ours && m != native {
					continue
				}
				l := res.line(r.name)
				if why := l.Failed[m]; why != "" && m != ours {
					t.Logf("%s of %s: %s", r.name, m, why) // not for us to repair
					continue
				}
				if got := l.Maps[m]; len(got) != 1 || math.IsNaN(got[0]) || math.IsInf(got[0], 0) {
					t.Errorf("%s of %s: readings %v, failed: %q", r.name, m, got, l.Failed[m])
				}
			}
		}
	}
	for _, g := range groups {
		if len(res.of(g.name)) == 0 {
			t.Errorf("no rows in %s", g.name)
		}
	}
}

func TestCellsAreNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, j := range jobs() {
		for _, r := range j.rows {
			if seen[r.name] || !strings.HasPrefix(r.name, j.name) || r.unit == "" || r.about == "" {
				t.Errorf("row %+v of job %s", r, j.name)
			}
			seen[r.name] = true
		}
	}
}

func TestSelected(t *testing.T) {
	o := options{cells: regexp.MustCompile("^mix50/int/10k/2p$")}
	if js := o.selected(); len(js) != 1 || js[0].name != "mix50/int/10k" {
		t.Errorf("selected %v", js)
	}
	all, quick := options{}.selected(), options{quick: true}.selected()
	if len(all) != len(jobs()) || len(quick) == 0 || len(quick) > len(all)/3 {
		t.Errorf("%d jobs, %d quick ones", len(all), len(quick))
	}
}

// TestMapThatHangsOrCrashes: the other maps keep their readings, and what was
// read before stays.
func TestMapThatHangsOrCrashes(t *testing.T) {
	o := options{cells: regexp.MustCompile("^mix50/int/100$"), rounds: 3}
	res := &results{}
	all := o.selected()
	res.add(all[0])
	tries := map[string]int{}
	o.measure(all, res, func(req request, got func(reading)) error {
		tries[req.Map]++
		got(reading{Row: "mix50/int/100", Value: 5})
		switch req.Map {
		case "haxmap":
			got(reading{Failed: "hung in mix50/int/100/2p"})
			return errors.New("crashed:  (exit status 3)")
		case "cmap":
			return errors.New("crashed: fatal error: all goroutines are asleep")
		}
		got(reading{Row: "mix50/int/100/2p", Value: 6})
		return nil
	})
	l := res.line("mix50/int/100/2p")
	if tries["haxmap"] != 1 || tries["xsync"] != 3 || len(l.Maps["xsync"]) != 3 {
		t.Errorf("tries %v, readings %v", tries, l.Maps)
	}
	if res.cell(l, "haxmap") != "hung" || res.cell(l, "cmap") != "crashed" || res.cell(l, "xsync") != "6.00" {
		t.Errorf("cells %q %q %q", res.cell(l, "haxmap"), res.cell(l, "cmap"), res.cell(l, "xsync"))
	}
	if got := res.cell(res.line("mix50/int/100"), "haxmap"); got != "5.00" {
		t.Errorf("what was read before it hung is %q", got)
	}
}

func TestUnknownJob(t *testing.T) {
	for _, req := range []request{{Job: "none", Map: ours}, {Job: "mix50/int/100", Map: "none"}} {
		err := spawn(context.Background(), req, func(r reading) { t.Errorf("reading %v", r) })
		if err == nil || !strings.Contains(err.Error(), "measure "+req.Job) {
			t.Errorf("spawn %+v: %v", req, err)
		}
	}
}

func TestPeersAreBuiltIn(t *testing.T) {
	if !slices.Contains(mapNames, ours) || !slices.Contains(mapNames, native) || len(shapes) != len(mapNames)-1 {
		t.Errorf("maps %v, shapes %v", mapNames, shapes)
	}
}
