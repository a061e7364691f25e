package cli

import (
	"fmt"
	"io"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/finding/render"
	"github.com/mapsan/mapsan/sanitizer"
	"github.com/mapsan/mapsan/toolchain"
)

// printer shows findings as they come.
type printer struct {
	std  Streams
	opts render.Options
}

func newPrinter(std Streams) *printer {
	return &printer{std: std, opts: renderOptions("")}
}

func (p *printer) ready(laid toolchain.Laid) { p.opts.Goroot = laid.Root }

// found shows a finding in its place in the stream, in full the first time.
func (p *printer) found(w io.Writer, f *finding.Finding, seen sanitizer.Seen) {
	if w == nil {
		return // go test -json: the report stands in the events
	}
	if seen.Times == 1 {
		if err := render.Text(w, f, forTerminal(p.opts, w)); err != nil {
			fmt.Fprintf(p.std.Err, "mapsan: showing a finding: %v\n", err)
		}
		return
	}
	fmt.Fprintf(w, "==================\nWARNING: MAP RACE: race %d again (%d times now)\n==================\n", seen.Number, seen.Times)
}

func (p *printer) summary(res sanitizer.Result) {
	w := p.std.Err
	if res.Signal != nil {
		fmt.Fprintf(w, "mapsan: ended by a signal (%s); what was found until then is kept\n", res.Signal)
	}
	if res.Broken > 0 {
		fmt.Fprintf(w, "mapsan: %s cut off and shown as it came: the program ended while it printed\n",
			count(res.Broken, "report was", "reports were"))
	}
	if res.Total > 0 {
		fmt.Fprintf(w, "mapsan: %s found (%d distinct)\n", count(res.Total, "map race", "map races"), len(res.Findings))
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
