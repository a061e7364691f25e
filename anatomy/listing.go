package anatomy

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// signs stand for the phases at the edge of a listing.
var signs = map[Phase]byte{Before: ' ', Open: '!', Blind: '?', Seen: '=', Closing: '!', After: ' ', Fatal: 'x'}

// A row of a listing is a step, or a number of steps left out.
type row struct {
	step   *Step
	left   int
	phases []Phase
}

// minRun is how many uneventful instructions in a row are left out at least.
const minRun = 4

// rows shortens the steps to what happens: checks, changes of the flag, uses
// of the header, calls and returns.
func (w *Window) rows(all bool) []row {
	var out []row
	for i := 0; i < len(w.Steps); {
		if !all && len(w.Steps[i].Phases) == 0 {
			i++ // behind a call that does not return
			continue
		}
		n := 0
		for i+n < len(w.Steps) && !all && !w.Steps[i+n].Key && !w.Steps[i+n].Event && samePhases(w.Steps[i], w.Steps[i+n]) {
			n++
		}
		if n >= minRun {
			out = append(out, row{left: n, phases: w.Steps[i].Phases})
			i += n
			continue
		}
		for range max(n, 1) {
			out = append(out, row{step: &w.Steps[i], phases: w.Steps[i].Phases})
			i++
		}
	}
	return out
}

func samePhases(a, b Step) bool {
	if len(a.Phases) != len(b.Phases) {
		return false
	}
	for i := range a.Phases {
		if a.Phases[i] != b.Phases[i] {
			return false
		}
	}
	return true
}

// WriteText prints the window in 80 columns, in full or shortened.
func (w *Window) WriteText(out io.Writer, all bool) error {
	b := bufio.NewWriter(out)
	fmt.Fprintln(b, cut(fmt.Sprintf("%s  %s, %s%s", w.Func, w.Subject, w.Arch, opSuffix(w.Op)), width))
	fmt.Fprintln(b)
	for _, s := range w.Spans {
		if s.Phase == Before || s.Phase == After || s.Phase == Fatal {
			continue
		}
		head := fmt.Sprintf("  %c %-8s%s to %s, %d instructions", signs[s.Phase], s.Phase, off(s.From), off(s.To), s.Instructions)
		if len(s.Calls) > 0 {
			head += fmt.Sprintf(", calls %d functions", len(s.Calls))
			if len(s.Calls) == 1 {
				head = strings.TrimSuffix(head, "calls 1 functions") + "a call"
			}
		}
		fmt.Fprintln(b, cut(head, width))
		for _, l := range wrap(s.Says, width-12) {
			fmt.Fprintf(b, "%12s%s\n", "", l)
		}
		for _, c := range s.Calls {
			fmt.Fprintln(b, cut(fmt.Sprintf("%12s- %s", "", c), width))
		}
	}
	fmt.Fprintln(b)
	for _, r := range w.rows(all) {
		gutter := gutterOf(r.phases)
		if r.step == nil {
			fmt.Fprintf(b, "%s %7s  ... %d more\n", gutter, "", r.left)
			continue
		}
		text := cut(r.step.Text, 36)
		line := fmt.Sprintf("%s %7s  %-36s", gutter, off(r.step.Offset), text)
		if r.step.Note != "" {
			line += "  " + r.step.Note
		}
		fmt.Fprintln(b, strings.TrimRight(cut(line, width), " "))
	}
	return b.Flush()
}

func opSuffix(op string) string {
	if op == "" {
		return ""
	}
	return ": " + op
}

// gutterOf is one or two signs; the worst first.
func gutterOf(ps []Phase) string {
	s := ""
	for _, p := range ps {
		if c := string(signs[p]); c != " " && !strings.Contains(s, c) {
			s += c
		}
	}
	if len(ps) == 0 {
		s = "-" // never reached
	}
	return fmt.Sprintf("%-3s", cut(s, 3))
}

func wrap(s string, n int) []string {
	var out []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		if line != "" && len(line)+1+len(word) > n {
			out = append(out, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
