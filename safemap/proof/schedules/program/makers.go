package main

import (
	"fmt"
	"math"

	"github.com/mapsan/mapsan/safemap"

	"github.com/mapsan/mapsan/safemap/proof/drive"
	"github.com/mapsan/mapsan/safemap/proof/model"
	"github.com/mapsan/mapsan/safemap/proof/schedules/testdata/planted"
	"github.com/mapsan/mapsan/safemap/proof/subject"
)

// most is how many keys a map is filled with in search of what happens when it
// grows and shrinks: each schedule fills one anew.
const most = 1200

func makersOf(name string, without []model.Op) ([]drive.Maker, error) {
	switch name {
	case "safemap":
		return safemapMakers(without), nil
	case "planted":
		return []drive.Maker{drive.NewMaker(drive.PerKey, "planted", subject.Ints(), 0, without, openPlanted)}, nil
	}
	return nil, fmt.Errorf("map %q: want safemap or planted", name)
}

// Hashes must not depend on the process, or a seed would be worth nothing. Those
// that safemap has for words and short strings do not: their seed is drawn.

func mix(h uint64) uint64 {
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	return h ^ h>>32
}

func mixString(s string) uint64 {
	h := uint64(len(s))
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

func mixFloat(f float64) uint64 {
	if f == 0 {
		f = 0 // -0 is equal
	}
	return mix(math.Float64bits(f))
}

func safemapMakers(without []model.Op) []drive.Maker {
	type ints = safemap.Options[int]
	const few = 10
	var all []drive.Maker
	add := func(more []drive.Maker) { all = append(all, more...) }
	add(safemapOf(subject.Ints(), "", most, without, ints{}))
	add(safemapOf(subject.Ints(), ",snapshots", most, without, ints{Snapshots: true}))
	add(safemapOf(subject.Ints(), ",collide", few, without, ints{Hasher: func(int) uint64 { return 1 << 40 }}))
	add(safemapOf(subject.Ints(), ",low2bits", 4*few, without, ints{Hasher: func(k int) uint64 { return uint64(k) & 3 }}))
	add(safemapOf(subject.Strings(), "", most, without, safemap.Options[string]{}))
	add(safemapOf(subject.Fenced(), "", most, without, safemap.Options[string]{}))
	add(safemapOf(subject.Strings(), ",hasher", most, without, safemap.Options[string]{Hasher: mixString}))
	add(safemapOf(subject.Floats(), "", most/4, without, safemap.Options[float64]{Hasher: mixFloat}))
	add(safemapOf(subject.Boxes(), "", most, without, ints{}))
	add(safemapOf(subject.Pointers(), ",collide", few, without, ints{Hasher: func(int) uint64 { return 0 }}))
	return all
}

func safemapOf[K comparable, V any](kind subject.Kind[K, V], more string, most int, without []model.Op, o safemap.Options[K]) []drive.Maker {
	open := func() subject.Subject[K, V] { return subject.Safemap[K, V](o) }
	var all []drive.Maker
	for _, family := range []string{drive.PerKey, drive.Whole, drive.Grown, drive.Batch} {
		n := most
		if family != drive.PerKey {
			n = min(n, 300) // snapshots are read, all of them and more than once
		}
		all = append(all, drive.NewMaker(family, kind.Name+more, kind, n, without, open))
	}
	return all
}

func openPlanted() subject.Subject[int, int] {
	m := new(planted.Map)
	return subject.Subject[int, int]{Load: m.Load, Store: m.Store, Delete: m.Delete}
}
