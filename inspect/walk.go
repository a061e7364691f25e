package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/maplayout"
)

// walk follows pointers by their types, breadth first, from variables to maps.
type walk struct {
	p       *Process
	until   time.Time
	objects int
	queue   []object
	seen    map[object]bool // without how it was reached
	maps    map[uint64]*Map
	found   []*Map
	cut     bool
	noNames error
}

// object is a value in memory that may lead to maps.
type object struct {
	addr  uint64
	shape *shape
	via   *via
}

// via is how a value was reached.
type via struct {
	from *via
	step string
	// owner is the innermost named struct on the way, or the variable, and rest
	// the way from there: what a finding calls the map.
	owner, rest string
}

func (v *via) path() string {
	var steps []string
	for ; v != nil; v = v.from {
		steps = append(steps, v.step)
	}
	slices.Reverse(steps)
	return strings.Join(steps, "")
}

const (
	maxObjects = 1 << 20
	maxElems   = 256 // of a slice or array
	maxEntries = 64  // of a map
	maxGroups  = 1 << 15
)

func newWalk(p *Process, opts Options) *walk {
	return &walk{p: p, until: time.Now().Add(opts.Budget), seen: map[object]bool{}, maps: map[uint64]*Map{}}
}

// globals walks from the package variables of the program, or from those of the
// standard library.
func (w *walk) globals(std bool) {
	vars, err := w.p.bin.Globals()
	if err != nil {
		w.noNames = err
		return
	}
	for _, v := range vars {
		if strings.HasPrefix(v.Name, "runtime.") || finding.InStd(v.Name) != std {
			continue
		}
		if s := w.p.shape(v.Type); w.p.leads(s) {
			w.push(w.p.variable(v.Addr), s, &via{step: v.Name, owner: v.Name})
		}
	}
	w.run()
}

// locals walks from the variables in a frame.
func (w *walk) locals(s sample) {
	pc := s.f.pc - w.p.base - 1
	vars, ok := w.p.vars[pc]
	if !ok {
		vars = w.p.bin.Locals(pc)
		vars = slices.DeleteFunc(vars, func(v binfo.Var) bool { return !w.p.leads(w.p.shape(v.Type)) })
		w.p.vars[pc] = vars
	}
	if len(vars) == 0 {
		return
	}
	fn, _ := w.p.bin.FuncAt(pc)
	for _, v := range vars {
		name := fn.Name + "." + strings.TrimPrefix(v.Name, "&")
		w.push(s.f.cfa+uint64(v.Offset), w.p.shape(v.Type), &via{step: fmt.Sprintf("goroutine %d: %s", s.goroutine, name), owner: name})
	}
	w.run()
}

// inside adds the map of a goroutine's operation, which may have no name else.
func (w *walk) inside(in *Inside) {
	if in.Map == 0 {
		return
	}
	m := w.maps[in.Map]
	if m == nil {
		m = &Map{Map: &maplayout.Map{Addr: in.Map}}
		w.maps[in.Map] = m
		w.found = append(w.found, m)
	}
	m.Inside = append(m.Inside, in.Goroutine)
	m.Name, m.Type = cmp.Or(m.Name, in.Name), cmp.Or(m.Type, in.Type)
	if m.slots.Size == 0 && in.typeAddr != 0 {
		m.slots, _ = w.p.layout.SlotsAt(w.p.src, in.typeAddr+w.p.base)
	}
}

func (w *walk) push(addr uint64, s *shape, v *via) {
	if addr < 1<<12 || s == nil || w.cut {
		return
	}
	o := object{addr: addr, shape: s}
	if w.seen[o] {
		return
	}
	if len(w.seen) >= maxObjects {
		w.cut = true
		return
	}
	w.seen[o] = true
	o.via = v
	w.queue = append(w.queue, o)
}

func (w *walk) run() {
	for len(w.queue) > 0 && !w.cut {
		o := w.queue[0]
		w.queue = w.queue[1:]
		if w.objects++; w.objects%256 == 0 && time.Now().After(w.until) {
			w.cut = true
		}
		if o.shape.size <= 0 || o.shape.size > maxObject {
			continue
		}
		if b, err := w.p.read(o.addr, o.shape.size); err == nil {
			w.value(b, o.addr, o.shape, o.via)
		}
	}
	w.queue = nil
}

// value looks through a value that was read from addr.
func (w *walk) value(b []byte, addr uint64, s *shape, v *via) {
	if !w.p.leads(s) || s.size > len(b) {
		return
	}
	switch s.kind {
	case binfo.KindPointer:
		w.push(word(b), s.elem, v)
	case binfo.KindStruct:
		owner := *v
		if isNamed(s.name) {
			owner.owner, owner.rest = s.name, ""
		}
		for _, f := range s.fields {
			step := ""
			if f.name != "" {
				step = "." + f.name
			}
			w.value(b[f.at:], addr+uint64(f.at), f.shape, &via{v, step, owner.owner, owner.rest + step})
		}
	case binfo.KindArray:
		if s.elem.size <= 0 || s.elem.size*s.len > len(b) {
			return
		}
		for i := range min(s.len, maxElems) {
			w.value(b[i*s.elem.size:], addr+uint64(i*s.elem.size), s.elem, v.elem(fmt.Sprint(i)))
		}
	case binfo.KindSlice:
		data, n := word(b), word(b[8:])
		if !w.p.leads(s.elem) {
			return
		}
		for i := range min(n, maxElems) {
			w.push(data+i*uint64(s.elem.size), s.elem, v.elem(fmt.Sprint(i)))
		}
	case binfo.KindInterface:
		w.dynamic(b, v)
	case binfo.KindFunc:
		w.closure(word(b), v)
	case binfo.KindMap:
		w.mapAt(word(b), s, v)
	}
}

func (v *via) elem(i string) *via {
	step := "[" + i + "]"
	return &via{v, step, v.owner, v.rest + "[]"}
}

// isNamed tells "main.Registry" from "struct { ... }" and the like.
func isNamed(name string) bool {
	return strings.Contains(name, ".") && !strings.ContainsAny(name[:1], "*[") && !strings.HasPrefix(name, "struct {") &&
		!strings.HasPrefix(name, "sync/atomic.Pointer[") && !strings.HasPrefix(name, "noalg.")
}

// dynamic follows an interface to what it holds.
func (w *walk) dynamic(b []byte, v *via) {
	tab, data := word(b), word(b[8:])
	if tab == 0 || data == 0 {
		return
	}
	t, err := w.p.bin.TypeAt(tab - w.p.base)
	if err != nil { // not an empty interface: the type is in the itab
		typ, err := w.p.word(tab + 8)
		if err != nil {
			return
		}
		if t, err = w.p.bin.TypeAt(typ - w.p.base); err != nil {
			return
		}
	}
	s := w.p.shape(w.p.bin.Described(t))
	if !w.p.leads(s) {
		return
	}
	next := &via{v, ".(" + brief(s.name) + ")", v.owner, v.rest}
	switch s.kind { // what is one pointer lies in the interface itself
	case binfo.KindPointer:
		w.push(data, s.elem, next)
	case binfo.KindMap:
		w.mapAt(data, s, next)
	case binfo.KindFunc:
		w.closure(data, next)
	default:
		w.push(data, s, next)
	}
}

// closure follows a function value to what it captured.
func (w *walk) closure(addr uint64, v *via) {
	if addr == 0 {
		return
	}
	entry, err := w.p.word(addr)
	if err != nil {
		return
	}
	fn, ok := w.p.bin.FuncAt(entry - w.p.base)
	if !ok || fn.Entry != entry-w.p.base {
		return
	}
	pc := ^fn.Entry // apart from the frames'
	vars, ok := w.p.vars[pc]
	if !ok {
		vars = slices.DeleteFunc(w.p.bin.Captured(fn.Entry), func(v binfo.Var) bool { return !w.p.leads(w.p.shape(v.Type)) })
		w.p.vars[pc] = vars
	}
	for _, c := range vars {
		name := strings.TrimPrefix(c.Name, "&")
		w.push(addr+uint64(c.Offset), w.p.shape(c.Type), &via{v, "(" + brief(fn.Name) + ")." + name, binfo.Enclosing(fn.Name) + "." + name, ""})
	}
}

// mapAt notes a map, and follows some of its elements.
func (w *walk) mapAt(addr uint64, s *shape, v *via) {
	if addr < 1<<12 || s.t.Addr == 0 {
		return
	}
	o := object{addr: addr, shape: s}
	if w.seen[o] {
		return
	}
	w.seen[o] = true
	m := w.maps[addr]
	if m == nil {
		m = &Map{Map: &maplayout.Map{Addr: addr}}
		w.maps[addr] = m
		w.found = append(w.found, m)
	}
	if m.Path == "" {
		m.Name, m.Path, m.Type = v.owner+v.rest, v.path(), s.name
		m.Std = finding.InStd(m.Name)
	}
	var err error
	if m.slots, err = w.p.layout.SlotsAt(w.p.src, s.t.Addr+w.p.base); err != nil {
		return
	}
	elems, keys := s.elem != nil && w.p.leads(s.elem), s.key != nil && w.p.leads(s.key)
	if !elems && !keys {
		return
	}
	got := w.p.layout.Read(w.p.src, addr, m.slots, maplayout.Options{MaxEntries: maxEntries, MaxGroups: maxGroups})
	for _, e := range got.Entries {
		if elems && e.Elem != nil {
			w.push(e.ElemAddr, s.elem, v.elem(keyText(s.key, e.Key, w.p)))
		}
		if keys && e.Key != nil {
			w.push(e.KeyAddr, s.key, v.elem("key"))
		}
	}
}
