package explain

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// Bounds of what is read of one executable: that of a service of a million lines
// fits, one made to keep us busy does not.
const (
	maxText  = 256 << 20 // bytes of code whose calls are listed
	maxWork  = 512 << 20 // bytes of code decoded or followed, each time that it is
	maxFits  = 400       // frames of a log that are held against it
	maxDepth = 4         // calls between a frame and an operation
)

// program is the executable that crashed.
type program struct {
	*binfo.File
	work  int
	cut   bool // a bound was met
	named map[string][]binfo.Func
	dist  map[uint64]map[uint64]int // of distances
	calls []edge                    // by target; read on first use
	read  bool
}

// edge is a call at pc of a function at a fixed address.
type edge struct{ target, pc uint64 }

func newProgram(f *binfo.File) *program {
	return &program{File: f, named: map[string][]binfo.Func{}, dist: map[uint64]map[uint64]int{}}
}

// spend takes n bytes' worth of work and reports whether that is still allowed.
func (p *program) spend(n uint64) bool {
	p.work += int(min(n, maxWork))
	p.cut = p.cut || p.work > maxWork
	return p.work <= maxWork
}

// funcs are the functions that a traceback calls name.
func (p *program) funcs(name string) []binfo.Func {
	fns, ok := p.named[name]
	if !ok {
		fns = p.FuncsNamed(name)
		p.named[name] = fns
	}
	return fns
}

// code decodes a function; nil when it cannot be, or a bound was met.
func (p *program) code(fn binfo.Func) *binfo.Code {
	if !p.spend(fn.End - fn.Entry) {
		return nil
	}
	c, err := p.Code(fn)
	if err != nil || len(c.Insts) == 0 {
		return nil
	}
	return c
}

// place is an instruction of a function.
type place struct {
	code *binfo.Code
	at   int
}

func (s place) pc() uint64 { return s.code.Insts[s.at].PC }

// callOf is the call that a frame waits in. Of generic functions, which share a
// name, the first that has a call there is taken.
func (p *program) callOf(f *crashlog.Frame) (place, bool) {
	if f.Inlined || f.Offset == 0 {
		return place{}, false
	}
	for _, fn := range p.funcs(f.Func) {
		if s, ok := p.callBefore(fn, fn.Entry+f.Offset); ok {
			return s, true
		}
	}
	return place{}, false
}

// callBefore is the call in fn that returns to an address.
func (p *program) callBefore(fn binfo.Func, ret uint64) (place, bool) {
	if ret <= fn.Entry || ret > fn.End {
		return place{}, false
	}
	c := p.code(fn)
	if c == nil {
		return place{}, false
	}
	i, ok := len(c.Insts), true
	if ret < fn.End {
		i, ok = c.At(ret)
	}
	if !ok || i == 0 || c.Insts[i-1].Flow != binfo.Call {
		return place{}, false
	}
	return place{c, i - 1}, true
}

// callAt is the call at an address.
func (p *program) callAt(pc uint64) (place, bool) {
	fn, ok := p.FuncAt(pc)
	if !ok {
		return place{}, false
	}
	c := p.code(fn)
	if c == nil {
		return place{}, false
	}
	i, ok := c.At(pc)
	if !ok || c.Insts[i].Flow != binfo.Call {
		return place{}, false
	}
	return place{c, i}, true
}

// strange says why the log cannot be this executable's, or "": one of its functions
// is not in it, or a frame that waits in a call returns to where no call ends.
func (p *program) strange(c *crashlog.Crash) string {
	fits := 0
	for _, g := range c.Goroutines {
		innermost := true
		for i := range g.Frames {
			f := &g.Frames[i]
			if f.Inlined || f.Offset == 0 || f.Func == "" || f.Func == "runtime.goexit" || fits >= maxFits {
				continue
			}
			first := innermost
			innermost = false
			fits++
			if len(p.funcs(f.Func)) == 0 {
				return fmt.Sprintf("it has no function %s", f.Func)
			}
			if first {
				continue // it may have been interrupted anywhere
			}
			// A signal's frames stand on what it interrupted.
			if _, ok := p.callOf(f); !ok && !interrupts(g.Frames[i-1].Func) {
				return fmt.Sprintf("no call ends at %s +%#x in it", f.Func, f.Offset)
			}
		}
	}
	if fits == 0 {
		return "the log shows no frame to hold against it"
	}
	return ""
}

// interrupts reports whether a frame of the function may stand on one that did not
// call it.
func interrupts(fn string) bool {
	switch fn {
	case "runtime.sigpanic", "runtime.asyncPreempt", "runtime.asyncPreempt2", "runtime.sigtramp", "runtime.sigreturn", "runtime.goexit", "panic":
		return true
	}
	return false
}

// into are the calls of the function at an address.
func (p *program) into(entry uint64) []edge {
	if !p.read {
		p.read = true
		p.calls = p.listCalls()
	}
	i, _ := slices.BinarySearchFunc(p.calls, entry, func(e edge, t uint64) int { return cmp.Compare(e.target, t) })
	j := i
	for j < len(p.calls) && p.calls[j].target == entry {
		j++
	}
	return p.calls[i:j]
}

// listCalls lists the calls of all code but the runtime's. Bytes that only look like
// a call are among them; who uses one decodes its function.
func (p *program) listCalls() []edge {
	var out []edge
	total := uint64(0)
	for fn := range p.Funcs() {
		if ofMaps(fn.Name) || fn.End <= fn.Entry {
			continue
		}
		if total += fn.End - fn.Entry; total > maxText {
			p.cut = true
			break
		}
		text, err := p.String(fn.Entry, fn.End-fn.Entry)
		if err != nil {
			continue
		}
		out = p.callsIn(out, text, fn.Entry)
	}
	slices.SortFunc(out, func(a, b edge) int { return cmp.Or(cmp.Compare(a.target, b.target), cmp.Compare(a.pc, b.pc)) })
	return out
}

func (p *program) callsIn(out []edge, text string, at uint64) []edge {
	if p.Arch() == binfo.ARM64 {
		for o := 0; o+4 <= len(text); o += 4 {
			// BL imm26
			if w := binary.LittleEndian.Uint32([]byte(text[o : o+4])); w>>26 == 0x25 {
				pc := at + uint64(o)
				out = append(out, edge{pc + uint64(int64(int32(w<<6)>>4)), pc})
			}
		}
		return out
	}
	for o := 0; ; o++ {
		i := strings.IndexByte(text[o:], 0xe8) // CALL rel32
		if i < 0 || o+i+5 > len(text) {
			return out
		}
		o += i
		pc := at + uint64(o)
		target := pc + 5 + uint64(int64(int32(binary.LittleEndian.Uint32([]byte(text[o+1:o+5])))))
		if fn, ok := p.FuncAt(target); ok && fn.Entry == target {
			out = append(out, edge{target, pc})
		}
	}
}

// ofMaps reports whether a function is of the runtime, or works on any map that it
// is handed below the call that is looked for.
func ofMaps(fn string) bool {
	switch path := finding.PackagePath(fn); path {
	case "runtime", "reflect", "internal/runtime/maps", "":
		return true
	default:
		return strings.HasPrefix(path, "internal/runtime/") || strings.HasPrefix(path, "runtime/internal/")
	}
}

// leads reports whether control may come from one instruction to another after it.
func leads(c *binfo.Code, from, to int) bool {
	seen := make([]bool, len(c.Insts))
	work := []int{from}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		for _, n := range c.Successors(i) {
			if n == to {
				return true
			}
			if !seen[n] {
				seen[n] = true
				work = append(work, n)
			}
		}
	}
	return false
}

// elided writes type arguments as tracebacks do: "p.F[...]".
func elided(fn string) string { return withoutArgs(fn, "[...]") }

// plain is a variable's name without type arguments; the "[]" of an element stays.
func plain(name string) string { return withoutArgs(name, "") }

func withoutArgs(s, instead string) string {
	if !strings.Contains(s, "[") {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := range len(s) {
		switch {
		case s[i] == '[' && depth == 0 && strings.HasPrefix(s[i:], "[]"):
			b.WriteByte('[')
			depth = -1
		case depth == -1:
			b.WriteByte(']')
			depth = 0
		case s[i] == '[':
			if depth == 0 {
				b.WriteString(instead)
			}
			depth++
		case s[i] == ']':
			depth = max(depth-1, 0)
		case depth == 0:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
