package render

import (
	"bytes"
	"path"
	"strings"

	"github.com/mapsan/mapsan/finding"
)

// Bounds on what is read of a source file.
const (
	maxSource = 8 << 20
	maxColumn = 400
)

// sources reads each file once for one rendering.
type sources struct {
	o     Options
	files map[string][]string
}

func newSources(o Options) *sources { return &sources{o: o, files: map[string][]string{}} }

func (s *sources) lines(file string) []string {
	if s.o.Source == nil || file == "" {
		return nil
	}
	lines, ok := s.files[file]
	if !ok {
		data, err := s.o.Source(file)
		if err == nil && len(data) <= maxSource {
			data = bytes.TrimSuffix(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\n"))
			lines = strings.Split(string(data), "\n")
		}
		s.files[file] = lines
	}
	return lines
}

// sourceLine is one line of an excerpt.
type sourceLine struct {
	Number int
	Text   string
	Here   bool
}

// excerpt gives the line with its neighbours, without the indentation that
// they share. It gives nothing when the file has no such line.
func (s *sources) excerpt(p finding.Position, around int) []sourceLine {
	all := s.lines(p.File)
	if p.Line < 1 || p.Line > len(all) || strings.TrimSpace(all[p.Line-1]) == "" {
		return nil
	}
	from, to := max(1, p.Line-around), min(len(all), p.Line+around)
	// A neighbouring function is no help.
	for n := from; n < p.Line; n++ {
		if strings.HasPrefix(all[n-1], "}") {
			from = n + 1
		}
	}
	for n := p.Line + 1; n < to; n++ {
		if strings.HasPrefix(all[n-1], "}") {
			to = n
		}
	}
	for from < p.Line && strings.TrimSpace(all[from-1]) == "" {
		from++
	}
	for to > p.Line && strings.TrimSpace(all[to-1]) == "" {
		to--
	}
	indent := -1
	var out []sourceLine
	for n := from; n <= to; n++ {
		text := clean(strings.TrimRight(strings.ReplaceAll(all[n-1], "\t", "    "), " "))
		if len(text) > maxColumn {
			text = strings.ToValidUTF8(text[:maxColumn], "") + "..."
		}
		if text != "" {
			lead := len(text) - len(strings.TrimLeft(text, " "))
			if indent < 0 || lead < indent {
				indent = lead
			}
		}
		out = append(out, sourceLine{Number: n, Text: text, Here: n == p.Line})
	}
	for i := range out {
		if len(out[i].Text) >= indent {
			out[i].Text = out[i].Text[indent:]
		}
	}
	return out
}

// file is a file's name as it is shown: relative where that is possible.
func (o Options) file(name string) string {
	if rel, ok := below(name, o.Root); ok {
		return clean(rel)
	}
	if rel, ok := below(name, o.Goroot); ok {
		return "$GOROOT/" + clean(rel)
	}
	if rel, ok := below(name, o.learnt); ok {
		return "$GOROOT/" + clean(rel)
	}
	return clean(name)
}

// withGoroot learns GOROOT from a frame of the standard library, whose file
// tells where it is: the sanitizer's is not the user's.
func (o Options) withGoroot(f *finding.Finding) Options {
	for i := range f.Parties {
		p := &f.Parties[i]
		for _, stack := range [][]finding.Frame{p.Stack, p.Goroutine.Origin} {
			for _, fr := range stack {
				root, _, ok := strings.Cut(fr.File, "/src/"+finding.PackagePath(fr.Func)+"/")
				if ok && finding.InStd(fr.Func) {
					o.learnt = root
					return o
				}
			}
		}
	}
	return o
}

func below(name, dir string) (string, bool) {
	if dir == "" {
		return "", false
	}
	return strings.CutPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

func (o Options) place(p finding.Position) string {
	p.File = o.file(p.File)
	return p.String()
}

// shortPlace is for where there is no room: the file's last element only.
func (o Options) shortPlace(p finding.Position) string {
	if p.IsZero() {
		return ""
	}
	p.File = clean(path.Base(strings.ReplaceAll(p.File, `\`, "/")))
	return p.String()
}

// clean makes text of a finding safe to print: control characters, which may
// steer a terminal, and those that reorder text are written as escapes.
func clean(s string) string {
	for i, r := range s {
		if !printable(r) {
			return s[:i] + escape(s[i:])
		}
	}
	return s
}
