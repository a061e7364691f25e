package inspect

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mapsan/mapsan/maplayout"
)

// Text writes the view for a terminal of so many columns; 0 cuts nothing off.
func (v *View) Text(w io.Writer, columns int) error {
	out := &lines{w: w, columns: columns}
	out.f("%s  %s  %s", v.what(), v.Binary, v.GoVersion)
	out.f("%s", v.counts())
	for _, p := range v.Problems {
		out.f("note: %s", p)
	}
	out.f("")
	if len(v.Inside) == 0 {
		out.f("nobody is inside a map operation")
	} else {
		out.f("inside map operations")
	}
	for i := range v.Inside {
		v.Inside[i].text(out)
	}
	out.f("")
	if len(v.Maps) == 0 {
		out.f("no maps were found")
		return out.err
	}
	out.f("%10s %10s %7s %8s  %-8s %s", "entries", "slots", "tables", "deleted", "flag", "map")
	for _, g := range group(v.Maps) {
		out.f("%s", g.line())
		for _, p := range g.first.Problems {
			if len(g.first.Inside) == 0 { // else that is to be expected
				out.f("%12s%s", "", p)
				break
			}
		}
	}
	if v.Cut {
		out.f("the search for maps ended at its limit: there are more")
	}
	return out.err
}

func (v *View) what() string {
	if v.PID != 0 {
		return fmt.Sprintf("process %d", v.PID)
	}
	return "core " + v.Core
}

// counts says how many goroutines there are, and what the look cost.
func (v *View) counts() string {
	total := 0
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(v.Goroutines)) {
		total += v.Goroutines[state]
		parts = append(parts, fmt.Sprintf("%s %s", thousands(v.Goroutines[state]), state))
	}
	s := fmt.Sprintf("%s goroutines: %s", thousands(total), strings.Join(parts, ", "))
	switch {
	case v.NoStop != "":
		s += "; not stopped: " + v.NoStop
	case v.PID != 0:
		s += fmt.Sprintf("; stopped for %.1f ms of %.0f", ms(v.Stopped), ms(v.Took))
	}
	return s
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (in *Inside) text(out *lines) {
	out.f("  goroutine %d [%s]: %s in %s", in.Goroutine, in.State, in.Op, brief(in.Func))
	if in.File != "" {
		out.f("      %s:%d", in.File, in.Line)
	}
	of := brief(strings.TrimSpace(in.Name + " " + in.Type))
	switch {
	case in.Map != 0:
		out.f("      of %s at %#x", of, in.Map)
	case of != "":
		out.f("      of %s; %s", of, in.NoMap)
	default:
		out.f("      %s", in.NoMap)
	}
}

// several are maps that one variable holds, as those of many values of a struct.
type several struct {
	first                   *Map
	n, used, slots, deleted int
}

const ungrouped = 3 // so many of one name are shown one by one

func group(list []*Map) []*several {
	count := map[[2]string]int{}
	for _, m := range list {
		count[[2]string{m.Name, m.Type}]++
	}
	byName := map[[2]string]*several{}
	var out []*several
	for _, m := range list {
		name := [2]string{m.Name, m.Type}
		g := byName[name]
		if g == nil || len(m.Inside) > 0 || count[name] <= ungrouped {
			g = &several{first: m}
			out = append(out, g)
			if len(m.Inside) == 0 {
				byName[name] = g
			}
		}
		g.n++
		g.used += int(m.Used)
		g.slots += m.Capacity
		g.deleted += m.Tombstones
	}
	return out
}

func (g *several) line() string {
	m := g.first
	tables := fmt.Sprint(len(m.Tables))
	switch {
	case g.n > 1:
		tables = "-"
	case m.Small || m.DirLen == 0 && m.Design == maplayout.Tables:
		tables = "small"
	case m.Design == maplayout.Buckets:
		tables = fmt.Sprintf("2^%d", m.B)
	}
	flag := "-"
	switch {
	case m.Writing:
		flag = "writing"
	case m.Growing():
		flag = "growing"
	}
	name := brief(strings.TrimSpace(m.Name + " " + m.Type))
	if name == "" {
		name = fmt.Sprintf("map at %#x", m.Map.Addr)
	}
	if g.n > 1 {
		name = fmt.Sprintf("%d of %s", g.n, name)
	}
	slots := "?"
	if g.slots > 0 || m.Used == 0 {
		slots = thousands(g.slots)
	}
	return fmt.Sprintf("%10s %10s %7s %8s  %-8s %s", thousands(g.used), slots, tables, thousands(g.deleted), flag, name)
}

// importDirs is what stands before the last part of an import path.
var importDirs = regexp.MustCompile(`(?:[\w.~%-]+/)+`)

// brief leaves the directories of import paths out of names and types.
func brief(s string) string { return importDirs.ReplaceAllString(s, "") }

// lines writes lines and keeps the first error.
type lines struct {
	w       io.Writer
	columns int
	err     error
}

func (l *lines) f(format string, args ...any) {
	s := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	if r := []rune(s); l.columns > 1 && len(r) > l.columns {
		s = string(r[:l.columns-1]) + "…"
	}
	if l.err == nil {
		_, l.err = fmt.Fprintln(l.w, s)
	}
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
