package corefile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-delve/delve/pkg/proc"
)

// A Goroutine is one goroutine when the process died.
type Goroutine struct {
	ID     int64
	State  string // as a traceback calls it: "running", "runnable", "syscall", "chan receive"
	Thread int    // the operating system's, 0 if it was on none
	Frames []Frame
	// CreatedBy is the go statement that began it; its PC is 0 if it is not known.
	CreatedBy Location
	// Unreadable says why Frames or the rest is missing or ends early.
	Unreadable error
}

// A Location is a place in the program.
type Location struct {
	PC   uint64
	Func string // as a traceback names it
	File string
	Line int
}

// A Frame is one call on a goroutine's stack, innermost first, the runtime's own included.
type Frame struct {
	Location
	Entry   uint64 // of the function, or of the one that it was inlined into
	SP, CFA uint64 // the frame lies between them
	Inlined bool
	System  bool // on the thread's own stack, where the runtime works
}

const (
	maxGoroutines = 1 << 20
	maxDepth      = 1 << 10
)

// Goroutines returns all goroutines that are not dead. It returns those that
// could be read even with an error.
func (p *Process) Goroutines() (gs []*Goroutine, err error) {
	defer guard(&err, "read goroutines of "+p.core)
	list, next, err := proc.GoroutinesInfo(p.target, 0, maxGoroutines)
	if err != nil {
		return nil, fmt.Errorf("%w from %s: %w; is it the core of this executable?", ErrNoGoroutines, p.core, err)
	}
	unread := 0
	for _, g := range list {
		got := p.goroutine(g)
		if got.ID == 0 && got.Unreadable != nil {
			unread++
			continue
		}
		gs = append(gs, got)
	}
	if len(gs) == 0 {
		return nil, fmt.Errorf("%w from %s: %d are listed, none is there", ErrNoGoroutines, p.core, unread)
	}
	switch {
	case next >= 0:
		err = fmt.Errorf("%s has more goroutines than the %d that are read", p.core, maxGoroutines)
	case unread > 0:
		err = fmt.Errorf("%s lacks %d of %d goroutines: is it cut off?", p.core, unread, len(list))
	}
	return gs, err
}

func (p *Process) goroutine(g *proc.G) (out *Goroutine) {
	out = &Goroutine{ID: g.ID, State: states[g.Status&^scanBit], Unreadable: g.Unreadable}
	if g.Unreadable != nil {
		return out
	}
	if out.State == "" {
		out.State = fmt.Sprint("status ", g.Status)
	}
	if why := p.waitReason(g.WaitReason); g.Status&^scanBit == proc.Gwaiting && why != "" {
		out.State = why
	}
	if g.Thread != nil {
		out.Thread = g.Thread.ThreadID()
	}
	defer guard(&out.Unreadable, "read the stack")
	if g.GoPC != 0 {
		out.CreatedBy = p.location(g.GoPC - 1) // the call, not what follows it
	}
	frames, err := proc.GoroutineStacktrace(p.target, g, maxDepth, 0)
	out.Unreadable = err
	for _, f := range frames {
		if f.Err != nil {
			out.Unreadable = f.Err
		}
		if f.Current.Fn == nil && f.Call.Fn == nil {
			if f.Current.PC != 0 && out.Unreadable == nil {
				out.Unreadable = fmt.Errorf("no function is at %#x", f.Current.PC)
			}
			continue
		}
		out.Frames = append(out.Frames, frame(f))
	}
	p.relocate(out.Frames)
	if len(out.Frames) == 0 && out.Unreadable == nil {
		out.Unreadable = errors.New("its stack is empty")
	}
	return out
}

// scanBit marks a goroutine whose stack the collector looks at (runtime/runtime2.go, _Gscan).
const scanBit = 0x1000

// states are the runtime's words for a status (runtime/traceback.go, gStatusStrings).
var states = map[uint64]string{
	proc.Gidle: "idle", proc.Grunnable: "runnable", proc.Grunning: "running",
	proc.Gsyscall: "syscall", proc.Gwaiting: "waiting", proc.Gcopystack: "copystack",
	9: "preempted", 10: "leaked",
}

// maxReason bounds the words for why a goroutine waits.
const maxReason = 64

// waitReason is what the executable's runtime says of a reason to wait
// (runtime/runtime2.go, waitReasonStrings); "" if it is not known.
func (p *Process) waitReason(n int64) string {
	if p.lines == nil || n <= 0 || n > 255 {
		return ""
	}
	at, ok := p.lines.VarAddress("runtime.waitReasonStrings")
	if !ok {
		return ""
	}
	text, err := p.lines.Word(at + uint64(n)*16)
	size, err2 := p.lines.Word(at + uint64(n)*16 + 8)
	if err != nil || err2 != nil || size > maxReason {
		return ""
	}
	s, err := p.lines.String(text, size)
	if err != nil || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return s
}

func frame(f proc.Stackframe) Frame {
	loc := f.Call
	if loc.Fn == nil {
		loc = f.Current
	}
	out := Frame{
		Location: Location{PC: f.Current.PC, Func: loc.Fn.Name, File: loc.File, Line: loc.Line},
		SP:       f.Regs.SP(), CFA: uint64(f.Regs.CFA),
		Inlined: f.Inlined, System: f.SystemStack,
	}
	if f.Current.Fn != nil {
		out.Entry = f.Current.Fn.Entry
	}
	return out
}

// relocate gives frames the lines that a traceback would print. DWARF has none
// for what was inlined into a wrapper that the compiler made.
func (p *Process) relocate(frames []Frame) {
	if p.lines == nil || len(p.target.BinInfo().Images) == 0 {
		return
	}
	base := p.target.BinInfo().Images[0].StaticBase
	for i := 0; i < len(frames); i++ {
		first := i
		for i < len(frames)-1 && frames[i].Inlined {
			i++
		}
		pc := frames[i].PC - base
		if first > 0 {
			pc-- // the call, not what follows it
		}
		chain := p.lines.Frames(pc)
		if len(chain) != i-first+1 {
			continue
		}
		for j, c := range chain {
			frames[first+j].File, frames[first+j].Line = c.File, c.Line
		}
	}
}

func (p *Process) location(pc uint64) Location {
	file, line, fn := p.target.BinInfo().PCToLine(pc)
	l := Location{PC: pc, File: file, Line: line}
	if fn != nil {
		l.Func = fn.Name
	}
	return l
}

// goVersion takes the version out of what DWARF says about the compiler:
// "Go cmd/compile go1.26.8; regabi".
func goVersion(producer string) string {
	for _, f := range strings.FieldsFunc(producer, func(r rune) bool { return r == ' ' || r == ';' }) {
		if strings.HasPrefix(f, "go1.") {
			return f
		}
	}
	return ""
}
