package cli

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/mapsan/mapsan/finding/render"
)

// block is the lines at the end of a terminal that are drawn anew again and again. It
// draws nothing where there is no terminal.
type block struct {
	w    io.Writer
	live bool
	rows int // that stand there
}

func newBlock(w io.Writer) block { return block{w: w, live: isTerminal(w)} }

// size is how many columns and rows the terminal has.
func (b *block) size() (width, height int) {
	if f, ok := b.w.(*os.File); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
			return w, h
		}
	}
	return 80, 24
}

// draw draws rows, each made safe and cut to the width, in place of what stands there.
func (b *block) draw(rows []string) {
	if !b.live {
		return
	}
	width, _ := b.size()
	b.clear()
	for i, r := range rows {
		if i > 0 {
			io.WriteString(b.w, "\n")
		}
		io.WriteString(b.w, cut(render.OneLine(r), width-1))
	}
	b.rows = len(rows)
}

// clear makes room for what is to stay.
func (b *block) clear() {
	if !b.live || b.rows == 0 {
		return
	}
	io.WriteString(b.w, "\r")
	if b.rows > 1 {
		fmt.Fprintf(b.w, "\x1b[%dA", b.rows-1)
	}
	io.WriteString(b.w, "\x1b[J")
	b.rows = 0
}

// cut is s in at most so many columns.
func cut(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	return string(r[:max(0, width-1)]) + "…"
}
