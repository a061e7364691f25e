package cli

import (
	"fmt"
	"io"

	"github.com/mapsan/mapsan/finding"
)

func writeText(w io.Writer, f *finding.Finding) {
	fmt.Fprintf(w, "==================\nWARNING: MAP RACE on %s %s\n", f.Map.Type, f.Map.Expr)
	for _, p := range f.Parties {
		fmt.Fprintf(w, "%s by goroutine %d:\n", p.Access.Op, p.Goroutine.ID)
		for _, fr := range p.Stack {
			fmt.Fprintf(w, "  %s()\n      %s:%d\n", fr.Func, fr.File, fr.Line)
		}
	}
	fmt.Fprintln(w, "==================")
}

func writeSARIF(w io.Writer, found []*finding.Finding) error { return writeLines(w, found) }
func writeHTML(w io.Writer, found []*finding.Finding) error  { return writeLines(w, found) }
