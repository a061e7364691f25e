package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// cells returns the table of a group: a head, and a line for each row.
func (res *results) cells(group string) (head []string, body [][]string) {
	maps := res.maps(group)
	head = append([]string{"cell", "unit"}, maps...)
	compared := slices.ContainsFunc(maps, func(m string) bool { return m != ours && m != native })
	if compared {
		head = append(head, "best peer", "ratio")
	}
	head = append(head, "must", "verdict")
	for _, l := range res.of(group) {
		out := []string{l.Name, l.Unit}
		for _, m := range maps {
			out = append(out, res.cell(l, m))
		}
		if compared {
			peer, _ := res.best(l.Name)
			out = append(out, peer, times(res.ratio(l.Name)))
		}
		must := ""
		if l.row.goal != nil {
			must = l.row.goal.bound(l.Unit)
		}
		body = append(body, append(out, must, res.outcome(l)))
	}
	return head, body
}

// cell returns what a map has in a row: its median, or why there is none.
func (res *results) cell(l *line, of string) string {
	if why := l.Failed[of]; why != "" {
		word, _, _ := strings.Cut(why, " ")
		return strings.TrimSuffix(word, ":")
	}
	if len(l.Maps[of]) == 0 {
		return ""
	}
	return number(median(l.Maps[of]))
}

// outcome returns the word for a row: its verdict, or, where nothing was asked
// for, whether a peer does better. What is missed or lost is in bold.
func (res *results) outcome(l *line) string {
	if g := l.row.goal; g != nil {
		v := res.judge(l.row)
		word := v.String()
		if !v.met {
			word = "**" + word + "**"
		}
		if g.than != best {
			word = g.said(v, l.Unit) + ": " + word
		}
		return word
	}
	if res.ratio(l.Name) > 1.005 {
		return "**lost**"
	}
	return ""
}

func times(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return ""
	}
	return fmt.Sprintf("%.2fx", f)
}

// text returns the table of a group for a terminal.
func (res *results) text(g group) string {
	head, body := res.cells(g.name)
	rows := append([][]string{head}, body...)
	width := make([]int, len(head))
	for _, r := range rows {
		for i, s := range r {
			width[i] = max(width[i], len([]rune(strings.ReplaceAll(s, "**", ""))))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", g.title)
	for _, r := range rows {
		var line strings.Builder
		for i, s := range r {
			if before, word, marked := strings.Cut(s, "**"); marked {
				s = before + strings.ToUpper(strings.TrimSuffix(word, "**"))
			}
			pad := strings.Repeat(" ", width[i]-len([]rune(s)))
			if left := i < 2 || i >= len(r)-2; left {
				line.WriteString(s + pad + "  ")
			} else {
				line.WriteString(pad + s + "  ")
			}
		}
		b.WriteString("  " + strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
