package main

import (
	"fmt"
	"math"
	"strings"
)

// The maps that rules speak of.
const (
	ours   = "safemap"
	native = "native" // no peer: it is the floor
)

// A goal is a bound that a row must keep: of the value itself, or of its ratio
// or difference to another.
type goal struct {
	limit float64
	than  string  // "" for the value itself, else best, a map, or a row of ours
	noise float64 // of a difference that is let pass, as a fraction of what it is from
	stray float64 // is let pass, too
}

// best stands for the fastest peer that has the row.
const best = "best"

// goalOf returns the goal of the named row, nil if it has none. The mixes' goals
// hold for two goroutines as for one; those of reads for one.
func goalOf(name string) *goal {
	part := strings.Split(name, "/")
	ratio := func(limits map[string]float64, to string) *goal {
		if limit, ok := limits[part[2]]; ok {
			return &goal{limit: limit, than: to}
		}
		return nil
	}
	switch last := part[len(part)-1]; {
	case part[0] == "reads" && len(part) == 3 && part[1] == "int":
		return ratio(map[string]float64{"100": 1, "10k": 0.95, "100k": 0.7, "1M": 0.75}, best)
	case part[0] == "reads" && len(part) == 3:
		return ratio(map[string]float64{"100": 1.05, "10k": 1, "1M": 0.95}, best)
	case strings.HasPrefix(part[0], "mix"):
		return ratio(map[string]float64{"10k": 0.9, "1M": 0.9}, best)
	case part[0] == "u50":
		return ratio(map[string]float64{"10k": 0.75, "1M": 0.75}, best)
	case part[0] == "beside" && last == "p99":
		return &goal{limit: 0.5, than: "xsync"}
	case part[0] == "growth" && last == "worst":
		return &goal{limit: 0.5}
	case part[0] == "snapshot" && (last == "later" || last == "beside") && len(part) == 3:
		return &goal{limit: 2}
	case part[0] == "snapshot" && part[2] == "write" && last == "armed":
		return &goal{limit: 8, than: strings.TrimSuffix(name, "armed") + "unarmed"}
	case part[0] == "snapshot" && part[2] == "read" && last == "armed":
		return &goal{limit: 0, than: strings.TrimSuffix(name, "armed") + "unarmed", noise: 0.03}
	case name == "iterate/int/1M/snapshot":
		return &goal{limit: 1.2, than: native}
	case part[0] == "allocs" && (last == "load" || last == "overwrite" || last == "delete"):
		return &goal{limit: 0, stray: 0.005} // the runtime allocates now and then
	case name == "memory/int/1M/bytes":
		return &goal{limit: 40}
	}
	return nil
}

func (g goal) difference() bool { return strings.Contains(g.than, "/") }

// bound says the goal.
func (g goal) bound(unit string) string {
	switch {
	case g.difference() && g.noise > 0:
		return fmt.Sprintf("<= +%v %s (%v %% is noise)", g.limit, unit, 100*g.noise)
	case g.difference():
		return fmt.Sprintf("<= +%v %s", g.limit, unit)
	case g.than == "":
		return fmt.Sprintf("<= %v %s", g.limit, unit)
	case g.than == best:
		return fmt.Sprintf("<= %.2fx", g.limit)
	}
	return fmt.Sprintf("<= %.2fx of %s", g.limit, g.than)
}

// A verdict is what became of a goal.
type verdict struct {
	value float64 // in the terms of the goal; NaN if it could not be measured
	met   bool
}

// String returns the word for the tables.
func (v verdict) String() string {
	switch {
	case math.IsNaN(v.value):
		return "not measured"
	case v.met:
		return "met"
	}
	return "missed"
}

// judge compares the results with the goal of r.
func (res *results) judge(r row) verdict {
	g := r.goal
	value, limit := res.median(r.name, ours), g.limit
	switch {
	case g.than == best:
		_, fastest := res.best(r.name)
		value /= fastest
	case g.difference():
		value = median(differences(res.readings(r.name, ours), res.readings(g.than, ours)))
		limit = max(limit, g.noise*res.median(g.than, ours))
	case g.than != "":
		value /= res.median(r.name, g.than)
	}
	return verdict{value, value <= limit+g.stray}
}

// said returns the value of v as the goal speaks of it.
func (g goal) said(v verdict, unit string) string {
	switch {
	case math.IsNaN(v.value):
		return "-"
	case g.difference():
		return signed(v.value) + " " + unit
	case g.than == "":
		return number(v.value) + " " + unit
	}
	return fmt.Sprintf("%.2fx", v.value)
}
