package explain

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// Text writes what the finding itself has no room for: all candidates, the path to
// the exit, the doubts, and what to set next time.
func (r *Report) Text(w io.Writer) error {
	b := bufio.NewWriter(w)
	if len(r.Others) > 0 {
		fmt.Fprintln(b, "The other side, the likeliest first:")
		for i := range r.Others {
			c := &r.Others[i]
			fmt.Fprintf(b, "%4d. %s, %s\n", i+1, c.who(), c.Grade)
			wrap(b, "      ", "      ", c.does())
			wrap(b, "      ", "      ", c.Why)
		}
	} else {
		fmt.Fprintln(b, "The other side: nothing in the log or the source points at anybody.")
	}
	list(b, "Why the runtime noticed, and how it ended:", r.Path())
	list(b, "Where this may be wrong:", r.Doubts())
	list(b, "To know more next time:", r.Next())
	return b.Flush()
}

func list(w io.Writer, head string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", head)
	for _, l := range lines {
		wrap(w, "  - ", "    ", l)
	}
}

// width is that of render.Text, when it is not told another.
const width = 80

// wrap writes words in lines of that width.
func wrap(w io.Writer, first, rest, s string) {
	line, lead := "", first
	for _, word := range strings.Fields(s) {
		if line != "" && len(lead)+len(line)+1+len(word) > width {
			fmt.Fprintln(w, lead+line)
			line, lead = "", rest
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, lead+line)
}

func (c *Candidate) who() string {
	g := c.Goroutine
	switch {
	case g == nil:
		return "a goroutine that the log does not show"
	case c.Like > 0:
		return fmt.Sprintf("goroutine %d [%s] and %d like it", g.ID, g.State, c.Like)
	}
	return fmt.Sprintf("goroutine %d [%s]", g.ID, g.State)
}

func (c *Candidate) does() string {
	if c.Site == nil {
		return fmt.Sprintf("%s in %s", c.Op, cmp.Or(finding.ShortFunc(c.Func()), "a function that the log does not show"))
	}
	at := fmt.Sprintf("%s of %s at %s:%d in %s", c.Op, c.named(), base(c.Site.Pos.Filename), c.Site.Pos.Line, finding.ShortFunc(c.Site.Func.Name))
	for _, l := range c.Site.Locks {
		how := " under " + cmp.Or(l.Expr, l.Name)
		if l.Shared {
			how += " held for reading"
		}
		at += how
	}
	return at
}

// named is the map in the words that are at hand.
func (c *Candidate) named() string {
	if c.Site.Expr != "" || len(c.Site.Maps) == 0 {
		return cmp.Or(c.Site.Expr, "a map")
	}
	return cmp.Or(c.Site.Maps[0].Name, c.Site.Maps[0].Type, "a map")
}
