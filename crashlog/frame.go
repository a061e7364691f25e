package crashlog

// Frame is one call of a stack.
type Frame struct {
	// Func is the full name as printed: type arguments are "[...]", and
	// runtime.gopanic is "panic".
	Func string
	Args []Arg
	// Inlined says that the call was compiled into its caller, "(...)": it has
	// neither arguments nor an offset.
	Inlined bool
	File    string
	Line    int // 0 when it could not be read
	// Offset is the return address relative to the function's entry.
	Offset uint64
	// FP, SP and PC are printed at level system.
	FP, SP, PC uint64
}

// Arg is one token of an argument list. The list is kept flat: an aggregate
// is ArgOpen, its parts, ArgClose.
type Arg struct {
	Kind ArgKind
	Word uint64 // for ArgWord and ArgStale
}

// ArgKind tells the tokens of an argument list apart.
type ArgKind uint8

// The tokens that printArgs of runtime/traceback.go prints.
const (
	ArgWord    ArgKind = iota // 0x1f
	ArgStale                  // 0x1f?: the word may be out of date
	ArgMore                   // ...: further arguments are not printed
	ArgTooFar                 // _: too far away to be printed
	ArgOpen                   // {
	ArgClose                  // }
	argInvalid                // none of the above
)

// Words returns the words of the arguments, aggregates taken apart, up to the
// first one that is not printed.
func (f *Frame) Words() []Arg {
	var out []Arg
	for _, a := range f.Args {
		switch a.Kind {
		case ArgWord, ArgStale:
			out = append(out, a)
		case ArgMore, ArgTooFar:
			return out
		}
	}
	return out
}
