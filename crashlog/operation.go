package crashlog

import "strings"

// Op is an operation on a map. The words are those of package finding.
type Op string

// The operations. Read and Write stand for one of unknown kind.
const (
	OpNone    Op = ""
	OpLookup  Op = "lookup"
	OpIterate Op = "iterate"
	OpClone   Op = "clone"
	OpRead    Op = "read"
	OpAssign  Op = "assign"
	OpDelete  Op = "delete"
	OpClear   Op = "clear"
	OpWrite   Op = "write"
)

// IsWrite reports whether the operation modifies the map.
func (o Op) IsWrite() bool {
	switch o {
	case OpAssign, OpDelete, OpClear, OpWrite:
		return true
	}
	return false
}

// Evidence is what an operation is known by.
type Evidence string

const (
	// ByFrame: a frame of the map's implementation is in the stack.
	ByFrame Evidence = "frame"
	// ByMessage: the message alone says it, of the detecting goroutine.
	ByMessage Evidence = "message"
	// ByBoth: the message says it, and the frames that are shown leave one
	// operation over, because the runtime would have shown the others'.
	ByBoth Evidence = "message and frames"
)

// Operation is what a goroutine was doing to a map.
type Operation struct {
	Op       Op // OpNone: nothing that can be seen
	Evidence Evidence
	// Frame is the index of the outermost frame of the operation, whose caller
	// wanted it; -1 when none is shown.
	Frame int
	// Claimed is the message's own claim for the detecting goroutine. From
	// Go 1.24 it may call an iteration a read.
	Claimed Op
	// Type and Header are the arguments of a frame runtime.map*: the addresses
	// of the map's type and header. Only level system prints them; zero values
	// stand for what it does not. A stale word may be what its slot held
	// before, nothing of the map. Generic code has types of its own: only equal
	// headers say that two goroutines are in the same map.
	Type, Header Arg
}

// Operation tells the map operation that g was in, by its frames where they
// are shown, else by the message.
func (c *Crash) Operation(g *Goroutine) Operation {
	o := Operation{Frame: -1}
	if g.Detecting {
		o.Claimed = c.Cause.detecting()
	}
	at, op := mapFrame(g.Frames)
	if at >= 0 {
		o.Op, o.Frame, o.Evidence = op, at, ByFrame
		o.Type, o.Header = addresses(g.Frames[:at+1])
		return o
	}
	if o.Claimed == OpNone {
		return o
	}
	o.Op, o.Evidence = o.Claimed, ByMessage
	// From Go 1.24 the frames of package internal/runtime/maps are shown, those
	// of package runtime not: only the operations whose entry is there and that
	// report before they call further can be hidden.
	if len(g.Frames) > 0 && g.Frames[0].Func == "internal/runtime/maps.fatal" {
		switch o.Claimed {
		case OpRead:
			o.Op, o.Evidence = OpLookup, ByBoth
		case OpWrite:
			o.Op, o.Evidence = OpAssign, ByBoth
		}
	}
	return o
}

// detecting is what the message says of the goroutine that prints it: a
// reader sees the writer's flag, never the other way round.
func (c Cause) detecting() Op {
	switch c {
	case CauseWriteWrite, CauseCorrupt:
		return OpWrite
	case CauseReadWrite:
		return OpRead
	case CauseIterateWrite:
		return OpIterate
	case CauseCloneWrite:
		return OpClone
	}
	return OpNone
}

// mapFrame finds the outermost frame of the map operation that a stack is in.
// Frames of the packages that implement maps may stand inside of it, such as
// a growing map's allocations.
func mapFrame(frames []Frame) (at int, op Op) {
	at = -1
	for i := range frames {
		fn := frames[i].Func
		if o := mapOp(fn); o != OpNone {
			at, op = i, o
			continue
		}
		if !runtimeFunc(fn) {
			break
		}
	}
	return at, op
}

func runtimeFunc(fn string) bool {
	return strings.HasPrefix(fn, "runtime.") || strings.HasPrefix(fn, "internal/") || strings.HasPrefix(fn, "maps.clone") ||
		strings.HasPrefix(fn, "type:.") || strings.HasPrefix(fn, "type..") || strings.HasPrefix(fn, "reflect.") || fn == "panic" ||
		strings.HasPrefix(fn, "aeshash") || strings.HasPrefix(fn, "memeqbody")
}

// ops are the functions of the maps' implementations, by the beginning of
// what stands behind the package. First match counts.
var ops = []struct {
	name string
	op   Op
}{
	// runtime/map*.go; internal/runtime/maps/runtime*.go from Go 1.24, whose
	// functions are linked under the same names.
	{"mapaccess", OpLookup},
	{"mapassign", OpAssign},
	{"mapdelete", OpDelete},
	{"mapclear", OpClear},
	{"mapclone", OpClone},
	{"mapiter", OpIterate},
	{"mapIter", OpIterate},
	// internal/runtime/maps/map.go, table.go
	{"(*Iter).", OpIterate},
	{"(*Map).Get", OpLookup},
	{"(*Map).getWith", OpLookup},
	{"(*Map).Put", OpAssign},
	{"(*Map).put", OpAssign},
	{"(*Map).growTo", OpAssign},
	{"(*Map).Delete", OpDelete},
	{"(*Map).delete", OpDelete},
	{"(*Map).Clear", OpClear},
	{"(*Map).clear", OpClear},
	{"(*Map).Clone", OpClone},
	{"(*table).Get", OpLookup},
	{"(*table).getWith", OpLookup},
	{"(*table).Put", OpAssign},
	{"(*table).rehash", OpAssign},
	{"(*table).grow", OpAssign},
	{"(*table).split", OpAssign},
	{"(*table).unchecked", OpAssign},
	{"(*table).pruneTombstones", OpAssign},
	{"(*table).Delete", OpDelete},
	{"(*table).Clear", OpClear},
	{"(*table).clone", OpClone},
	// runtime/map.go up to Go 1.23: only writes move buckets
	{"growWork", OpWrite},
	{"evacuate", OpWrite},
	{"hashGrow", OpWrite},
}

// mapOp is the operation that the function is part of.
func mapOp(fn string) Op {
	name, ok := strings.CutPrefix(fn, "runtime.")
	if !ok {
		if name, ok = strings.CutPrefix(fn, "internal/runtime/maps."); ok {
			name = strings.TrimPrefix(name, "runtime_")
		} else if name, ok = strings.CutPrefix(fn, "reflect."); ok {
			if strings.HasPrefix(name, "map_") || strings.HasPrefix(name, "mapi") && !strings.HasPrefix(name, "mapiter") {
				return OpNone
			}
		} else if strings.HasPrefix(fn, "maps.clone") || strings.HasPrefix(fn, "maps.Clone") {
			return OpClone // runtime.mapclone is linked under this name
		}
	}
	if !ok {
		return OpNone
	}
	name = strings.TrimPrefix(name, "reflect_")
	for i := range ops {
		if strings.HasPrefix(name, ops[i].name) {
			return ops[i].op
		}
	}
	return OpNone
}

// addresses finds the first two arguments of a frame runtime.map*, from the
// entry of the operation inwards.
func addresses(frames []Frame) (typ, header Arg) {
	for i := len(frames) - 1; i >= 0; i-- {
		f := &frames[i]
		name, ok := strings.CutPrefix(f.Func, "runtime.map")
		if !ok || strings.HasPrefix(name, "iternext") || strings.HasPrefix(name, "IterNext") {
			continue // the argument is the iterator
		}
		if w := f.Words(); len(w) >= 2 {
			return w[0], w[1]
		}
	}
	return Arg{}, Arg{}
}
