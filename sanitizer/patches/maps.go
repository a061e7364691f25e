package patches

import "github.com/mapsan/mapsan/toolchain"

// mapEdits put a hook at each access to a map, and a cell's index into the
// padding of the map header.
func mapEdits() []toolchain.Edit {
	var edits []toolchain.Edit
	edit := func(name, versions, file, old, new string, times int) {
		edits = append(edits, toolchain.Edit{
			Name: name, Go: versions, File: file, Old: old, New: new, Times: times,
		})
	}
	const header = "src/internal/runtime/maps/map.go"
	edit("map header", "", header, `	tombstonePossible bool
`, `	tombstonePossible bool

	// MapsanIndex, in what is padding otherwise, and Mapsan are the
	// detector's shadow of the map.
	MapsanIndex uint32
`, 1)
	edit("map header", "", header, `	clearSeq uint64
}
`, `	clearSeq uint64

	Mapsan mapsan.Head
}
`, 1)
	edit("map header", "", header, "import (\n", "import (\n\tmapsan \"internal/runtime/mapsan\"\n", 1)
	edit("clone does not copy the shadow", "", header, "\t*m2 = *m\n", "\t*m2 = *m\n\tm2.MapsanIndex, m2.Mapsan = 0, mapsan.Head{}\n", 1)
	for _, v := range []struct{ go_, file string }{
		{"1.25", "src/cmd/compile/internal/reflectdata/map_swiss.go"},
		{"1.26 1.27", "src/cmd/compile/internal/reflectdata/map.go"},
	} {
		edit("map header in the compiler", v.go_, v.file, `		makefield("clearSeq", types.Types[types.TUINT64]),
	}
`, `		makefield("clearSeq", types.Types[types.TUINT64]),
		makefield("mapsanEpoch", types.Types[types.TUINT64]),
		makefield("mapsanWho", types.Types[types.TUINT64]),
	}
`, 1)
		edit("map header in the compiler", v.go_, v.file, "int64(2*8 + 4*types.PtrSize /* one extra",
			"int64(4*8 + 4*types.PtrSize /* one extra", 1)
	}

	// Reads and writes in the generic and the fast variants, by file: Go 1.25
	// has another suffix, and since Go 1.27 one variant of a read calls the other.
	for _, f := range []struct {
		name                   string
		reads, writes, deletes int
	}{
		{"runtime", 2, 1, 0},
		{"runtime_fast32", 2, 2, 1},
		{"runtime_fast64", 2, 2, 1},
		{"runtime_faststr", 2, 1, 1},
	} {
		for _, v := range []struct {
			go_, suffix string
			reads       int
		}{{"1.25", "_swiss", f.reads}, {"1.26", "", f.reads}, {"1.27", "", f.reads / 2}} {
			file := "src/internal/runtime/maps/" + f.name + v.suffix + ".go"
			key := map[string]string{"runtime_fast32": "fast32", "runtime_fast64": "fast64", "runtime_faststr": "faststr"}[f.name]
			edit("map hooks", v.go_, file, "race.Enabled", "(mapsanEnabled || race.Enabled)", v.reads+f.writes+f.deletes)
			edit("map read", v.go_, file, "race.ReadPC(unsafe.Pointer(m), callerpc, pc)", "mapsanReadPC(typ, m, callerpc, pc)", v.reads)
			if f.deletes > 0 {
				edit("map delete", v.go_, file,
					"FuncPCABIInternal(runtime_mapdelete_"+key+")\n\t\trace.WritePC(unsafe.Pointer(m), callerpc, pc)",
					"FuncPCABIInternal(runtime_mapdelete_"+key+")\n\t\tmapsanDeletePC(typ, m, callerpc, pc)", f.deletes)
			}
			edit("map write", v.go_, file, "race.WritePC(unsafe.Pointer(m), callerpc, pc)", "mapsanWritePC(typ, m, callerpc, pc)", f.writes)
		}
	}

	for _, v := range []struct{ go_, file, shim string }{
		{"1.25", "src/runtime/map_swiss.go", "src/runtime/linkname_swiss.go"},
		{"1.26 1.27", "src/runtime/map.go", "src/runtime/linkname_shim.go"},
	} {
		edit("delete", v.go_, v.file, `	if raceenabled && m != nil {
		callerpc := sys.GetCallerPC()
		pc := abi.FuncPCABIInternal(mapdelete)
`, `	mapsanMap(t, m, mapsanOpDelete)
	if raceenabled && m != nil {
		callerpc := sys.GetCallerPC()
		pc := abi.FuncPCABIInternal(mapdelete)
`, 1)
		edit("iteration begins", v.go_, v.file, "\tit.Init(t, m)\n\tit.Next()\n",
			"\tmapsanMap(t, m, mapsanOpIterate)\n\tit.Init(t, m)\n\tit.Next()\n", 1)
		edit("iteration goes on", v.go_, v.file, `func mapIterNext(it *maps.Iter) {
`, `func mapIterNext(it *maps.Iter) {
	mapsanNext(it)
`, 1)
		edit("clear", v.go_, v.file, "\tm.Clear(t)\n", "\tmapsanMap(t, m, mapsanOpClear)\n\tm.Clear(t)\n", 1)
		edit("len by reflection", v.go_, v.file, `	if raceenabled {
		callerpc := sys.GetCallerPC()
		racereadpc(unsafe.Pointer(m), callerpc, abi.FuncPCABIInternal(reflect_maplen))
`, `	mapsanMap(nil, m, mapsanOpLen)
	if raceenabled {
		callerpc := sys.GetCallerPC()
		racereadpc(unsafe.Pointer(m), callerpc, abi.FuncPCABIInternal(reflect_maplen))
`, 2)
		edit("clone", v.go_, v.file, "\tmap_ = map_.Clone(typ)\n",
			"\tmapsanMap(typ, map_, mapsanOpClone)\n\tmap_ = map_.Clone(typ)\n", 1)
		edit("iteration through linkname", v.go_, v.shim, "\tit.it.Init(t, m)\n",
			"\tmapsanMap(t, m, mapsanOpIterate)\n\tit.it.Init(t, m)\n", 1)
		edit("iteration through linkname", v.go_, v.shim, `func mapiternext(it *linknameIter) {
`, `func mapiternext(it *linknameIter) {
	mapsanMap(it.typ, it.it.Map(), mapsanOpIterate)
`, 1)
	}
	for _, v := range []struct{ go_, file string }{
		{"1.25", "src/reflect/map_swiss.go"},
		{"1.26 1.27", "src/reflect/map.go"},
	} {
		edit("iteration by reflection", v.go_, v.file, "\tit.Init(t, m)\n\tit.Next()\n",
			"\tmapsanIterate(t, m)\n\tit.Init(t, m)\n\tit.Next()\n", 1)
		edit("iteration by reflection", v.go_, v.file, `func mapIterNext(it *maps.Iter) {
`, `func mapIterNext(it *maps.Iter) {
	mapsanIterate(it.MapsanType(), it.Map())
`, 1)
	}
	return edits
}
