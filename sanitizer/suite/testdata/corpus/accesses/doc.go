// Package accesses has racing and race-free programs around every way to
// access a map. Names and comments are as in package edges; in "want: op/op"
// the operations are those of the reports: assign, delete, clear, lookup, len,
// iterate, clone.
package accesses
