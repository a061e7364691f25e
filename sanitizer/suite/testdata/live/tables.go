package main

import (
	"maps"
	"strconv"

	"github.com/mapsan/mapsan/sanitizer/suite/oracle"
)

// A table is a map of some type.
type table interface {
	read(op int)
	write(op int)
}

// tables makes the maps of a program, one per key type that the runtime has code for.
var tables = []func() table{
	func() table { return fill(ints{}, 3, func(m ints, i int) { m[i] = i }) },
	func() table { return fill(strs{}, 40, func(m strs, i int) { m[strconv.Itoa(i)] = i }) },
	func() table { return fill(structs{}, 9, func(m structs, i int) { m[point{i, i}] = i }) },
}

func fill[T table](m T, n int, put func(m T, i int)) table {
	for i := range n {
		put(m, i)
	}
	return m
}

type (
	point   struct{ x, y int }
	ints    map[int]int
	strs    map[string]int
	structs map[point]int
)

func (m ints) read(op int) { read(m, op, func() { use(m[1]) }, func() { _, ok := m[1]; use(ok) }) }
func (m strs) read(op int) { read(m, op, func() { use(m["1"]) }, func() { _, ok := m["1"]; use(ok) }) }
func (m structs) read(op int) {
	read(m, op, func() { use(m[point{1, 1}]) }, func() { _, ok := m[point{1, 1}]; use(ok) })
}

func (m ints) write(op int) {
	write(m, op, func() { m[1] = 1 }, func() { m[1]++ }, func() { delete(m, 1) })
}

func (m strs) write(op int) {
	write(m, op, func() { m["1"] = 1 }, func() { m["1"]++ }, func() { delete(m, "1") })
}

func (m structs) write(op int) {
	k := point{1, 1}
	write(m, op, func() { m[k] = 1 }, func() { m[k]++ }, func() { delete(m, k) })
}

func read[M ~map[K]int, K comparable](m M, op int, lookup, lookupOK func()) {
	switch op {
	case oracle.Lookup:
		lookup()
	case oracle.LookupOK:
		lookupOK()
	case oracle.Len:
		use(len(m))
	case oracle.Iterate:
		for k := range m {
			use(k)
		}
	case oracle.Clone:
		use(maps.Clone(m) != nil)
	}
}

func write[M ~map[K]int, K comparable](m M, op int, assign, opAssign, del func()) {
	switch op {
	case oracle.Assign:
		assign()
	case oracle.OpAssign:
		opAssign()
	case oracle.Delete:
		del()
	case oracle.Clear:
		clear(m)
	}
}

// use keeps the compiler from leaving out what makes v.
//
//go:noinline
func use[T any](v T) { _ = v }
