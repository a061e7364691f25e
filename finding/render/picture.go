package render

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// Measures of the picture, in its own units; a screen 400 wide shows three
// lanes at their natural size.
const (
	laneGap    = 130
	wideGap    = 210 // between two lanes that are alone
	laneMargin = 74
	rowHeight  = 42
	headHeight = 74
	footHeight = 64
	maxLanes   = 4
)

// picture is the happens-before picture: a lane for each goroutine, time
// running down, a line wherever one goroutine learnt of another.
type picture struct {
	ID            int
	Width, Height int
	Alt           string
	Lanes         []pictureLane
	Edges         []pictureEdge
	Nodes         []pictureNode
	Gap           *pictureGap
	Legend        []pictureEntry
	KnownText     string
}

type pictureLane struct {
	X, Top, Bottom int
	Name, State    string
	Party          bool
	Known          int    // down to here the lane happens before the later access; 0 for none
	Start          string // how the goroutine began
}

type pictureEdge struct{ Path string }

type pictureNode struct {
	X, Y   int
	Kind   string // acquire, release, spawn, other, tick, read, write
	Number int
	Side   int // -1: text to the left, 1: to the right
	Text   []string
	TextX  int
	TextY  int
	Access bool
}

// Anchor is where the node's text is held.
func (n pictureNode) Anchor() string {
	if n.Side < 0 {
		return "end"
	}
	return "start"
}

// LineY is the height of the node's text, line by line.
func (n pictureNode) LineY(i int) int { return n.TextY + 15*i }

type pictureGap struct{ X1, Y1, X2, Y2, MidX, MidY int }

// PillX is the left edge of the label on the line.
func (g pictureGap) PillX() int { return g.MidX - 32 }

// PillY is the label's upper edge.
func (g pictureGap) PillY() int { return g.MidY - 11 }

// TextY is the label's base line.
func (g pictureGap) TextY() int { return g.MidY + 4 }

type pictureEntry struct {
	Number int
	Kind   string
	Who    string
	Text   string
	Place  string
	Code   string
}

// event is a node before it has a place.
type event struct {
	lane   int
	sync   *finding.Sync // nil for accesses and ticks
	party  int           // of an access, else -1
	time   uint64
	rank   int
	from   []*event // what must stand above it
	taught *event   // the event of another lane that it learnt from
}

type pictureMaker struct {
	f     *finding.Finding
	o     Options
	src   *sources
	ids   []uint64   // lane -> goroutine
	lanes [][]*event // in each lane's order
	names map[uint64]string
	known *event // the last moment of the other party that the later one knew
}

func newPicture(id int, f *finding.Finding, o Options, src *sources) *picture {
	m := &pictureMaker{f: f, o: o, src: src, names: map[uint64]string{}}
	m.chooseLanes()
	m.place()
	m.learn()
	m.rank()
	p := m.draw()
	p.ID = id
	return p
}

// chooseLanes puts the earlier party left, the later one right, and those that
// they learnt from between them.
func (m *pictureMaker) chooseLanes() {
	cur, prev := m.f.Parties[0].Goroutine.ID, m.f.Parties[1].Goroutine.ID
	for i := range m.f.Parties {
		g := &m.f.Parties[i].Goroutine
		m.names[g.ID] = goroutine(g)
	}
	m.ids = []uint64{prev}
	for i := len(m.f.Evidence.Sync) - 1; i >= 0; i-- {
		l := m.f.Evidence.Sync[i].Learnt
		if l == nil || l.Goroutine == cur || slices.Contains(m.ids, l.Goroutine) || len(m.ids) >= maxLanes-1 {
			continue
		}
		m.ids = append(m.ids, l.Goroutine)
	}
	m.ids = append(m.ids, cur)
	m.lanes = make([][]*event, len(m.ids))
}

func (m *pictureMaker) lane(id uint64) int {
	// From the right: the later party's lane is the last one.
	for i := len(m.ids) - 1; i >= 0; i-- {
		if m.ids[i] == id {
			return i
		}
	}
	return -1
}

// place puts each goroutine's own events in their order, the accesses among them.
func (m *pictureMaker) place() {
	last := len(m.ids) - 1
	for i := range m.f.Evidence.Sync {
		s := &m.f.Evidence.Sync[i]
		if lane := m.lane(s.Goroutine); lane >= 0 {
			m.lanes[lane] = append(m.lanes[lane], &event{lane: lane, sync: s, party: -1, time: s.Time})
		}
	}
	m.lanes[last] = append(m.lanes[last], &event{lane: last, party: 0})
	access := &event{lane: 0, party: 1}
	if c := m.f.Evidence.Clocks; c != nil {
		access.time = c.Previous.Time
		m.lanes[last][len(m.lanes[last])-1].time = c.Current.Time
	}
	m.insert(0, access)
}

// insert puts an event of known time where the lane's releases allow it: a
// release at time t publishes what was done up to t.
func (m *pictureMaker) insert(lane int, e *event) {
	at := len(m.lanes[lane])
	for i, x := range m.lanes[lane] {
		published := x.sync != nil && x.sync.Kind == "release" && x.time >= e.time
		if published || x.sync == nil && x.time > e.time {
			at = i
			break
		}
	}
	m.lanes[lane] = slices.Insert(m.lanes[lane], at, e)
}

// learn joins each lesson to the moment that it taught.
func (m *pictureMaker) learn() {
	for _, lane := range m.lanes {
		for _, e := range slices.Clone(lane) {
			if e.sync == nil || e.sync.Learnt == nil {
				continue
			}
			from := m.lane(e.sync.Learnt.Goroutine)
			if from < 0 || from == e.lane {
				continue
			}
			e.taught = m.moment(from, e.sync.Learnt.Time, e.sync.Object)
		}
	}
	if c := m.f.Evidence.Clocks; c != nil && c.Known.Time > 0 {
		m.known = m.moment(0, c.Known.Time, 0)
	}
}

// moment is the event of a lane that published a time; one is made when the
// history does not reach back to it.
func (m *pictureMaker) moment(lane int, time uint64, object finding.Addr) *event {
	var found *event
	for _, x := range m.lanes[lane] {
		if x.time == time && x.party < 0 && (x.sync == nil || x.sync.Kind == "release") &&
			(found == nil || x.sync != nil && x.sync.Object == object) {
			found = x
		}
	}
	if found == nil {
		found = &event{lane: lane, party: -1, time: time}
		m.insert(lane, found)
	}
	return found
}

// rank gives each event the first row below all that must stand above it.
func (m *pictureMaker) rank() {
	var all []*event
	for _, lane := range m.lanes {
		for i, e := range lane {
			if i > 0 {
				e.from = append(e.from, lane[i-1])
			}
			if e.taught != nil {
				e.from = append(e.from, e.taught)
			}
			all = append(all, e)
		}
	}
	last := m.lanes[len(m.lanes)-1]
	current := last[len(last)-1]
	for _, e := range m.lanes[0] {
		if e.party == 1 && e != current {
			current.from = append(current.from, e)
		}
	}
	// Histories of hostile findings may contradict themselves, hence the bound.
	for range len(all) {
		changed := false
		for _, e := range all {
			for _, f := range e.from {
				if e.rank <= f.rank && f.rank < len(all) {
					e.rank, changed = f.rank+1, true
				}
			}
		}
		if !changed {
			break
		}
	}
}

// past is, for each lane, the last event that happens before the later access,
// the access itself on its own lane; nil where none is known to.
func (m *pictureMaker) past() []*event {
	out := make([]*event, len(m.lanes))
	last := m.lanes[len(m.lanes)-1]
	todo := []*event{last[len(last)-1]}
	if m.known != nil {
		todo = append(todo, m.known)
	}
	for len(todo) > 0 {
		e := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		lane := m.lanes[e.lane]
		at := slices.Index(lane, e)
		if out[e.lane] != nil && slices.Index(lane, out[e.lane]) >= at {
			continue
		}
		out[e.lane] = e
		for _, x := range lane[:at+1] {
			if x.taught != nil {
				todo = append(todo, x.taught)
			}
		}
	}
	return out
}

func (m *pictureMaker) gapOf() int {
	if len(m.lanes) == 2 {
		return wideGap
	}
	return laneGap
}

func (m *pictureMaker) x(lane int) int { return laneMargin + lane*m.gapOf() }

func (m *pictureMaker) y(e *event) int { return headHeight + 30 + e.rank*rowHeight }

func (m *pictureMaker) draw() *picture {
	p := &picture{Width: 2*laneMargin + (len(m.lanes)-1)*m.gapOf()}
	past := m.past()
	deepest := 0
	for _, lane := range m.lanes {
		for _, e := range lane {
			deepest = max(deepest, m.y(e))
		}
	}
	p.Height = deepest + footHeight
	for i, id := range m.ids {
		lane := pictureLane{X: m.x(i), Top: headHeight, Bottom: p.Height - 12, Name: m.names[id]}
		if lane.Name == "" {
			lane.Name = fmt.Sprintf("goroutine %d", id)
		}
		for j := range m.f.Parties {
			g := &m.f.Parties[j].Goroutine
			if g.ID != id || i != 0 && j == 1 || i == 0 && j == 0 && len(m.ids) > 1 {
				continue
			}
			lane.Party, lane.State = true, clean(g.State)
			switch {
			case len(g.Origin) > 0:
				lane.Start = "go at " + m.o.shortPlace(startOf(g.Origin).Position())
			case g.Main:
				lane.Start = "func main"
			case g.Runtime:
				lane.Start = "by the runtime"
			}
		}
		if past[i] != nil && m.f.Evidence.Clocks != nil {
			lane.Known = m.y(past[i])
		}
		p.Lanes = append(p.Lanes, lane)
	}
	objects := m.objects()
	number := 0
	for i, lane := range m.lanes {
		for _, e := range lane {
			n := m.node(e, i)
			if e.sync != nil {
				number++
				n.Number = number
				p.Legend = append(p.Legend, m.entry(e, number, objects))
			}
			p.Nodes = append(p.Nodes, n)
			if e.taught != nil {
				p.Edges = append(p.Edges, m.edge(e.taught, e))
			}
		}
	}
	m.gap(p)
	p.KnownText = m.knownText()
	p.Alt = clean(strings.Join(why(m.f, m.o), " "))
	return p
}

// startOf is the go statement that a reader knows: library code that starts
// goroutines for its caller is passed over, and so is what go test generates.
func startOf(origin []finding.Frame) finding.Frame {
	for _, fr := range origin {
		if !finding.InStd(fr.Func) && path.Base(fr.File) != "_testmain.go" {
			return fr
		}
	}
	return origin[0]
}

func (m *pictureMaker) node(e *event, lane int) pictureNode {
	n := pictureNode{X: m.x(lane), Y: m.y(e), Kind: "tick", Side: -1}
	if lane == len(m.lanes)-1 {
		n.Side = 1
	}
	switch {
	case e.party >= 0:
		p := &m.f.Parties[e.party]
		n.Access, n.Side = true, -n.Side
		n.Kind = string(p.Access.Op.Class())
		n.Text = []string{string(p.Access.Op)}
		if pos := p.Place(); !pos.IsZero() {
			n.Text = append(n.Text, m.o.shortPlace(pos))
		}
		n.TextX, n.TextY = n.X+n.Side*20, n.Y-22
		if e.party == 0 {
			n.TextY = n.Y + 26
		}
		if e.time > 0 {
			n.Text[0] += ", time " + strconv.FormatUint(e.time, 10)
		}
		return n
	case e.sync != nil:
		n.Kind = "other"
		switch e.sync.Kind {
		case "acquire", "release", "spawn":
			n.Kind = e.sync.Kind
		}
	}
	n.TextX, n.TextY = n.X+n.Side*16, n.Y+4
	if e.time > 0 {
		n.Text = []string{"time " + strconv.FormatUint(e.time, 10)}
	}
	return n
}

// edge curves from what was taught to who learnt it.
func (m *pictureMaker) edge(from, to *event) pictureEdge {
	x1, y1, x2, y2 := m.x(from.lane), m.y(from), m.x(to.lane), m.y(to)
	dir := 1
	if x2 < x1 {
		dir = -1
	}
	x1, x2 = x1+dir*10, x2-dir*14
	mid := (x1 + x2) / 2
	return pictureEdge{Path: fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, mid, y1, mid, y2, x2, y2)}
}

// gap is the missing path between the accesses.
func (m *pictureMaker) gap(p *picture) {
	var a, b *pictureNode
	for i := range p.Nodes {
		n := &p.Nodes[i]
		switch {
		case n.Access && n.X == m.x(0) && a == nil:
			a = n
		case n.Access:
			b = n
		}
	}
	if a == nil || b == nil {
		return
	}
	p.Gap = &pictureGap{X1: a.X + 14, Y1: a.Y + 2, X2: b.X - 14, Y2: b.Y - 2, MidX: (a.X + b.X) / 2, MidY: (a.Y + b.Y) / 2}
}

func (m *pictureMaker) knownText() string {
	cur, prev := m.f.Parties[0].Access.Op, m.f.Parties[1].Access.Op
	if m.f.Evidence.Clocks == nil {
		return "No way down, along lanes and arrows, is known to lead from one access to the other."
	}
	which := "the " + string(cur)
	if cur == prev {
		which = "the lower " + string(cur)
	}
	return fmt.Sprintf("The green band is all that happens before %s. The %s on the left is outside it: no way down, along lanes and arrows, leads from the one to the other.",
		which, prev)
}

// objects gives each synchronisation object a letter, in the order of sight.
func (m *pictureMaker) objects() map[finding.Addr]string {
	out := map[finding.Addr]string{}
	for _, lane := range m.lanes {
		for _, e := range lane {
			if e.sync == nil || e.sync.Object == 0 || out[e.sync.Object] != "" {
				continue
			}
			n := len(out)
			name := string(rune('A' + n%26))
			if n >= 26 {
				name += strconv.Itoa(n / 26)
			}
			out[e.sync.Object] = name
		}
	}
	return out
}

func (m *pictureMaker) entry(e *event, number int, objects map[finding.Addr]string) pictureEntry {
	s := e.sync
	x := pictureEntry{Number: number, Kind: cmp.Or(s.Kind, "other"), Who: cmp.Or(m.names[s.Goroutine], fmt.Sprintf("goroutine %d", s.Goroutine))}
	if name := objects[s.Object]; name != "" {
		x.Text = " " + name
	}
	if s.Learnt != nil {
		who := cmp.Or(m.names[s.Learnt.Goroutine], fmt.Sprintf("goroutine %d", s.Learnt.Goroutine))
		x.Text += fmt.Sprintf(", learnt of %s up to time %d", who, s.Learnt.Time)
	}
	if s.Learnt == nil && s.Kind == "acquire" {
		x.Text += ", learnt nothing new"
	}
	x.Place = m.o.shortPlace(s.Site)
	if lines := m.src.excerpt(s.Site, 0); len(lines) == 1 {
		x.Code = lines[0].Text
	}
	return x
}
