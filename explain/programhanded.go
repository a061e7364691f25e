package explain

import (
	"strings"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// handed names the maps that a call in code that works on anything may have been
// handed: fields of the types that stand in the call's line.
func (p *program) handed(s place) []naming {
	line := p.Frames(s.pc())
	if len(line) == 0 {
		return nil
	}
	var out []naming
	seen := map[uint64]bool{}
	for i := max(0, s.at-400); i < s.at; i++ {
		for _, e := range s.code.Insts[i].Effects {
			v := e.Val
			if e.Kind != binfo.Set || v.Kind != binfo.AddrIs || v.Mem.Base != binfo.NoReg || seen[uint64(v.Mem.Disp)] {
				continue
			}
			t, err := p.TypeAt(uint64(v.Mem.Disp))
			if err != nil {
				continue
			}
			if at := p.Frames(s.code.Insts[i].PC); len(at) == 0 || at[0].Line != line[0].Line || at[0].Func != line[0].Func {
				continue
			}
			seen[uint64(v.Mem.Disp)] = true
			out = append(out, p.mapsOf(t)...)
		}
	}
	return out
}

// mapsOf are the maps that a value of the type leads to.
func (p *program) mapsOf(t *binfo.Type) []naming {
	var out []naming
	seen := map[uint64]bool{}
	var walk func(t *binfo.Type, owner, path string, depth int)
	walk = func(t *binfo.Type, owner, path string, depth int) {
		if t == nil || depth > 6 || len(seen) > 200 {
			return
		}
		switch t.Kind {
		case binfo.KindMap:
			if path != "" {
				o := binfo.Origin{Kind: binfo.FieldOf, Name: p.qualified(plain(owner)+path, "types"), By: "types"}
				out = append(out, naming{o, finding.Inferred})
			}
		case binfo.KindPointer, binfo.KindSlice, binfo.KindArray:
			walk(t.Elem(), "", "", depth+1)
		case binfo.KindStruct:
			if t.Name != "" && !strings.HasPrefix(t.Name, "struct {") {
				if seen[t.Addr] {
					return
				}
				seen[t.Addr] = true
				owner, path = t.Name, ""
			}
			for _, f := range t.Fields() {
				if owner != "" {
					walk(f.Type, owner, path+"."+f.Name, depth+1)
				}
			}
		}
	}
	walk(t, "", "", 0)
	return out
}

// handedAtLine is handed for a frame that was inlined into a function that tracebacks
// leave out.
func (p *program) handedAtLine(f *crashlog.Frame) []naming {
	if !f.Inlined {
		return nil
	}
	p.into(0) // reads the calls
	for _, e := range p.calls {
		to, ok := p.FuncAt(e.target)
		if !ok || !finding.InReader(to.Name) || ofMaps(to.Name) || !p.spend(64) {
			continue
		}
		if in := p.Frames(e.pc); len(in) == 0 || in[0].Line != f.Line || elided(in[0].Func) != f.Func {
			continue
		}
		if at, ok := p.callAt(e.pc); ok {
			if out := p.handed(at); len(out) > 0 {
				return out
			}
		}
	}
	return nil
}
