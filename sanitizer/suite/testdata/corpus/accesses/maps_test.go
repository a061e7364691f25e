package accesses

import (
	"maps"
	"slices"
	"testing"

	"corpus/order"
)

func assign(m map[string]int) func() { return func() { m["w"] = 1 } }

// want: clone/assign
func TestRace_Maps_Clone(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { use(maps.Clone(m)) })
}

// want: assign/clone
func TestRace_Maps_WriteAfterClone(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(func() { use(maps.Clone(m)) }, assign(m))
}

// want: clone/assign
func TestRace_Maps_CloneLarge(t *testing.T) {
	m := map[string]int{}
	for i := range 1000 {
		m[string(rune(i))] = i
	}
	order.Sequence(assign(m), func() { use(maps.Clone(m)) })
}

func TestOK_Maps_Clone(t *testing.T) {
	m := map[string]int{"a": 1}
	clone := func() {
		c := maps.Clone(m)
		c["b"] = 2
		delete(c, "a")
	}
	order.Sequence(clone, clone, clone)
}

// want: iterate/assign
func TestRace_Maps_CopySource(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { maps.Copy(map[string]int{}, m) })
}

// want: assign/assign
func TestRace_Maps_CopyDestination(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { maps.Copy(m, map[string]int{"b": 1}) })
}

// want: iterate/assign
func TestRace_Maps_All(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() {
		for k := range maps.All(m) {
			use(k)
		}
	})
}

// want: iterate/assign
func TestRace_Maps_Keys(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { use(slices.Sorted(maps.Keys(m))) })
}

// want: iterate/assign
func TestRace_Maps_Values(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { use(slices.Collect(maps.Values(m))) })
}

// want: iterate/assign
func TestRace_Maps_Collect(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { use(maps.Collect(maps.All(m))) })
}

// want: assign/lookup
func TestRace_Maps_Insert(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(func() { use(m["a"]) }, func() { maps.Insert(m, maps.All(map[string]int{"b": 1})) })
}

// want: delete/lookup
func TestRace_Maps_DeleteFunc(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(func() { use(m["a"]) }, func() { maps.DeleteFunc(m, func(string, int) bool { return true }) })
}

// want: iterate/assign
func TestRace_Maps_DeleteFuncNothing(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { maps.DeleteFunc(m, func(string, int) bool { return false }) })
}

// want: len/assign
func TestRace_Maps_Equal(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { use(maps.Equal(m, map[string]int{"a": 1})) })
}

// want: len/assign
func TestRace_Maps_EqualOther(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() {
		use(maps.EqualFunc(map[string]int{"a": 1}, m, func(a, b int) bool { return a == b }))
	})
}

func TestOK_Maps_Readers(t *testing.T) {
	m := map[string]int{"a": 1, "b": 2}
	read := func() {
		use(slices.Sorted(maps.Keys(m)))
		use(slices.Collect(maps.Values(m)))
		use(maps.Equal(m, maps.Clone(m)))
		dst := maps.Collect(maps.All(m))
		maps.Copy(dst, m)
		maps.DeleteFunc(dst, func(string, int) bool { return true })
	}
	order.Sequence(read, read)
}
