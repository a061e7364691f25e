package anatomy

import (
	"fmt"
	"strings"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/maplayout"
)

// Check is a check site: an instruction that tests the writing flag, and what
// follows when another goroutine is found out.
type Check struct {
	Func    string `json:"func"`
	Op      string `json:"op,omitempty"`
	PC      uint64 `json:"pc"` // the instruction that reads the flag
	Offset  uint64 `json:"offset"`
	Text    string `json:"text"`
	Branch  uint64 `json:"branch"`
	Tests   string `json:"tests"` // what must hold for the fatal error
	Message string `json:"message"`
	Fatal   uint64 `json:"fatal"` // the call that ends the program
	Line    string `json:"line"`
	Inlined string `json:"inlined,omitempty"` // the inlined function that it is in

	load, branch int  // the instructions that read the flag and that branch on it
	pass         int  // where it goes on
	set          bool // the error comes when the flag is set
}

// Toggle is an instruction that changes the writing flag.
type Toggle struct {
	Func   string `json:"func"`
	PC     uint64 `json:"pc"`
	Offset uint64 `json:"offset"`
	Text   string `json:"text"`
	How    string `json:"how"` // "writing ^= 1"
	On     bool   `json:"on"`  // announces a writer, or takes it back
	Line   string `json:"line"`

	at int
}

// Anatomy is a function's check sites and toggles, by address.
type Anatomy struct {
	Func    string   `json:"func"`
	Entry   uint64   `json:"entry"`
	Checks  []Check  `json:"checks"`
	Toggles []Toggle `json:"toggles"`
	// Odd are calls that end the program for concurrent use, before which no
	// check was recognised.
	Odd []string `json:"odd,omitempty"`
}

// Checks finds the check sites of all map functions.
func (s *Subject) Checks() ([]Anatomy, error) {
	var out []Anatomy
	for _, fn := range s.mapFuncs() {
		a, err := s.function(fn)
		if err != nil {
			return nil, err
		}
		if len(a.Checks)+len(a.Toggles)+len(a.Odd) > 0 {
			out = append(out, a)
		}
	}
	return out, nil
}

func (s *Subject) function(fn binfo.Func) (Anatomy, error) {
	a := Anatomy{Func: fn.Name, Entry: fn.Entry}
	c, err := s.file.Code(fn)
	if err != nil {
		return a, err
	}
	op, _, _, _, _ := binfo.OpOf(fn.Name)
	for i, in := range c.Insts {
		if in.Flow == binfo.Branch {
			if ck, ok := s.check(c, i); ok {
				ck.Op = string(op)
				a.Checks = append(a.Checks, ck)
			}
		}
		if t, ok := s.toggle(c, i); ok {
			a.Toggles = append(a.Toggles, t)
		}
	}
	a.Odd = s.unexplained(c, a)
	for i := range a.Toggles {
		a.Toggles[i].On = turnsOn(a, c, a.Toggles[i])
	}
	return a, nil
}

// check decides whether a branch is one on the writing flag that can end in a
// fatal error.
func (s *Subject) check(c *binfo.Code, i int) (Check, bool) {
	val, with, at, ok := c.Condition(i)
	if !ok || with.Kind != binfo.Const || with.N != 0 {
		return Check{}, false
	}
	flag, mask := val, int64(s.Layout.Mask)
	switch {
	case val.Kind == binfo.Bit:
		flag, mask = val.X, int64(1)<<val.N
	case val.Kind == binfo.Binary && val.Op == '&' && val.Y.Kind == binfo.Const:
		flag, mask = val.X, val.Y.N
	}
	if !s.header.isFlag(c, flag) || mask&int64(s.Layout.Mask) == 0 {
		return Check{}, false
	}
	in := c.Insts[i]
	next := c.Successors(i)
	if len(next) < 2 {
		return Check{}, false
	}
	// next[0] is where it goes on when the branch is not taken.
	fatalAt, message, side := -1, "", -1
	for k, n := range next[:2] {
		if f, m := s.fatal(c, n); f >= 0 {
			fatalAt, message, side = f, m, k
			break
		}
	}
	if side < 0 {
		return Check{}, false
	}
	set := (in.Cond == binfo.IfDiffer) == (side == 1) // the flag is set on the way to the error
	ck := Check{
		Func: c.Func.Name, Branch: in.PC, Message: message, Fatal: c.Insts[fatalAt].PC,
		pass: next[1-side], branch: i, set: set,
	}
	ck.Tests = s.condition(set)
	ck.load = flagLoad(c, at, s)
	ck.at(s.file, c, ck.load)
	return ck, true
}

func (ck *Check) at(f *binfo.File, c *binfo.Code, i int) {
	ck.PC, ck.Offset, ck.Text = c.Insts[i].PC, c.Insts[i].PC-c.Func.Entry, text(c, i)
	frames := f.Frames(ck.PC)
	ck.Line = line(frames)
	if len(frames) > 1 {
		ck.Inlined = frames[0].Func
	}
}

func line(frames []binfo.Frame) string {
	if len(frames) == 0 {
		return ""
	}
	file := frames[0].File
	return fmt.Sprintf("%s:%d", file[strings.LastIndexByte(file, '/')+1:], frames[0].Line)
}

// flagLoad is the instruction that reads the flag for a test at instruction i:
// itself, or the load before it.
func flagLoad(c *binfo.Code, i int, s *Subject) int {
	for j := i; j >= 0 && j > i-32; j-- {
		for _, u := range s.header.uses(c, j) {
			if !u.Write && u.Offset == s.Layout.Flag.Offset && u.Size == 1 {
				return j
			}
		}
	}
	return i
}

// condition writes what a check tests.
func (s *Subject) condition(set bool) string {
	if s.Layout.Design == maplayout.Buckets {
		if set {
			return fmt.Sprintf("%s&%d != 0", s.Layout.Flag.Name, s.Layout.Mask)
		}
		return fmt.Sprintf("%s&%d == 0", s.Layout.Flag.Name, s.Layout.Mask)
	}
	if set {
		return s.Layout.Flag.Name + " != 0"
	}
	return s.Layout.Flag.Name + " == 0"
}

// fatal follows the code from instruction i, as far as it does not branch, to
// the call that ends the program, and reads its message.
func (s *Subject) fatal(c *binfo.Code, i int) (int, string) {
	for range 24 {
		in := c.Insts[i]
		switch in.Flow {
		case binfo.Call:
			switch name := c.Callee(i); name {
			case "runtime.fatal", "runtime.throw", "internal/runtime/maps.fatal":
				addr, n := c.Arg(i, 0), c.Arg(i, 1)
				if addr.Kind == binfo.Const && n.Kind == binfo.Const && n.N >= 0 {
					if m, err := s.file.String(uint64(addr.N), uint64(n.N)); err == nil {
						return i, m
					}
				}
				return i, ""
			default:
				return -1, ""
			}
		case binfo.Next:
			i++
		case binfo.Jump:
			next := c.Successors(i)
			if len(next) != 1 {
				return -1, ""
			}
			i = next[0]
		default:
			return -1, ""
		}
		if i >= len(c.Insts) {
			break
		}
	}
	return -1, ""
}

// unexplained lists the fatal errors of concurrent use that no check leads to.
func (s *Subject) unexplained(c *binfo.Code, a Anatomy) []string {
	known := map[uint64]bool{}
	for _, ck := range a.Checks {
		known[ck.Fatal] = true
	}
	var out []string
	for i, in := range c.Insts {
		if in.Flow != binfo.Call || known[in.PC] {
			continue
		}
		if at, m := s.fatal(c, i); at == i && strings.HasPrefix(m, "concurrent map") {
			out = append(out, fmt.Sprintf("%s %q: no test of %s found before it", off(in.PC-c.Func.Entry), m, s.Layout.Flag.Name))
		}
	}
	return out
}

// toggle decides whether an instruction changes the writing flag.
func (s *Subject) toggle(c *binfo.Code, i int) (Toggle, bool) {
	l := s.Layout
	for _, e := range c.Insts[i].Effects {
		if e.Kind != binfo.Store || e.Size != 1 || e.Mem.Base == binfo.SP || e.Mem.Base == binfo.NoReg || e.Mem.Index != binfo.NoReg {
			continue
		}
		if at, ok := s.header.at(c, c.Address(i, e.Mem)); !ok || at != l.Flag.Offset {
			continue
		}
		how, on, touches := change(s, c, c.Expr(i, e.Val))
		if !touches {
			continue
		}
		return Toggle{
			Func: c.Func.Name, PC: c.Insts[i].PC, Offset: c.Insts[i].PC - c.Func.Entry, Text: text(c, i),
			How: l.Flag.Name + " " + how, On: on, Line: line(s.file.Frames(c.Insts[i].PC)), at: i,
		}, true
	}
	return Toggle{}, false
}

// change says how a stored value differs from the flag, and whether in the
// bits of a writer.
func change(s *Subject, c *binfo.Code, v *binfo.Value) (how string, on, touches bool) {
	mask := int64(s.Layout.Mask)
	if v.Kind == binfo.Const {
		return fmt.Sprintf("= %d", v.N), v.N&mask != 0, true
	}
	if s.header.isFlag(c, v) {
		return "", false, false // as it was
	}
	if v.Kind == binfo.Several {
		for _, a := range v.Any {
			if how, on, touches = change(s, c, a); touches {
				break
			}
		}
		return how, on, touches
	}
	if v.Kind != binfo.Binary || v.Y.Kind != binfo.Const {
		return "= " + v.String(), false, v.Kind != binfo.Unknown
	}
	// Of several changes at once, the last that touches the writer's bits counts.
	n := v.Y.N
	switch {
	case v.Op == '^' && n&mask != 0:
		return fmt.Sprintf("^= %d", n), true, true
	case v.Op == '|' && n&mask != 0:
		return fmt.Sprintf("|= %d", n), true, true
	case v.Op == '&' && ^n&mask&0xff != 0:
		return fmt.Sprintf("&^= %d", ^n&0xff), false, true
	case v.Op == '^' || v.Op == '|' || v.Op == '&':
		return change(s, c, v.X)
	}
	return fmt.Sprintf("%c= %d", v.Op, n), false, true
}

// turnsOn: an XOR takes the flag back when the check before it made sure that
// it was set.
func turnsOn(a Anatomy, c *binfo.Code, t Toggle) bool {
	if !strings.Contains(t.How, "^= ") || strings.Contains(t.How, "&^=") {
		return t.On
	}
	for i := t.at; i > 0 && i > t.at-16; i-- {
		for _, ck := range a.Checks {
			if ck.pass == i {
				return ck.set
			}
		}
	}
	return true
}
