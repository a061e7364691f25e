package anatomy

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mapsan/mapsan/maplayout"
)

// width is that of a terminal that nobody made larger.
const width = 80

// off writes an offset in a function as tracebacks do.
func off(n uint64) string { return fmt.Sprintf("+%#x", n) }

// cut shortens s to n columns.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "~"
	}
	return s
}

// WriteLayouts prints the headers of several binaries side by side, the fields
// that differ from the column before marked with "*".
func WriteLayouts(w io.Writer, list []*Subject) error {
	b := bufio.NewWriter(w)
	for _, d := range []maplayout.Design{maplayout.Buckets, maplayout.Tables} {
		var group []*Subject
		for _, s := range list {
			if s.Layout.Design == d {
				group = append(group, s)
			}
		}
		for len(group) > 0 {
			n := min(len(group), 6)
			writeLayouts(b, group[:n])
			group = group[n:]
		}
	}
	return b.Flush()
}

const nameWidth = 20

func writeLayouts(b *bufio.Writer, list []*Subject) {
	cell := (width - nameWidth) / max(len(list), 4)
	row := func(name string, cells func(i int) string) {
		line := fmt.Sprintf("%-*s", nameWidth, cut(name, nameWidth-1))
		for i := range list {
			line += fmt.Sprintf("%-*s", cell, cut(cells(i), cell-1))
		}
		fmt.Fprintln(b, strings.TrimRight(line, " "))
	}
	fmt.Fprintf(b, "%s (offset:size; * differs from the column before)\n\n", list[0].Layout.Header.Name)
	row("", func(i int) string { return strings.TrimPrefix(list[i].Name, "go") })
	at := func(i int, f string) string {
		x, ok := list[i].Layout.Header.Field(f)
		if !ok {
			return "-"
		}
		return fmt.Sprintf("%d:%d", x.Offset, x.Size)
	}
	mark := func(i int, at func(int) string) string {
		if i > 0 && at(i) != at(i-1) {
			return at(i) + " *"
		}
		return at(i)
	}
	names := fieldNames(list)
	for _, n := range names {
		row(n, func(i int) string { return mark(i, func(k int) string { return at(k, n) }) })
	}
	row("size", func(i int) string {
		return mark(i, func(k int) string { return fmt.Sprint(list[k].Layout.Header.Size) })
	})
	flag := func(i int) string {
		l := list[i].Layout
		if l.Design == maplayout.Buckets {
			return fmt.Sprintf("%s&%d", l.Flag.Name, l.Mask)
		}
		return l.Flag.Name
	}
	row("writing flag", func(i int) string { return mark(i, flag) })
	row("layout from", func(i int) string { return list[i].Layout.Header.From })
	fmt.Fprintf(b, "\ninstructions of the map functions that use the field at that offset and size\n\n")
	for _, n := range names {
		row(n, func(i int) string {
			for _, f := range list[i].Fields {
				if f.Name == n {
					return fmt.Sprintf("%d+%dw", f.Reads, f.Writes)
				}
			}
			return "-"
		})
	}
	row("functions read", func(i int) string { return fmt.Sprint(list[i].Functions) })
	row("fit no field", func(i int) string { return fmt.Sprint(len(list[i].Strays)) })
	fmt.Fprintln(b)
}

// fieldNames lists the fields of all subjects in order of their offsets.
func fieldNames(list []*Subject) []string {
	offset := map[string]int64{}
	var names []string
	for _, s := range list {
		for _, f := range s.Layout.Header.Fields {
			if _, ok := offset[f.Name]; !ok {
				names = append(names, f.Name)
			}
			offset[f.Name] = f.Offset
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(offset[a], offset[b]) })
	return names
}

// WriteChecks prints the check sites and toggles of a binary.
func WriteChecks(w io.Writer, s *Subject, list []Anatomy) error {
	b := bufio.NewWriter(w)
	checks, toggles, odd := 0, 0, 0
	for _, a := range list {
		checks, toggles, odd = checks+len(a.Checks), toggles+len(a.Toggles), odd+len(a.Odd)
	}
	fmt.Fprintf(b, "%s, %s: %d check sites and %d changes of the flag in %d of %d map functions\n", s.Name, s.Arch, checks, toggles, len(list), s.Functions)
	if odd > 0 {
		fmt.Fprintf(b, "%d fatal errors are not explained by a check that was found\n", odd)
	}
	for _, a := range list {
		fmt.Fprintf(b, "\n%s\n", cut(a.Func, width))
		type row struct {
			pc    uint64
			lines []string
		}
		var rows []row
		for _, c := range a.Checks {
			first := fmt.Sprintf("  %#-9x %-7s %-31s check %s", c.PC, off(c.Offset), cut(c.Text, 30), c.Tests)
			second := fmt.Sprintf("  %-9s %-7s -> %q, %s", "", "", c.Message, c.Line)
			rows = append(rows, row{c.PC, []string{cut(first, width), cut(second, width)}})
			if c.Inlined != "" {
				rows[len(rows)-1].lines = append(rows[len(rows)-1].lines, cut(fmt.Sprintf("  %-9s %-7s    in %s, inlined", "", "", c.Inlined), width))
			}
		}
		for _, t := range a.Toggles {
			what := "clears"
			if t.On {
				what = "sets"
			}
			rows = append(rows, row{t.PC, []string{cut(fmt.Sprintf("  %#-9x %-7s %-31s %-5s %s", t.PC, off(t.Offset), cut(t.Text, 30), what, t.How), width)}})
		}
		slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.pc, b.pc) })
		for _, r := range rows {
			for _, l := range r.lines {
				fmt.Fprintln(b, l)
			}
		}
		for _, o := range a.Odd {
			fmt.Fprintln(b, cut("  not explained: "+o, width))
		}
	}
	return b.Flush()
}
