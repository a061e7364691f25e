package drive

import (
	"fmt"
	"slices"

	"github.com/mapsan/mapsan/safemap"

	"github.com/mapsan/mapsan/safemap/proof/model"
	"github.com/mapsan/mapsan/safemap/proof/subject"
)

// Maps lists the maps that For knows.
var Maps = []string{"safemap", "sync.Map", "xsync", "haxmap", "concurrent-map"}

// For returns the cases of a map.
func For(name string, without []model.Op) ([]Case, error) {
	switch name {
	case "safemap":
		return safemapCases(without), nil
	case "sync.Map":
		return peer(subject.Ints(), without, subject.SyncMap[int, int]), nil
	case "xsync":
		return peer(subject.Ints(), without, subject.XSync[int, int]), nil
	case "haxmap":
		return peer(subject.Ints(), without, subject.HaxMap), nil
	case "concurrent-map":
		return peer(subject.Strings(), without, subject.CMap[int]), nil
	}
	return nil, fmt.Errorf("map %q: want one of %v", name, Maps)
}

// Bursts: a chain of keys that all collide is searched from end to end.
const (
	many = 400
	few  = 12
)

func safemapCases(without []model.Op) []Case {
	var cases []Case
	add := func(more []Case) { cases = append(cases, more...) }
	type ints = safemap.Options[int]
	add(safemapOf(subject.Ints(), "", many, without, ints{}))
	add(safemapOf(subject.Ints(), ",snapshots", many, without, ints{Snapshots: true}))
	add(safemapOf(subject.Ints(), ",sized", many, without, ints{Size: 1000}))
	add(safemapOf(subject.Ints(), ",collide", few, without, ints{Hasher: func(int) uint64 { return 1 << 40 }}))
	add(safemapOf(subject.Ints(), ",low2bits", 2*few, without, ints{Hasher: func(k int) uint64 { return uint64(k) & 3 }}))
	add(safemapOf(subject.Ints(), ",high2bits", 2*few, without, ints{Hasher: func(k int) uint64 { return uint64(k) << 62 }}))
	add(safemapOf(subject.Strings(), "", many, without, safemap.Options[string]{}))
	add(safemapOf(subject.Fenced(), "", many, without, safemap.Options[string]{}))
	add(safemapOf(subject.Structs(), "", many, without, safemap.Options[subject.Padded]{}))
	add(safemapOf(subject.Floats(), "", many, without, safemap.Options[float64]{}))
	add(safemapOf(subject.Anys(), "", many, without, safemap.Options[any]{}))
	add(safemapOf(subject.Boxes(), "", many, without, ints{}))
	add(safemapOf(subject.Boxes(), ",collide", few, without, ints{Hasher: func(int) uint64 { return 0 }}))
	add(safemapOf(subject.Pointers(), "", many, without, ints{}))
	add(safemapOf(subject.Texts(), "", many, without, ints{Snapshots: true}))
	cases = append(cases,
		NewPrefix("int", subject.Ints(), 2000, func() subject.Subject[int, int] { return subject.Safemap[int, int](ints{}) }),
		NewPrefix("text", subject.Texts(), 500, func() subject.Subject[int, string] { return subject.Safemap[int, string](ints{}) }))
	slices.SortStableFunc(cases, func(a, b Case) int { return order[a.Family] - order[b.Family] })
	return cases
}

var order = map[string]int{PerKey: 0, Whole: 1, Grown: 2, Batch: 3, Prefix: 4}

func safemapOf[K comparable, V any](kind subject.Kind[K, V], more string, burst int, without []model.Op, o safemap.Options[K]) []Case {
	open := func() subject.Subject[K, V] { return subject.Safemap[K, V](o) }
	var cases []Case
	for _, family := range []string{PerKey, Whole, Grown, Batch} {
		cases = append(cases, New(family, kind.Name+more, kind, burst, without, open))
	}
	return cases
}

// peer returns the cases of a map that has no snapshots: keys one by one, and
// whether Range, taken for a snapshot, is one. Clear and Len of the whole map
// are not asked for: few maps say what they are when others write.
func peer[K comparable, V any](kind subject.Kind[K, V], without []model.Op, open func() subject.Subject[K, V]) []Case {
	return []Case{
		New(PerKey, kind.Name, kind, many, without, open),
		New(Grown, kind.Name, kind, 0, without, open),
	}
}
