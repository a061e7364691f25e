// Package access is the index of every map operation in the source: which
// variable holds the map, which function does what to it at which line, and
// which goroutines can get there.
//
// Maps are told apart by the variable that holds them, not by the value: all
// instances of a struct share one [Map] for each of its fields. That is the
// only identity that a line of source has, and it may join maps that never meet
// at run time; whoever reasons with it says so.
//
// Dependencies are known by their types alone. What they do with a function or a
// map that they are handed stands in tables: readers.go, spawns.go.
package access
