package binfo

import (
	"cmp"
	"debug/elf"
	"slices"
)

// symbols is the symbol table, where it was not stripped.
type symbols struct {
	byAddr []symbol // by address
	byName map[string]int
}

type symbol struct {
	name       string
	addr, size uint64
}

func readSymbols(ef *elf.File, size int64) symbols {
	var out symbols
	list, err := ef.Symbols()
	if err != nil || int64(len(list)) > size {
		return out
	}
	for _, s := range list {
		if s.Name == "" || s.Section == elf.SHN_UNDEF {
			continue
		}
		switch elf.ST_TYPE(s.Info) {
		case elf.STT_OBJECT, elf.STT_NOTYPE, elf.STT_FUNC:
			out.byAddr = append(out.byAddr, symbol{s.Name, s.Value, s.Size})
		}
	}
	slices.SortStableFunc(out.byAddr, func(a, b symbol) int { return cmp.Compare(a.addr, b.addr) })
	out.byName = make(map[string]int, len(out.byAddr))
	for i, s := range out.byAddr {
		out.byName[s.name] = i
	}
	return out
}

// at returns the symbol whose bytes hold addr.
func (s symbols) at(addr uint64) (symbol, bool) {
	i, ok := slices.BinarySearchFunc(s.byAddr, addr, func(s symbol, a uint64) int { return cmp.Compare(s.addr, a) })
	if !ok {
		i--
	}
	// Markers of no size share addresses with what they mark.
	for ; i >= 0 && s.byAddr[i].addr+(1<<20) > addr; i-- {
		if c := s.byAddr[i]; addr-c.addr < c.size {
			return c, true
		}
	}
	return symbol{}, false
}
