package main

import (
	"fmt"
	"slices"
)

// A row is one line of a table: one figure of every map that has it.
type row struct {
	name  string // "reads/int/10k"
	unit  string
	about string // what is measured, for people
	goal  *goal
}

// A job is what one process measures of one map: some rows that need the same
// map in the same state.
type job struct {
	name   string
	group  string
	what   string // which method of unit measures it
	kind   kind
	size   int
	mix    mix
	maps   []string
	rows   []row
	quick  bool // part of a quick run
	rounds int  // at most; 0 for as many as there are
}

// A group is a table, and all of it is measured before the next begins.
type group struct{ name, title, note string }

var groups = []group{
	{"reads", "Reads", "CPU time of one goroutine at GOMAXPROCS=1; `/2p`: wall time of each of two goroutines at GOMAXPROCS=2. String keys are the very strings that were stored; `/copied`: equal strings in other memory. `/misses`: keys that are absent."},
	{"mixes", "Mixes", "`mix90`: 90 % reads, the rest half inserts and half deletes, over keys of which half are present. `u90`: 90 % reads, the rest overwrites of keys that are present."},
	{"latency", "A read beside one writer", "One goroutine reads and times each read, another overwrites without pause, GOMAXPROCS=2. What the clock itself takes is subtracted; some clocks move in steps of 10 ns."},
	{"growth", "Growth", "One goroutine inserts into an empty map that was not told how many will come. What the clock itself takes is subtracted; `insert` is measured without it."},
	{"snapshots", "Snapshots", "Only safemap has them. `first` arms the map; `later` comes after one write; `beside`: while another goroutine writes. `write/copying`: the writes just after a snapshot, which save what it shows."},
	{"iteration", "Iteration", "CPU time per entry. `/snapshot`: over a snapshot, beside a native map."},
	{"allocs", "Allocations", "Maps made for the number of keys that are inserted."},
	{"memory", "Memory", "Beyond the keys. Maps made for the number of keys that are inserted, `grown` ones not. `gc`: CPU time of a full collection when the process has nothing else."},
}

const (
	nsOp    = "ns/op"
	micros  = "µs"
	millis  = "ms"
	nsEntry = "ns/entry"
)

// label names a size.
func label(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprint(n)
}

// sizes of all tables; reads of ints have one more, past the second-level cache.
var sizes = []int{100, 10_000, 1_000_000}

// jobs returns all that can be measured, in the order of the tables.
func jobs() []job {
	locked := slices.DeleteFunc(slices.Clone(mapNames), func(s string) bool { return s == native })
	var all []job
	add := func(j job, quick bool, rows ...row) {
		for i := range rows {
			rows[i].goal = goalOf(rows[i].name)
		}
		j.rows, j.quick = rows, quick
		if j.maps == nil {
			j.maps = locked
		}
		all = append(all, j)
	}
	for _, k := range []kind{kindInt, kindString} {
		for _, n := range sizesOf(k) {
			name := fmt.Sprintf("%s/%s", k, label(n))
			what := fmt.Sprintf("%s %s keys", label(n), k)
			rows := []row{{"reads/" + name, nsOp, "reads, " + what, nil}}
			if k == kindString {
				rows = append(rows, row{"reads/" + name + "/copied", nsOp, "reads by equal strings, " + what, nil})
			}
			rows = append(rows, row{"reads/" + name + "/2p", nsOp, "reads, two goroutines, " + what, nil})
			rows = append(rows, row{"reads/" + name + "/misses", nsOp, "absent keys, " + what, nil})
			add(job{name: "reads/" + name, group: "reads", what: "reads", kind: k, size: n, maps: mapNames}, k == kindInt && n != 100_000 || n == 10_000, rows...)
		}
	}
	for _, m := range mixes {
		for _, k := range []kind{kindInt, kindString} {
			for _, n := range sizes {
				name := fmt.Sprintf("%s/%s/%s", m.name, k, label(n))
				about := fmt.Sprintf("%d %% reads", m.reads)
				if m.overwrite {
					about += ", overwrites"
				}
				about += fmt.Sprintf(", %s %s keys", label(n), k)
				quick := n == 10_000 && (m.name == "mix90" || m.name == "u50" || m.name == "mix50" && k == kindString) || n == 1_000_000 && m.name == "u50" && k == kindInt
				add(job{name: name, group: "mixes", what: "mixed", kind: k, size: n, mix: m}, quick,
					row{name, nsOp, about, nil}, row{name + "/2p", nsOp, about + ", two goroutines", nil})
			}
		}
	}
	add(job{name: "beside/int/10k", group: "latency", what: "beside", kind: kindInt, size: 10_000}, true,
		row{"beside/int/10k/p50", "ns", "P50 of a read beside a writer", nil},
		row{"beside/int/10k/p99", "ns", "P99 of a read beside a writer", nil},
		row{"beside/int/10k/p999", "ns", "P99.9 of a read beside a writer", nil})
	add(job{name: "growth/int/1M", group: "growth", what: "growth", kind: kindInt, size: 1_000_000, maps: mapNames, rounds: 5}, true,
		row{"growth/int/1M/worst", millis, "the worst insert while growing to 1M", nil},
		row{"growth/int/1M/p50", "ns", "P50 of an insert", nil},
		row{"growth/int/1M/p99", "ns", "P99 of an insert", nil},
		row{"growth/int/1M/p9999", "ns", "P99.99 of an insert", nil},
		row{"growth/int/1M/insert", nsOp, "inserts while growing to 1M", nil})
	for _, n := range sizes {
		name, of := "snapshot/"+label(n), " at "+label(n)
		add(job{name: name, group: "snapshots", what: "snapshots", kind: kindInt, size: n, maps: []string{ours}}, n > 100,
			row{name + "/first", micros, "the first snapshot" + of, nil},
			row{name + "/later", micros, "a later snapshot" + of, nil},
			row{name + "/beside", micros, "a snapshot beside a writer" + of, nil},
			row{name + "/write/unarmed", nsOp, "overwrites before the first snapshot" + of, nil},
			row{name + "/write/armed", nsOp, "overwrites after the first snapshot" + of, nil},
			row{name + "/write/copying", nsOp, "overwrites just after a snapshot" + of, nil},
			row{name + "/read/unarmed", nsOp, "reads before the first snapshot" + of, nil},
			row{name + "/read/armed", nsOp, "reads after the first snapshot" + of, nil},
			row{name + "/read/beside", nsOp, "reads beside a goroutine that takes snapshots" + of, nil})
	}
	for _, n := range []int{10_000, 1_000_000} {
		name := "iterate/int/" + label(n)
		add(job{name: name, group: "iteration", what: "iterate", kind: kindInt, size: n, maps: mapNames}, n == 10_000,
			row{name, nsEntry, "iterating " + label(n), nil},
			row{name + "/snapshot", nsEntry, "iterating a snapshot of " + label(n), nil})
	}
	for _, k := range []kind{kindInt, kindString, kindPointer} {
		var rows []row
		for _, op := range []string{"load", "overwrite", "delete", "insert"} {
			rows = append(rows, row{fmt.Sprintf("allocs/%s/%s", k, op), "allocs/op", fmt.Sprintf("allocations of %s, %s", op, k), nil})
		}
		for _, op := range []string{"load", "overwrite", "delete", "insert"} {
			rows = append(rows, row{fmt.Sprintf("allocs/%s/%s/bytes", k, op), "B/op", fmt.Sprintf("bytes allocated by %s, %s", op, k), nil})
		}
		add(job{name: fmt.Sprintf("allocs/%s", k), group: "allocs", what: "allocations", kind: k, size: 10_000, maps: mapNames, rounds: 3}, k == kindInt, rows...)
	}
	for _, k := range []kind{kindInt, kindString} {
		for _, n := range []int{10_000, 1_000_000} {
			name := fmt.Sprintf("memory/%s/%s", k, label(n))
			of := fmt.Sprintf(", %s %s keys", label(n), k)
			add(job{name: name, group: "memory", what: "memory", kind: k, size: n, maps: mapNames, rounds: 3}, k == kindInt && n == 1_000_000,
				row{name + "/bytes", "B/entry", "memory" + of, nil},
				row{name + "/grown", "B/entry", "memory of a map that grew" + of, nil},
				row{name + "/objects", "objects/entry", "heap objects" + of, nil},
				row{name + "/gc", "ms CPU", "garbage collection" + of, nil})
		}
	}
	return all
}

func sizesOf(k kind) []int {
	if k == kindInt {
		return []int{100, 10_000, 100_000, 1_000_000}
	}
	return sizes
}
