package racelog

import "strings"

// Op is an operation on a map. The words are those of package finding.
type Op string

// The operations. Read and Write stand for one of unknown kind.
const (
	OpNone    Op = ""
	OpLookup  Op = "lookup"
	OpLen     Op = "len"
	OpIterate Op = "iterate"
	OpRead    Op = "read"
	OpAssign  Op = "assign"
	OpDelete  Op = "delete"
	OpClear   Op = "clear"
	OpClone   Op = "clone"
	OpWrite   Op = "write"
)

// ops are the map functions of runtime, reflect and internal/runtime/maps by the
// beginning of their names, without "runtime_", "reflect_" and receivers.
var ops = []struct {
	name string
	op   Op
}{
	{"mapaccess", OpLookup}, {"mapassign", OpAssign}, {"mapdelete", OpDelete}, {"mapclear", OpClear},
	{"mapiter", OpIterate}, {"mapIter", OpIterate}, {"maplen", OpLen}, {"mapclone", OpClone},
	{"(*Iter).", OpIterate}, {"(*Map).Get", OpLookup}, {"(*Map).Put", OpAssign}, {"(*Map).Delete", OpDelete},
	{"(*Map).Clear", OpClear}, {"(*Map).Clone", OpClone},
}

// opOf is the operation that a function of the maps' implementation stands for.
func opOf(fn string) Op {
	for _, pkg := range []string{"runtime.", "internal/runtime/maps.", "reflect."} {
		name, ok := strings.CutPrefix(fn, pkg)
		if !ok {
			continue
		}
		name = strings.TrimPrefix(strings.TrimPrefix(name, "runtime_"), "reflect_")
		for _, o := range ops {
			if strings.HasPrefix(name, o.name) {
				return o.op
			}
		}
	}
	if strings.HasPrefix(fn, "maps.clone") || strings.HasPrefix(fn, "maps.Clone") {
		return OpClone
	}
	return OpNone
}

// frames counts the frames at the top of the stack that are of the operation, and
// says which it is.
func (a *Access) frames() (n int, op Op) {
	for n < len(a.Stack.Frames) {
		o := opOf(a.Stack.Frames[n].Func)
		if o == OpNone {
			break
		}
		op = o
		n++
	}
	return n, op
}

// User is the index of the frame that wanted the operation.
func (a *Access) User() int {
	n, _ := a.frames()
	return n
}

// Op is the access's operation, in a report of which IsMap is true.
func (a *Access) Op() Op {
	if _, op := a.frames(); op != OpNone {
		return op
	}
	switch {
	case a.Write:
		return OpWrite
	case len(a.Stack.Frames) > 0:
		return OpLen // compiled to a load from the header, without a call
	}
	return OpRead
}

// IsMap reports whether both accesses are to a map's header. A map function also
// reads the key that it is handed: who writes that key is no map function.
func (r *Report) IsMap() bool {
	some := false
	for i := range r.Accesses {
		a := &r.Accesses[i]
		n, op := a.frames()
		switch {
		case n == 0 && a.Stack.Lost:
		case n == 0 && a.Write:
			return false
		case n > 0 && a.Write:
			some = true
		case n > 0:
			// Of a pair whose write is lost, only what is handed no pointer to its
			// key tells.
			some = some || op == OpIterate || strings.Contains(a.Stack.Frames[0].Func, "_fast")
		}
	}
	return some && (r.Accesses[0].Write || r.Accesses[1].Write)
}
