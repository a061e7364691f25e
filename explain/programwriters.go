package explain

import (
	"slices"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// programWriter is an operation of the executable that modifies the map.
type programWriter struct {
	*mapUse
	sameAs finding.Grade // how well it is known to be that map
	setup  bool          // on an object made there, before a goroutine is started
	steps  map[uint64]int
}

// writers are the operations of the executable that modify the map of u, those that
// name it first.
func (p *program) writers(u *mapUse) []*programWriter {
	var out []*programWriter
	done := map[uint64]bool{}
	for fn := range p.Funcs() {
		op, _, _, _, ok := binfo.OpOf(fn.Name)
		if !ok || !op.IsWrite() {
			continue
		}
		for _, e := range p.into(fn.Entry) {
			in, ok := p.FuncAt(e.pc)
			if !ok || done[in.Entry] || p.cut {
				continue
			}
			done[in.Entry] = true
			out = p.writersIn(out, in, u)
		}
	}
	slices.SortStableFunc(out, func(a, b *programWriter) int {
		switch {
		case a.sameAs == b.sameAs:
			return 0
		case worse(a.sameAs, b.sameAs) == b.sameAs:
			return -1
		}
		return 1
	})
	return out
}

func (p *program) writersIn(out []*programWriter, fn binfo.Func, u *mapUse) []*programWriter {
	c := p.code(fn)
	if c == nil {
		return out
	}
	for s := range c.MapCalls() {
		if !p.spend(fn.End - fn.Entry) {
			break
		}
		if !s.Op.IsWrite() || u.typ != "" && s.Type != "" && u.typ != s.Type {
			continue
		}
		i, ok := c.At(s.PC)
		if !ok {
			continue
		}
		w := p.useOf(place{c, i}, s, nil, nil)
		if g := u.same(w); g != "" {
			out = append(out, &programWriter{mapUse: w, sameAs: g, setup: p.setup(w), steps: p.distances(fn.Entry)})
		}
	}
	return out
}

// setup reports whether a modification is of an object made in that function before
// any goroutine was started there.
func (p *program) setup(u *mapUse) bool {
	v := u.names.Value
	if v == nil {
		return false
	}
	if root := rootOf(v); u.code.Func.Name != "main.main" && (root.Kind != binfo.Result || root.Call != "runtime.newobject") {
		return false
	}
	for i, in := range u.code.Insts {
		if in.Flow == binfo.Call && p.starts(in.Target) && p.spend(uint64(len(u.code.Insts))) && leads(u.code, i, u.at) {
			return false
		}
	}
	return true
}

// starts reports whether a function starts a goroutine, by itself or by those that
// it calls.
func (p *program) starts(target uint64) bool {
	fn, ok := p.FuncAt(target)
	if !ok || target == 0 {
		return false
	}
	if fn.Name == "runtime.newproc" {
		return true
	}
	if ofMaps(fn.Name) {
		return false
	}
	for _, newproc := range p.funcs("runtime.newproc") {
		if _, ok := p.distances(newproc.Entry)[fn.Entry]; ok {
			return true
		}
	}
	return false
}

// distances are the static calls between each function and the one at entry, of those
// that get there in maxDepth.
func (p *program) distances(entry uint64) map[uint64]int {
	if d := p.dist[entry]; d != nil {
		return d
	}
	d := map[uint64]int{entry: 0}
	p.dist[entry] = d
	for queue := []uint64{entry}; len(queue) > 0 && len(d) < 5000; queue = queue[1:] {
		if d[queue[0]] == maxDepth {
			continue
		}
		for _, e := range p.into(queue[0]) {
			fn, ok := p.FuncAt(e.pc)
			if !ok {
				continue
			}
			if _, known := d[fn.Entry]; !known {
				d[fn.Entry] = d[queue[0]] + 1
				queue = append(queue, fn.Entry)
			}
		}
	}
	return d
}

// started is what a go statement runs: the function whose address was taken last
// before the call.
func (p *program) started(f *crashlog.Frame) (binfo.Func, bool) {
	if f == nil {
		return binfo.Func{}, false
	}
	s, ok := p.callOf(f)
	if !ok {
		return binfo.Func{}, false
	}
	for i := s.at - 1; i >= 0 && i > s.at-60; i-- {
		for _, e := range s.code.Insts[i].Effects {
			v := e.Val
			if e.Kind != binfo.Set || v.Kind != binfo.AddrIs || v.Mem.Base != binfo.NoReg {
				continue
			}
			at := uint64(v.Mem.Disp)
			if w, err := p.Word(at); err == nil { // a static closure
				if fn, ok := p.FuncAt(w); ok && fn.Entry == w {
					return fn, true
				}
			}
			if fn, ok := p.FuncAt(at); ok && fn.Entry == at {
				return fn, true
			}
		}
	}
	return binfo.Func{}, false
}
