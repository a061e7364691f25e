// Command bench measures safemap.Map beside other concurrent maps.
//
//	go run .                          # all, about half an hour
//	go run . -quick                   # a look, two minutes if nobody else is there
//	go run . -list                    # the cells, and what they must reach
//	go run . -cells '^mix50/int'      # only these
//	go run . -json r.json -md r.md -svg charts -check
//	go run . -from r.json -svg charts # tables and charts of an earlier run
//	go run . -perf reads/int/10k      # instructions per operation
//
// It is a module of its own, so that the peers are no dependencies of safemap.
//
// Counting instructions needs perf with hardware counters, or valgrind. The
// count has the loop itself in it, some ten instructions.
//
// Every reading is taken in a process of its own, which makes one map, with
// room for its keys, and measures some cells of it: no map runs in memory that
// another has used, one that hangs is ended, and each round has new seeds and
// addresses. A group of cells is measured in rounds; in each, every cell of
// every map comes once, all in a new random order, so that what else the
// machine does falls on all maps alike. The tables show medians over the
// rounds, and our ratio to the best peer of the same run.
//
// One goroutine at GOMAXPROCS=1 is charged the CPU time of the process, two at
// GOMAXPROCS=2 the wall time of each: goroutines are not bound to processors,
// since that would make a lock that puts them to sleep slower than it is. The
// collector is off while something is timed. Allocation is thus counted and
// collection is not, which favours the maps that allocate; the tables of
// allocations and memory show what is left out.
//
// Calls are direct, in loops generated for each map: see internal/loopgen,
// where a peer is added in ten lines. A map that hung or crashed in a cell
// has no figure there and is no peer in it.
package main

//go:generate go run gen.go
