package inspect

import (
	"fmt"
	"slices"

	"github.com/mapsan/mapsan/binfo"
)

// runtimeLayout is where the runtime keeps its goroutines: addresses in the file,
// and offsets in runtime.g and runtime.m (runtime/runtime2.go).
type runtimeLayout struct {
	allgs uint64 // the slice of all *g

	gSize                            int // of what is read of a g
	stackLo, stackHi                 int
	schedSP, schedPC, schedLR        int
	syscallSP, syscallPC             int
	status, goid, m, goPC            int
	curg, procid, g0, gsignal, older int
	mSize                            int
	// iterMap is where an iterator holds its map; -1 if that is not known.
	iterMap int
}

// readRuntime finds the runtime's structs by the names of their fields, of a
// stripped binary by its type descriptors.
func readRuntime(f *binfo.File) (runtimeLayout, error) {
	var l runtimeLayout
	g, m := f.StructWith("runtime.g", "atomicstatus"), f.StructWith("runtime.m", "procid")
	if g == nil || m == nil {
		return l, fmt.Errorf("the layout of goroutines is neither in DWARF nor among the types of the binary")
	}
	var missing string
	find := func(t *binfo.Type, size *int, names ...string) int {
		at, typ := 0, t
		for _, name := range names {
			i := slices.IndexFunc(typ.Fields(), func(f binfo.Field) bool { return f.Name == name })
			if i < 0 {
				missing = t.Name + "." + name
				return 0
			}
			field := typ.Fields()[i]
			at, typ = at+int(field.Offset), field.Type
		}
		*size = max(*size, at+8)
		return at
	}
	l.stackLo, l.stackHi = find(g, &l.gSize, "stack", "lo"), find(g, &l.gSize, "stack", "hi")
	l.schedSP, l.schedPC = find(g, &l.gSize, "sched", "sp"), find(g, &l.gSize, "sched", "pc")
	l.schedLR = find(g, &l.gSize, "sched", "lr")
	l.syscallSP, l.syscallPC = find(g, &l.gSize, "syscallsp"), find(g, &l.gSize, "syscallpc")
	l.status, l.goid = find(g, &l.gSize, "atomicstatus"), find(g, &l.gSize, "goid")
	l.m, l.goPC = find(g, &l.gSize, "m"), find(g, &l.gSize, "gopc")
	l.curg, l.procid = find(m, &l.mSize, "curg"), find(m, &l.mSize, "procid")
	l.g0, l.gsignal, l.older = find(m, &l.mSize, "g0"), find(m, &l.mSize, "gsignal"), find(m, &l.mSize, "alllink")
	if missing != "" {
		return l, fmt.Errorf("the layout of goroutines is not one that is known: no field %s", missing)
	}
	l.iterMap = -1
	for name, field := range map[string]string{"internal/runtime/maps.Iter": "m", "runtime.hiter": "h"} {
		if t := f.StructWith(name, field); t != nil {
			var size int
			l.iterMap = find(t, &size, field)
		}
	}
	var err error
	l.allgs, err = allGs(f)
	return l, err
}

// allGs finds runtime.allgs. Without a name it is the only slice, three words
// one after the other, that runtime.allgadd uses.
func allGs(f *binfo.File) (uint64, error) {
	if addr, ok := f.VarAddress("runtime.allgs"); ok {
		return addr, nil
	}
	var found []uint64
	for _, fn := range f.FuncsNamed("runtime.allgadd") {
		code, err := f.Code(fn)
		if err != nil {
			return 0, err
		}
		used := map[uint64]bool{}
		for i, in := range code.Insts {
			for _, a := range in.Accesses() {
				if v := code.Address(i, a.Mem); a.Size == 8 && v.Kind == binfo.Const {
					used[uint64(v.N)] = true
				}
			}
		}
		for addr := range used {
			if used[addr+8] && used[addr+16] {
				found = append(found, addr)
			}
		}
	}
	if len(found) != 1 {
		return 0, fmt.Errorf("the list of goroutines was not found: %d candidates in the code of runtime.allgadd", len(found))
	}
	return found[0], nil
}
