package anatomy

import (
	"strings"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/maplayout"
)

// headers tells which values of a function are addresses of a map header.
type headers struct{ l maplayout.Layout }

// iterHeader is where an iterator of any version has its map: behind key,
// element and type.
const iterHeader = 24

// is reports whether v is the address of a header in function c: by its type
// where DWARF says it, else by its place among the arguments of a function
// whose order of arguments is known.
func (h headers) is(c *binfo.Code, v *binfo.Value) bool {
	if v == nil || v.Kind == binfo.Unknown || v.Kind == binfo.Const {
		return false
	}
	if t := c.TypeOf(v); t != nil {
		e := t.Elem()
		return t.Kind == binfo.KindPointer && e != nil && h.named(e.Name)
	}
	_, _, hdr, iter, ok := binfo.OpOf(c.Func.Name)
	if ok && hdr < 0 && v.Kind == binfo.Loaded && v.N == iterHeader && v.X.Kind == binfo.Param {
		return v.X.N == int64(iter)
	}
	if v.Kind != binfo.Param {
		return false
	}
	if ok && hdr >= 0 {
		return v.N == int64(hdr)
	}
	return v.N == 0 && (strings.HasPrefix(c.Func.Name, "internal/runtime/maps.(*Map).") || strings.HasPrefix(c.Func.Name, "runtime.(*hmap)."))
}

func (h headers) named(name string) bool {
	if h.l.Design == maplayout.Buckets {
		return name == "runtime.hmap"
	}
	return name == "internal/runtime/maps.Map" || name == "maps.Map" && h.l.Header.From == "types"
}

// at splits an address into a header and an offset from it.
func (h headers) at(c *binfo.Code, v *binfo.Value) (int64, bool) {
	switch {
	case v.Kind == binfo.Added && h.is(c, v.X):
		return v.N, true
	case h.is(c, v):
		return 0, true
	}
	return 0, false
}

// uses returns what an instruction does with a header.
func (h headers) uses(c *binfo.Code, i int) []Use {
	var out []Use
	for _, a := range c.Insts[i].Accesses() {
		if a.Mem.Base == binfo.SP || a.Mem.Base == binfo.NoReg || a.Mem.Index != binfo.NoReg {
			continue
		}
		off, ok := h.at(c, c.Address(i, a.Mem))
		if !ok || off < 0 || off >= h.l.Header.Size {
			continue
		}
		// TESTB AX, 0(reg), and on arm64 a load to R27, only ask whether the
		// pointer is nil.
		if nilCheck(c.Insts[i], a) {
			continue
		}
		out = append(out, Use{
			Func: c.Func.Name, PC: c.Insts[i].PC, Text: text(c, i), Offset: off, Size: int64(a.Size), Write: a.Write,
		})
	}
	return out
}

const armScratch = 27

func nilCheck(in binfo.Inst, a binfo.MemAccess) bool {
	for _, e := range in.Effects {
		if e.Kind == binfo.Set && e.Dst == armScratch && a.Size == 1 && a.Mem.Disp == 0 && !a.Write {
			return true
		}
		if e.Kind == binfo.Test && a.Size == 1 && a.Mem.Disp == 0 && !a.Write && e.Val.Kind == binfo.BinIs && e.Val.Y.Kind == binfo.RegIs {
			return true
		}
	}
	return false
}

// isFlag reports whether v is the writing flag of a header as it was read.
func (h headers) isFlag(c *binfo.Code, v *binfo.Value) bool {
	return v != nil && v.Kind == binfo.Loaded && v.N == h.l.Flag.Offset && v.Size == 1 && h.is(c, v.X)
}

// text is an instruction as the assembler writes it, with symbols shortened to
// what fits a line, and jumps as offsets in the function.
func text(c *binfo.Code, i int) string {
	in := c.Insts[i]
	s := c.Text(i)
	if (in.Flow == binfo.Jump || in.Flow == binfo.Branch) && in.Target >= c.Func.Entry && in.Target < c.Func.End {
		op, args, _ := strings.Cut(s, " ")
		if k := strings.LastIndex(args, ", "); k >= 0 {
			return op + " " + args[:k+2] + off(in.Target-c.Func.Entry)
		}
		return op + " " + off(in.Target-c.Func.Entry)
	}
	return strings.ReplaceAll(strings.TrimSuffix(s, "(SB)"), "internal/runtime/maps.", "maps.")
}
