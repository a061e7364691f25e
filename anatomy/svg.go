package anatomy

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"strings"
)

// Measures of the picture, in pixels.
const (
	svgWidth   = 1080
	svgMargin  = 24
	rowHeight  = 18
	bandX      = 24
	bandWidth  = 14
	offsetX    = 108
	textX      = 122
	noteX      = 468
	bracketX   = 800
	legendLine = 20
)

var colours = map[Phase][2]string{ // band, background
	Before:  {"#c9d1d9", "#ffffff"},
	Open:    {"#d1242f", "#ffe4e1"},
	Blind:   {"#bf8700", "#fff4d1"},
	Seen:    {"#1a7f37", "#e6f6ea"},
	Closing: {"#e16f24", "#ffecdd"},
	After:   {"#c9d1d9", "#ffffff"},
	Fatal:   {"#57606a", "#eaeef2"},
}

// inks are the phases' colours for text, dark enough on white.
var inks = map[Phase]string{Open: "#a40e26", Blind: "#7d4e00", Seen: "#116329", Closing: "#a04100"}

// WriteSVG draws the window: one line an instruction, its background the
// phase, with a bracket and a sentence beside the stretches that matter.
func (w *Window) WriteSVG(out io.Writer) error {
	b := bufio.NewWriter(out)
	rows := w.rows(false)
	top := svgMargin + 34 + legendLine*w.legendLines() + 14
	height := top + rowHeight*len(rows) + svgMargin
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n", svgWidth, height, svgWidth, height)
	fmt.Fprintf(b, "<title>%s</title>\n", esc("What protects "+w.Func+" from concurrent use"))
	fmt.Fprint(b, `<style>text{font:12px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#1f2328}`+
		`.t{font:600 16px system-ui,"DejaVu Sans",sans-serif}.s{font:13px system-ui,"DejaVu Sans",sans-serif}`+
		`.o,.l{fill:#656d76}.k{font-weight:700}.n{font:12px system-ui,"DejaVu Sans",sans-serif}.b{font-weight:600}</style>`+"\n")
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", svgWidth, height)
	fmt.Fprintf(b, `<text class="t" x="%d" y="%d">%s</text>`+"\n", bandX, svgMargin+12, esc(w.Func))
	fmt.Fprintf(b, `<text class="s" x="%d" y="%d" text-anchor="end">%s</text>`+"\n", svgWidth-svgMargin, svgMargin+12, esc(w.Subject+", "+string(w.Arch)+opSuffix(w.Op)))
	w.legend(b, svgMargin+34)
	for i, r := range rows {
		w.drawRow(b, r, top+i*rowHeight)
	}
	w.brackets(b, rows, top)
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

func esc(s string) string { return html.EscapeString(s) }

func (w *Window) legendLines() int {
	n := 0
	for _, s := range w.Spans {
		n += len(legendText(s))
	}
	return n
}

// legendText is a span's sentence, in lines; none where nothing needs saying.
func legendText(s Span) []string {
	if s.Phase == Before || s.Phase == After {
		return nil
	}
	return wrap(fmt.Sprintf("%s (%s to %s, %d instructions)", s.Says, off(s.From), off(s.To), s.Instructions), 132)
}

func (w *Window) legend(b *bufio.Writer, y int) {
	for _, s := range w.Spans {
		for i, l := range legendText(s) {
			if i == 0 {
				fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="12" fill="%s"/>`, bandX, y, bandWidth, colours[s.Phase][0])
				fmt.Fprintf(b, `<text class="s b" x="%d" y="%d">%s</text>`, bandX+bandWidth+8, y+11, esc(string(s.Phase)))
			}
			fmt.Fprintf(b, `<text class="s" x="%d" y="%d">%s</text>`+"\n", offsetX, y+11, esc(l))
			y += legendLine
		}
	}
}

func (w *Window) drawRow(b *bufio.Writer, r row, y int) {
	p := After
	if len(r.phases) > 0 {
		p = worst(r.phases)
	}
	c := colours[p]
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`, bandX, y, bracketX-16-bandX, rowHeight, c[1])
	// Code that runs in several phases has all their colours in its band.
	n := max(1, len(r.phases))
	for i, q := range r.phases {
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`,
			float64(bandX)+float64(i*bandWidth)/float64(n), y, float64(bandWidth)/float64(n), rowHeight, colours[q][0])
	}
	base := y + 13
	if r.step == nil {
		fmt.Fprintf(b, `<text class="l" x="%d" y="%d">%s</text>`+"\n", textX, base, esc(fmt.Sprintf("… %d more", r.left)))
		return
	}
	class := ""
	if r.step.Key {
		class = ` class="k"`
	}
	fmt.Fprintf(b, `<text class="o" x="%d" y="%d" text-anchor="end">%s</text>`, offsetX, base, esc(off(r.step.Offset)))
	fmt.Fprintf(b, `<text%s x="%d" y="%d" xml:space="preserve">%s</text>`, class, textX, base, esc(cut(r.step.Text, 46)))
	if r.step.Note != "" {
		weight := ""
		if r.step.Key {
			weight = " b"
		}
		fmt.Fprintf(b, `<text class="n%s" x="%d" y="%d">%s</text>`, weight, noteX, base, esc(cut(r.step.Note, 48)))
	}
	fmt.Fprintln(b)
}

// worst is the phase that colours a row: the least protected.
func worst(ps []Phase) Phase {
	for _, p := range []Phase{Open, Closing, Blind, Seen, Fatal, Before} {
		for _, q := range ps {
			if p == q {
				return p
			}
		}
	}
	return After
}

// brackets marks the stretches in which no check helps.
func (w *Window) brackets(b *bufio.Writer, rows []row, top int) {
	says := map[Phase][]string{
		Open:    {"two writers can", "both be here"},
		Blind:   {"a write that begins", "here goes unseen"},
		Closing: {"a late writer can", "come in between"},
		Seen:    {"newcomers are found out"},
	}
	for i := 0; i < len(rows); {
		if len(rows[i].phases) == 0 {
			i++
			continue
		}
		p := worst(rows[i].phases)
		j := i
		for j < len(rows) && len(rows[j].phases) > 0 && worst(rows[j].phases) == p {
			j++
		}
		if lines := says[p]; lines != nil {
			y0, y1 := top+i*rowHeight+2, top+j*rowHeight-2
			fmt.Fprintf(b, `<path d="M%d %dh6v%dh-6" fill="none" stroke="%s" stroke-width="2"/>`, bracketX-10, y0, y1-y0, colours[p][0])
			// One line alone is the branch of a check: its stretch goes on behind the error.
			if j-i > 1 {
				y := (y0+y1)/2 - 8*(len(lines)-1) + 4
				for _, l := range lines {
					fmt.Fprintf(b, `<text class="n" x="%d" y="%d" style="fill:%s">%s</text>`, bracketX+6, y, inks[p], esc(l))
					y += 16
				}
			}
			fmt.Fprintln(b)
		}
		i = j
	}
}

// Legend explains the signs of the text form.
func Legend() string {
	var b strings.Builder
	for _, p := range phases {
		if s := signs[p]; s != ' ' {
			fmt.Fprintf(&b, "%c %s  ", s, p)
		}
	}
	return strings.TrimSpace(b.String())
}
