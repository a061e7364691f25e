package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/mapsan/mapsan/explain"
)

// verdict is what explain got right about one crash.
type verdict struct {
	mapNamed bool
	noticed  bool // the function of the side that noticed
	rank     int  // of the other side among the candidates, from 1; 0 if not listed
	one      bool // the log shows one goroutine
	address  bool // the first candidate is known by the map's address
}

// judge holds a report against the truth.
func judge(p *program, v variant, r *explain.Report) verdict {
	d := verdict{one: len(r.Crash.Goroutines) == 1}
	d.address = len(r.Others) > 0 && r.Others[0].Header != 0 && r.Others[0].Header == r.Noticed.Header
	d.mapNamed = r.Map != nil && r.Map.Name == p.mapName
	sides := p.sides[v.form]
	here := ""
	if s := r.Noticed.Site; s != nil {
		here = s.Func.Name
	}
	other := sides[1]
	if v.form == "ww" && here == sides[1] {
		other = sides[0]
	}
	d.noticed = here == sides[0] || v.form == "ww" && here == sides[1]
	for i := range r.Others {
		if r.Others[i].Func() == other {
			d.rank = i + 1
			break
		}
	}
	return d
}

// measure is one row of the table.
type measure struct {
	name      string
	goal      float64
	hits, all int
}

func (m *measure) add(hit bool) {
	m.all++
	if hit {
		m.hits++
	}
}

func (m *measure) share() float64 {
	if m.all == 0 {
		return 0
	}
	return 100 * float64(m.hits) / float64(m.all)
}

// met reports whether the goal is reached; a row without crashes is not.
func (m *measure) met() bool { return m.all > 0 && m.share() >= m.goal }

// measures are the table's rows, by a key.
type measures struct {
	order []string
	rows  map[string]*measure
}

func newMeasures(cores bool) *measures {
	m := &measures{rows: map[string]*measure{}}
	type row struct {
		key, name string
		goal      float64
	}
	rows := []row{
		{"map", "map named, log + source", 90},
		{"noticed", "function of the side that noticed", 90},
		{"ww1", "other side, write-write, all: top-1", 98},
		{"busy1", "other side, read-write, busy writer, all: top-1", 90},
		{"busy3", "other side, read-write, busy writer, all: top-3", 98},
		{"sleep1", "other side, read-write, sleeping writer, all: top-1", 90},
		{"sleep3", "other side, read-write, sleeping writer, all: top-3", 98},
		{"one1", "other side, one goroutine: top-1", 70},
		{"oneN", "other side, one goroutine: listed", 95},
		{"binmap", "map named, log + executable", 95},
		{"bin1", "other side, log + executable, all: top-1", 0},
		{"bin3", "other side, log + executable, all: top-3", 0},
		{"binone1", "other side, log + executable, one goroutine: top-1", 0},
		{"binoneN", "other side, log + executable, one goroutine: listed", 0},
		{"baremap", "map named, log + stripped executable", 0},
		{"bare1", "other side, log + stripped executable, all: top-1", 0},
		{"bare3", "other side, log + stripped executable, all: top-3", 0},
		{"bothmap", "map named, log + source + executable", 95},
	}
	if cores {
		rows = append(rows, row{"coremap", "map named, core + source", 99}, row{"core1", "other side, core + binary: top-1", 98},
			row{"coreproof", "other side, core + binary: by the map's address", 0})
	}
	for _, r := range rows {
		m.order = append(m.order, r.key)
		m.rows[r.key] = &measure{name: r.name, goal: r.goal}
	}
	return m
}

func (m *measures) add(v variant, d verdict) {
	if v.level == "core" {
		m.rows["coremap"].add(d.mapNamed)
		m.rows["core1"].add(d.rank == 1)
		m.rows["coreproof"].add(d.rank == 1 && d.address)
		return
	}
	m.rows["map"].add(d.mapNamed)
	m.rows["noticed"].add(d.noticed)
	switch {
	case v.level != "all":
		m.rows["one1"].add(d.rank == 1)
		m.rows["oneN"].add(d.rank > 0)
	case v.form == "ww":
		m.rows["ww1"].add(d.rank == 1)
	default:
		m.rows[v.rest+"1"].add(d.rank == 1)
		m.rows[v.rest+"3"].add(d.rank >= 1 && d.rank <= 3)
	}
}

// addBinary counts a crash that was explained with the executable.
func (m *measures) addBinary(key string, v variant, d verdict) {
	m.rows[key+"map"].add(d.mapNamed)
	switch {
	case key == "both":
	case v.level == "all":
		m.rows[key+"1"].add(d.rank == 1)
		m.rows[key+"3"].add(d.rank >= 1 && d.rank <= 3)
	case key == "bin":
		m.rows["binone1"].add(d.rank == 1)
		m.rows["binoneN"].add(d.rank > 0)
	}
}

func (m *measures) met() bool {
	for _, r := range m.rows {
		if !r.met() {
			return false
		}
	}
	return true
}

func (m *measures) print(w io.Writer) {
	fmt.Fprintf(w, "%-54s %8s %8s %10s\n", "measure", "must", "is", "crashes")
	for _, k := range m.order {
		r := m.rows[k]
		mark := ""
		if !r.met() {
			mark = "  <- missed"
		}
		fmt.Fprintf(w, "%-54s %7.0f%% %7.1f%% %6d/%d%s\n", r.name, r.goal, r.share(), r.hits, r.all, mark)
	}
}

// missed describes a crash that was not explained in full, for a look at it.
func missed(p *program, v variant, d verdict, r *explain.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %s: map %v, noticed %v, other side at rank %d\n", p.name, v.form, v.rest, v.level, d.mapNamed, d.noticed, d.rank)
	if r.Map != nil {
		fmt.Fprintf(&b, "    map %s\n", r.Map.Name)
	}
	if g := r.Noticed.Goroutine; g != nil && r.Noticed.Frame >= 0 {
		fmt.Fprintf(&b, "    noticed by %s\n", g.Frames[r.Noticed.Frame].Func)
	}
	for i := range r.Others {
		c := &r.Others[i]
		id := uint64(0)
		if c.Goroutine != nil {
			id = c.Goroutine.ID
		}
		fmt.Fprintf(&b, "    %d. goroutine %d %s %s: %s\n", i+1, id, c.Func(), c.Grade, c.Why)
	}
	return b.String()
}
