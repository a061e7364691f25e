// Package explain says what a crash by the concurrent use of a map was about: the
// map, what the goroutine did that noticed, and who the other side is.
//
// The other side of such a crash is always a writer: only modifications set the
// flag that the runtime tests. What the log shows of it is joined with the index
// of who touches the map; when the log shows one goroutine only, the index alone
// is left. Every statement carries the grade of its evidence.
//
// Without source, the executable has most of it: the call that each frame waits in,
// the variable that holds the map there, and every other call on that variable.
//
// The source tells maps apart by the variable that holds them, so that two
// instances of a struct share a name. Equal header addresses in the log prove that
// both sides meant one map, different ones that they did not.
package explain
