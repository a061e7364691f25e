package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// markdown returns all tables, the goals first.
func (res *results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s. %s. Medians of %d rounds, interleaved, each in processes of its own.\n\n    %s\n\n", res.Machine, res.Go, res.Date, res.Rounds, res.Command)
	fmt.Fprintf(&b, "Peers: %s. All are made with room for their keys, except sync.Map and concurrent-map, which cannot be told. %s\n\n", strings.Join(res.Peers, ", "), leftOut)
	if res.Load > busy {
		fmt.Fprintf(&b, "**The machine was busy** (load average %.1f before the run): wall times, which are those of two goroutines, of single operations and of snapshots, have what others did in them.\n\n", res.Load)
	}
	res.goals(&b)
	for _, g := range groups {
		lines := res.of(g.name)
		if len(lines) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", g.title, g.note)
		head, body := res.cells(g.name)
		for _, r := range body {
			r[0] = "`" + r[0] + "`"
		}
		left := func(column string) bool {
			return slices.Contains([]string{"cell", "unit", "best peer", "must", "verdict"}, column)
		}
		table(&b, head, body, left)
		if g.name == "growth" {
			res.maxima(&b)
		}
		res.failures(&b, lines)
	}
	return b.String()
}

// busy is the load from which the tables warn.
const busy = 0.5

// goals writes what was asked for and what became of it.
func (res *results) goals(b *strings.Builder) {
	missed, all := res.missed()
	fmt.Fprintf(b, "### Musts\n\n%d of %d are met.", all-len(missed), all)
	if all == 0 {
		fmt.Fprintf(b, "\n")
		return
	}
	if len(missed) > 0 {
		var names []string
		for _, l := range missed {
			names = append(names, "`"+l.Name+"`")
		}
		fmt.Fprintf(b, " **Missed: %s.**", strings.Join(names, ", "))
	}
	fmt.Fprintf(b, " A ratio is to the best peer of the cell where no other map is named.\n\n")
	var body [][]string
	for _, l := range res.Rows {
		g := l.row.goal
		if g == nil {
			continue
		}
		v := res.judge(l.row)
		word := v.String()
		if !v.met {
			word = "**" + word + "**"
		}
		body = append(body, []string{"`" + l.Name + "`", l.row.about, number(res.median(l.Name, ours)) + " " + l.Unit, res.against(l), g.said(v, l.Unit), g.bound(l.Unit), word})
	}
	table(b, []string{"cell", "what", "safemap", "against", "measured", "must", ""}, body, func(c string) bool { return c == "cell" || c == "what" || c == "" })
}

// against returns what the goal of a row compares with, and its figure.
func (res *results) against(l *line) string {
	g := l.row.goal
	switch {
	case g.than == "":
		return ""
	case g.than == best:
		peer, least := res.best(l.Name)
		return peer + " " + number(least)
	case g.difference():
		return path.Base(g.than) + " " + number(res.median(g.than, ours))
	}
	return g.than + " " + number(res.median(l.Name, g.than))
}

// maxima writes the worst insert of each round: one number would not say
// whether it comes of the map or of the machine.
func (res *results) maxima(b *strings.Builder) {
	l := res.line("growth/int/1M/worst")
	if l == nil {
		return
	}
	fmt.Fprintf(b, "\nThe worst insert of each round, in ms:\n\n")
	var body [][]string
	for _, m := range res.maps("growth") {
		var all []string
		for _, v := range l.Maps[m] {
			all = append(all, number(v))
		}
		body = append(body, []string{m, strings.Join(all, ", ")})
	}
	table(b, []string{"map", "worst insert"}, body, func(string) bool { return true })
}

// failures writes which maps gave no figure, and why.
func (res *results) failures(b *strings.Builder, lines []*line) {
	for _, m := range mapNames {
		byReason := map[string][]string{}
		var reasons []string
		for _, l := range lines {
			if why := l.Failed[m]; why != "" {
				if byReason[why] == nil {
					reasons = append(reasons, why)
				}
				byReason[why] = append(byReason[why], "`"+l.Name+"`")
			}
		}
		for _, why := range reasons {
			fmt.Fprintf(b, "\n%s %s: no figure for %s.\n", m, why, strings.Join(byReason[why], ", "))
		}
	}
}

func table(b *strings.Builder, head []string, body [][]string, left func(column string) bool) {
	fmt.Fprintf(b, "| %s |\n|", strings.Join(head, " | "))
	for _, h := range head {
		if left(h) {
			b.WriteString(" --- |")
		} else {
			b.WriteString(" ---: |")
		}
	}
	b.WriteString("\n")
	for _, r := range body {
		fmt.Fprintf(b, "| %s |\n", strings.Join(r, " | "))
	}
}
