package maplayout

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Map is what was read of one map.
type Map struct {
	Addr   uint64 `json:"addr"`
	Design Design `json:"design"`
	// Used is the number of entries that the header says.
	Used    uint64 `json:"used"`
	Flags   uint8  `json:"flags"`
	Writing bool   `json:"writing"`
	Seed    uint64 `json:"seed"`

	// Of the Tables design. A map of up to eight entries has one group and
	// no directory.
	Small       bool     `json:"small,omitempty"`
	DirAddr     uint64   `json:"dir_addr,omitempty"`
	DirLen      uint64   `json:"dir_len,omitempty"`
	GlobalDepth uint8    `json:"global_depth,omitempty"`
	ClearSeq    uint64   `json:"clear_seq,omitempty"`
	Tables      []*Table `json:"tables,omitempty"`
	// Directory holds, per entry, the index of its table in Tables, -1 when
	// it could not be read.
	Directory []int `json:"directory,omitempty"`

	// Of the Buckets design.
	B            uint8  `json:"b,omitempty"`
	BucketsAddr  uint64 `json:"buckets,omitempty"`
	OldBuckets   uint64 `json:"old_buckets,omitempty"` // not 0 while growing
	SameSizeGrow bool   `json:"same_size_grow,omitempty"`
	Evacuated    uint64 `json:"evacuated,omitempty"` // old buckets moved, in order
	Overflow     int    `json:"overflow,omitempty"`  // overflow buckets met

	// Found is the number of entries met; Tombstones that of slots whose
	// entry was deleted and which still take part in probing.
	Found      int     `json:"found"`
	Tombstones int     `json:"tombstones"`
	Entries    []Entry `json:"-"`
	// Problems are the parts that could not be read, with their reasons.
	Problems []Problem `json:"problems,omitempty"`
	// MoreProblems counts those beyond the first hundred.
	MoreProblems int `json:"more_problems,omitempty"`
	// Cut says that a limit of Options kept something out.
	Cut bool `json:"cut,omitempty"`
}

// Growing reports whether the map moves to a larger array, bit by bit.
func (m *Map) Growing() bool { return m.OldBuckets != 0 }

// Table is one table of the Tables design.
type Table struct {
	Addr       uint64 `json:"addr"`
	Index      int64  `json:"index"` // in the directory; -1 of one that was replaced
	LocalDepth uint8  `json:"local_depth"`
	Used       uint16 `json:"used"`
	Capacity   uint16 `json:"capacity"`
	GrowthLeft uint16 `json:"growth_left"`
	GroupsAddr uint64 `json:"groups"`
	Found      int    `json:"found"`
	Tombstones int    `json:"tombstones"`
	// Groups are the control words, eight slots each.
	Groups []uint64 `json:"-"`
}

// Entry is one key and its element.
type Entry struct {
	Key      []byte `json:"key"`
	Elem     []byte `json:"elem"`
	KeyAddr  uint64 `json:"key_addr"`
	ElemAddr uint64 `json:"elem_addr"`
	Table    int    `json:"table"` // index in Tables; 0 in a small map; -1 in old buckets
	Group    int    `json:"group"` // or bucket
	Slot     int    `json:"slot"`
}

// Problem is a part that could not be read, or cannot be so.
type Problem struct {
	Addr uint64 `json:"addr"`
	What string `json:"what"`
	Why  string `json:"why"`
}

func (p Problem) String() string { return fmt.Sprintf("%s at %#x: %s", p.What, p.Addr, p.Why) }

// Options bound the reading.
type Options struct {
	// MaxEntries is how many entries are kept; 0 is 1,000,000. What is met
	// beyond is still counted.
	MaxEntries int
	// MaxGroups is how many groups or buckets are read; 0 is 1<<20.
	MaxGroups int
	// CountOnly leaves the entries out.
	CountOnly bool
	_         struct{}
}

const maxProblems = 100

type reader struct {
	memory
	l      Layout
	s      Slots
	opts   Options
	m      *Map
	groups int
	done   bool // the budget is spent
}

// Read reads the map whose header is at addr. Its result is never nil: what
// could not be read is among its Problems.
func (l Layout) Read(mem io.ReaderAt, addr uint64, slots Slots, opts Options) *Map {
	if opts.MaxEntries <= 0 {
		opts.MaxEntries = 1_000_000
	}
	if opts.MaxGroups <= 0 {
		opts.MaxGroups = 1 << 20
	}
	r := &reader{memory: memory{mem}, l: l, s: slots, opts: opts, m: &Map{Addr: addr, Design: l.Design}}
	if err := l.Check(); err != nil {
		r.problem(addr, "layout", err)
		return r.m
	}
	tail := int64(0)
	if l.Design == Buckets {
		tail = 8
	}
	b, err := r.bytes(addr, l.Header.Size)
	if err != nil {
		r.problem(addr, "header", err)
		return r.m
	}
	m := r.m
	m.Flags = uint8(value(b, l.Flag))
	m.Writing = m.Flags&l.Mask != 0
	m.Used = get(b, l.Header, "used", "count")
	m.Seed = get(b, l.Header, "seed", "hash0")
	if l.Design == Tables {
		m.DirAddr, m.DirLen = get(b, l.Header, "dirPtr"), get(b, l.Header, "dirLen")
		m.GlobalDepth, m.ClearSeq = uint8(get(b, l.Header, "globalDepth")), get(b, l.Header, "clearSeq")
		m.Small = m.DirLen == 0
	} else {
		m.B, m.BucketsAddr = uint8(get(b, l.Header, "B")), get(b, l.Header, "buckets")
		m.OldBuckets, m.Evacuated = get(b, l.Header, "oldbuckets"), get(b, l.Header, "nevacuate")
		m.SameSizeGrow = m.Flags&sameSizeGrow != 0
	}
	if err := slots.check(addr, tail); err != nil {
		r.problem(addr, "slots", err)
		return m
	}
	if l.Design == Tables {
		r.tables()
	} else {
		r.buckets()
	}
	if uint64(m.Found) != m.Used && !m.Cut && len(m.Problems) == 0 {
		r.problem(addr, "header", fmt.Errorf("it counts %d entries, and %d were met: the map is being written, or damaged", m.Used, m.Found))
	}
	return m
}

func (r *reader) problem(addr uint64, what string, err error) {
	if len(r.m.Problems) < maxProblems {
		r.m.Problems = append(r.m.Problems, Problem{addr, what, err.Error()})
	} else {
		r.m.MoreProblems++
	}
}

// A run is neighbours that cannot be read for one reason.
type run struct {
	from, to uint64
	addr     uint64
	err      error
}

// extend adds part i to a run of such parts.
func (u *run) extend(i, addr uint64, err error) {
	if u.err == nil {
		u.from, u.addr, u.err = i, addr, err
	}
	u.to = i
}

// flush reports the run; where says in what its parts are.
func (r *reader) flush(u *run, part, where string) {
	switch {
	case u.err == nil:
		return
	case u.from == u.to:
		r.problem(u.addr, fmt.Sprintf("%s %d%s", part, u.from, where), u.err)
	default:
		r.problem(u.addr, fmt.Sprintf("%s %d to %d%s", part, u.from, u.to, where), u.err)
	}
	*u = run{}
}

// spend takes n groups from the budget.
func (r *reader) spend(n int) bool {
	if r.groups += n; r.groups > r.opts.MaxGroups {
		r.m.Cut, r.done = true, true
		return false
	}
	return true
}

// entry notes the entry in a slot of the group at addr whose bytes are b.
func (r *reader) entry(addr uint64, b []byte, table, group, slot int) {
	r.m.Found++
	if r.opts.CountOnly {
		return
	}
	if len(r.m.Entries) >= r.opts.MaxEntries {
		r.m.Cut = true
		return
	}
	e := Entry{Table: table, Group: group, Slot: slot}
	var err error
	k := r.s.keyIn(slot)
	if e.Key, e.KeyAddr, err = r.part(addr, b, k, r.s.KeySize, r.s.IndirectKey); err != nil {
		r.problem(addr+uint64(k), "key", err)
	}
	v := r.s.elemIn(slot)
	if e.Elem, e.ElemAddr, err = r.part(addr, b, v, r.s.ElemSize, r.s.IndirectElem); err != nil {
		r.problem(addr+uint64(v), "element", err)
	}
	r.m.Entries = append(r.m.Entries, e)
}

// part returns a key or element; nil when it is behind a pointer that cannot
// be followed.
func (r *reader) part(addr uint64, b []byte, off, size int64, indirect bool) ([]byte, uint64, error) {
	if !indirect {
		return b[off : off+size : off+size], addr + uint64(off), nil
	}
	p := binary.LittleEndian.Uint64(b[off:])
	data, err := r.bytes(p, size)
	return data, p, err
}
