package maps

import (
	"internal/abi"
	rt "internal/runtime/mapsan"
	_ "unsafe"
)

// mapsanEnabled takes the place of race.Enabled at the hooks of map accesses.
const mapsanEnabled = true

// What a map's head does not answer is in package runtime.

//go:linkname mapsanLookup
func mapsanLookup(typ *abi.MapType, m *Map)

//go:linkname mapsanAssign
func mapsanAssign(typ *abi.MapType, m *Map)

//go:linkname mapsanDelete
func mapsanDelete(typ *abi.MapType, m *Map)

func mapsanReadPC(typ *abi.MapType, m *Map, _, _ uintptr) {
	if !m.Mapsan.SeenRead(rt.Current()) {
		mapsanLookup(typ, m)
	}
}

func mapsanWritePC(typ *abi.MapType, m *Map, _, _ uintptr) {
	if !m.Mapsan.SeenWrite(rt.Current()) {
		mapsanAssign(typ, m)
	}
}

func mapsanDeletePC(typ *abi.MapType, m *Map, _, _ uintptr) {
	if m != nil && !m.Mapsan.SeenWrite(rt.Current()) {
		mapsanDelete(typ, m)
	}
}

// MapsanType returns the type of the map that it iterates over.
func (it *Iter) MapsanType() *abi.MapType { return it.typ }
