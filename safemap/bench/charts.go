package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// charts returns SVG documents by name: one for each group of which there are
// results.
func (res *results) charts() map[string]string {
	all := map[string]string{}
	for name, c := range res.canvases() {
		all[name] = c.document("safemap: "+name, res.Machine+", "+res.Go+", "+res.Date+", "+res.Command)
	}
	return all
}

func (res *results) canvases() map[string]*canvas {
	all := map[string]*canvas{}
	for name, draw := range map[string]func() *canvas{
		"reads": res.readsChart, "mixes": res.mixesChart, "growth": res.growthChart, "memory": res.memoryChart, "snapshots": res.snapshotsChart,
	} {
		if c := draw(); c != nil {
			all[name] = c
		}
	}
	return all
}

// start returns a canvas with its title.
func (res *results) start(width float64, title, about string) *canvas {
	c := &canvas{width: width}
	c.text(20, 28, large, "start", "title", title)
	c.text(20, 46, small, "start", "muted", about)
	return c
}

// ratioText returns the ratio to the best peer in a row, and its style. A star
// says that it is not what it must be.
func (res *results) ratioText(name string) (text, class string) {
	text, class = times(res.ratio(name)), "strong"
	if res.ratio(name) > 1.005 {
		class = "loss"
	}
	if res.misses(res.line(name)) {
		text += "*"
	}
	return text, class
}

// readsChart has a line of marks for each cell, on one scale.
func (res *results) readsChart() *canvas {
	type section struct{ title, prefix, suffix string }
	sections := []section{
		{"int keys, one goroutine", "reads/int/", ""}, {"int keys, two goroutines", "reads/int/", "/2p"}, {"int keys that are absent", "reads/int/", "/misses"},
		{"string keys, one goroutine", "reads/string/", ""}, {"string keys, looked up by copies", "reads/string/", "/copied"},
		{"string keys, two goroutines", "reads/string/", "/2p"}, {"string keys that are absent", "reads/string/", "/misses"},
	}
	maps := res.maps("reads")
	low, high := math.Inf(1), 0.0
	for _, l := range res.of("reads") {
		for _, m := range maps {
			if v := res.median(l.Name, m); v > 0 {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if high == 0 {
		return nil
	}
	c := res.start(860, "Reads: time per lookup", "Log scale; left is faster. The ratio is to the best peer; above 1 we lose; * misses its must.")
	c.legend(20, 72, maps)
	x := scale{130, 560, low * 0.85, high * 1.15}
	y := 104.0
	c.text(620, y, small, "end", "muted", ours)
	c.text(650, y, small, "start", "muted", "best peer")
	c.text(840, y, small, "end", "muted", "ratio")
	for _, v := range x.powers() {
		c.text(x.at(v), y, small, "middle", "muted", tick(v))
	}
	for _, s := range sections {
		first := true
		for _, n := range []string{"100", "10k", "100k", "1M"} {
			name := s.prefix + n + s.suffix
			if len(res.readings(name, ours)) == 0 {
				continue
			}
			if first {
				y += 26
				c.text(20, y, normal, "start", "title", s.title)
				first = false
			}
			y += 22
			c.text(110, y, normal, "end", "muted", n)
			c.line(x.x0, y-4, x.x1, y-4, "rule")
			for _, v := range x.powers() {
				c.line(x.at(v), y-15, x.at(v), y+7, "rule")
			}
			for _, m := range maps {
				if v := res.median(name, m); m != ours && v > 0 {
					c.mark(x.at(v), y-4, m)
				}
			}
			c.mark(x.at(res.median(name, ours)), y-4, ours)
			c.text(620, y, normal, "end", "strong", number(res.median(name, ours))+" ns")
			if peer, least := res.best(name); peer != "" {
				c.text(650, y, normal, "start", "muted", peer+" "+number(least)+" ns")
				text, class := res.ratioText(name)
				c.text(840, y, normal, "end", class, text)
			}
		}
	}
	c.height = y + 24
	return c
}

// mixesChart is a matrix: a row for each mix, a column for each kind and size,
// and in each field the figure, the ratio, and where all others are.
func (res *results) mixesChart() *canvas {
	lines := res.of("mixes")
	if len(lines) == 0 {
		return nil
	}
	const left, wide, high = 120.0, 122.0, 54.0
	c := res.start(left+6*wide+20, "Mixes: time per operation, and the ratio to the best peer",
		"Marks: ratio to the best peer, from 1/2 to 8 times, log scale; the upright line is the best peer. Left of it we win; * misses its must.")
	c.legend(20, 72, res.maps("mixes"))
	y := 84.0
	for _, p := range []struct{ title, suffix string }{{"One goroutine, CPU time", ""}, {"Two goroutines, wall time of each", "/2p"}} {
		y += 28
		c.text(20, y, normal, "start", "title", p.title)
		y += 20
		for i, k := range []kind{kindInt, kindString} {
			for j, n := range sizes {
				c.text(left+(float64(3*i+j)+0.5)*wide, y, small, "middle", "muted", fmt.Sprintf("%s, %s", k, label(n)))
			}
		}
		y += 8
		for _, m := range mixes {
			c.line(20, y, c.width-20, y, "rule")
			c.text(20, y+24, normal, "start", "title", m.name)
			about := fmt.Sprintf("%d %% reads", m.reads)
			if m.overwrite {
				about += ","
				c.text(20, y+50, small, "start", "muted", "overwrites")
			}
			c.text(20, y+38, small, "start", "muted", about)
			for i, k := range []kind{kindInt, kindString} {
				for j, n := range sizes {
					res.field(c, fmt.Sprintf("%s/%s/%s%s", m.name, k, label(n), p.suffix), left+float64(3*i+j)*wide+8, y, wide-16)
				}
			}
			y += high
		}
	}
	c.height = y + 16
	return c
}

// field draws one cell of the matrix.
func (res *results) field(c *canvas, name string, x, y, wide float64) {
	if len(res.readings(name, ours)) == 0 {
		return
	}
	ratio := res.ratio(name)
	text, class := res.ratioText(name)
	c.text(x, y+17, normal, "start", class, text)
	c.text(x+wide, y+17, small, "end", "", number(res.median(name, ours))+" ns")
	peer, least := res.best(name)
	if peer == "" {
		return
	}
	c.text(x+wide, y+31, small, "end", "muted", peer+" "+number(least))
	s := scale{x, x + wide, 0.5, 8}
	c.line(x, y+43, x+wide, y+43, "rule")
	c.line(s.at(1), y+36, s.at(1), y+50, "range")
	for _, m := range res.maps("mixes") {
		if v := res.median(name, m); m != ours && v > 0 {
			c.mark(s.at(v/least), y+43, m)
		}
	}
	c.mark(s.at(ratio), y+43, ours)
}

// growthChart has the latencies of inserts into a growing map, and of reads
// beside a writer.
func (res *results) growthChart() *canvas {
	c := res.start(860, "How long single operations take",
		"Log scale. A line ends at the last figure of its title; short strokes are the figures before. Dots: each round.")
	y := res.spans(c, 62, "Inserts, from empty to 1M entries: P50, P99, P99.99, worst", "growth", "growth/int/1M/", []string{"p50", "p99", "p9999", "worst"}, "worst", "worst", scale{120, 700, 10, 1e9})
	y = res.spans(c, y, "Reads of 10k entries beside one writer: P50, P99, P99.9", "latency", "beside/int/10k/", []string{"p50", "p99", "p999"}, "p99", "P99", scale{120, 700, 10, 1e5})
	if y == 62 {
		return nil
	}
	c.height = y
	return c
}

// spans draws a line for each map, from the first to the last of the rows that
// have this base, and writes the figure of row shown. It returns where the next
// part may begin.
func (res *results) spans(c *canvas, y float64, title, group, base string, rows []string, shown, as string, x scale) float64 {
	last := base + rows[len(rows)-1]
	ns := func(name, of string) float64 { return res.median(name, of) * inNS(res.line(name).Unit) }
	maps := slices.DeleteFunc(res.maps(group), func(m string) bool { return len(res.readings(last, m)) == 0 })
	if len(maps) == 0 {
		return y
	}
	slices.SortStableFunc(maps, func(a, b string) int { return cmp.Compare(ns(base+shown, a), ns(base+shown, b)) })
	c.text(20, y+14, normal, "start", "title", title)
	y += 40
	bottom := y + 12 + 30*float64(len(maps))
	for _, v := range x.powers() {
		c.text(x.at(v), y, small, "middle", "muted", tick(v))
		c.line(x.at(v), y+6, x.at(v), bottom, "rule")
	}
	c.text(840, y, small, "end", "muted", as)
	l := res.line(base + shown)
	limit, must := math.NaN(), ""
	switch g := l.row.goal; {
	case g == nil:
	case g.than == "":
		limit, must = g.limit*inNS(l.Unit), fmt.Sprintf("%v %s", g.limit, l.Unit)
	case len(res.readings(l.Name, g.than)) > 0:
		limit, must = g.limit*ns(l.Name, g.than), fmt.Sprintf("%v of %s", g.limit, g.than)
	}
	if !math.IsNaN(limit) {
		c.line(x.at(limit), y+6, x.at(limit), bottom+6, "must")
		c.text(x.at(limit), bottom+18, small, "middle", "loss", as+" must be at most "+must)
	}
	y += 28
	for _, m := range maps {
		class, line, dot := "muted", "range", "bar"
		if m == ours {
			class, line, dot = "strong", "range-strong", "bar-strong"
		}
		c.text(20, y, normal, "start", class, m)
		c.line(x.at(ns(base+rows[0], m)), y-4, x.at(ns(last, m)), y-4, line)
		for _, r := range rows[:len(rows)-1] {
			at := x.at(ns(base+r, m))
			c.line(at, y-9, at, y+1, line)
		}
		for _, v := range res.readings(last, m) {
			c.bar(x.at(v*inNS(res.line(last).Unit))-1.5, y+4, 3, 3, dot)
		}
		c.mark(x.at(ns(last, m)), y-4, m)
		if m == ours && ns(base+shown, m) > limit {
			class = "loss"
		}
		c.text(840, y, normal, "end", class, duration(ns(base+shown, m)))
		y += 30
	}
	return bottom + 40
}

// inNS returns what a unit of time is in ns.
func inNS(unit string) float64 {
	switch unit {
	case millis:
		return 1e6
	case micros:
		return 1e3
	}
	return 1
}

// A panel is a set of bars: one for each map in a row, or for each row of ours.
type panel struct {
	title string
	unit  string
	bars  []bar
	must  float64 // 0 for none
}

type bar struct {
	name   string
	value  float64
	strong bool
	missed bool
	note   string // follows the value
}

// ofMaps returns the panel of a row.
func (res *results) ofMaps(title, name string) panel {
	p := panel{title: title}
	l := res.line(name)
	if l == nil {
		return p
	}
	p.unit = l.Unit
	if g := l.row.goal; g != nil && g.than == "" {
		p.must = g.limit
	}
	for _, m := range mapNames {
		if len(res.readings(name, m)) > 0 {
			p.bars = append(p.bars, bar{name: m, value: res.median(name, m), strong: m == ours, missed: m == ours && res.misses(l)})
		}
	}
	return p
}

// ofRows returns a panel of rows of ours, named by what follows names with a |.
func (res *results) ofRows(title string, names ...string) panel {
	p := panel{title: title}
	for _, name := range names {
		name, as, _ := strings.Cut(name, "|")
		if len(res.readings(name, ours)) > 0 {
			l := res.line(name)
			p.unit = l.Unit
			if g := l.row.goal; g != nil && g.than == "" {
				p.must = g.limit
			}
			b := bar{name: as, value: res.median(name, ours), strong: true, missed: res.misses(l)}
			if g := l.row.goal; g != nil && g.difference() {
				b.note = " (" + signed(res.judge(l.row).value) + ")"
			}
			if strings.HasSuffix(name, "unarmed") {
				b.strong = false // what the others are to be compared with
			}
			p.bars = append(p.bars, b)
		}
	}
	return p
}

// misses reports whether a row has a goal that is not met.
func (res *results) misses(l *line) bool { return l.row.goal != nil && !res.judge(l.row).met }

// panels draws bars in two columns. Panels without bars are left out.
func (c *canvas) panels(y float64, ps []panel) {
	ps = slices.DeleteFunc(ps, func(p panel) bool { return len(p.bars) == 0 })
	const wide, label = 400.0, 110.0
	for i := 0; i < len(ps); i += 2 {
		rows := 0
		for j, p := range ps[i:min(i+2, len(ps))] {
			x := 20 + float64(j)*(wide+20)
			rows = max(rows, len(p.bars))
			c.text(x, y+14, normal, "start", "title", p.title)
			c.text(x+wide, y+14, small, "end", "muted", p.unit)
			most := p.must
			for _, b := range p.bars {
				most = max(most, b.value)
			}
			per := (wide - label - 100) / max(most, 1e-9)
			if p.must > 0 {
				at, end := x+label+p.must*per, y+24+20*float64(len(p.bars))
				c.line(at, y+22, at, end+2, "must")
				c.text(at, end+14, small, "middle", "loss", fmt.Sprintf("must: %v", p.must))
			}
			for k, b := range p.bars {
				at := y + 24 + 20*float64(k)
				class, fill := "muted", "bar"
				if b.strong {
					class, fill = "strong", "bar-strong"
				}
				c.text(x+label-8, at+12, normal, "end", class, b.name)
				c.bar(x+label, at+2, b.value*per, 13, fill)
				if b.missed {
					class = "loss"
				}
				c.text(x+label+max(b.value*per, 1)+6, at+12, normal, "start", class, number(b.value)+b.note)
			}
		}
		y += 24 + 20*float64(rows) + 34
	}
	c.height = y
}

func (res *results) memoryChart() *canvas {
	if len(res.of("memory")) == 0 {
		return nil
	}
	c := res.start(860, "Memory and garbage collection", "Beyond the keys; short is good. A collection with nothing but this map.")
	var ps []panel
	for _, of := range []string{"int/1M", "string/1M", "int/10k", "string/10k"} {
		k, n, _ := strings.Cut(of, "/")
		ps = append(ps, res.ofMaps(fmt.Sprintf("Bytes per entry, %s %s keys", n, k), "memory/"+of+"/bytes"))
	}
	for _, of := range []string{"int/1M", "string/1M"} {
		k, n, _ := strings.Cut(of, "/")
		ps = append(ps, res.ofMaps(fmt.Sprintf("CPU time of a collection, %s %s keys", n, k), "memory/"+of+"/gc"))
	}
	c.panels(62, ps)
	return c
}

func (res *results) snapshotsChart() *canvas {
	if len(res.of("snapshots")) == 0 {
		return nil
	}
	c := res.start(860, "Snapshots: what they cost", "Short is good. Beside: while another goroutine writes. Copying: just after a snapshot.")
	var ps []panel
	each := func(title string, of ...string) {
		var names []string
		for _, n := range sizes {
			for _, o := range of {
				name, as, _ := strings.Cut(o, "|")
				names = append(names, fmt.Sprintf("snapshot/%s/%s|%s", label(n), name, strings.TrimSpace(label(n)+" "+as)))
			}
		}
		ps = append(ps, res.ofRows(title, names...))
	}
	each("A snapshot", "later", "beside|beside")
	each("The first snapshot", "first")
	each("An overwrite", "write/unarmed|unarmed", "write/armed|armed", "write/copying|copying")
	each("A read", "read/unarmed|unarmed", "read/armed|armed")
	iter := res.ofMaps("Iterating 1M entries", "iterate/int/1M")
	if l := res.line("iterate/int/1M/snapshot"); l != nil && len(res.readings(l.Name, ours)) > 0 {
		iter.bars = slices.Insert(iter.bars, min(1, len(iter.bars)), bar{name: "a snapshot", value: res.median(l.Name, ours), strong: true, missed: res.misses(l)})
	}
	ps = append(ps, iter)
	c.panels(62, ps)
	return c
}
