package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/explain"
	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/racelog"
	"github.com/mapsan/mapsan/sanitizer/report"
)

// source is what one file holds.
type source struct {
	name    string
	crashes []*crashlog.Crash
	races   []*racelog.Report // of maps
	others  int               // races of other variables
	found   []*finding.Finding
}

func (s *source) empty() bool { return len(s.crashes)+len(s.races)+len(s.found) == 0 }

// maxPeek is how much of a file tells what it is.
const maxPeek = 64 << 10

// readEvidence reads the file, whatever of the three kinds it is; a log may hold
// crashes, race reports and the sanitizer's reports.
func readEvidence(std Streams, name string) (*source, error) {
	s := &source{name: name}
	in := std.In
	if name == "-" {
		s.name = "stdin"
	} else {
		f, err := os.Open(name)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("explain %s: no such file; name a log, or - for standard input", name)
			}
			return nil, fmt.Errorf("explain: %w", err)
		}
		defer f.Close()
		if fi, err := f.Stat(); err == nil && fi.IsDir() {
			return nil, fmt.Errorf("explain %s: it is a directory; name a log, and the source by -src", name)
		}
		in = f
	}
	b := bufio.NewReaderSize(in, maxPeek)
	head, err := b.Peek(maxPeek)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("explain %s: read: %w", name, err)
	}
	if holdsFindings(head) {
		return s, s.readFindings(std, b)
	}
	if err := s.readLog(b); err != nil {
		return nil, fmt.Errorf("explain %s: read: %w", name, err)
	}
	return s, nil
}

// holdsFindings reports whether a file that begins so is JSON lines of findings.
func holdsFindings(head []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	keys := 0
	dec := json.NewDecoder(bytes.NewReader(line))
	if _, err := dec.Token(); err != nil {
		return false
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			break
		}
		switch key {
		case "schema", "rule", "engine", "grade", "map", "parties":
			keys++
		}
		var skip json.RawMessage
		if dec.Decode(&skip) != nil {
			break
		}
	}
	return keys >= 3
}

// readFindings reads JSON lines. A bad line is told; only when all are bad, it
// could not work.
func (s *source) readFindings(std Streams, in io.Reader) error {
	var bad error
	for f, err := range finding.Lines(in) {
		if err != nil {
			if bad == nil {
				bad = fmt.Errorf("explain %s: %w", s.name, err)
			}
			continue
		}
		s.found = append(s.found, f)
	}
	if bad != nil && len(s.found) > 0 {
		fmt.Fprintf(std.Err, "mapsan: %v\n", bad)
		return nil
	}
	return bad
}

// readLog gives the log to the three readers at once.
func (s *source) readLog(in io.Reader) error {
	races, toRaces := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := s.readRaces(races)
		io.Copy(io.Discard, races)
		done <- err
	}()
	ours := report.NewFilter(io.Discard, func(f *finding.Finding) { s.found = append(s.found, f) })
	r := crashlog.NewReader(io.TeeReader(in, io.MultiWriter(toRaces, ours)), crashlog.Options{})
	var err error
	for {
		var c *crashlog.Crash
		if c, err = r.Next(); err != nil {
			break
		}
		if c.Cause.IsMap() {
			s.crashes = append(s.crashes, c)
		}
	}
	if err == io.EOF {
		err = nil
	}
	toRaces.Close()
	return errors.Join(err, <-done, ours.Close())
}

func (s *source) readRaces(in io.Reader) error {
	r := racelog.NewReader(in)
	for {
		rep, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if rep.IsMap() {
			s.races = append(s.races, rep)
		} else {
			s.others++
		}
	}
}

func countRaces(n int) string {
	if n == 1 {
		return "1 race of another variable than a map is"
	}
	return fmt.Sprintf("%d races of other variables than maps are", n)
}

// stacks are all that name functions of the program.
func stacks(all []*source) []*crashlog.Crash {
	var out []*crashlog.Crash
	for _, s := range all {
		out = append(out, s.crashes...)
		for _, r := range s.races {
			out = append(out, explain.Stacks(r))
		}
	}
	return out
}

// sightings joins what was read with the source.
func sightings(all []*source, o explain.Options) []explain.Sighting {
	var out []explain.Sighting
	for _, s := range all {
		o.Source = s.name
		for _, c := range s.crashes {
			if r := explain.Crash(c, o); r != nil {
				out = append(out, explain.Sighting{Finding: r.Finding(), Seen: "the runtime's fatal error in " + s.name, Crash: r})
			}
		}
		for _, rep := range s.races {
			out = append(out, explain.Sighting{Finding: explain.Race(rep, o), Seen: "-race in " + s.name})
		}
		for _, f := range s.found {
			out = append(out, explain.Sighting{Finding: f, Seen: engineName(f.Engine) + " in " + s.name})
		}
	}
	return out
}

func engineName(e finding.Engine) string {
	switch e {
	case finding.Sanitizer:
		return "mapsan test"
	case finding.Explain:
		return "mapsan explain"
	}
	return "mapsan's " + string(e)
}
