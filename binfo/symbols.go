package binfo

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
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

// readSymbols reads the table itself: debug/elf would copy each name, which in a file
// that is made for it is as long as all of them.
func (f *File) readSymbols(ef *elf.File) symbols {
	var out symbols
	table := ef.SectionByType(elf.SHT_SYMTAB)
	if table == nil || uint64(table.Link) >= uint64(len(ef.Sections)) {
		return out
	}
	text := ef.Sections[table.Link]
	if table.Size > f.left || text.Size > f.left-table.Size {
		return out
	}
	f.left -= table.Size + text.Size
	list, err1 := table.Data()
	data, err2 := text.Data()
	if err1 != nil || err2 != nil {
		return out
	}
	names := string(data)
	for ; len(list) >= elf.Sym64Size; list = list[elf.Sym64Size:] {
		u32, u64 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
		name := cstring(names, u32(list))
		if name == "" || elf.SectionIndex(binary.LittleEndian.Uint16(list[6:])) == elf.SHN_UNDEF {
			continue
		}
		switch elf.ST_TYPE(list[4]) {
		case elf.STT_OBJECT, elf.STT_NOTYPE, elf.STT_FUNC:
			out.byAddr = append(out.byAddr, symbol{name, u64(list[8:]), u64(list[16:])})
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
