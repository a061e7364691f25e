package reflect

import (
	"internal/abi"
	"internal/runtime/maps"
	_ "unsafe"
)

// mapsanIterate tells the detector of a step of an iteration.
//
//go:linkname mapsanIterate
func mapsanIterate(typ *abi.MapType, m *maps.Map)
