package inspect

import (
	"github.com/mapsan/mapsan/binfo"
)

// frame is one frame of machine code.
type frame struct {
	pc, sp, cfa uint64 // the frame lies between sp and cfa
	// exact: pc is where the frame was interrupted, not where a call returns to.
	exact bool
}

// step is what is known of a pc: how to leave its frame, and what it means.
type step struct {
	fn      binfo.Func
	size    int64 // of the frame at pc
	known   bool
	last    bool // no frame is beyond
	mapFunc bool
	signal  bool // the frame beyond was interrupted, and made no call
}

// lastFuncs are where stacks begin.
var lastFuncs = map[string]bool{
	"runtime.goexit": true, "runtime.mstart": true, "runtime.mstart0": true, "runtime.rt0_go": true, "runtime.mcall": true,
	"runtime.systemstack": true, "runtime.morestack": true, "runtime.sigtramp": true, "runtime.cgocallback": true,
}

// interrupts are functions whose caller did not call them.
var interrupts = map[string]bool{"runtime.asyncPreempt": true, "runtime.sigpanic": true, "runtime.sigpanic0": true}

// at returns the step at pc, which belongs to the call before it unless exact.
func (p *Process) at(pc uint64, exact bool) step {
	key := pc - p.base
	if !exact {
		key--
	}
	if s, ok := p.pcs[key]; ok {
		return s
	}
	var s step
	if s.fn, s.known = p.bin.FuncAt(key); s.known {
		// The size at the return address is that of the call, which pushes nothing.
		s.size, s.known = p.bin.FrameSize(key)
		s.last = lastFuncs[s.fn.Name]
		s.signal = interrupts[s.fn.Name]
		_, _, _, _, s.mapFunc = binfo.OpOf(s.fn.Name)
	}
	p.pcs[key] = s
	return s
}

const maxDepth = 1 << 12

// stack is the part of a stack that has been read.
type stack struct {
	at, hi uint64 // hi is the end of the whole one
	b      []byte
	whole  bool // no more of it may be read: the process has gone on since
}

func (p *Process) stackWord(s *stack, addr uint64) (uint64, bool) {
	if addr < s.at || addr+8 > s.hi || addr+8 < addr {
		return 0, false
	}
	if off := addr - s.at; off+8 > uint64(len(s.b)) {
		if s.whole {
			return 0, false
		}
		n := min(s.hi-addr, 8<<10)
		b, err := p.read(addr, int(n))
		if err != nil {
			return 0, false
		}
		s.at, s.b = addr, b
	}
	return word(s.b[addr-s.at:]), true
}

// unwind calls visit with the frames of a goroutine from the innermost, until it
// returns false. exact says that pc is that of a running thread.
func (p *Process) unwind(g *goroutine, exact bool, s *stack, visit func(frame, step) bool) {
	pc, sp, lr := g.pc, g.sp, g.lr
	arm := p.bin.Arch() == binfo.ARM64
	first := true
	for range maxDepth {
		// A goroutine that has not run yet stands before its first instruction.
		st := p.at(pc, exact || first && p.begins(pc))
		if !st.known {
			return
		}
		f := frame{pc: pc, sp: sp, cfa: sp + uint64(st.size), exact: exact}
		ret, ok := uint64(0), true
		switch {
		case !arm:
			f.cfa += 8
			ret, ok = p.stackWord(s, f.cfa-8)
		case st.size > 0:
			ret, ok = p.stackWord(s, sp)
		default:
			ret, ok = lr, first || exact
		}
		if !visit(f, st) || !ok || st.last || ret == 0 || f.cfa > g.hi {
			return
		}
		pc, sp, exact, first = ret, f.cfa, st.signal, false
	}
}

// begins reports whether a function begins at pc.
func (p *Process) begins(pc uint64) bool {
	fn, ok := p.bin.FuncAt(pc - p.base)
	return ok && fn.Entry == pc-p.base
}

// spill returns the word in which the function of f saves its i-th argument
// (cmd/compile/abi-internal.md, "spill space"), if it has done so.
func (p *Process) spill(s *stack, f frame, i int) (uint64, bool) {
	at := f.cfa + uint64(i)*8
	if p.bin.Arch() == binfo.ARM64 {
		at += 8 // the callee's slot for the link register comes first
	}
	return p.stackWord(s, at)
}
