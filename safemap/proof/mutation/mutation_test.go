package mutation

import (
	"reflect"
	"strings"
	"testing"
)

const good = `A list.

== first
# why
file: map.go
caught by: linear perkey; schedules
passes: test TestLen
-- find
	a
	b
-- replace
	b
# of the next
-- find
	c
-- replace

== second
file: other.go
passes: linear
-- find
x
-- replace
y
`

func TestParse(t *testing.T) {
	list, err := Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	want := []Mutation{
		{Name: "first", File: "map.go", Line: 3, Caught: []By{{"linear", "perkey"}, {"schedules", ""}}, Passes: []By{{"test", "TestLen"}},
			Edits: []Edit{{"\ta\n\tb", "\tb"}, {"\tc", ""}}},
		{Name: "second", File: "other.go", Line: 18, Passes: []By{{"linear", ""}}, Edits: []Edit{{"x", "y"}}},
	}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("%#v\nwant %#v", list, want)
	}
	out, err := list[0].Apply([]byte("\ta\n\tb\n\tc\n"))
	if err != nil || string(out) != "\tb\n\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestErrors(t *testing.T) {
	for change, want := range map[[2]string]string{
		{"file: map.go", ""}:                    "3: mutation first has no file",
		{"file: map.go", "fil: map.go"}:         "5: mutation first: want file",
		{"== second", "== first"}:               "18: a second mutation called first",
		{"-- replace\ny\n", ""}:                 "a find without replace",
		{"-- find\nx\n", ""}:                    "a replace without find",
		{"passes: linear\n", ""}:                "mutation second says neither",
		{"-- find\nx\n-- replace\ny\n", ""}:     "mutation second changes nothing",
		{"-- replace\n\tb\n", "-- find\n\tb\n"}: "a find without replace",
	} {
		if !strings.Contains(good, change[0]) {
			t.Fatalf("%q is not in the list", change[0])
		}
		if _, err := Parse(strings.Replace(good, change[0], change[1], 1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q for %q: %v, want %q", change[1], change[0], err, want)
		}
	}
	m := Mutation{Name: "m", File: "f.go", Edits: []Edit{{"x", "y"}}}
	for src, want := range map[string]string{"": "0 times", "x x": "2 times"} {
		if _, err := m.Apply([]byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", src, err, want)
		}
	}
}
