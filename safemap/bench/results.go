package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
)

// results are all readings of a run.
type results struct {
	Machine string
	Go      string
	Command string
	Rounds  int
	Date    string
	Load    float64  // of the machine before the run: how many others wanted its processors
	Peers   []string // with their versions
	Rows    []*line
}

// A line has the readings of one row.
type line struct {
	Name   string
	Unit   string
	Maps   map[string][]float64 // by round
	Failed map[string]string    `json:",omitempty"` // why a map has no readings, or fewer
	row    row
	group  string
}

// readResults reads what -json wrote. Rows that there are no longer are left out.
func readResults(file string) (*results, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var old results
	if err := json.Unmarshal(data, &old); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	res := old
	res.Rows = nil
	for _, j := range jobs() {
		for _, r := range j.rows {
			if l := old.line(r.name); l != nil {
				l.row, l.group = r, j.group
				res.Rows = append(res.Rows, l)
			}
		}
	}
	return &res, nil
}

func (res *results) line(name string) *line {
	for _, l := range res.Rows {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// add makes room for the rows of j.
func (res *results) add(j job) {
	for _, r := range j.rows {
		res.Rows = append(res.Rows, &line{Name: r.name, Unit: r.unit, Maps: map[string][]float64{}, Failed: map[string]string{}, row: r, group: j.group})
	}
}

// readings returns what a map took in a row, by round.
func (res *results) readings(name, of string) []float64 {
	if l := res.line(name); l != nil && l.Failed[of] == "" {
		return l.Maps[of]
	}
	return nil
}

func (res *results) median(name, of string) float64 { return median(res.readings(name, of)) }

// best returns the fastest peer in a row. A map that hung or crashed in some
// round is no peer.
func (res *results) best(name string) (string, float64) {
	peer, least := "", math.NaN()
	for _, m := range mapNames {
		if m == ours || m == native {
			continue
		}
		if v := res.median(name, m); peer == "" && !math.IsNaN(v) || v < least {
			peer, least = m, v
		}
	}
	return peer, least
}

// ratio returns how we compare to the fastest peer of a row: NaN if there is
// none, infinite if we take something and the peer nothing.
func (res *results) ratio(name string) float64 {
	_, least := res.best(name)
	if v := res.median(name, ours); v != least {
		return v / least
	}
	return 1 // also of nothing to nothing
}

// maps returns the maps that have a reading in the group, in the order of the tables.
func (res *results) maps(group string) []string {
	var all []string
	for _, m := range mapNames {
		if slices.ContainsFunc(res.Rows, func(l *line) bool {
			return l.group == group && (len(l.Maps[m]) > 0 || l.Failed[m] != "")
		}) {
			all = append(all, m)
		}
	}
	return all
}

func (res *results) of(group string) []*line {
	var ls []*line
	for _, l := range res.Rows {
		if l.group == group {
			ls = append(ls, l)
		}
	}
	return ls
}

// missed returns the goals that are not met.
func (res *results) missed() (lines []*line, goals int) {
	for _, l := range res.Rows {
		if l.row.goal == nil {
			continue
		}
		goals++
		if !res.judge(l.row).met {
			lines = append(lines, l)
		}
	}
	return lines, goals
}
