package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// A canvas is an SVG picture in the making. It remembers where text is, so that
// tests can see that none covers another.
type canvas struct {
	b      strings.Builder
	width  float64
	height float64
	texts  []textBox
}

type textBox struct {
	x0, y0, x1, y1 float64
	s              string
}

// style colours by variables, which a page that inlines the picture may set,
// and otherwise by what the reader's system prefers. Classes have a prefix
// since the styles of an inlined picture apply to its whole page.
const style = `
.sb{--sb-bg:var(--chart-bg,#fff);--sb-ink:var(--chart-ink,#1f2328);--sb-muted:var(--chart-muted,#6e7781);--sb-rule:var(--chart-rule,#d8dee4);--sb-strong:var(--chart-strong,#0969da);--sb-loss:var(--chart-loss,#bc4c00)}
@media (prefers-color-scheme:dark){.sb{--sb-bg:var(--chart-bg,#0d1117);--sb-ink:var(--chart-ink,#e6edf3);--sb-muted:var(--chart-muted,#8d96a0);--sb-rule:var(--chart-rule,#30363d);--sb-strong:var(--chart-strong,#4493f8);--sb-loss:var(--chart-loss,#f0883e)}}
.sb text{font-family:system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--sb-ink);paint-order:stroke;stroke:var(--sb-bg);stroke-width:3px}
.sb .sb-bg{fill:var(--sb-bg)}
.sb text.sb-muted{fill:var(--sb-muted)}
.sb text.sb-strong{fill:var(--sb-strong);font-weight:600}
.sb text.sb-loss{fill:var(--sb-loss);font-weight:600}
.sb text.sb-title{font-weight:600}
.sb .sb-rule{stroke:var(--sb-rule);stroke-width:1}
.sb .sb-must{stroke:var(--sb-loss);stroke-width:1;stroke-dasharray:4 3}
.sb .sb-range{stroke:var(--sb-muted);stroke-width:2;opacity:.5}
.sb .sb-range-strong{stroke:var(--sb-strong);stroke-width:3}
.sb .sb-bar{fill:var(--sb-muted);opacity:.45}
.sb .sb-bar-strong{fill:var(--sb-strong)}
.sb .sb-mark{fill:none;stroke:var(--sb-muted);stroke-width:1.5}
.sb .sb-mark-strong{fill:var(--sb-strong);stroke:var(--sb-bg);stroke-width:1}
`

// Sizes of text, in pixels.
const (
	small  = 11.0
	normal = 12.0
	large  = 15.0
)

func (c *canvas) line(x0, y0, x1, y1 float64, class string) {
	fmt.Fprintf(&c.b, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"sb-%s\"/>\n", x0, y0, x1, y1, class)
}

func (c *canvas) bar(x, y, w, h float64, class string) {
	fmt.Fprintf(&c.b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"1.5\" class=\"sb-%s\"/>\n", x, y, max(w, 1), h, class)
}

// text writes s with its baseline at y. The anchor is start, middle or end.
func (c *canvas) text(x, y, size float64, anchor, class, s string) {
	if s == "" {
		return
	}
	w := textWidth(s, size)
	left := x
	switch anchor {
	case "middle":
		left -= w / 2
	case "end":
		left -= w
	}
	c.texts = append(c.texts, textBox{left, y - size*0.75, left + w, y + size*0.2, s})
	fmt.Fprintf(&c.b, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%v\" text-anchor=\"%s\" class=\"sb-%s\">%s</text>\n", x, y, size, anchor, class, html.EscapeString(s))
}

// textWidth estimates; fonts differ.
func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("il.,:;|'! ", r):
			w += 0.31
		case strings.ContainsRune("mwMW", r):
			w += 0.88
		default:
			w += 0.57
		}
	}
	return w * size
}

// shapes tell the peers apart without colour.
var shapes = map[string]string{
	"sync.Map": "M-4,-4h8v8h-8z",
	"xsync":    "M0,-5L5,0L0,5L-5,0z",
	"haxmap":   "M-4,-4L4,4M-4,4L4,-4",
	"cmap":     "M-5,0H5M0,-5V5",
	"rwmutex":  "M0,-5L5,4H-5z",
	"mutex":    "M0,5L5,-4H-5z",
	"native":   "M0,-6V6",
}

// mark puts the mark of a map.
func (c *canvas) mark(x, y float64, of string) {
	if of == ours {
		fmt.Fprintf(&c.b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5.5\" class=\"sb-mark-strong\"/>\n", x, y)
		return
	}
	fmt.Fprintf(&c.b, "<path transform=\"translate(%.1f %.1f)\" d=\"%s\" class=\"sb-mark\"/>\n", x, y, shapes[of])
}

// legend explains the marks, from x on, and returns where it ends.
func (c *canvas) legend(x, y float64, maps []string) float64 {
	for _, m := range maps {
		c.mark(x+6, y-4, m)
		class := "muted"
		if m == ours {
			class = "strong"
		}
		c.text(x+16, y, normal, "start", class, m)
		x += 16 + textWidth(m, normal) + 18
	}
	return x
}

// document returns the picture.
func (c *canvas) document(title, about string) string {
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sb\" role=\"img\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\">\n"+
		"<title>%s</title>\n<desc>%s</desc>\n<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" class=\"sb-bg\"/>\n%s</svg>\n",
		c.width, c.height, c.width, c.height, html.EscapeString(title), html.EscapeString(about), style, c.b.String())
}

// A scale places numbers between x0 and x1, by their logarithms.
type scale struct{ x0, x1, low, high float64 }

func (s scale) at(v float64) float64 {
	f := math.Log(max(v, s.low)/s.low) / math.Log(s.high/s.low)
	return s.x0 + min(f, 1)*(s.x1-s.x0)
}

// powers returns the powers of ten in the scale.
func (s scale) powers() []float64 {
	var all []float64
	for p := math.Ceil(math.Log10(s.low) - 1e-9); p <= math.Log10(s.high)+1e-9; p++ {
		all = append(all, math.Pow(10, p))
	}
	return all
}

// tick writes a power of ten of ns, for an axis.
func tick(ns float64) string {
	for _, u := range []struct {
		ns   float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if ns >= u.ns {
			return fmt.Sprintf("%.0f %s", ns/u.ns, u.name)
		}
	}
	return fmt.Sprintf("%.0f ns", ns)
}

// duration writes a time that is given in ns.
func duration(ns float64) string {
	switch {
	case math.IsNaN(ns):
		return "-"
	case ns < 1000:
		return number(ns) + " ns"
	case ns < 1e6:
		return number(ns/1e3) + " µs"
	case ns < 1e9:
		return number(ns/1e6) + " ms"
	}
	return number(ns/1e9) + " s"
}
