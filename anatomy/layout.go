package anatomy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/internal/layouts"
	"github.com/mapsan/mapsan/maplayout"
)

// Subject is one binary that is looked at.
type Subject struct {
	Name   string           `json:"name"` // "go1.26.8", or the file's name
	Go     string           `json:"go,omitempty"`
	Arch   binfo.Arch       `json:"arch"`
	Layout maplayout.Layout `json:"layout"`
	Fields []FieldUse       `json:"fields"`
	// Strays are accesses to the header that fit no field: the layout is not
	// the code's, or the access is of a part of one.
	Strays []Use `json:"strays,omitempty"`
	// Functions is how many map functions were read.
	Functions int `json:"functions"`

	file   *binfo.File
	header headers
}

// FieldUse is a field of the header, and what the code does with it.
type FieldUse struct {
	maplayout.Field
	Reads  int  `json:"reads"`
	Writes int  `json:"writes"`
	First  *Use `json:"first,omitempty"` // an instruction that uses it
}

// Use is one instruction that reads or writes the header.
type Use struct {
	Func   string `json:"func"`
	PC     uint64 `json:"pc"`
	Text   string `json:"text"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
	Write  bool   `json:"write"`
}

// Look finds the layout of a binary's maps, and holds it to the instructions.
func Look(name string, f *binfo.File) (*Subject, error) {
	s := &Subject{Name: name, Go: f.Info().GoVersion, Arch: f.Arch(), file: f}
	var err error
	if s.Layout, err = layouts.Of(f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.header = headers{s.Layout}
	uses := map[int64]*FieldUse{}
	for _, fl := range s.Layout.Header.Fields {
		s.Fields = append(s.Fields, FieldUse{Field: fl})
	}
	for i := range s.Fields {
		uses[s.Fields[i].Offset] = &s.Fields[i]
	}
	for _, fn := range s.mapFuncs() {
		c, err := f.Code(fn)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s.Functions++
		for i := range c.Insts {
			for _, u := range s.header.uses(c, i) {
				s.count(uses, u)
			}
		}
	}
	if s.Functions == 0 {
		return nil, fmt.Errorf("%s: no map function in it: the program uses no maps", name)
	}
	return s, nil
}

// count adds a use to the fields it covers; one that covers no field whole is
// a stray.
func (s *Subject) count(fields map[int64]*FieldUse, u Use) {
	hit := false
	for off := u.Offset; off < u.Offset+u.Size; {
		f := fields[off]
		if f == nil || f.Offset+f.Size > u.Offset+u.Size {
			off++
			continue
		}
		hit = true
		if u.Write {
			f.Writes++
		} else {
			f.Reads++
		}
		if f.First == nil {
			f.First = &u
		}
		off += max(f.Size, 1)
	}
	if !hit && len(s.Strays) < 100 {
		s.Strays = append(s.Strays, u)
	}
}

// mapFuncs lists the functions that work on headers.
func (s *Subject) mapFuncs() []binfo.Func {
	var out []binfo.Func
	for fn := range s.file.Funcs() {
		if isMapFunc(fn.Name) && fn.End > fn.Entry {
			out = append(out, fn)
		}
	}
	slices.SortFunc(out, func(a, b binfo.Func) int { return cmp.Compare(a.Entry, b.Entry) })
	return out
}

// isMapFunc reports whether a function is one of the runtime's for maps.
func isMapFunc(name string) bool {
	if _, _, _, _, ok := binfo.OpOf(name); ok {
		return true
	}
	switch {
	case strings.HasPrefix(name, "internal/runtime/maps.(*"), strings.HasPrefix(name, "runtime.(*hmap)."):
		return !strings.Contains(name, "Error")
	}
	switch name {
	case "internal/runtime/maps.NewMap", "internal/runtime/maps.NewEmptyMap", "internal/runtime/maps.newTable",
		"runtime.makemap", "runtime.makemap64", "runtime.makemap_small", "runtime.growWork", "runtime.growWork_fast32",
		"runtime.growWork_fast64", "runtime.growWork_faststr", "runtime.evacuate", "runtime.evacuate_fast32",
		"runtime.evacuate_fast64", "runtime.evacuate_faststr", "runtime.hashGrow", "runtime.advanceEvacuationMark",
		"runtime.mapclone2", "runtime.moveToBmap", "runtime.tooManyOverflowBuckets", "runtime.mapclone",
		"reflect.maplen", "runtime.mapKeyError2", "runtime.mapKeyError":
		return true
	}
	return false
}
