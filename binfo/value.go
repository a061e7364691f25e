package binfo

import (
	"fmt"
	"slices"
	"strings"
)

// ValueKind says where a value comes from.
type ValueKind uint8

// The kinds of value.
const (
	Unknown ValueKind = iota
	Const             // N, which may be an address
	Param             // argument register N of the function
	Context           // the closure that runs
	Result            // result register N of the call at PC
	Loaded            // Size bytes at X+N
	Added             // X+N
	Frame0            // the address N bytes above SP at entry
	Slot              // what stands at Frame0 N, written in ways not followed
	Binary            // X Op Y
	Bit               // bit N of X
	Several           // one of Any, by the way that was taken
	Indexed           // an address behind X, by an index that is not followed
)

// Value is where the content of a register came from, followed backwards
// through the function.
type Value struct {
	Kind ValueKind
	N    int64
	Size uint8
	Op   byte
	X, Y *Value
	Any  []*Value // of Several
	PC   uint64   // of Result: the call
	Call string   // of Result: its callee, "" when it is not known
	Why  string   // of Unknown
}

// Equal reports whether two values are the same expression.
func (v *Value) Equal(w *Value) bool {
	if v == nil || w == nil {
		return v == w
	}
	// Two indexes may differ.
	return v.Kind == w.Kind && v.Kind != Unknown && v.Kind != Indexed && slices.EqualFunc(v.Any, w.Any, (*Value).Equal) && v.N == w.N && v.Op == w.Op && v.PC == w.PC &&
		v.Size == w.Size && v.X.Equal(w.X) && v.Y.Equal(w.Y)
}

// String writes the value as a chain: "[arg0+0x18]".
func (v *Value) String() string {
	switch v.Kind {
	case Const:
		return fmt.Sprintf("%#x", v.N)
	case Param:
		return fmt.Sprintf("arg%d", v.N)
	case Context:
		return "closure"
	case Result:
		name := v.Call
		if name == "" {
			name = fmt.Sprintf("call at %#x", v.PC)
		}
		return fmt.Sprintf("%s()%d", name, v.N)
	case Loaded:
		return "[" + offset(v.X.String(), v.N) + "]"
	case Added:
		return offset(v.X.String(), v.N)
	case Frame0:
		return offset("frame", v.N)
	case Slot:
		return "[" + offset("frame", v.N) + "]"
	case Binary:
		return "(" + v.X.String() + " " + string(v.Op) + " " + v.Y.String() + ")"
	case Indexed:
		return v.X.String() + "+i"
	case Bit:
		return fmt.Sprintf("bit %d of %s", v.N, v.X)
	}
	if v.Kind == Several {
		var list []string
		for _, a := range v.Any {
			list = append(list, a.String())
		}
		return "one of " + strings.Join(list, ", ")
	}
	if v.Why != "" {
		return "unknown (" + v.Why + ")"
	}
	return "unknown"
}

func offset(base string, n int64) string {
	if n == 0 {
		return base
	}
	return fmt.Sprintf("%s%+#x", base, n)
}

func unknown(format string, args ...any) *Value {
	return &Value{Kind: Unknown, Why: fmt.Sprintf(format, args...)}
}
