package inspect

import (
	"bytes"
	"fmt"
	"html"

	"github.com/mapsan/mapsan/maplayout"
)

// Measures of the drawing, in pixels.
const (
	svgWidth     = 1080
	svgMargin    = 24
	svgHead      = 96
	dirX         = 24
	dirWidth     = 110
	dirRow       = 18
	tableX       = 220
	slotSize     = 5
	slotStep     = 6
	groupStep    = 8*slotStep + 4
	groupsAcross = 15
	rowStep      = 10
	maxSVGTables = 128
)

var slotColours = map[byte]string{'#': "#1a7f37", 'x': "#d1242f", '.': "#dfe3e8"}

// SVG draws the map: its directory at the left, and lines to the tables, each with
// its groups of eight slots.
func (m *Map) SVG() []byte {
	var body bytes.Buffer
	height := svgHead
	if m.Design == maplayout.Buckets {
		height = m.svgGroups(&body, m.bucketGroups(), tableX, svgHead)
	} else {
		height = m.svgTables(&body)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n", svgWidth, height+svgMargin, svgWidth, height+svgMargin)
	fmt.Fprintf(&b, "<title>%s</title>\n", esc("The map "+m.Name+" in memory"))
	b.WriteString(`<style>text{font:12px system-ui,"DejaVu Sans",sans-serif;fill:#1f2328}.t{font:600 16px system-ui,"DejaVu Sans",sans-serif}` +
		`.m{font:12px ui-monospace,"DejaVu Sans Mono",monospace}.o{fill:#656d76}</style>` + "\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", svgWidth, height+svgMargin)
	fmt.Fprintf(&b, `<text class="t" x="%d" y="36">%s</text>`+"\n", dirX, esc(m.Name))
	fmt.Fprintf(&b, `<text class="m" x="%d" y="56">%s</text>`+"\n", dirX, esc(m.Type))
	fmt.Fprintf(&b, `<text class="o" x="%d" y="76">%s</text>`+"\n", dirX, esc(m.sentence()))
	legend := []struct{ what, of string }{{"#", "entry"}, {"x", "deleted"}, {".", "empty"}}
	for i, l := range legend {
		x := svgWidth - svgMargin - 240 + i*80
		fmt.Fprintf(&b, `<rect x="%d" y="67" width="10" height="10" fill="%s"/><text x="%d" y="76">%s</text>`+"\n", x, slotColours[l.what[0]], x+15, l.of)
	}
	b.Write(body.Bytes())
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func esc(s string) string { return html.EscapeString(s) }

func (m *Map) sentence() string {
	s := fmt.Sprintf("%s entries in %s slots, %s deleted; header %#x", thousands(int(m.Used)), thousands(m.Capacity), thousands(m.Tombstones), m.Map.Addr)
	switch {
	case m.Writing:
		s += "; being written"
	case m.Growing():
		s += "; growing"
	}
	return s
}

func (m *Map) svgTables(b *bytes.Buffer) int {
	y := svgHead
	tables := m.Tables[:min(len(m.Tables), maxSVGTables)]
	middle := make([]int, len(tables))
	for i, t := range tables {
		middle[i] = y + 8
		title := fmt.Sprintf("table %d: depth %d, %s of %s slots used, %s until it grows", i, t.LocalDepth, thousands(t.Found), thousands(int(t.Capacity)), thousands(int(t.GrowthLeft)))
		if m.Small {
			title = "one group, no directory yet"
		}
		fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", tableX, y+12, esc(title))
		y = m.svgGroups(b, t.Groups, tableX, y+20) + 14
	}
	if n := len(m.Tables) - len(tables); n > 0 {
		fmt.Fprintf(b, `<text class="o" x="%d" y="%d">and %s tables more</text>`+"\n", tableX, y+12, thousands(n))
		y += 20
	}
	// The directory: a run of entries that name one table is one box.
	at := svgHead
	for i := 0; i < len(m.Directory); {
		n, table := 1, m.Directory[i]
		for i+n < len(m.Directory) && m.Directory[i+n] == table {
			n++
		}
		if table >= len(tables) {
			break
		}
		label := fmt.Sprintf("%d", i)
		if n > 1 {
			label = fmt.Sprintf("%d to %d", i, i+n-1)
		}
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="#f6f8fa" stroke="#8c959f"/><text class="m" x="%d" y="%d">%s</text>`+"\n",
			dirX, at, dirWidth, dirRow-2, dirX+6, at+12, label)
		if table >= 0 {
			fmt.Fprintf(b, `<path d="M%d %dC%d %d %d %d %d %d" fill="none" stroke="#8c959f"/>`+"\n",
				dirX+dirWidth, at+8, dirX+dirWidth+50, at+8, tableX-60, middle[table], tableX-6, middle[table])
		}
		at += dirRow
		i += n
	}
	return max(y, at)
}

// svgGroups draws control words as rows of slots, and returns where it ended.
func (m *Map) svgGroups(b *bytes.Buffer, groups []uint64, x, y int) int {
	for i, g := range groups {
		gx, gy := x+i%groupsAcross*groupStep, y+i/groupsAcross*rowStep
		for s := range 8 {
			fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`, gx+s*slotStep, gy, slotSize, slotSize+2, slotColours[slot(byte(g>>(8*s)))])
		}
		b.WriteByte('\n')
	}
	return y + (len(groups)+groupsAcross-1)/groupsAcross*rowStep
}

// bucketGroups makes control words of the buckets, as if they were groups.
func (m *Map) bucketGroups() []uint64 {
	groups := make([]uint64, min(1<<min(m.B, 30), maxBuckets))
	for i := range groups {
		groups[i] = 0x8080808080808080
	}
	for _, e := range m.Entries {
		if e.Table >= 0 && e.Group < len(groups) && e.Slot < 8 {
			groups[e.Group] &^= 0xff << (8 * e.Slot)
		}
	}
	return groups
}
