// Package oracle says which map accesses of a program race, by the plainest
// means: a full vector clock per goroutine and per synchronisation object,
// copied whole at each edge of the Go memory model.
//
// A [Program] is one interleaving, a list of [Event] in the order in which
// they took effect. [Generate] makes random ones in which nobody ever waits
// for good, [Judge] gives the verdict on each access, [Shrink] removes from a
// program what a failure does not need, and a Program prints as a readable
// listing.
//
// What is being tested against it may execute the events as they stand (an
// engine driven in process) or as real goroutines and real objects (the
// live half of the suite). An event of a goroutine that had to wait comes in
// two parts: [Park] when it begins to wait, which orders nothing, and the
// operation itself right after the event that let it go on.
package oracle
