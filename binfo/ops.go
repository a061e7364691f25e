package binfo

import "strings"

// Op is an operation on a map.
type Op string

// The operations, in the words that findings use.
const (
	Lookup  Op = "lookup"
	Assign  Op = "assign"
	Delete  Op = "delete"
	Iterate Op = "iterate"
	Clear   Op = "clear"
	Clone   Op = "clone"
)

// IsWrite reports whether the operation modifies the map.
func (o Op) IsWrite() bool { return o == Assign || o == Delete || o == Clear }

// A mapFunc says which operation a runtime function is, and which of its
// arguments are the map's type, the map and the iterator; -1 for none.
type mapFunc struct {
	op             Op
	typ, hdr, iter int8
}

// ordinary is the order of all but the iterator's functions.
func ordinary(op Op) mapFunc { return mapFunc{op, 0, 1, -1} }

var mapFuncs = func() map[string]mapFunc {
	m := map[string]mapFunc{
		"runtime.mapclear":     ordinary(Clear),
		"reflect.mapclear":     ordinary(Clear),
		"maps.clone":           ordinary(Clone), // its any holds the header itself
		"runtime.mapclone2":    ordinary(Clone),
		"runtime.mapiterinit":  {Iterate, 0, 1, 2},
		"runtime.mapIterStart": {Iterate, 0, 1, 2},
		"reflect.mapiterinit":  {Iterate, 0, 1, 2},
		"reflect.mapIterStart": {Iterate, 0, 1, 2},

		"internal/runtime/maps.(*Iter).Init": {Iterate, 1, 2, 0},
		"internal/runtime/maps.(*Iter).Next": {Iterate, -1, -1, 0},
	}
	for _, pkg := range []string{"runtime.", "reflect."} {
		m[pkg+"mapiternext"] = mapFunc{Iterate, -1, -1, 0}
		m[pkg+"mapIterNext"] = mapFunc{Iterate, -1, -1, 0}
		for _, s := range []string{"", "_faststr", "_faststr0"} {
			m[pkg+"mapaccess"+s] = ordinary(Lookup)
			m[pkg+"mapassign"+s] = ordinary(Assign)
			m[pkg+"mapdelete"+s] = ordinary(Delete)
		}
		m[pkg+"mapassign0"] = ordinary(Assign)
	}
	for _, s := range []string{"", "_fast32", "_fast64", "_faststr", "_fat"} {
		m["runtime.mapaccess1"+s] = ordinary(Lookup)
		m["runtime.mapaccess2"+s] = ordinary(Lookup)
	}
	m["runtime.mapaccessK"] = ordinary(Lookup)
	for _, s := range []string{"_fast32", "_fast32ptr", "_fast64", "_fast64ptr"} {
		m["runtime.mapassign"+s] = ordinary(Assign)
	}
	for _, s := range []string{"_fast32", "_fast64"} {
		m["runtime.mapdelete"+s] = ordinary(Delete)
	}
	// Methods of the header: the map first, then its type.
	for name, op := range map[string]Op{
		"Get": Lookup, "getWithKey": Lookup, "getWithoutKey": Lookup, "getWithKeySmall": Lookup, "getWithoutKeySmallFastStr": Lookup,
		"Put": Assign, "PutSlot": Assign, "putSlotSmall": Assign, "putSlotSmallFast32": Assign, "putSlotSmallFast64": Assign,
		"putSlotSmallFastPtr": Assign, "putSlotSmallFastStr": Assign, "growToTable": Assign, "growToSmall": Assign,
		"Delete": Delete, "deleteSmall": Delete, "Clear": Clear, "clearSmall": Clear, "Clone": Clone,
	} {
		f := mapFunc{op, 1, 0, -1}
		if op == Lookup && strings.HasSuffix(name, "FastStr") {
			f.typ = 1
		}
		m["internal/runtime/maps.(*Map)."+name] = f
	}
	return m
}()

// OpOf returns the operation that a runtime function does, and which of its
// arguments, counted from 0, are the map's type, the map's header and the
// iterator; -1 for none.
func OpOf(function string) (op Op, typ, header, iterator int, ok bool) {
	m, ok := mapFuncs[strings.TrimSuffix(function, ".abi0")]
	return m.op, int(m.typ), int(m.hdr), int(m.iter), ok
}
