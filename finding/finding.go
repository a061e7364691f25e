// Package finding holds what every engine reports: one conflict of two
// accesses to one map, its two parties and the evidence for it, as plain
// values with a versioned JSON form.
//
// A fact that could not be had is absent, and the Missing table beside it
// says why. [Finding.Validate] refuses a finding that leaves a hole unexplained.
package finding

import (
	"fmt"
	"slices"
)

// Schema is the version of the JSON form that this package writes. It grows
// when a reader of the older form would misunderstand the newer one.
const Schema = 1

// Finding is one conflict. It is a plain value: copy it, compare it, store it.
type Finding struct {
	Schema   int      `json:"schema"`
	Rule     string   `json:"rule"`
	Engine   Engine   `json:"engine"`
	Grade    Grade    `json:"grade"`
	Map      Map      `json:"map"`
	Parties  [2]Party `json:"parties"` // the later access first, where an order is known
	Evidence Evidence `json:"evidence,omitzero"`
	Resource Resource `json:"resource,omitzero"`
	Trace    Trace    `json:"trace,omitzero"`
	Fixes    []Fix    `json:"fixes,omitempty"`
}

// Engine names who found it.
type Engine string

// The engines.
const (
	Sanitizer Engine = "sanitizer"
	Explorer  Engine = "explorer"
	Vet       Engine = "vet"
	Agent     Engine = "agent"
	Explain   Engine = "explain"
)

// Engines lists every engine.
func Engines() []Engine { return []Engine{Sanitizer, Explorer, Vet, Agent, Explain} }

// Grade says how good the evidence is.
type Grade string

// The grades, the best first.
const (
	Proved   Grade = "proved"   // a race observed, or both sides caught in the act
	Shown    Grade = "shown"    // frames or addresses that can be seen
	Inferred Grade = "inferred" // static reasoning
	Guessed  Grade = "guessed"
)

// Grades lists every grade, the best first.
func Grades() []Grade { return []Grade{Proved, Shown, Inferred, Guessed} }

// Map is the map that was raced on.
type Map struct {
	// Type is the type as reflect prints it: "map[string]*main.Session".
	Type string `json:"type,omitempty" absent:"reason"`
	// Expr is the expression that names the map in the source: "s.sessions".
	Expr string `json:"expr,omitempty" absent:"reason"`
	// Name is the identity of the variable: "main.Store.sessions" for a field,
	// "main.cache" for a package variable, "main.main.m" for a local one. A
	// package is named by its import path, as function names are.
	Name string `json:"name,omitempty" absent:"reason"`
	// Kind says what Name is.
	Kind MapKind `json:"kind,omitempty"`
	// Declared is the type as the declaration writes it: "map[string]*Session".
	Declared string   `json:"declared,omitempty"`
	Decl     Position `json:"decl,omitzero" absent:"reason"`
	Addr     Addr     `json:"addr,omitempty" absent:"reason"`
	// Guards are the locks declared beside the map: "mu sync.RWMutex".
	Guards []string `json:"guards,omitempty"`
	// Kernel is there if the map is none of Go's but a BPF map of the kernel's.
	Kernel  *KernelMap `json:"kernel,omitempty"`
	Missing Missing    `json:"missing,omitempty"`
}

// MapKind says what sort of variable holds a map.
type MapKind string

// The kinds.
const (
	Field     MapKind = "field"
	Global    MapKind = "global"
	Local     MapKind = "local"    // used only by the function that declares it
	Captured  MapKind = "captured" // local to a function, used by a function literal in it
	Parameter MapKind = "parameter"
	Result    MapKind = "result"  // what a call returned
	Element   MapKind = "element" // of a slice, array, pointer or other map
)

// Kinds lists every kind of map variable.
func Kinds() []MapKind {
	return []MapKind{Field, Global, Local, Captured, Parameter, Result, Element}
}

// Position is a place in a source file. Column is 0 when unknown.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column,omitempty"`
}

// IsZero reports whether p says nothing.
func (p Position) IsZero() bool { return p == Position{} }

func (p Position) String() string {
	if p.IsZero() {
		return "-"
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Fix is one way out, in words.
type Fix struct {
	Title string `json:"title"`
	Text  string `json:"text,omitempty"`
	// Code is what the change may look like; it is a sketch, not a patch.
	Code string `json:"code,omitempty"`
}

// Resource is where the finding was made. Its JSON names are OpenTelemetry's
// where OpenTelemetry has one.
type Resource struct {
	ServiceName string `json:"service.name,omitempty"`
	PodUID      string `json:"k8s.pod.uid,omitempty"`
	Namespace   string `json:"service.namespace,omitempty"`
	ContainerID string `json:"container.id,omitempty"`
	HostName    string `json:"host.name,omitempty"`
	BuildID     string `json:"go.build_id,omitempty"`
	Revision    string `json:"vcs.ref.head.revision,omitempty"`
	GoVersion   string `json:"process.runtime.version,omitempty"`
	PID         int    `json:"process.pid,omitempty"`
	// Main is the import path of the program's package main, which function
	// names leave out.
	Main string `json:"go.main,omitempty"`
	// Package and Test name the test that was running, as go test -json does.
	Package string  `json:"test.package,omitempty"`
	Test    string  `json:"test.name,omitempty"`
	Missing Missing `json:"missing,omitempty"`
}

// IsZero reports whether r says nothing.
func (r Resource) IsZero() bool {
	return len(r.Missing) == 0 && r.ServiceName == "" && r.Namespace == "" && r.PodUID == "" && r.ContainerID == "" &&
		r.HostName == "" && r.BuildID == "" && r.Revision == "" && r.GoVersion == "" && r.PID == 0 && r.Package == "" &&
		r.Test == "" && r.Main == ""
}

// Trace carries the ids of the trace that the goroutine worked for.
type Trace struct {
	TraceID string `json:"trace_id,omitempty"`
	SpanID  string `json:"span_id,omitempty"`
}

// IsZero reports whether t says nothing.
func (t Trace) IsZero() bool { return t == Trace{} }

func oneOf[T ~string](v T, all []T) bool { return slices.Contains(all, v) }
