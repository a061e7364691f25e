package binfo

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/arch/arm64/arm64asm"
	"golang.org/x/arch/x86/x86asm"
)

const (
	maxCode   = 4 << 20      // bytes of one function
	maxCodes  = 64           // decoded functions kept
	maxTable  = 4096         // entries of a jump table
	maxTables = 4 * maxTable // of all in a function
)

// Code is one decoded function. It may be used by several goroutines at once.
type Code struct {
	Func  Func
	Insts []Inst // by address

	f      *File
	starts []int   // block starts, as indexes of Insts
	preds  [][]int // per block: indexes of the instructions that lead to it
	sp     []int64 // per instruction: how far SP is below its place at entry
	taken  map[int64]bool
	blind  bool // a jump goes where we do not know

	insOnce sync.Once
	ins     []variable
}

// Code decodes a function.
func (f *File) Code(fn Func) (*Code, error) {
	f.mu.Lock()
	c := f.codes[fn.Entry]
	f.mu.Unlock()
	if c != nil {
		return c, nil
	}
	size := fn.End - fn.Entry
	if size > f.most {
		return nil, fmt.Errorf("decode %s: %d bytes of code are more than the %d allowed", fn.Name, size, f.most)
	}
	raw, err := f.image.bytes(fn.Entry, size)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", fn.Name, err)
	}
	c = &Code{Func: fn, f: f}
	c.decode(raw)
	c.stackDepths()
	c.blocks()
	c.addressTaken()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bytes += size; len(f.codes) >= maxCodes || f.bytes > f.most {
		clear(f.codes)
		f.bytes = size
	}
	f.codes[fn.Entry] = c
	return c, nil
}

// Beginning decodes the first n bytes of a function. An instruction that they cut off
// is decoded as something else.
func (f *File) Beginning(fn Func, n uint64) ([]Inst, error) {
	raw, err := f.image.bytes(fn.Entry, min(n, fn.End-fn.Entry))
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", fn.Name, err)
	}
	c := &Code{Func: fn, f: f}
	c.decode(raw)
	return c.Insts, nil
}

func (c *Code) decode(raw []byte) {
	one := decodeAMD64
	if c.f.arch == ARM64 {
		one = decodeARM64
	}
	var marks []uint64 // where lines begin: sure starts of instructions
	for o := 0; o < len(raw); {
		pc := c.Func.Entry + uint64(o)
		in, ok := decodeSafely(one, raw[o:], pc)
		if !ok {
			if marks == nil {
				marks = c.lineStarts()
			}
			n := len(raw) - o
			if i, _ := slices.BinarySearch(marks, pc+1); i < len(marks) {
				n = min(n, int(marks[i]-pc))
			}
			in = Inst{PC: pc, Len: n, Bad: true, raw: raw[o : o+n], clobA: true}
		}
		c.Insts = append(c.Insts, in)
		o += in.Len
	}
}

func decodeSafely(one func([]byte, uint64) (Inst, bool), raw []byte, pc uint64) (in Inst, ok bool) {
	defer func() {
		if recover() != nil {
			in, ok = Inst{}, false
		}
	}()
	return one(raw, pc)
}

func (c *Code) lineStarts() []uint64 {
	marks := []uint64{c.Func.End}
	for _, t := range []uint32{c.Func.pcline(), c.Func.pcsp(), c.Func.pcfile()} {
		c.f.steps(c.Func, t, func(from, _ uint64, _ int32) bool {
			marks = append(marks, from)
			return len(marks) < maxCode
		})
	}
	slices.Sort(marks)
	return marks
}

func (c *Code) stackDepths() {
	c.sp = make([]int64, len(c.Insts))
	i := 0
	c.f.steps(c.Func, c.Func.pcsp(), func(_, to uint64, v int32) bool {
		for ; i < len(c.Insts) && c.Insts[i].PC < to; i++ {
			c.sp[i] = int64(v)
		}
		return i < len(c.Insts)
	})
}

// At returns the index of the instruction at pc.
func (c *Code) At(pc uint64) (int, bool) {
	return slices.BinarySearchFunc(c.Insts, pc, func(in Inst, pc uint64) int { return cmp.Compare(in.PC, pc) })
}

// within returns the index of an instruction of this function by its address.
func (c *Code) within(pc uint64) (int, bool) {
	if pc < c.Func.Entry || pc >= c.Func.End {
		return 0, false
	}
	return c.At(pc)
}

// blocks finds where control joins.
func (c *Code) blocks() {
	lead := make([]bool, len(c.Insts)+1)
	lead[0] = true
	tables, entries := map[int][]int{}, 0
	for i, in := range c.Insts {
		if in.Flow == Next || in.Flow == Call {
			continue
		}
		lead[i+1] = true
		if t, ok := c.within(in.Target); ok && in.Target != 0 {
			lead[t] = true
		}
		if in.table && in.Flow == Jump {
			if entries < maxTables {
				tables[i] = c.jumpTable(i)
				entries += len(tables[i])
			}
			c.blind = c.blind || len(tables[i]) == 0
			for _, t := range tables[i] {
				lead[t] = true
			}
		}
	}
	block := make([]int, len(c.Insts))
	for i := range c.Insts {
		if lead[i] {
			c.starts = append(c.starts, i)
		}
		block[i] = len(c.starts) - 1
	}
	c.preds = make([][]int, len(c.starts))
	link := func(from, to int) {
		if to < len(c.Insts) {
			c.preds[block[to]] = append(c.preds[block[to]], from)
		}
	}
	for i, in := range c.Insts {
		switch in.Flow {
		case Branch, Jump:
			if t, ok := c.within(in.Target); ok && in.Target != 0 && !c.afterMorestack(i) {
				link(i, t)
			}
			for _, t := range tables[i] {
				link(i, t)
			}
		}
		if lead[i+1] && (in.Flow == Next || in.Flow == Branch || in.Flow == Call) && !c.noReturn(i) {
			link(i, i+1)
		}
	}
}

// afterMorestack reports whether a jump only starts the function again, with
// the registers as they were.
func (c *Code) afterMorestack(i int) bool {
	for j := i - 1; j >= 0 && j > i-24; j-- {
		if c.Insts[j].Flow == Call {
			return strings.HasPrefix(c.calleeName(j), "runtime.morestack")
		}
		if c.Insts[j].Flow != Next {
			return false
		}
	}
	return false
}

// noReturn reports whether a call does not come back.
func (c *Code) noReturn(i int) bool {
	if c.Insts[i].Flow != Call || c.Insts[i].Target == 0 {
		return false
	}
	switch n := c.calleeName(i); n {
	case "runtime.fatal", "runtime.throw", "runtime.fatalthrow", "internal/runtime/maps.fatal", "runtime.gopanic", "runtime.goexit0":
		return true
	default:
		return strings.HasPrefix(n, "runtime.panic")
	}
}

func (c *Code) calleeName(i int) string {
	if c.Insts[i].Target == 0 {
		return ""
	}
	fn, ok := c.f.FuncAt(c.Insts[i].Target)
	// Duff's devices are entered in the middle.
	if !ok || fn.Entry != c.Insts[i].Target && !strings.HasPrefix(fn.Name, "runtime.duff") {
		return ""
	}
	return fn.Name
}

// jumpTable reads where a jump through a table of addresses can go.
func (c *Code) jumpTable(i int) []int {
	var at int64
	for j := i - 1; j >= 0 && j > i-6 && at == 0; j-- {
		for _, e := range c.Insts[j].Effects {
			switch {
			case e.Kind != Set:
			case e.Val.Kind == AddrIs && e.Val.Mem.Base == NoReg && e.Val.Mem.Index == NoReg:
				at = e.Val.Mem.Disp
			case e.Val.Kind == BinIs && e.Val.Op == '+' && e.Val.Y.Kind == ImmIs && j > 0 &&
				len(c.Insts[j-1].Effects) == 1 && c.Insts[j-1].Effects[0].Val.Kind == ImmIs:
				at = c.Insts[j-1].Effects[0].Val.Imm + e.Val.Y.Imm
			}
		}
	}
	if at == 0 {
		return nil
	}
	var out []int
	for n := range uint64(maxTable) {
		v, err := c.f.image.ptr(uint64(at) + n*8)
		t, ok := c.within(v)
		if err != nil || !ok {
			break
		}
		out = append(out, t)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// addressTaken notes which stack slots something else may write to.
func (c *Code) addressTaken() {
	c.taken = map[int64]bool{}
	for i, in := range c.Insts {
		for _, e := range in.Effects {
			v := e.Val
			switch {
			case v.Kind == AddrIs && v.Mem.Base == SP:
				c.taken[v.Mem.Disp-c.sp[i]] = true
			case v.Kind == BinIs && v.Op == '+' && v.X.Kind == RegIs && v.X.Reg == SP && v.Y.Kind == ImmIs:
				c.taken[v.Y.Imm-c.sp[i]] = true
			}
		}
	}
}

// arm64asm's decoder keeps notes in a table that it shares.
var armText sync.Mutex

// Text is the instruction as the Go assembler writes it.
func (c *Code) Text(i int) (s string) {
	in := c.Insts[i]
	defer func() {
		if recover() != nil || s == "" {
			s = fmt.Sprintf("?%x", in.raw[:min(len(in.raw), 8)])
		}
	}()
	if in.Bad {
		return ""
	}
	if c.f.arch == ARM64 {
		armText.Lock()
		defer armText.Unlock()
		x, err := arm64asm.Decode(in.raw)
		if err != nil {
			return ""
		}
		return arm64asm.GoSyntax(x, in.PC, c.f.symName, textReader{c.f.image})
	}
	x, err := x86asm.Decode(in.raw, 64)
	if err != nil {
		return ""
	}
	return x86asm.GoSyntax(x, in.PC, c.f.symName)
}

// textReader lets arm64asm read constants beside the code.
type textReader struct{ im *image }

func (t textReader) ReadAt(p []byte, off int64) (int, error) {
	if err := t.im.readAt(p, uint64(off)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// symName names an address for the disassembly.
func (f *File) symName(addr uint64) (string, uint64) {
	if fn, ok := f.FuncAt(addr); ok {
		return fn.Name, fn.Entry
	}
	if s, ok := f.syms.at(addr); ok {
		return s.name, s.addr
	}
	return "", 0
}

// Bytes are the instruction's bytes.
func (in Inst) Bytes() []byte { return slices.Clone(in.raw) }

// String reads a string constant of the binary.
func (f *File) String(addr, n uint64) (string, error) {
	if n > maxName {
		return "", fmt.Errorf("string of %d bytes at %#x: too long", n, addr)
	}
	b, err := f.image.bytes(addr, n)
	return string(b), err
}

// Word reads a word of the binary, as it will be when loaded at address 0.
func (f *File) Word(addr uint64) (uint64, error) { return f.image.ptr(addr) }

// Uint32 reads four bytes of the binary.
func (f *File) Uint32(addr uint64) (uint32, error) {
	b, err := f.image.bytes(addr, 4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}
