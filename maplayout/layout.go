package maplayout

import (
	"errors"
	"fmt"
	"strings"
)

// Design is one of the two ways in which Go's maps are built.
type Design string

// The designs.
const (
	Tables  Design = "tables"  // header, directory, tables, groups of eight slots
	Buckets Design = "buckets" // header, array of buckets, overflow chains
)

// ErrLayout is what an error wraps when structs are not those of a map.
var ErrLayout = errors.New("not the layout of a map that is known")

// Field is one field of a struct.
type Field struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
}

// Struct is a struct's layout.
type Struct struct {
	Name   string  `json:"name"`
	Size   int64   `json:"size"`
	Fields []Field `json:"fields"`
	// From says where the layout is from: "dwarf", "types", or "go1.26 table".
	From string `json:"from"`
}

// Field returns a field by name, or by one of the names it has had.
func (s Struct) Field(names ...string) (Field, bool) {
	for _, n := range names {
		for _, f := range s.Fields {
			if f.Name == n {
				return f, true
			}
		}
	}
	return Field{}, false
}

// Layout is how one build of Go lays maps out. It is a plain value.
type Layout struct {
	Design Design `json:"design"`
	Header Struct `json:"header"`
	// Table and Groups are those of the Tables design.
	Table  Struct `json:"table,omitzero"`
	Groups Struct `json:"groups,omitzero"` // what Table's groups field holds
	// Type is the descriptor of a map type, which gives the slots' layout.
	Type Struct `json:"type"`
	// Flag is the header's field that is set while the map is written, and
	// Mask the bits of it.
	Flag Field `json:"flag"`
	Mask uint8 `json:"mask"`
}

// Names of the structs, those of all versions.
var (
	tablesHeader  = []string{"internal/runtime/maps.Map", "maps.Map"}
	tablesTable   = []string{"internal/runtime/maps.table", "maps.table"}
	tablesGroups  = []string{"internal/runtime/maps.groupsReference", "maps.groupsReference"}
	tablesType    = []string{"internal/abi.SwissMapType", "internal/abi.MapType", "abi.SwissMapType", "abi.MapType"}
	bucketsHeader = []string{"runtime.hmap"}
	bucketsType   = []string{"internal/abi.OldMapType", "internal/abi.MapType", "runtime.maptype", "abi.OldMapType", "abi.MapType"}
)

// Fields that reading needs. Each row is one field, by the names it has had.
var (
	needTablesHeader  = [][]string{{"used"}, {"dirPtr"}, {"dirLen"}, {"globalDepth"}, {"writing"}}
	needTable         = [][]string{{"used"}, {"capacity"}, {"growthLeft"}, {"localDepth"}, {"index"}, {"groups"}}
	needGroups        = [][]string{{"data"}, {"lengthMask"}}
	needTablesType    = [][]string{{"Key"}, {"Elem"}, {"GroupSize"}, {"Flags"}}
	needBucketsHeader = [][]string{{"count"}, {"flags"}, {"B"}, {"buckets"}, {"oldbuckets"}, {"nevacuate"}}
	needBucketsType   = [][]string{{"KeySize", "keysize"}, {"ValueSize", "elemsize"}, {"BucketSize", "bucketsize"}, {"Flags", "flags"}, {"Key", "key"}, {"Elem", "elem"}}
)

// Recognise finds the layout among the structs of a build. Structs that lookup
// does not have are taken from the table of known versions, if goVersion is in
// it; which ones, their From says.
func Recognise(lookup func(name string) (Struct, bool), goVersion string) (Layout, error) {
	known, knownErr := Known(goVersion)
	find := func(names []string, need [][]string) (Struct, bool) {
		for _, n := range names {
			if s, ok := lookup(n); ok && hasAll(s, need) == "" {
				return s, true
			}
		}
		return Struct{}, false
	}
	if h, ok := find(tablesHeader, needTablesHeader); ok {
		l := Layout{Design: Tables, Header: h, Mask: 0xff}
		l.Flag, _ = h.Field("writing")
		return l.complete(known, find)
	}
	if h, ok := find(bucketsHeader, needBucketsHeader); ok {
		l := Layout{Design: Buckets, Header: h, Mask: hashWriting}
		l.Flag, _ = h.Field("flags")
		return l.complete(known, find)
	}
	if knownErr != nil {
		return Layout{}, fmt.Errorf("no map header among the types, and %w", knownErr)
	}
	return known, nil
}

// complete fills in the structs below the header.
func (l Layout) complete(known Layout, find func([]string, [][]string) (Struct, bool)) (Layout, error) {
	part := func(into *Struct, names []string, need [][]string, table Struct) error {
		if s, ok := find(names, need); ok {
			*into = s
			return nil
		}
		if known.Design != l.Design {
			return fmt.Errorf("no %s among the types, and no table for this version: %w", names[0], ErrLayout)
		}
		*into = table
		return nil
	}
	if l.Design == Buckets {
		return l, part(&l.Type, bucketsType, needBucketsType, known.Type)
	}
	if err := part(&l.Table, tablesTable, needTable, known.Table); err != nil {
		return l, err
	}
	if err := part(&l.Groups, tablesGroups, needGroups, known.Groups); err != nil {
		return l, err
	}
	return l, part(&l.Type, tablesType, needTablesType, known.Type)
}

// hasAll returns the first field that is missing.
func hasAll(s Struct, need [][]string) string {
	for _, names := range need {
		if f, ok := s.Field(names...); !ok || f.Offset < 0 || f.Size < 0 || f.Offset+f.Size > s.Size {
			return strings.Join(names, " or ")
		}
	}
	return ""
}

// Check says which field the layout lacks that reading needs.
func (l Layout) Check() error {
	type part struct {
		s    Struct
		need [][]string
	}
	parts := []part{{l.Header, needBucketsHeader}, {l.Type, needBucketsType}}
	if l.Design == Tables {
		parts = []part{{l.Header, needTablesHeader}, {l.Table, needTable}, {l.Groups, needGroups}, {l.Type, needTablesType}}
	} else if l.Design != Buckets {
		return fmt.Errorf("design %q: %w", l.Design, ErrLayout)
	}
	for _, p := range parts {
		if f := hasAll(p.s, p.need); f != "" {
			return fmt.Errorf("struct %s has no field %s: %w", p.s.Name, f, ErrLayout)
		}
	}
	return nil
}
