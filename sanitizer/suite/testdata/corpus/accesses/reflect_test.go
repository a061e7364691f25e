package accesses

import (
	"reflect"
	"testing"

	"corpus/order"
)

// each: lookup/assign
func TestRace_Reflect_MapIndex(t *testing.T) {
	m, n := map[string]int{"a": 1}, map[int]int{1: 1}
	t.Run("string", func(t *testing.T) {
		order.Sequence(assign(m), func() { use(reflect.ValueOf(m).MapIndex(reflect.ValueOf("a"))) })
	})
	t.Run("int", func(t *testing.T) {
		order.Sequence(func() { n[1] = 1 }, func() { use(reflect.ValueOf(n).MapIndex(reflect.ValueOf(1))) })
	})
}

// each: assign/assign
func TestRace_Reflect_SetMapIndex(t *testing.T) {
	m, n := map[string]int{"a": 1}, map[int]int{1: 1}
	t.Run("string", func(t *testing.T) {
		order.Sequence(assign(m), func() { reflect.ValueOf(m).SetMapIndex(reflect.ValueOf("b"), reflect.ValueOf(1)) })
	})
	t.Run("int", func(t *testing.T) {
		order.Sequence(func() { n[1] = 1 }, func() { reflect.ValueOf(n).SetMapIndex(reflect.ValueOf(1), reflect.ValueOf(1)) })
	})
}

// want: delete/assign
func TestRace_Reflect_Delete(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { reflect.ValueOf(m).SetMapIndex(reflect.ValueOf("a"), reflect.Value{}) })
}

// want: iterate/assign
func TestRace_Reflect_MapRange(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() {
		for it := reflect.ValueOf(m).MapRange(); it.Next(); {
			use(it.Key())
		}
	})
}

// The iterator is made before the write and goes on after it.
//
// want: iterate/assign
func TestRace_Reflect_MapRangeStep(t *testing.T) {
	m := map[string]int{"a": 1, "b": 2}
	it := reflect.ValueOf(m).MapRange()
	it.Next()
	order.Sequence(func() { use(it.Key()) }, assign(m), func() { it.Next() })
}

// want: iterate/assign
func TestRace_Reflect_SetIter(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() {
		k, v := reflect.New(reflect.TypeFor[string]()).Elem(), reflect.New(reflect.TypeFor[int]()).Elem()
		for it := reflect.ValueOf(m).MapRange(); it.Next(); {
			k.SetIterKey(it)
			v.SetIterValue(it)
		}
	})
}

// want: len/assign
func TestRace_Reflect_Len(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { use(reflect.ValueOf(m).Len()) })
}

// MapKeys asks for the length first.
//
// want: len/assign
func TestRace_Reflect_MapKeys(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { use(reflect.ValueOf(m).MapKeys()) })
}

// want: clear/assign
func TestRace_Reflect_Clear(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { reflect.ValueOf(m).Clear() })
}

// want: iterate/assign
func TestRace_Reflect_Seq(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() {
		for k := range reflect.ValueOf(m).Seq() {
			use(k)
		}
	})
}

// want: iterate/assign
func TestRace_Reflect_Seq2(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() {
		for k, v := range reflect.ValueOf(m).Seq2() {
			use(k)
			use(v)
		}
	})
}

// want: len/assign
func TestRace_Reflect_DeepEqual(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(assign(m), func() { use(reflect.DeepEqual(m, map[string]int{"a": 1})) })
}

// want: assign/lookup
func TestRace_Reflect_MadeByReflect(t *testing.T) {
	v := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), reflect.TypeFor[int]()))
	k, e := reflect.ValueOf("a"), reflect.ValueOf(1)
	order.Sequence(func() { use(v.MapIndex(k)) }, func() { v.SetMapIndex(k, e) })
}

func TestOK_Reflect_Readers(t *testing.T) {
	m := map[string]int{"a": 1, "b": 2}
	read := func() {
		v := reflect.ValueOf(m)
		use(v.MapIndex(reflect.ValueOf("a")))
		use(v.MapKeys())
		use(v.Len())
		for it := v.MapRange(); it.Next(); {
			use(it.Value())
		}
		use(reflect.DeepEqual(m, map[string]int{"a": 1, "b": 2}))
	}
	order.Sequence(read, read, read)
}

func TestOK_Reflect_OwnMaps(t *testing.T) {
	typ := reflect.TypeFor[map[string]int]()
	make := func() {
		v := reflect.MakeMapWithSize(typ, 10)
		v.SetMapIndex(reflect.ValueOf("a"), reflect.ValueOf(1))
		v.Clear()
	}
	order.Sequence(make, make, make)
}
