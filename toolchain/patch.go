package toolchain

import (
	"slices"
	"strings"
)

// An Edit replaces literal text in one file below GOROOT.
type Edit struct {
	Name  string // what the edit is for, as errors name it
	File  string // slash path below GOROOT, such as src/runtime/chan.go
	Go    string // minor versions it was checked on, "1.25 1.26"; empty: all that the set supports
	Old   string // literal text, which must occur exactly Times times
	New   string
	Times int // 0 means 1
}

// An Add is a file below GOROOT that is new or replaced whole.
type Add struct {
	Name    string
	File    string // slash path below GOROOT
	Go      string // as in Edit
	Content string
}

// A Set is everything that makes one patched toolchain.
type Set struct {
	Version string // of the set, for display; the cache key is made of the content
	Go      string // minor versions supported; empty: those that the edits and adds name
	Edits   []Edit // edits of one file apply in this order, after the adds
	Adds    []Add
}

// Minors returns the Go minor versions that the set supports, in the order
// named.
func (s Set) Minors() []string {
	if s.Go != "" {
		return strings.Fields(s.Go)
	}
	var minors []string
	add := func(list string) {
		for _, m := range strings.Fields(list) {
			if !slices.Contains(minors, m) {
				minors = append(minors, m)
			}
		}
	}
	for _, e := range s.Edits {
		add(e.Go)
	}
	for _, a := range s.Adds {
		add(a.Go)
	}
	return minors
}

// For returns the part of the set that is for a Go version such as "go1.26.8".
// It fails with ErrUnsupportedGo when the set was not checked on its minor
// version.
func (s Set) For(goVersion string) (Set, error) {
	minor := Minor(goVersion)
	minors := s.Minors()
	if minor == "" || !slices.Contains(minors, minor) {
		return Set{}, unsupportedGo(goVersion, minors)
	}
	part := Set{Version: s.Version, Go: minor}
	for _, e := range s.Edits {
		if holds(e.Go, minor) {
			part.Edits = append(part.Edits, e)
		}
	}
	for _, a := range s.Adds {
		if holds(a.Go, minor) {
			part.Adds = append(part.Adds, a)
		}
	}
	return part, nil
}

func holds(list, minor string) bool {
	return list == "" || slices.Contains(strings.Fields(list), minor)
}

// split divides the set into what lies below src/cmd and the rest.
func (s Set) split() (cmd, rest Set) {
	cmd, rest = Set{Version: s.Version, Go: s.Go}, Set{Version: s.Version, Go: s.Go}
	for _, e := range s.Edits {
		if inCmd(e.File) {
			cmd.Edits = append(cmd.Edits, e)
		} else {
			rest.Edits = append(rest.Edits, e)
		}
	}
	for _, a := range s.Adds {
		if inCmd(a.File) {
			cmd.Adds = append(cmd.Adds, a)
		} else {
			rest.Adds = append(rest.Adds, a)
		}
	}
	return cmd, rest
}

func inCmd(file string) bool { return strings.HasPrefix(file, "src/cmd/") }
