package anatomy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mapsan/mapsan/binfo"
)

// Phase says what protects an instruction of a map function.
type Phase string

// The phases, in the order in which an operation goes through them.
const (
	Before  Phase = "before"  // the flag has not been looked at
	Open    Phase = "open"    // a writer has looked and not yet set the flag: two can be here
	Blind   Phase = "blind"   // a reader has looked and will not again: a write that begins now goes unseen
	Seen    Phase = "seen"    // the flag is set: who begins now is found out
	Closing Phase = "closing" // the flag was found still set and is not yet taken back
	After   Phase = "after"   // the flag is taken back
	Fatal   Phase = "fatal"   // the program ends
)

var phases = []Phase{Before, Open, Blind, Seen, Closing, After, Fatal}

// Step is one instruction.
type Step struct {
	PC     uint64  `json:"pc"`
	Offset uint64  `json:"offset"`
	Text   string  `json:"text"`
	Phases []Phase `json:"phases,omitempty"` // none: never reached
	Note   string  `json:"note,omitempty"`
	Line   string  `json:"line,omitempty"`
	// Key marks checks, toggles and the calls that end the program.
	Key bool `json:"key,omitempty"`
	// Event marks the other instructions that a short listing keeps.
	Event bool `json:"event,omitempty"`
}

// Span is all of a phase, in a sentence.
type Span struct {
	Phase        Phase    `json:"phase"`
	From         uint64   `json:"from"` // lowest and highest offset
	To           uint64   `json:"to"`
	Instructions int      `json:"instructions"`
	Calls        []string `json:"calls,omitempty"`
	Says         string   `json:"says"`
}

// Window is the instruction stream of a map function with what protects it.
type Window struct {
	Subject string     `json:"subject"`
	Go      string     `json:"go,omitempty"`
	Arch    binfo.Arch `json:"arch"`
	Func    string     `json:"func"`
	Op      string     `json:"op,omitempty"`
	Writer  bool       `json:"writer"`
	Checks  []Check    `json:"checks"`
	Toggles []Toggle   `json:"toggles"`
	Spans   []Span     `json:"spans"`
	Steps   []Step     `json:"steps"`
}

// Window draws a map function, named in full or without its package.
func (s *Subject) Window(name string) (*Window, error) {
	fn, err := s.find(name)
	if err != nil {
		return nil, err
	}
	a, err := s.function(fn)
	if err != nil {
		return nil, err
	}
	if len(a.Checks)+len(a.Toggles) == 0 {
		return nil, fmt.Errorf("%s: %s neither tests nor sets the writing flag%s", s.Name, fn.Name, s.instead(fn))
	}
	c, err := s.file.Code(fn)
	if err != nil {
		return nil, err
	}
	op, _, _, _, _ := binfo.OpOf(fn.Name)
	w := &Window{
		Subject: s.Name, Go: s.Go, Arch: s.Arch, Func: fn.Name, Op: string(op), Writer: len(a.Toggles) > 0,
		Checks: a.Checks, Toggles: a.Toggles,
	}
	reached := w.flow(c)
	for i, in := range c.Insts {
		st := Step{PC: in.PC, Offset: in.PC - fn.Entry, Text: text(c, i), Line: line(s.file.Frames(in.PC))}
		for k, p := range phases {
			if reached[i]>>k&1 != 0 {
				st.Phases = append(st.Phases, p)
			}
		}
		s.note(c, i, a, &st)
		w.Steps = append(w.Steps, st)
	}
	w.Steps = trimPadding(w.Steps)
	w.spans(c)
	return w, nil
}

// instead names what a function without checks leaves them to.
func (s *Subject) instead(fn binfo.Func) string {
	c, err := s.file.Code(fn)
	if err != nil {
		return ""
	}
	for i, in := range c.Insts {
		if in.Flow != binfo.Call || c.Callee(i) == fn.Name {
			continue
		}
		for _, to := range s.file.FuncsNamed(c.Callee(i)) {
			if a, err := s.function(to); err == nil && len(a.Checks)+len(a.Toggles) > 0 {
				return "; " + to.Name + ", which it calls, does"
			}
		}
	}
	return ": what calls it may"
}

// find resolves a name that leaves the package out.
func (s *Subject) find(name string) (binfo.Func, error) {
	var found []binfo.Func
	var near []string
	for _, fn := range s.mapFuncs() {
		short := fn.Name[strings.LastIndexByte(fn.Name, '/')+1:]
		_, bare, _ := strings.Cut(short, ".")
		if fn.Name == name || short == name || bare == name {
			found = append(found, fn)
		}
		if name != "" && strings.Contains(fn.Name, name) {
			near = append(near, fn.Name)
		}
	}
	if len(found) > 1 { // reflect has its own of some, which only call the runtime's
		found = slices.DeleteFunc(found, func(fn binfo.Func) bool { return strings.HasPrefix(fn.Name, "reflect.") })
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return binfo.Func{}, fmt.Errorf("%s: %d functions are called %s: give the package too, as %s", s.Name, len(found), name, found[0].Name)
	case len(near) > 0:
		slices.Sort(near)
		return binfo.Func{}, fmt.Errorf("%s: no map function %s; there are %s", s.Name, name, strings.Join(near[:min(4, len(near))], ", "))
	}
	return binfo.Func{}, fmt.Errorf("%s: no map function %s; 'anatomy checks' lists those with checks", s.Name, name)
}

// trimPadding drops what fills the room behind the last instruction.
func trimPadding(steps []Step) []Step {
	for len(steps) > 0 {
		s := steps[len(steps)-1]
		if len(s.Phases) > 0 || !(strings.HasPrefix(s.Text, "INT") || strings.HasPrefix(s.Text, "?") || strings.HasPrefix(s.Text, "NOP")) {
			break
		}
		steps = steps[:len(steps)-1]
	}
	return steps
}

func bit(p Phase) uint8 { return 1 << slices.Index(phases, p) }

// flow finds the phases in which each instruction can run. Checks and toggles
// change the phase, on the ways that lead through them.
func (w *Window) flow(c *binfo.Code) []uint8 {
	looked := Blind
	if w.Writer {
		looked = Open
	}
	loads, branches, toggles := map[int]Check{}, map[int]Check{}, map[int]Toggle{}
	for _, ck := range w.Checks {
		loads[ck.load], branches[ck.branch] = ck, ck
	}
	for _, t := range w.Toggles {
		toggles[t.at] = t
	}
	move := func(in uint8, from Phase, to Phase) uint8 {
		if in&bit(from) != 0 {
			in = in&^bit(from) | bit(to)
		}
		return in
	}
	out := make([]uint8, len(c.Insts))
	out[0] = bit(Before)
	work := []int{0}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		state := out[i]
		if t, ok := toggles[i]; ok {
			if t.On {
				state = move(move(state, Before, Seen), Open, Seen)
			} else {
				state = move(move(state, Seen, After), Closing, After)
			}
		}
		// What is read of the flag is old as soon as it is read.
		if ck, ok := loads[i]; ok && ck.set {
			state = move(state, Before, looked)
		} else if ok {
			state = move(state, Seen, Closing)
		}
		for _, n := range c.Successors(i) {
			next := state
			if ck, ok := branches[i]; ok && n != ck.pass {
				next = bit(Fatal)
			}
			if out[n]|next != out[n] {
				out[n] |= next
				work = append(work, n)
			}
		}
	}
	return out
}

func (s *Subject) note(c *binfo.Code, i int, a Anatomy, st *Step) {
	in := c.Insts[i]
	for _, ck := range a.Checks {
		if ck.PC == in.PC {
			st.Note, st.Key = "check: "+ck.Tests+" is fatal", true
			return
		}
		if ck.Branch == in.PC {
			st.Event = true
		}
		if ck.Fatal == in.PC {
			st.Note, st.Key = fmt.Sprintf("%q", ck.Message), true
			return
		}
	}
	for _, t := range a.Toggles {
		if t.PC == in.PC {
			st.Note, st.Key = t.How+": clear", true
			if t.On {
				st.Note = t.How + ": set"
			}
			return
		}
	}
	if in.Flow == binfo.Call {
		st.Event = true
		if c.Callee(i) == "" {
			st.Note = "the key's hash function"
			if !s.isHasher(c.Reg(i, in.Through)) {
				st.Note = "a function of the key's type"
			}
		}
		return
	}
	if in.Flow == binfo.Return {
		st.Event = true
		return
	}
	for _, u := range s.header.uses(c, i) {
		f := s.fieldAt(u.Offset)
		if f == "" {
			continue
		}
		st.Event = true
		verb := "reads "
		if u.Write {
			verb = "writes "
		}
		if st.Note != "" && !strings.HasSuffix(st.Note, f) {
			st.Note += ", " + f
		} else {
			st.Note = verb + f
		}
	}
}

// isHasher reports whether v is the code of the hash function: the first word
// of the function value that the map's type holds.
func (s *Subject) isHasher(v *binfo.Value) bool {
	h, ok := s.Layout.Type.Field("Hasher", "hasher")
	return ok && v.Kind == binfo.Loaded && v.N == 0 && v.X.Kind == binfo.Loaded && v.X.N == h.Offset
}

func (s *Subject) fieldAt(off int64) string {
	for _, f := range s.Layout.Header.Fields {
		if f.Offset == off {
			return f.Name
		}
	}
	return ""
}

// spans says each phase in a sentence.
func (w *Window) spans(c *binfo.Code) {
	for _, p := range phases {
		sp := Span{Phase: p}
		for _, st := range w.Steps {
			if !slices.Contains(st.Phases, p) {
				continue
			}
			if sp.Instructions == 0 {
				sp.From = st.Offset
			}
			sp.Instructions++
			sp.To = st.Offset
			if i, ok := c.At(st.PC); ok && c.Insts[i].Flow == binfo.Call && p != Fatal {
				name := c.Callee(i)
				if name == "" {
					name = st.Note
				}
				if !slices.Contains(sp.Calls, name) {
					sp.Calls = append(sp.Calls, name)
				}
			}
		}
		if sp.Instructions == 0 {
			continue
		}
		sp.Says = w.says(sp)
		w.Spans = append(w.Spans, sp)
	}
}

func (w *Window) says(sp Span) string {
	switch sp.Phase {
	case Before:
		return "nothing was looked at yet"
	case Open:
		says := "checked, not yet announced: two writers can both be here, and neither check sees the other"
		for _, t := range w.Toggles {
			if t.On && strings.Contains(t.How, "^= ") {
				return says + "; each then flips the flag, which may clear it"
			}
		}
		return says
	case Blind:
		return "checked for the last time: a write that begins here is not seen, and no writer can see this reader"
	case Seen:
		return "announced: who begins now is found out by the check"
	case Closing:
		return "found still announced: a writer that passed its check earlier can still come in between"
	case After:
		return "done: nothing is announced any more"
	}
	return "the way to the end of the program"
}
