package crashlog

import "slices"

// Goroutine is one goroutine of a crash, as runtime/traceback.go prints it.
type Goroutine struct {
	ID uint64 // 0 for a thread's own stack
	// State is the status or the reason to wait: "running", "chan receive".
	State string
	// WaitMinutes is how long it has waited, when that is a minute or more.
	WaitMinutes    int64
	LockedToThread bool
	// Bubble is the testing/synctest bubble; 0 outside of one.
	Bubble uint64
	Leaked bool // the garbage collector found that nothing can wake it
	Scan   bool // its stack was being scanned
	// Labels are those of runtime/pprof; printed by Go 1.27, and by 1.26 with
	// GODEBUG=tracebacklabels=1.
	Labels map[string]string

	// G and M are the addresses of the runtime's g and m, MID the thread's
	// number, -1 without one. They are printed at level system from Go 1.22.
	G, M uint64
	MID  int64

	// Detecting says that this goroutine found the map in use.
	Detecting bool
	// StackUnavailable says that it ran on another thread.
	StackUnavailable bool

	Frames []Frame // innermost first
	// Elided counts the frames that the runtime left out, -1 for an unknown
	// number; they stood before Frames[ElidedAt].
	Elided, ElidedAt int

	// CreatedBy is the go statement's place; nil for the main goroutine, and
	// for those that the runtime started. Its Line is that of the statement.
	CreatedBy *Frame
	// Parent is the goroutine that executed the go statement, from Go 1.21;
	// 0 when unknown.
	Parent uint64
	// Ancestors are where the ancestors were, printed with
	// GODEBUG=tracebackancestors=N.
	Ancestors []Ancestor

	// Line is the header's line in the input.
	Line int64
	// Same counts further goroutines with this state and stack that are not
	// kept; their arguments may differ.
	Same int
}

// Ancestor is a goroutine that led to the creation of another.
type Ancestor struct {
	ID        uint64
	Frames    []Frame
	CreatedBy *Frame
}

// Clone returns a copy that shares nothing that can be changed.
func (g *Goroutine) Clone() *Goroutine {
	c := *g
	c.Frames = cloneFrames(g.Frames)
	if g.CreatedBy != nil {
		f := *g.CreatedBy
		c.CreatedBy = &f
	}
	c.Ancestors = slices.Clone(g.Ancestors)
	for i := range c.Ancestors {
		c.Ancestors[i].Frames = cloneFrames(g.Ancestors[i].Frames)
	}
	if g.Labels != nil {
		c.Labels = make(map[string]string, len(g.Labels))
		for k, v := range g.Labels {
			c.Labels[k] = v
		}
	}
	return &c
}

// cloneFrames copies frames; all arguments share one array.
func cloneFrames(frames []Frame) []Frame {
	if frames == nil {
		return nil
	}
	n := 0
	for i := range frames {
		n += len(frames[i].Args)
	}
	out := slices.Clone(frames)
	args := make([]Arg, 0, n)
	for i := range out {
		if out[i].Args == nil {
			continue
		}
		start := len(args)
		args = append(args, out[i].Args...)
		out[i].Args = args[start:len(args):len(args)]
	}
	return out
}
