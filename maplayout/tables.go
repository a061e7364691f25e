package maplayout

import (
	"encoding/binary"
	"fmt"
)

// Control bytes of a slot, and the groups of a table.
const (
	ctrlEmpty   = 0x80 // internal/runtime/maps.ctrlEmpty
	ctrlDeleted = 0xfe // internal/runtime/maps.ctrlDeleted
	maxDirBits  = 32
)

func (r *reader) tables() {
	m := r.m
	switch {
	case m.Small && m.DirAddr == 0:
		return // nothing was ever put in
	case m.Small:
		if m.Used > perGroup {
			r.problem(m.Addr, "header", fmt.Errorf("%d entries without a directory: the map is being written, or damaged", m.Used))
		}
		if r.spend(1) {
			t := &Table{Addr: m.DirAddr, GroupsAddr: m.DirAddr, Capacity: perGroup}
			r.groupsOf(t, 0, 1)
			m.Tombstones = t.Tombstones
			m.Tables = append(m.Tables, t)
		}
		return
	case m.GlobalDepth > maxDirBits || m.DirLen != 1<<m.GlobalDepth:
		r.problem(m.Addr, "header", fmt.Errorf("a directory of %d entries at depth %d: the map is being written, or damaged", m.DirLen, m.GlobalDepth))
		if m.DirLen > 1<<maxDirBits {
			return
		}
	}
	r.directory()
}

// directory reads the tables in the order of the directory, which names each
// as often as its depth is less than the map's.
func (r *reader) directory() {
	m := r.m
	seen := map[uint64]int{}
	var bad run
	step := uint64(4096)
	for i := uint64(0); i < m.DirLen && !r.done; {
		n := min(m.DirLen-i, step)
		if !r.spend(int(n)/8 + 1) {
			break
		}
		b, err := r.bytes(m.DirAddr+i*8, int64(n*8))
		if err != nil {
			if step = n / 2; step == 0 {
				step = 1
				bad.extend(i, m.DirAddr+i*8, err)
				m.Directory = append(m.Directory, -1)
				i++
			}
			continue
		}
		r.flush(&bad, "directory entries", "")
		step = min(4096, step*2)
		for ; len(b) > 0 && !r.done; b = b[8:] {
			addr := binary.LittleEndian.Uint64(b)
			at, ok := seen[addr]
			if !ok {
				at = r.table(addr, i)
				seen[addr] = at
			}
			m.Directory = append(m.Directory, at)
			i++
		}
	}
	r.flush(&bad, "directory entries", "")
}

// table reads one table and returns its index in Tables, or -1.
func (r *reader) table(addr, dirIndex uint64) int {
	if !r.spend(1) {
		return -1
	}
	what := fmt.Sprintf("table of directory entry %d", dirIndex)
	b, err := r.bytes(addr, r.l.Table.Size)
	if err != nil {
		r.problem(addr, what, err)
		return -1
	}
	s := r.l.Table
	t := &Table{
		Addr: addr, Used: uint16(get(b, s, "used")), Capacity: uint16(get(b, s, "capacity")),
		GrowthLeft: uint16(get(b, s, "growthLeft")), LocalDepth: uint8(get(b, s, "localDepth")),
		Index: int64(get(b, s, "index")),
	}
	g, _ := s.Field("groups")
	gb := b[g.Offset:]
	t.GroupsAddr = get(gb, r.l.Groups, "data")
	mask := get(gb, r.l.Groups, "lengthMask")
	at := len(r.m.Tables)
	r.m.Tables = append(r.m.Tables, t)
	if mask&(mask+1) != 0 || mask >= 1<<13 || t.Capacity != uint16((mask+1)*perGroup) {
		r.problem(addr, what, fmt.Errorf("a mask of %#x for %d slots: the table is being written, or is none", mask, t.Capacity))
		return at
	}
	if t.Index != int64(dirIndex) {
		r.problem(addr, what, fmt.Errorf("it takes itself for that of entry %d: the directory is being written, or damaged", t.Index))
	}
	if r.spend(int(mask) + 1) {
		r.groupsOf(t, at, int(mask)+1)
		r.m.Tombstones += t.Tombstones
	}
	return at
}

// groupsOf reads n groups of a table, one by one where they cannot be read
// together.
func (r *reader) groupsOf(t *Table, at, n int) {
	size := r.s.Size
	all, together := r.bytes(t.GroupsAddr, size*int64(n))
	before := r.m.Found
	var bad run
	where := fmt.Sprintf(" of table %d", at)
	for g := range n {
		addr := t.GroupsAddr + uint64(g)*uint64(size)
		var b []byte
		var err error
		if together == nil {
			b = all[int64(g)*size : int64(g+1)*size]
		} else if b, err = r.bytes(addr, size); err != nil {
			bad.extend(uint64(g), addr, err)
			t.Groups = append(t.Groups, 0)
			continue
		}
		r.flush(&bad, "groups", where)
		t.Groups = append(t.Groups, binary.LittleEndian.Uint64(b))
		for i := range perGroup {
			switch c := b[i]; {
			case c < 0x80:
				r.entry(addr, b, at, g, i)
			case c == ctrlDeleted:
				t.Tombstones++
			case c != ctrlEmpty:
				r.problem(addr+uint64(i), fmt.Sprintf("slot %d of group %d of table %d", i, g, at), fmt.Errorf("its control byte is %#x, which is none", c))
			}
		}
	}
	r.flush(&bad, "groups", where)
	t.Found = r.m.Found - before
}
