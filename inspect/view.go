package inspect

import (
	"time"

	"github.com/mapsan/mapsan/maplayout"
)

// View is what a look at a process found. It is a plain value.
type View struct {
	PID       int    `json:"pid,omitempty"`
	Core      string `json:"core,omitempty"`
	Binary    string `json:"binary"`
	GoVersion string `json:"go_version,omitempty"`
	// Took is how long the look took, and Stopped how long the process did not
	// run for it. NoStop says why it was not stopped at all.
	Took    time.Duration `json:"took_ns"`
	Stopped time.Duration `json:"stopped_ns"`
	NoStop  string        `json:"not_stopped,omitempty"`
	// Goroutines counts those that live, by state.
	Goroutines map[string]int `json:"goroutines"`
	// Inside are the goroutines that are in a map operation.
	Inside []Inside `json:"inside"`
	// Maps are those that were found, those with somebody inside first.
	Maps []*Map `json:"maps"`
	// Problems are what could not be read or done, with the reason.
	Problems []string `json:"problems,omitempty"`
	// Cut says that a limit kept maps out.
	Cut bool `json:"cut,omitempty"`
}

// Inside is a goroutine in a map operation.
type Inside struct {
	Goroutine uint64 `json:"goroutine"`
	State     string `json:"state"`
	// Op is the operation: "lookup", "assign", "delete", "iterate", "clear", "clone".
	Op    string `json:"op"`
	Write bool   `json:"write,omitempty"`
	// Runtime is the runtime's function; Func, File and Line are its caller.
	Runtime string `json:"runtime"`
	Func    string `json:"func,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	// Map is the header's address, as the frame saved it; 0 if it has not, and
	// NoMap says why.
	Map   uint64 `json:"map,omitempty"`
	NoMap string `json:"no_map,omitempty"`
	// Name and Type are what the call says of the map.
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`

	typeAddr uint64 // in the file
}

// Map is one map.
type Map struct {
	// Name is the variable that holds it: "main.Registry.peers"; Path is how it
	// was reached: "main.registry.peers".
	Name string `json:"name,omitempty"`
	Path string `json:"path,omitempty"`
	Type string `json:"type,omitempty"`
	// Std: the map is of the standard library.
	Std bool `json:"std,omitempty"`
	// Capacity is how many slots there are, and GrowthLeft how many of them may
	// be used before a table grows. 0 and 0 of the Buckets design.
	Capacity   int `json:"capacity,omitempty"`
	GrowthLeft int `json:"growth_left,omitempty"`
	// Inside are the goroutines that are in an operation on it.
	Inside []uint64 `json:"inside,omitempty"`
	*maplayout.Map

	slots maplayout.Slots
}

// Options say what to look at.
type Options struct {
	// NoStop leaves the process running: what runs on its threads at the moment
	// is then not seen.
	NoStop bool
	// Std lists the maps of the standard library too.
	Std bool
	// Entries is how many entries are kept of each map; 0 keeps none.
	Entries int
	// Budget bounds the search for maps; 0 is one second.
	Budget time.Duration

	_ struct{}
}
