// Package render shows findings: as text, JSON lines, SARIF 2.1.0 and one HTML
// page. Every function depends on its arguments only; the source that is shown
// comes through Options.Source. Findings are untrusted input: whatever they hold,
// the output stays what it is meant to be.
package render

import (
	"io"

	"github.com/mapsan/mapsan/finding"
)

// Options say how to show findings. The zero value is usable.
type Options struct {
	// Source reads a file named by a finding, to show lines of it. When nil or
	// failing no source is shown.
	Source func(file string) ([]byte, error)
	// Root is the directory below which files are named relative to it.
	Root string
	// Goroot is the same for the standard library; when empty it is learnt from
	// the finding's stacks.
	Goroot string
	// Color uses terminal colours in text.
	Color bool
	// Width is the number of columns that prose is wrapped to; 0 means 80.
	Width int
	// Version is the version of MapSan, for SARIF and HTML.
	Version string
	// Title is the heading of the HTML page; there is a default.
	Title string

	learnt string // GOROOT, from the finding's own stacks
	_      struct{}
}

// JSON writes the finding on one line. What would steer a terminal is escaped in it.
func JSON(w io.Writer, f *finding.Finding) error {
	line, err := finding.Encode(f)
	if err != nil {
		return err
	}
	_, err = w.Write(append(escapeJSON(line), '\n'))
	return err
}
