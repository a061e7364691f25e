package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// made returns results of all cells. How the figure of a map grows from row to
// row is given by f.
func made(f func(r row, of string, round int) float64) *results {
	res := &results{Machine: "a <machine>", Go: "go1.26", Command: "go run . -quick", Rounds: 3, Date: "2026-01-02", Peers: []string{"xsync v4"}}
	for _, j := range jobs() {
		res.add(j)
		for _, r := range j.rows {
			for _, m := range j.maps {
				for round := range 3 {
					l := res.line(r.name)
					l.Maps[m] = append(l.Maps[m], f(r, m, round))
				}
			}
		}
	}
	return res
}

// fair has us at half of every peer, and within every absolute bound.
func fair(r row, of string, round int) float64 {
	base := 10 + float64(round)
	if strings.HasSuffix(r.unit, "/entry") {
		base = 50 + float64(len(of))
	}
	switch {
	case of != ours:
		return base
	case r.unit == "allocs/op":
		return 0
	case r.unit == micros || r.unit == millis:
		return 0.3
	}
	return base / 2
}

func TestMusts(t *testing.T) {
	res := made(fair)
	// Reads 100k, the strictest ratio, is still met at half.
	missed, all := res.missed()
	if len(missed) != 0 {
		t.Errorf("missed: %v", missed[0].Name)
	}
	// 4+3 reads, 4 mixes and u50 by 2 kinds, 2 sizes, 1 and 2 goroutines, P99,
	// growth, 3 by 4 of snapshots, iteration, 3 by 3 allocations, memory.
	if want := 7 + 5*8 + 1 + 1 + 12 + 1 + 9 + 1; all != want {
		t.Errorf("%d musts, want %d", all, want)
	}
	for _, x := range []struct {
		row  string
		ours float64
		met  bool
		said string
	}{
		{"reads/int/100", 11, true, "1.00x"},
		{"reads/int/100", 11.1, false, "1.01x"},
		{"reads/string/100", 11.5, true, "1.05x"},
		{"mix99/string/1M/2p", 10, false, "0.91x"},
		{"u50/int/10k/2p", 8.2, true, "0.75x"},
		{"beside/int/10k/p99", 5.6, false, "0.51x"},
		{"growth/int/1M/worst", 0.51, false, "0.51 ms"},
		{"snapshot/1M/later", 2, true, "2.00 µs"},
		{"snapshot/100/write/armed", 13.5, true, "+8.0 ns/op"},
		{"snapshot/100/write/armed", 13.6, false, "+8.1 ns/op"},
		{"snapshot/10k/read/armed", 5.6, true, "+0.1 ns/op"},
		{"snapshot/10k/read/armed", 5.8, false, "+0.3 ns/op"},
		{"iterate/int/1M/snapshot", 68, false, "1.21x"},
		{"allocs/string/overwrite", 0.0001, true, "0 allocs/op"},
		{"allocs/string/overwrite", 0.01, false, "0.01 allocs/op"},
		{"memory/int/1M/bytes", 41, false, "41.0 B/entry"},
	} {
		res := made(fair)
		l := res.line(x.row)
		for i := range l.Maps[ours] {
			l.Maps[ours][i] = x.ours
		}
		if g := l.row.goal; g.difference() {
			for i := range l.Maps[ours] {
				res.line(g.than).Maps[ours][i] = 5.5
			}
		}
		v := res.judge(l.row)
		if v.met != x.met || l.row.goal.said(v, l.Unit) != x.said {
			t.Errorf("%s at %v: met %v, said %s", x.row, x.ours, v.met, l.row.goal.said(v, l.Unit))
		}
		if missed, _ := res.missed(); len(missed) > 0 == x.met {
			t.Errorf("%s at %v: %d missed", x.row, x.ours, len(missed))
		}
	}
}

func TestMustThatWasNotMeasuredIsMissed(t *testing.T) {
	res := made(fair)
	res.line("reads/int/1M").Failed[ours] = "crashed: a reason"
	missed, _ := res.missed()
	if len(missed) != 1 || missed[0].Name != "reads/int/1M" {
		t.Fatalf("missed: %v", missed)
	}
	md := res.markdown()
	for _, want := range []string{"**not measured**", "safemap crashed: a reason: no figure for `reads/int/1M`."} {
		if !strings.Contains(md, want) {
			t.Errorf("the tables lack %q", want)
		}
	}
}

func TestBestPeer(t *testing.T) {
	res := made(fair)
	l := res.line("reads/int/100")
	l.Maps[native], l.Maps["cmap"], l.Maps["haxmap"] = []float64{1}, []float64{2}, []float64{3}
	l.Failed["cmap"] = "hung in something"
	if peer, v := res.best(l.Name); peer != "haxmap" || v != 3 {
		t.Errorf("best %s %v", peer, v)
	}
	if r := res.ratio("snapshot/100/first"); !math.IsNaN(r) {
		t.Errorf("ratio %v where there is no peer", r)
	}
}

func TestMarkdown(t *testing.T) {
	res := made(fair)
	slow := res.line("reads/int/100")
	slow.Maps[ours] = []float64{22, 22, 22}
	res.line("u90/int/100").Maps[ours] = []float64{12, 12, 12}
	md := res.markdown()
	for _, want := range []string{
		"a <machine>, go1.26. 2026-01-02. Medians of 3 rounds",
		"    go run . -quick\n",
		"Not measured: pb",
		"71 of 72 are met. **Missed: `reads/int/100`.**",
		"| `reads/int/100` | reads, 100 int keys | 22.0 ns/op | sync.Map 11.0 | 2.00x | <= 1.00x | **missed** |",
		"| `reads/int/10k` | reads, 10k int keys | 5.50 ns/op | sync.Map 11.0 | 0.50x | <= 0.95x | met |",
		"| `snapshot/100/write/armed` | overwrites after the first snapshot at 100 | 5.50 ns/op | unarmed 5.50 | +0.0 ns/op | <= +8 ns/op | met |",
		"| `u90/int/100` | ns/op | 12.0 | 11.0 | 11.0 | 11.0 | 11.0 | 11.0 | 11.0 | sync.Map | 1.09x |  | **lost** |",
		"| haxmap | 10.0, 11.0, 12.0 |",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("the tables lack %q", want)
		}
	}
	if strings.Contains(md, "was busy") {
		t.Error("the tables warn of others on a machine that had none")
	}
	res.Load = 3.2
	if !strings.Contains(res.markdown(), "**The machine was busy** (load average 3.2 before the run)") {
		t.Error("the tables do not warn of others")
	}
	for _, g := range groups {
		if !strings.Contains(md, "### "+g.title+"\n") {
			t.Errorf("no table %s", g.title)
		}
	}
	for line := range strings.Lines(md) { // every table has as many columns as its head
		if strings.HasPrefix(line, "| ") && strings.Count(line, " | ") < 1 {
			t.Errorf("a line of one column: %s", line)
		}
	}
	if text := res.text(groups[0]); !strings.Contains(text, "MISSED") || strings.Contains(text, "**") {
		t.Errorf("text:\n%s", text)
	}
}

// uneven has very different figures: the longest numbers, and losses.
func uneven(r row, of string, round int) float64 {
	return float64(len(of)*len(of)) * math.Pow(7, float64(len(r.name)%7)) * (1 + 0.3*float64(round))
}

func TestCharts(t *testing.T) {
	labels := map[string][]string{
		"reads":     {"safemap", "xsync", "int keys, one goroutine", "string keys, looked up by copies", "1M", "best peer"},
		"mixes":     {"mix99", "u50", "int, 10k", "string, 1M", "Two goroutines, wall time of each"},
		"growth":    {"worst must be at most 0.5 ms", "haxmap", "native", "Reads of 10k entries beside one writer: P50, P99, P99.9"},
		"memory":    {"Bytes per entry, 1M int keys", "must: 40", "sync.Map", "CPU time of a collection, 1M string keys"},
		"snapshots": {"A snapshot", "must: 2", "10k armed", "1M copying", "Iterating 1M entries", "a snapshot"},
	}
	for name, f := range map[string]func(row, string, int) float64{"fair": fair, "uneven": uneven} {
		res := made(f)
		for chart, c := range res.canvases() {
			for i, a := range c.texts {
				if a.x0 < 0 || a.x1 > c.width || a.y1 > c.height {
					t.Errorf("%s %s: %q leaves the picture: %+v", name, chart, a.s, a)
				}
				for _, b := range c.texts[:i] {
					if a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1 {
						t.Errorf("%s %s: %q and %q overlap", name, chart, a.s, b.s)
					}
				}
			}
		}
		all := res.charts()
		for chart, want := range labels {
			texts := texts(t, chart, all[chart])
			for _, s := range want {
				if !slices.Contains(texts, s) {
					t.Errorf("%s %s lacks the label %q; it has %q", name, chart, s, texts)
				}
			}
		}
	}
}

// texts parses a picture and returns what is written in it.
func texts(t *testing.T, name, svg string) []string {
	var all []string
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%s.svg is not well-formed: %v", name, err)
		}
		if s, ok := token.(xml.CharData); ok {
			all = append(all, string(s))
		}
	}
	return all
}

func TestChartsShowLosses(t *testing.T) {
	won, lost := made(fair), made(func(r row, of string, round int) float64 {
		if of == ours {
			return 3 * fair(r, of, round) * 2
		}
		return fair(r, of, round)
	})
	for _, name := range []string{"reads", "mixes"} {
		const loss = `class="sb-loss">`
		if strings.Contains(won.charts()[name], loss) || !strings.Contains(lost.charts()[name], loss) {
			t.Errorf("%s does not show losses, or shows some that are none", name)
		}
	}
}

func TestChartsMarkWhatIsMissed(t *testing.T) {
	res := made(fair)
	l := res.line("mix90/int/10k")
	l.Maps[ours] = []float64{10.5, 10.5, 10.5} // faster than the best peer, and not by enough
	if svg := res.charts()["mixes"]; !strings.Contains(svg, `class="sb-strong">0.95x*<`) || strings.Count(svg, "x*<") != 1 {
		t.Error("the star is missing, or not alone")
	}
}

func TestFewCells(t *testing.T) {
	res := &results{}
	res.add(options{}.selected()[0])
	if n := len(res.charts()); n != 0 {
		t.Errorf("%d charts of nothing", n)
	}
	res.line("reads/int/100").Maps[ours] = []float64{4}
	if all := res.charts(); len(all) != 1 || !strings.Contains(all["reads"], "4.00 ns") {
		t.Errorf("charts of one cell: %v", all)
	}
	if md := res.markdown(); !strings.Contains(md, "| `reads/int/100` | ns/op | 4.00 |") {
		t.Errorf("tables of one cell:\n%s", md)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	raw, md, svg := filepath.Join(dir, "r.json"), filepath.Join(dir, "r.md"), filepath.Join(dir, "charts")
	res := made(fair)
	if err := write(res, raw, md, svg); err != nil {
		t.Fatal(err)
	}
	again, err := readResults(raw)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(md)
	if err != nil || string(data) != again.markdown() {
		t.Errorf("the tables differ when the results were read back: %v", err)
	}
	if files, err := os.ReadDir(svg); err != nil || len(files) != 5 {
		t.Errorf("charts: %v, %v", files, err)
	}
	var parsed struct {
		Rows []struct {
			Name string
			Maps map[string][]float64
		}
	}
	if data, err = os.ReadFile(raw); err != nil || json.Unmarshal(data, &parsed) != nil || len(parsed.Rows[0].Maps[ours]) != 3 {
		t.Errorf("raw results: %v, %+v", err, parsed.Rows[0])
	}
	if err := verdictOf(res, true); err != nil {
		t.Errorf("check: %v", err)
	}
	res.line("reads/int/100").Maps[ours] = []float64{99}
	if err := verdictOf(res, true); err != errMissed {
		t.Errorf("check of a missed must: %v", err)
	}
	if err := verdictOf(res, false); err != nil {
		t.Errorf("a missed must without -check: %v", err)
	}
}
