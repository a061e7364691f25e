// Package mutation breaks source on purpose, as a list in a text file says.
//
//	== name-of-the-mutation
//	file: map.go
//	caught by: linear perkey; schedules grown
//	-- find
//		m.mu.Lock()
//	-- replace
//		m.mu.Unlock()
//
// Lines before the first == are comment, as are those that begin with #. The text of find must be in the file exactly once. There may be
// several pairs of find and replace. "caught by" says which harness must find
// the mutation, and may say which of its cases; "passes" lists where it must not
// be found: what only looks like a defect proves that the harness can tell.
package mutation

import (
	"fmt"
	"os"
	"strings"
)

// A Mutation is a set of edits of one file.
type Mutation struct {
	Name   string
	File   string
	Caught []By // by each of them
	Passes []By
	Edits  []Edit
	Line   int // of its name in the list
}

// By is a harness, and the cases or tests of it that are run; none: all.
type By struct{ Harness, Only string }

func (b By) String() string { return strings.TrimSpace(b.Harness + " " + b.Only) }

// An Edit replaces a text that is there exactly once.
type Edit struct{ Find, Replace string }

// Read reads a list.
func Read(path string) ([]Mutation, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list, err := Parse(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return list, nil
}

// Parse reads the text of a list. Errors begin with the line.
func Parse(text string) ([]Mutation, error) {
	var list []Mutation
	var m *Mutation
	var into *[]string // the lines of a find or replace
	var find, replace []string
	names := map[string]bool{}
	state := ""

	endEdit := func() {
		if state == "replace" {
			m.Edits = append(m.Edits, Edit{strings.Join(find, "\n"), strings.Join(replace, "\n")})
		}
		find, replace = nil, nil
	}
	end := func(line int) error {
		if m == nil {
			return nil
		}
		if state == "find" {
			return fmt.Errorf("%d: mutation %s: a find without replace", line, m.Name)
		}
		endEdit()
		switch {
		case m.File == "":
			return fmt.Errorf("%d: mutation %s has no file", m.Line, m.Name)
		case len(m.Caught)+len(m.Passes) == 0:
			return fmt.Errorf("%d: mutation %s says neither what catches it nor what passes", m.Line, m.Name)
		case len(m.Edits) == 0:
			return fmt.Errorf("%d: mutation %s changes nothing", m.Line, m.Name)
		}
		list = append(list, *m)
		m = nil
		return nil
	}

	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		n := i + 1
		if name, ok := strings.CutPrefix(line, "== "); ok {
			if err := end(n); err != nil {
				return nil, err
			}
			name = strings.TrimSpace(name)
			if names[name] {
				return nil, fmt.Errorf("%d: a second mutation called %s", n, name)
			}
			names[name] = true
			m, state, into = &Mutation{Name: name, Line: n}, "", nil
			continue
		}
		if m == nil {
			continue
		}
		switch line {
		case "-- find":
			if state == "find" {
				return nil, fmt.Errorf("%d: mutation %s: a find without replace", n, m.Name)
			}
			endEdit()
			state, into = "find", &find
			continue
		case "-- replace":
			if state != "find" {
				return nil, fmt.Errorf("%d: mutation %s: a replace without find", n, m.Name)
			}
			state, into = "replace", &replace
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		if into != nil {
			*into = append(*into, line)
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case strings.TrimSpace(line) == "":
		case key == "file":
			m.File = value
		case key == "caught by":
			m.Caught = append(m.Caught, by(value)...)
		case key == "passes":
			m.Passes = append(m.Passes, by(value)...)
		default:
			return nil, fmt.Errorf("%d: mutation %s: want file, caught by, passes or -- find: %q", n, m.Name, line)
		}
	}
	if err := end(len(lines)); err != nil {
		return nil, err
	}
	return list, nil
}

func by(value string) []By {
	var list []By
	for part := range strings.SplitSeq(value, ";") {
		harness, only, _ := strings.Cut(strings.TrimSpace(part), " ")
		if harness != "" {
			list = append(list, By{harness, strings.TrimSpace(only)})
		}
	}
	return list
}

// Apply returns the source with the edits made.
func (m *Mutation) Apply(src []byte) ([]byte, error) {
	text := string(src)
	for _, e := range m.Edits {
		find := strings.Trim(e.Find, "\n")
		if find == "" {
			return nil, fmt.Errorf("mutation %s: an empty find", m.Name)
		}
		if n := strings.Count(text, find); n != 1 {
			return nil, fmt.Errorf("mutation %s: this is %d times in %s, want once:\n%s", m.Name, n, m.File, find)
		}
		text = strings.Replace(text, find, strings.Trim(e.Replace, "\n"), 1)
	}
	return []byte(text), nil
}
