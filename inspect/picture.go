package inspect

import (
	"fmt"
	"io"
	"strings"

	"github.com/mapsan/mapsan/maplayout"
)

// Find returns the maps that an expression means: an address, a path, a
// variable's name, or the end of either behind a dot.
func (v *View) Find(expr string) []*Map {
	var exact, ends []*Map
	for _, m := range v.Maps {
		addr := fmt.Sprintf("%#x", m.Map.Addr)
		switch {
		case expr == addr || expr == m.Path || expr == m.Name:
			exact = append(exact, m)
		case strings.HasSuffix(m.Path, "."+expr) || strings.HasSuffix(m.Name, "."+expr) || strings.HasSuffix(m.Path, " "+expr) || strings.HasSuffix(m.Name, "/"+expr):
			ends = append(ends, m)
		}
	}
	if exact != nil {
		return exact
	}
	return ends
}

const barWidth = 20

// Picture draws the map's directory, tables and groups as text, one character a
// slot: '#' an entry, 'x' a deleted one, '.' empty.
func (m *Map) Picture(w io.Writer, columns int) error {
	out := &lines{w: w, columns: columns}
	m.head(out)
	if m.Design == maplayout.Buckets {
		m.bucketPicture(out)
	} else {
		m.tablePicture(out)
	}
	for _, p := range m.Problems {
		out.f("note: %s", p)
	}
	return out.err
}

func (m *Map) head(out *lines) {
	out.f("%s", brief(strings.TrimSpace(m.Name+" "+m.Type)))
	if m.Path != "" && m.Path != m.Name {
		out.f("  reached by  %s", m.Path)
	}
	flag := "0"
	if m.Writing {
		flag = fmt.Sprintf("%#x, being written", m.Flags)
	}
	out.f("  header      %#x, writing flag %s", m.Map.Addr, flag)
	for _, g := range m.Inside {
		out.f("  inside      goroutine %d", g)
	}
	load := ""
	if m.Capacity > 0 {
		load = fmt.Sprintf(" in %s slots, %d %%", thousands(m.Capacity), 100*int(m.Used)/m.Capacity)
	}
	out.f("  entries     %s%s; %s deleted", thousands(int(m.Used)), load, thousands(m.Tombstones))
}

func (m *Map) tablePicture(out *lines) {
	if m.Small {
		if len(m.Tables) == 0 {
			out.f("  no group: nothing was ever put in")
			return
		}
		out.f("  one group   %s", slots(m.Tables[0].Groups))
		return
	}
	out.f("  directory   %s entries for %d tables, depth %d", thousands(int(m.DirLen)), len(m.Tables), m.GlobalDepth)
	out.f("              %s", directory(m.Directory))
	for i, t := range m.Tables {
		out.f("")
		out.f("table %d  depth %d  [%s] %s of %s slots, %s deleted, %s until it grows", i, t.LocalDepth,
			bar(int(t.Used), int(t.Capacity)), thousands(int(t.Used)), thousands(int(t.Capacity)), thousands(t.Tombstones), thousands(int(t.GrowthLeft)))
		groupRows(out, t.Groups)
	}
}

// directory writes the tables in its order, a run of one table once.
func directory(list []int) string {
	var runs []string
	for i := 0; i < len(list); {
		n := 1
		for i+n < len(list) && list[i+n] == list[i] {
			n++
		}
		s := fmt.Sprint(list[i])
		if list[i] < 0 {
			s = "?"
		}
		if n > 1 {
			s += fmt.Sprintf("(%d)", n)
		}
		runs = append(runs, s)
		i += n
	}
	return strings.Join(runs, " ")
}

func bar(n, of int) string {
	full := 0
	if of > 0 {
		full = min(barWidth, (n*barWidth+of-1)/of)
	}
	return strings.Repeat("#", full) + strings.Repeat(".", barWidth-full)
}

const groupsPerRow = 8

func groupRows(out *lines, groups []uint64) {
	for len(groups) > 0 {
		n := min(len(groups), groupsPerRow)
		row := make([]string, n)
		for i, g := range groups[:n] {
			row[i] = slots([]uint64{g})
		}
		out.f("    %s", strings.Join(row, " "))
		groups = groups[n:]
	}
}

// slots draws the slots of groups by their control words
// (internal/runtime/maps/group.go).
func slots(groups []uint64) string {
	var s strings.Builder
	for _, g := range groups {
		for i := range 8 {
			s.WriteByte(slot(byte(g >> (8 * i))))
		}
	}
	return s.String()
}

func slot(ctrl byte) byte {
	switch {
	case ctrl < 0x80:
		return '#'
	case ctrl == 0xfe:
		return 'x'
	}
	return '.'
}

const maxBuckets = 4096 // that are drawn

func (m *Map) bucketPicture(out *lines) {
	out.f("  buckets     2^%d of eight slots, %d more behind them", m.B, m.Overflow)
	if m.Growing() {
		out.f("  growing     %s old buckets are moved so far", thousands(int(m.Evacuated)))
	}
	groups := m.bucketGroups()
	out.f("")
	groupRows(out, groups)
	if n := 1<<min(m.B, 30) - len(groups); n > 0 {
		out.f("    and %s more", thousands(n))
	}
}
