// Package racelog reads the reports of Go's race detector out of any log: of go
// test -race, plain or -json, of a program built by -race, and the files of
// GORACE=log_path. It tells those that are of maps from the others.
//
// The detector hears of a map operation by the map's header, which the entry
// points of the runtime name as read or written. It does not hear of maps.Clone.
package racelog

// Report is one "WARNING: DATA RACE".
type Report struct {
	Line     int64     // of the log, where it begins
	Accesses [2]Access // the later one first
	// Package and Test are those of an event of go test -json.
	Package, Test string
	// Truncated says that the log ends inside.
	Truncated bool
}

// Access is one side.
type Access struct {
	Write     bool
	Addr      uint64
	Goroutine Goroutine
	Stack     Stack
}

// Goroutine is who made an access.
type Goroutine struct {
	ID      uint64 // 0 for the main goroutine, which is printed without one
	Main    bool
	State   string // running or finished; "" when the log does not have it
	Created Stack  // the go statement's
}

// Stack is innermost frame first.
type Stack struct {
	Frames []Frame
	// Lost says that the detector had forgotten it.
	Lost bool
	// Cut says that it is deeper than what is kept.
	Cut bool
}

// Frame is one call.
type Frame struct {
	Func, File string
	Line       int
	Offset     uint64
}
