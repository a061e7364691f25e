package linkname

import (
	"strconv"
	"testing"

	"corpus/order"

	"github.com/bytedance/sonic"
	gojson "github.com/goccy/go-json"
	jsoniter "github.com/json-iterator/go"
)

type payload struct {
	Tags   map[string]int    `json:"tags"`
	ByID   map[int]string    `json:"by_id"`
	Nested map[string]nested `json:"nested"`
}

type nested struct {
	Labels map[string]string `json:"labels"`
}

var libraries = []struct {
	name      string
	marshal   func(v any) ([]byte, error)
	unmarshal func(data []byte, v any) error
}{
	{"json-iterator", jsoniter.ConfigCompatibleWithStandardLibrary.Marshal, jsoniter.ConfigCompatibleWithStandardLibrary.Unmarshal},
	{"json-iterator fastest", jsoniter.ConfigFastest.Marshal, jsoniter.ConfigFastest.Unmarshal},
	{"go-json", gojson.Marshal, gojson.Unmarshal},
	{"go-json unordered", func(v any) ([]byte, error) { return gojson.MarshalWithOption(v, gojson.UnorderedMap()) }, gojson.Unmarshal},
	{"sonic", sonic.Marshal, sonic.Unmarshal},
	{"sonic std", sonic.ConfigStd.Marshal, sonic.ConfigStd.Unmarshal},
}

func fresh() *payload {
	p := &payload{Tags: map[string]int{"a": 1, "b": 2}, ByID: map[int]string{1: "a"}, Nested: map[string]nested{"n": {}}}
	for i := range 40 {
		p.ByID[i] = strconv.Itoa(i)
	}
	return p
}

func must[T any](t *testing.T, f func() (T, error)) {
	if _, err := f(); err != nil {
		t.Error(err)
	}
}

// each: lookup|iterate|len/assign
func TestRace_Json_Marshal(t *testing.T) {
	for _, lib := range libraries {
		p := fresh()
		t.Run(lib.name, func(t *testing.T) {
			order.Sequence(func() { p.Tags["c"] = 3 }, func() { must(t, func() ([]byte, error) { return lib.marshal(p) }) })
		})
	}
}

// each: lookup|iterate|len/assign
func TestRace_Json_MarshalIntKeys(t *testing.T) {
	for _, lib := range libraries {
		p := fresh()
		t.Run(lib.name, func(t *testing.T) {
			order.Sequence(func() { p.ByID[3] = "c" }, func() { must(t, func() ([]byte, error) { return lib.marshal(p.ByID) }) })
		})
	}
}

// each: delete/lookup|iterate|len
func TestRace_Json_DeleteAfterMarshal(t *testing.T) {
	for _, lib := range libraries {
		p := fresh()
		t.Run(lib.name, func(t *testing.T) {
			order.Sequence(func() { must(t, func() ([]byte, error) { return lib.marshal(p) }) }, func() { delete(p.Tags, "a") })
		})
	}
}

// each: assign/lookup
func TestRace_Json_Unmarshal(t *testing.T) {
	for _, lib := range libraries {
		m := map[string]int{"a": 1}
		t.Run(lib.name, func(t *testing.T) {
			order.Sequence(func() { _ = m["a"] }, func() {
				if err := lib.unmarshal([]byte(`{"a": 2, "b": 3}`), &m); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestOK_Json_Readers(t *testing.T) {
	for _, lib := range libraries {
		p := fresh()
		t.Run(lib.name, func(t *testing.T) {
			read := func() { must(t, func() ([]byte, error) { return lib.marshal(p) }) }
			order.Sequence(read, read, read)
		})
	}
}

func TestOK_Json_OwnMaps(t *testing.T) {
	for _, lib := range libraries {
		t.Run(lib.name, func(t *testing.T) {
			round := func() {
				data, err := lib.marshal(fresh())
				if err != nil {
					t.Error(err)
				}
				var p payload
				if err := lib.unmarshal(data, &p); err != nil || p.Tags["b"] != 2 || len(p.ByID) != 40 {
					t.Errorf("%v came back (%v)", p, err)
				}
			}
			order.Sequence(round, round, round)
		})
	}
}
