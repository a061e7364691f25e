package binfo

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// ErrNoCall is what an error wraps when no call ends at the address: the
// goroutine was preempted there, or faulted.
var ErrNoCall = errors.New("no call ends there")

// Site is a call of a map operation.
type Site struct {
	Func   string  `json:"func"`   // of machine code
	PC     uint64  `json:"pc"`     // of the call
	Return uint64  `json:"return"` // the address that a traceback shows
	Callee string  `json:"callee"`
	Op     Op      `json:"op"`
	Frames []Frame `json:"frames"` // of the call, the innermost inlined one first
	// Type is the map's type, or empty; TypeWhy then says why.
	Type     string `json:"type,omitempty"`
	TypeWhy  string `json:"type_why,omitempty"`
	TypeAddr uint64 `json:"type_addr,omitempty"`
	// Types are the candidates where code is shared by several type arguments.
	Types []string `json:"types,omitempty"`
	Map   Origin   `json:"map"`
}

// CallIn decodes the call that returns to off bytes past the entry of a
// function, as a traceback's "+0x2b" says.
func (f *File) CallIn(function string, off uint64) (*Site, error) {
	fns := f.FuncsNamed(function)
	if len(fns) == 0 {
		return nil, fmt.Errorf("function %s: not in the binary, or only inlined: use the frame below it, which has the offset", function)
	}
	var sites []*Site
	var first error
	for _, fn := range fns {
		if off > fn.End-fn.Entry {
			continue
		}
		s, err := f.Call(fn.Entry + off)
		switch {
		case err == nil:
			sites = append(sites, s)
		case first == nil:
			first = err
		}
	}
	switch {
	case len(sites) == 0 && first == nil:
		return nil, fmt.Errorf("%s +%#x: beyond the function's end; is this the binary that ran?", function, off)
	case len(sites) == 0:
		return nil, first
	}
	s := sites[0]
	for _, o := range sites[1:] {
		if o.Op != s.Op || o.Map.Name != s.Map.Name {
			return nil, fmt.Errorf("%s +%#x: %d functions of that name have different calls there", function, off, len(sites))
		}
		if o.Type != s.Type {
			s.Types = append(s.Types, o.Type)
		}
	}
	if len(s.Types) > 0 {
		s.Types, s.TypeWhy, s.Type = append(s.Types, s.Type), "the name stands for several instances", ""
	}
	return s, nil
}

// Call decodes the call that returns to an address of the file.
func (f *File) Call(ret uint64) (*Site, error) {
	fn, ok := f.FuncAt(ret - 1)
	if !ok {
		return nil, fmt.Errorf("address %#x: in no Go function", ret)
	}
	c, err := f.Code(fn)
	if err != nil {
		return nil, err
	}
	i := len(c.Insts)
	if ret < fn.End {
		if i, ok = c.At(ret); !ok {
			return nil, fmt.Errorf("%s +%#x: %w, nor any instruction; is this the binary that ran?", fn.Name, ret-fn.Entry, ErrNoCall)
		}
	}
	if i == 0 || c.Insts[i-1].Flow != Call {
		return nil, fmt.Errorf("%s +%#x: %w: the goroutine was interrupted there", fn.Name, ret-fn.Entry, ErrNoCall)
	}
	return c.site(i - 1)
}

func (c *Code) site(i int) (*Site, error) {
	name := c.calleeName(i)
	mf, ok := mapFuncs[strings.TrimSuffix(name, ".abi0")]
	if !ok {
		if name == "" {
			name = "through a register"
		}
		return nil, fmt.Errorf("%s +%#x: calls %s, no map operation", c.Func.Name, c.Insts[i].End()-c.Func.Entry, name)
	}
	s := &Site{
		Func: c.Func.Name, PC: c.Insts[i].PC, Return: c.Insts[i].End(), Callee: name, Op: mf.op,
		Frames: c.f.Frames(c.Insts[i].PC),
	}
	at := i
	if mf.hdr < 0 {
		var why string
		if at, mf, why = c.iterationStart(i); at < 0 {
			s.TypeWhy = why
			s.Map.Missing = why
			return s, nil
		}
	}
	c.mapType(s, at, mf)
	s.Map = c.Variable(at, c.Arg(at, int(mf.hdr)))
	return s, nil
}

// iterationStart finds where the iterator of a call was set up.
func (c *Code) iterationStart(i int) (int, mapFunc, string) {
	it := c.Arg(i, 0)
	if it.Kind == Unknown {
		return -1, mapFunc{}, "the iterator is " + it.String()
	}
	found, fm := -1, mapFunc{}
	t := c.tracer()
	t.budget *= 8 // for all of them
	regs, _ := c.args()
	for j, in := range c.Insts {
		if in.Flow != Call || in.Target == 0 {
			continue
		}
		m, ok := mapFuncs[c.calleeName(j)]
		if !ok || m.iter < 0 || m.hdr < 0 || !t.reg(j, regs[m.iter], 0).Equal(it) {
			continue
		}
		// Loops one after the other share the slot: the last before the call counts.
		if found < 0 || j < i {
			found, fm = j, m
		}
	}
	if found < 0 {
		return -1, mapFunc{}, "the iteration began in another function"
	}
	return found, fm, ""
}

func (c *Code) mapType(s *Site, i int, mf mapFunc) {
	v := c.Arg(i, int(mf.typ))
	if v.Kind == Const {
		t, err := c.f.TypeAt(uint64(v.N))
		if err != nil {
			s.TypeWhy = err.Error()
			return
		}
		s.Type, s.TypeAddr = t.Name, t.Addr
		return
	}
	if s.Types, s.TypeAddr = c.f.dictTypes(c, v); len(s.Types) == 1 {
		s.Type, s.Types = s.Types[0], nil
		return
	}
	switch {
	case len(s.Types) > 1:
		s.TypeWhy = "the code serves several type arguments"
	case v.Kind == Unknown:
		s.TypeWhy = "the type argument is " + v.String()
	default:
		s.TypeWhy = "the type is only known when it runs: " + v.String()
	}
}

// dictTypes reads a type from the dictionaries that generic code is given: it
// stands in the first argument, or in a constant.
func (c *File) dictTypes(code *Code, v *Value) (names []string, addr uint64) {
	if v.Kind != Loaded {
		return nil, 0
	}
	seen := map[string]bool{}
	try := func(dict uint64) {
		p, err := c.image.ptr(dict + uint64(v.N))
		if err != nil {
			return
		}
		if t, err := c.TypeAt(p); err == nil && t.Kind == KindMap && !seen[t.Name] {
			seen[t.Name] = true
			names, addr = append(names, t.Name), t.Addr
		}
	}
	switch v.X.Kind {
	case Const:
		try(uint64(v.X.N))
	case Param:
		for _, dict := range c.dictionaries(code.Func) {
			try(dict)
		}
	}
	if len(names) != 1 {
		addr = 0
	}
	return names, addr
}

// MapCalls yields every call of a map operation in a function.
func (c *Code) MapCalls() iter.Seq[*Site] {
	return func(yield func(*Site) bool) {
		for i, in := range c.Insts {
			if in.Flow != Call || in.Target == 0 {
				continue
			}
			if _, ok := mapFuncs[strings.TrimSuffix(c.calleeName(i), ".abi0")]; !ok {
				continue
			}
			if s, err := c.site(i); err == nil && !yield(s) {
				return
			}
		}
	}
}
