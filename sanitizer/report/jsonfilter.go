package report

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/mapsan/mapsan/finding"
)

// Bounds of what a JSONFilter keeps: the unfinished event, and one small
// parser for each package whose tests are running.
const (
	maxEvent    = 1 << 20
	maxPackages = 4096
)

// JSONFilter watches the events of go test -json. The stream goes to the writer
// byte for byte as it comes; the report blocks in the events' output become
// findings that know their package and test. The events of several packages may
// be interleaved. It is not safe for concurrent use.
type JSONFilter struct {
	w     io.Writer
	found func(*finding.Finding)

	line     []byte
	long     bool
	packages map[string]*testOutput
	broken   int
}

// testOutput is what one package's test binary prints, put together again.
type testOutput struct {
	filter *Filter
	test   string // of the current event
	begun  string // of the event in which the current block began
}

// NewJSONFilter makes a JSONFilter that writes to w and calls found with each
// finding, when the event that ends it has been written.
func NewJSONFilter(w io.Writer, found func(*finding.Finding)) *JSONFilter {
	return &JSONFilter{w: w, found: found, packages: map[string]*testOutput{}}
}

// Write takes the next piece of the stream. Its error is the writer's.
func (j *JSONFilter) Write(p []byte) (int, error) {
	n, err := j.w.Write(p)
	for rest := p; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n') + 1
		piece := rest
		if end > 0 {
			piece = rest[:end]
		}
		rest = rest[len(piece):]
		switch {
		case j.long:
		case len(j.line)+len(piece) > maxEvent:
			j.long, j.line = true, nil
		case end > 0 && len(j.line) == 0:
			j.event(piece) // the usual case needs no copy
			continue
		default:
			j.line = append(j.line, piece...)
		}
		if end > 0 {
			if !j.long {
				j.event(j.line)
			}
			j.line, j.long = j.line[:0], false
		}
	}
	return n, err
}

// Close ends the stream. It does not close the writer.
func (j *JSONFilter) Close() error {
	if len(j.line) > 0 {
		j.event(j.line)
		j.line = nil
	}
	for path := range j.packages {
		j.end(path)
	}
	return nil
}

// Broken counts the blocks that were begun and not whole.
func (j *JSONFilter) Broken() int {
	n := j.broken
	for _, out := range j.packages {
		n += out.filter.Broken
	}
	return n
}

func (j *JSONFilter) event(line []byte) {
	// What is no event (a compiler's message, the program's own stderr) is
	// read as the output of no package.
	e := struct{ Action, Package, Test, Output string }{Action: "output", Output: string(line)}
	if bytes.HasPrefix(line, []byte("{")) {
		var got struct{ Action, Package, Test, Output string }
		if json.Unmarshal(line, &got) == nil && got.Action != "" {
			e = got
		}
	}
	switch e.Action {
	case "output":
		out := j.packages[e.Package]
		if out == nil {
			if len(j.packages) >= maxPackages {
				return
			}
			out = j.begin(e.Package)
		}
		out.test = e.Test
		io.WriteString(out.filter, e.Output) // to io.Discard: it cannot fail
	case "pass", "fail", "skip":
		if e.Test == "" {
			j.end(e.Package)
		}
	}
}

func (j *JSONFilter) begin(path string) *testOutput {
	out := new(testOutput)
	out.filter = NewFilter(io.Discard, func(f *finding.Finding) {
		f.Resource.Package, f.Resource.Test = path, out.begun
		j.found(f)
	})
	out.filter.begun = func() { out.begun = out.test }
	j.packages[path] = out
	return out
}

func (j *JSONFilter) end(path string) {
	out := j.packages[path]
	if out == nil {
		return
	}
	out.filter.Close()
	j.broken += out.filter.Broken
	delete(j.packages, path)
}
