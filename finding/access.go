package finding

// Op is one operation on a map.
type Op string

// The operations. Read and Write stand for one of unknown kind: a crash log,
// for one, may say no more.
const (
	Lookup  Op = "lookup"
	Len     Op = "len"
	Iterate Op = "iterate"
	Clone   Op = "clone"
	Read    Op = "read"

	Assign Op = "assign"
	Delete Op = "delete"
	Clear  Op = "clear"
	Write  Op = "write"
)

// Ops lists every operation.
func Ops() []Op { return []Op{Lookup, Len, Iterate, Clone, Read, Assign, Delete, Clear, Write} }

// IsWrite reports whether the operation modifies the map.
func (o Op) IsWrite() bool {
	switch o {
	case Assign, Delete, Clear, Write:
		return true
	}
	return false
}

// Class is Read or Write.
func (o Op) Class() Op {
	if o.IsWrite() {
		return Write
	}
	return Read
}

// String gives the operation as a report's heading does: "write (assign)".
func (o Op) String() string {
	if c := o.Class(); c != o {
		return string(c) + " (" + string(o) + ")"
	}
	return string(o)
}

// Verb gives the operation as a sentence does: "assigned to".
func (o Op) Verb() string {
	switch o {
	case Lookup:
		return "looked up a key in"
	case Len:
		return "took the length of"
	case Iterate:
		return "iterated over"
	case Clone:
		return "cloned"
	case Assign:
		return "assigned to"
	case Delete:
		return "deleted from"
	case Clear:
		return "cleared"
	case Write:
		return "modified"
	}
	return "read"
}
