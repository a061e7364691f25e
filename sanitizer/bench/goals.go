package main

import (
	"fmt"
	"math"
)

// A goal is a number that the sanitizer is to stay below.
type goal struct {
	what  string
	limit float64
	unit  string // "x" for a ratio, "ns" for a difference
	value float64
}

func (g goal) met() bool { return g.value <= g.limit }

// summary is what the tables come down to.
type summary struct {
	suites []suiteRow
	goals  []goal
}

// A suiteRow is the geometric mean of a suite's ratios.
type suiteRow struct {
	name           string
	benchmarks     int
	time, memory   [modes]float64
	worst          string
	worstTimeRatio float64
}

func summarize(all []*series, people *series) summary {
	var s summary
	byName := map[string][]*series{}
	var order []string
	for _, x := range all {
		if byName[x.suite] == nil {
			order = append(order, x.suite)
		}
		byName[x.suite] = append(byName[x.suite], x)
	}
	var times, sizes []float64
	worst := 0.0
	for _, name := range order {
		row := rowOf(name, byName[name])
		s.suites = append(s.suites, row)
		if name == "micro" {
			continue
		}
		times, sizes = append(times, row.time[sanitized]), append(sizes, row.memory[sanitized])
		worst = max(worst, row.time[sanitized])
	}
	add := func(what string, limit float64, unit string, value float64) {
		if !math.IsNaN(value) && value != 0 {
			s.goals = append(s.goals, goal{what, limit, unit, value})
		}
	}
	add("time of the suites, geometric mean", 1.05, "x", geomean(times))
	add("time of the worst suite", 1.2, "x", worst)
	add("resident memory of the suites, geometric mean", 1.15, "x", geomean(sizes))
	more := func(name string) float64 { return difference(all, name) }
	add("map read", 3, "ns", more("BenchmarkMapRead/int"))
	add("map read, shared map", 3, "ns", more("BenchmarkMapRead/shared"))
	add("map write", 3, "ns", more("BenchmarkMapWrite/int"))
	add("map write, shared map", 3, "ns", more("BenchmarkMapWrite/shared"))
	add("uncontended Lock and Unlock", 10, "ns", more("BenchmarkMutex"))
	add("uncontended Lock, map write, Unlock", 13, "ns", more("BenchmarkMutexMapWrite/own"))
	add("parallel readers under RWMutex", 1.3, "x", ratioOf(all, "BenchmarkRWMutexMapRead/parallel"))
	if people != nil {
		add("memory of "+people.name, 1.5, "x", ratio(people.bytes, sanitized))
		add("time of "+people.name, 2, "x", ratio(people.ns, sanitized))
	}
	return s
}

func rowOf(name string, xs []*series) suiteRow {
	row := suiteRow{name: name, benchmarks: len(xs)}
	for m := range modes {
		var times, sizes []float64
		for _, x := range xs {
			times, sizes = append(times, ratio(x.ns, m)), append(sizes, ratio(x.bytes, m))
		}
		row.time[m], row.memory[m] = geomean(times), geomean(sizes)
	}
	for _, x := range xs {
		if r := ratio(x.ns, sanitized); r > row.worstTimeRatio {
			row.worst, row.worstTimeRatio = x.name, r
		}
	}
	return row
}

func find(all []*series, name string) *series {
	for _, x := range all {
		if x.micro && x.name == name {
			return x
		}
	}
	return nil
}

func difference(all []*series, name string) float64 {
	if x := find(all, name); x != nil {
		return median(x.ns[sanitized]) - median(x.ns[plain])
	}
	return math.NaN()
}

func ratioOf(all []*series, name string) float64 {
	if x := find(all, name); x != nil {
		return ratio(x.ns, sanitized)
	}
	return math.NaN()
}

func (g goal) String() string {
	if g.unit == "x" {
		return fmt.Sprintf("%.2fx", g.value)
	}
	return fmt.Sprintf("%+.1f %s", g.value, g.unit)
}

func (g goal) bound() string {
	if g.unit == "x" {
		return fmt.Sprintf("%.4gx", g.limit)
	}
	return fmt.Sprintf("%+.4g %s", g.limit, g.unit)
}
