package access

import (
	"fmt"
	"go/token"

	"golang.org/x/tools/go/ssa"
)

// Op is one operation on a map.
type Op string

// The operations.
const (
	Lookup  Op = "lookup"
	Len     Op = "len"
	Iterate Op = "iterate"
	Clone   Op = "clone"
	Assign  Op = "assign"
	Delete  Op = "delete"
	Clear   Op = "clear"
)

// IsWrite reports whether the operation modifies the map.
func (o Op) IsWrite() bool { return o == Assign || o == Delete || o == Clear }

// Kind says what sort of variable holds a map.
type Kind string

// The kinds.
const (
	Field     Kind = "field"
	Global    Kind = "global"
	Local     Kind = "local"
	Captured  Kind = "captured" // local to a function, used by a function literal in it
	Parameter Kind = "parameter"
	Result    Kind = "result"  // what a call returned, when its body is not known
	Element   Kind = "element" // of a slice, array, channel, container or other map
)

// Map is an abstract map: the variable that holds it.
type Map struct {
	// ID tells maps apart; it holds the import path and, for a local variable,
	// the place.
	ID string
	// Name is as function names are in a traceback: "main.Store.sessions",
	// "main.main.m".
	Name string
	Kind Kind
	// Expr is the shortest expression that names it: "s.sessions".
	Expr string
	// Type is the type as reflect prints it, Declared as the declaration does.
	Type, Declared string
	// Generic says that Type holds type parameters.
	Generic bool
	Decl    token.Position
	// Guards are the locks declared beside it, the likeliest first: "mu sync.Mutex".
	Guards []string

	named bool // Expr stands in the source
	sites []*Site
	from  []*Map // whose map may be stored here
	into  []*Map // where this map may be stored
}

func (m *Map) String() string { return m.Name }

// Func is one function of the source, function literals and the bodies of
// range-over-func loops included.
type Func struct {
	// Name is as a traceback prints it: "main.(*Store).Put", "main.main.func1",
	// "main.F[...]", "main.All-range1".
	Name string
	// Pos and End are where it begins and ends.
	Pos, End token.Position
	// Decl is the declared function that it stands in, itself if none.
	Decl string

	ssa   []*ssa.Function // the instances of a generic one
	sites []*Site
}

func (f *Func) String() string { return f.Name }

// Sites are the operations in the function's own body.
func (f *Func) Sites() []*Site { return f.sites }

// Site is one map operation in the source.
type Site struct {
	Op Op
	// Pos is where the map is named.
	Pos token.Position
	// LastLine is the last line that a traceback may show for it.
	LastLine int
	Func     *Func
	// Expr is the map as the source names it: "s.sessions".
	Expr string
	// Maps are the variables that may hold the map, mostly one. None when the
	// map comes from where the source cannot be followed.
	Maps []*Map
	// Via is the function that does the operation for its caller:
	// "encoding/json.Marshal", "maps.Clone".
	Via string
	// Fresh says that nobody else can have the map yet: it was made in this
	// function, and no goroutine was started since.
	Fresh bool
	// Locks are those that are held on every path to it.
	Locks []Lock

	instr ssa.Instruction
}

func (s *Site) String() string {
	return fmt.Sprintf("%s of %s at %s:%d in %s", s.Op, s.Expr, s.Pos.Filename, s.Pos.Line, s.Func)
}

// On reports whether the operation may be on m.
func (s *Site) On(m *Map) bool {
	for _, x := range s.Maps {
		if x == m {
			return true
		}
	}
	return false
}

// Lock is a lock that is held at a site.
type Lock struct {
	// Name tells locks apart as Map.Name does maps: "main.Store.mu".
	Name   string
	Expr   string // "s.mu"
	Shared bool   // by RLock
	Pos    token.Position
	// Caller says that the callers hold it.
	Caller bool
}
