// Package layouts tells package maplayout what package binfo reads: neither knows
// the other.
package layouts

import (
	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/maplayout"
)

// Of recognises how the maps of a binary's Go lie in memory.
func Of(f *binfo.File) (maplayout.Layout, error) {
	return maplayout.Recognise(structs(f), f.Info().GoVersion)
}

// structs offers the struct types of a binary to maplayout: those of DWARF, or
// else of the type descriptors.
func structs(f *binfo.File) func(string) (maplayout.Struct, bool) {
	return func(name string) (maplayout.Struct, bool) {
		// Only DWARF has full import paths; a descriptor's short name may be
		// that of several, and the fields then decide.
		var list []*binfo.Type
		from := "dwarf"
		if t, err := f.Type(name); err == nil && t.Kind == binfo.KindStruct {
			list = append(list, t)
			if !f.Info().DWARF {
				from = "types"
			}
		} else {
			list, from = f.TypesNamed(name), "types"
		}
		var best maplayout.Struct
		for _, t := range list {
			s := maplayout.Struct{Name: t.Name, Size: t.Size, From: from}
			for _, x := range t.Fields() {
				if x.Type == nil {
					return maplayout.Struct{}, false
				}
				if x.Name != "_" {
					s.Fields = append(s.Fields, maplayout.Field{Name: x.Name, Offset: x.Offset, Size: x.Type.Size})
				}
			}
			_, small := s.Field("dirPtr", "oldbuckets", "growthLeft", "lengthMask", "Hasher", "hasher")
			if small || best.Name == "" {
				best = s
			}
		}
		return best, best.Name != "" && len(best.Fields) > 0
	}
}
