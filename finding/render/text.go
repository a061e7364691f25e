package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/mapsan/mapsan/finding"
)

const ruler = "=================="

// The terminal colours that text uses.
const (
	bold   = "1"
	red    = "1;31"
	yellow = "33"
	green  = "32"
	cyan   = "36"
	faint  = "2"
)

// Text writes the finding for a person at a terminal.
func Text(w io.Writer, f *finding.Finding, o Options) error {
	o = o.withGoroot(f)
	t := &text{w: bufio.NewWriter(w), o: o, src: newSources(o), width: o.Width}
	if t.width <= 0 {
		t.width = 80
	}
	t.width = max(t.width, 40)
	t.finding(f)
	return t.w.Flush()
}

type text struct {
	w     *bufio.Writer
	o     Options
	src   *sources
	width int
}

func (t *text) finding(f *finding.Finding) {
	t.line(ruler)
	t.line("%s on %s", t.color(red, "WARNING: "+heading(f)), t.color(bold, OneLine(mapName(f))))
	t.mapLines(f)
	for i := range f.Parties {
		t.line("")
		t.party(f, i)
	}
	for i := range f.Parties {
		if f.Map.Kernel == nil {
			t.line("")
			t.origin(&f.Parties[i])
		}
	}
	t.line("")
	t.line("%s", t.color(bold, whyHeading(f)+":"))
	for _, s := range why(f, t.o) {
		t.prose("  ", s)
	}
	if l := f.Evidence.Log; l != nil {
		t.line("")
		t.line("%s", t.color(bold, "In the log:"))
		for _, s := range l.Lines {
			t.line("%s", strings.TrimRight("  "+OneLine(s), " "))
		}
	}
	if len(f.Evidence.Seen) > 0 {
		t.line("")
		t.paragraph(t.color(bold, "Seen by:")+" ", "  ", nil, OneLine(strings.Join(f.Evidence.Seen, "; ")))
	}
	t.fixes(f)
	if all := missing(f); len(all) > 0 {
		t.line("")
		t.line("%s", t.color(bold, "Not known:"))
		for _, s := range all {
			t.prose("  ", s)
		}
	}
	t.line("")
	t.footer(f)
	t.line(ruler)
}

func (t *text) mapLines(f *finding.Finding) {
	m := &f.Map
	typ := m.Type
	if m.Declared != "" && m.Declared != m.Type {
		typ = m.Declared
	}
	if typ != "" && m.Expr != "" {
		t.line("  %s", OneLine(typ))
	}
	where := what(f)
	if !m.Decl.IsZero() {
		if where != "" {
			where += ", "
		}
		where += "declared at " + t.o.place(m.Decl)
	}
	if where != "" {
		t.prose("  ", where)
	}
}

func (t *text) party(f *finding.Finding, i int) {
	p := &f.Parties[i]
	head := upper(p.Access.Op.String())
	if i == 1 && f.Evidence.Clocks != nil {
		head = "Previous " + p.Access.Op.String()
	}
	on := ""
	if p.Access.Expr != "" && p.Access.Expr != f.Map.Expr {
		on = " of " + OneLine(p.Access.Expr)
	}
	t.line("%s%s by %s:", t.color(yellow, head), on, t.color(bold, party(p)))
	t.stack(p)
}

// stack writes frames with the source of the access: at the innermost frame,
// and where a person would look for it if that is further out.
func (t *text) stack(p *finding.Party) {
	if len(p.Stack) == 0 {
		t.line("  [no stack]")
	}
	place := p.Place()
	for i, fr := range p.Stack {
		t.frame(fr)
		if pos := fr.Position(); i == 0 && !finding.InReader(fr.Func) || pos.File == place.File && pos.Line == place.Line {
			t.excerpt(pos, 1)
		}
	}
	if p.Partial {
		t.line("  [the stack could not be walked further]")
	}
}

func (t *text) frame(fr finding.Frame) {
	t.line("  %s()", OneLine(fr.Func))
	if fr.File == "" && fr.Offset == 0 {
		return // the kernel's functions
	}
	place := OneLine(t.o.place(fr.Position()))
	if fr.Offset != 0 {
		place += fmt.Sprintf(" +0x%x", fr.Offset)
	}
	t.line("      %s", t.color(cyan, place))
}

func (t *text) excerpt(p finding.Position, around int) {
	for _, l := range t.src.excerpt(p, around) {
		mark := " "
		if l.Here {
			mark = ">"
		}
		s := fmt.Sprintf("      %s %4d | %s", mark, l.Number, l.Text)
		if cut := t.width; utf8.RuneCountInString(s) > cut {
			s = string([]rune(s)[:cut-3]) + "..."
		}
		if l.Here {
			s = t.color(bold, s)
		} else {
			s = t.color(faint, s)
		}
		t.line("%s", s)
	}
}

func (t *text) origin(p *finding.Party) {
	g := &p.Goroutine
	state := ""
	if g.State != "" {
		state = " (" + OneLine(g.State) + ")"
	}
	who := t.color(bold, upper(goroutine(g)))
	switch {
	case g.Main:
		t.line("%s%s began with the program.", who, state)
	case g.Runtime:
		t.line("%s%s was started by the runtime.", who, state)
	case len(g.Origin) == 0:
		t.line("%s%s was started at a place that is not known.", who, state)
	default:
		t.line("%s%s was started at:", who, state)
		start := startOf(g.Origin)
		for _, fr := range g.Origin {
			t.frame(fr)
			if fr == start {
				t.excerpt(fr.Position(), 0)
			}
		}
		if g.OriginPartial {
			t.line("  [the stack could not be walked further]")
		}
	}
}

func (t *text) fixes(f *finding.Finding) {
	if len(f.Fixes) == 0 {
		return
	}
	t.line("")
	t.line("%s", t.color(bold, "What to do:"))
	for i, x := range f.Fixes {
		mark := "  - "
		if i == 0 {
			mark = "  * "
		}
		t.paragraph(mark, "    ", t.paint(green), OneLine(x.Title))
		if x.Text != "" {
			t.prose("    ", x.Text)
		}
		if x.Code != "" {
			for _, s := range strings.Split(clean(x.Code), "\n") {
				t.line("%s", strings.TrimRight("        "+strings.ReplaceAll(s, "\t", "    "), " "))
			}
		}
	}
}

func (t *text) footer(f *finding.Finding) {
	r := &f.Resource
	var where []string
	if r.Test != "" {
		where = append(where, "in "+r.Test)
	}
	if r.Package != "" {
		where = append(where, "of "+r.Package)
	}
	if r.ServiceName != "" {
		where = append(where, "in service "+r.ServiceName)
	}
	if r.PID != 0 {
		where = append(where, fmt.Sprintf("in process %d", r.PID))
	}
	if len(where) > 0 {
		t.prose("", upper(strings.Join(where, " ")))
	}
	t.line("%s", t.color(faint, fmt.Sprintf("%s  %s by %s  fingerprint %s", f.Rule, f.Grade, f.Engine, f.Fingerprint())))
}

func (t *text) line(format string, args ...any) {
	fmt.Fprintf(t.w, format, args...)
	t.w.WriteByte('\n')
}

// prose wraps words to the width.
func (t *text) prose(indent, s string) { t.paragraph(indent, indent, nil, OneLine(s)) }

func (t *text) paragraph(first, rest string, paint func(string) string, s string) {
	lead := first
	line := ""
	flush := func() {
		if paint != nil {
			line = paint(line)
		}
		t.line("%s%s", lead, line)
		lead, line = rest, ""
	}
	for _, word := range strings.Fields(s) {
		if line != "" && utf8.RuneCountInString(lead)+utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > t.width {
			flush()
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	flush()
}

func (t *text) paint(code string) func(string) string {
	return func(s string) string { return t.color(code, s) }
}

func (t *text) color(code, s string) string {
	if !t.o.Color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
