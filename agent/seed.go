package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mapsan/mapsan/binfo"
)

// seedLayout says where a map's header has what focus needs, by the executable's own
// description: its DWARF, or the type descriptor that the header is allocated by.
type seedLayout struct {
	seed, size uint64 // of the hash seed, in bytes
	flag       uint64 // the byte with the writing flag
}

// headers are the structs that may be a map's header. A descriptor's name has its
// package without the path, so another program's struct may be called the same: it must
// have all of the fields, and touches holds the code to it.
var headers = []struct {
	types      []string
	seed, flag string
}{
	{[]string{"internal/runtime/maps.Map", "maps.Map"}, "seed", "writing"},
	{[]string{"runtime.hmap"}, "hash0", "flags"},
}

// layoutOf finds the layout.
func layoutOf(f *binfo.File) (seedLayout, error) {
	for _, h := range headers {
		for _, name := range h.types {
			t := f.StructWith(name, h.seed)
			if t == nil {
				continue
			}
			var l seedLayout
			for _, field := range t.Fields() {
				if field.Type == nil {
					continue
				}
				at, size := uint64(field.Offset), uint64(field.Type.Size)
				switch field.Name {
				case h.seed:
					l.seed, l.size = at, size
				case h.flag:
					l.flag = at
				}
			}
			if l.size != 4 && l.size != 8 || l.seed%l.size != 0 || l.flag == 0 {
				return seedLayout{}, fmt.Errorf("struct %s is not as known", name)
			}
			return l, nil
		}
	}
	return seedLayout{}, errors.New("the executable does not say where a map keeps its hash seed")
}

// touch is an instruction that uses a seed.
type touch struct {
	Site
	Next uint64 // the address after the instruction, which a trap shows
	// Inside says that the map's writing flag is set there, or may be. Other touches are
	// loads by which an operation begins to hash its key, before it sets the flag.
	Inside bool
}

// touches finds these, where the code tells the map: as an argument of its function. A
// goroutine that has just passed one that is not Inside is in that operation on the map
// whose seed it is.
func touches(f *binfo.File, l seedLayout) ([]touch, error) {
	var out []touch
	writes := false
	for fn := range f.Funcs() {
		if !inRuntime(fn.Name) && !strings.HasPrefix(fn.Name, "runtime.evacuate") || strings.HasSuffix(fn.Name, ".abi0") {
			continue
		}
		op, _, header, _, ok := binfo.OpOf(fn.Name)
		code, err := f.Code(fn)
		if err != nil {
			return nil, fmt.Errorf("function %s: %w", fn.Name, err)
		}
		var uses, toggles []int
		var stores = map[int]bool{}
		for i, in := range code.Insts {
			for _, a := range in.Accesses() {
				at := code.Address(i, a.Mem)
				if at == nil || at.Kind != binfo.Added || at.X.Kind != binfo.Param {
					continue
				}
				// The first argument of what is no operation is a table.
				if n := at.X.N; ok && n != int64(header) || !ok && n == 0 {
					continue
				}
				switch {
				case uint64(at.N) == l.seed && uint64(a.Size) == l.size:
					uses = append(uses, i)
					stores[i] = stores[i] || a.Write
				case uint64(at.N) == l.flag && a.Size == 1 && a.Write:
					toggles = append(toggles, i)
				}
			}
		}
		behind := reach(code, toggles)
		// A function that writes and sets no flag is a part of one that does.
		part := !ok || op.IsWrite() && len(toggles) == 0
		for _, i := range uses {
			t := touch{Site{Func: fn.Name, Op: op, PC: code.Insts[i].PC}, code.Insts[i].End(), part || stores[i] || behind[i]}
			out = append(out, t)
			writes = writes || op.IsWrite() && !t.Inside
		}
	}
	if !writes {
		return nil, errors.New("no function that writes to a map takes its hash seed as known")
	}
	return out, nil
}

// reach are the instructions that may follow any of these.
func reach(code *binfo.Code, from []int) map[int]bool {
	seen := map[int]bool{}
	for work := slices.Clone(from); len(work) > 0; {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		for _, next := range code.Successors(i) {
			if !seen[next] {
				seen[next] = true
				work = append(work, next)
			}
		}
	}
	return seen
}
