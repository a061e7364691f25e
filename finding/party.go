package finding

// Party is one side of a finding.
type Party struct {
	Access    Access    `json:"access"`
	Goroutine Goroutine `json:"goroutine"`
	// Actor is who it was, of a kernel map.
	Actor *Actor `json:"actor,omitempty"`
	// Stack is the access's stack, innermost frame first.
	Stack []Frame `json:"stack,omitempty" absent:"reason"`
	// Partial says that the stack could not be walked to its end.
	Partial bool `json:"partial,omitempty"`
	// Locks are those that the party held at the access, as far as known.
	Locks   []Lock  `json:"locks,omitempty"`
	Missing Missing `json:"missing,omitempty"`
}

// Access is one operation on the map.
type Access struct {
	Op Op `json:"op"`
	// Expr is the map as this party's source names it.
	Expr string `json:"expr,omitempty" absent:"reason"`
	// Site is the place in the source where Expr stands. It is not always the
	// innermost frame: json.Marshal(s) reads s's maps from inside the library.
	Site    Position `json:"site,omitzero"`
	Missing Missing  `json:"missing,omitempty"`
}

// Goroutine is who made the access.
type Goroutine struct {
	ID    uint64 `json:"id,omitempty" absent:"reason"`
	State string `json:"state,omitempty"` // running, finished
	Main  bool   `json:"main,omitempty"`
	// Origin is the stack of the go statement, innermost frame first.
	Origin        []Frame `json:"origin,omitempty"`
	OriginPartial bool    `json:"origin_partial,omitempty"`
	// Runtime says that the runtime itself started the goroutine.
	Runtime bool    `json:"runtime,omitempty"`
	Missing Missing `json:"missing,omitempty"`
}

// Frame is one function of a stack.
type Frame struct {
	Func string `json:"func"`
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Offset is the pc relative to the function's entry; 0 in an inlined frame.
	Offset uint64 `json:"offset,omitempty"`
}

// Position is where the frame stands in the source.
func (f Frame) Position() Position { return Position{File: f.File, Line: f.Line} }

// Lock is a lock that a party held.
type Lock struct {
	Expr string `json:"expr,omitempty"` // "s.mu"
	Addr Addr   `json:"addr,omitempty"`
	// Shared says that it was held for reading only.
	Shared bool `json:"shared,omitempty"`
	// Inferred says that the source, not the run, tells that it was held.
	Inferred bool     `json:"inferred,omitempty"`
	Site     Position `json:"site,omitzero"`
}

// Site is the frame that a person would look at first: the innermost one
// outside the standard library and the packages that work on any map. When
// there is none (the library's own tests) only the latter are passed over.
func (p *Party) Site() (Frame, bool) {
	for _, f := range p.Stack {
		if !InStd(f.Func) && !InReader(f.Func) {
			return f, true
		}
	}
	for _, f := range p.Stack {
		if !InReader(f.Func) {
			return f, true
		}
	}
	if len(p.Stack) > 0 {
		return p.Stack[0], true
	}
	return Frame{}, false
}

// Place is where a person would look for the access: where the map is named,
// unless that is inside of the standard library and user code called it.
func (p *Party) Place() Position {
	site, ok := p.Site()
	if !p.Access.Site.IsZero() {
		for _, f := range p.Stack {
			if f.File == p.Access.Site.File && f.Line == p.Access.Site.Line && InStd(f.Func) && !InStd(site.Func) {
				return site.Position()
			}
		}
		return p.Access.Site
	}
	if ok && site.File != "" {
		return site.Position()
	}
	return Position{}
}
