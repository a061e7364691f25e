// Package anatomy shows how Go's maps notice concurrent use, and when they do
// not: the header's layout, each instruction that tests or sets its writing
// flag, and the stretches of code in which no test can see another goroutine.
//
// All of it is read out of binaries, those of the user or a small one that is
// built for the Go version asked for. Nothing is taken from the source of Go.
package anatomy
