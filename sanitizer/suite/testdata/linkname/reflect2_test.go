package linkname

import (
	"testing"

	"corpus/order"

	"github.com/modern-go/reflect2"
)

var mapType = reflect2.TypeOf(map[string]int{}).(reflect2.MapType)

func value(n int) *int { return &n }

// want: assign/lookup
func TestRace_Reflect2_SetIndex(t *testing.T) {
	m := map[string]int{"a": 1}
	k := "a"
	order.Sequence(func() { mapType.GetIndex(&m, &k) }, func() { mapType.SetIndex(&m, &k, value(2)) })
}

// want: lookup/assign
func TestRace_Reflect2_GetIndex(t *testing.T) {
	m := map[string]int{"a": 1}
	k := "a"
	order.Sequence(func() { m["b"] = 2 }, func() { mapType.GetIndex(&m, &k) })
}

// want: iterate/assign
func TestRace_Reflect2_Iterate(t *testing.T) {
	m := map[string]int{"a": 1}
	order.Sequence(func() { m["b"] = 2 }, func() {
		for it := mapType.Iterate(&m); it.HasNext(); {
			it.Next()
		}
	})
}

func TestOK_Reflect2(t *testing.T) {
	m := map[string]int{"a": 1}
	read := func() {
		k := "a"
		mapType.GetIndex(&m, &k)
		for it := mapType.Iterate(&m); it.HasNext(); {
			it.Next()
		}
		own := mapType.MakeMap(4)
		mapType.SetIndex(own, &k, value(1))
	}
	order.Sequence(read, read, read)
}
