package accesses

import (
	"math"
	"testing"

	"corpus/order"
)

var global = map[string]int{"a": 1}

// want: assign/lookup
func TestRace_Global(t *testing.T) {
	order.Sequence(func() { use(global["a"]) }, func() { global["a"] = 2 })
}

type server struct {
	sessions map[string]*session
	byUser   map[string]map[string]bool
	next     *server
}

type session struct{ tags map[string]string }

// want: assign/lookup
func TestRace_Field(t *testing.T) {
	s := &server{sessions: map[string]*session{}}
	order.Sequence(func() { use(s.sessions["a"]) }, func() { s.sessions["a"] = &session{} })
}

// want: assign/lookup
func TestRace_FieldOfElement(t *testing.T) {
	s := &server{sessions: map[string]*session{"a": {tags: map[string]string{}}}}
	order.Sequence(
		func() { use(s.sessions["a"].tags["t"]) },
		func() { s.sessions["a"].tags["t"] = "v" },
	)
}

func TestOK_FieldOfElement(t *testing.T) {
	s := &server{sessions: map[string]*session{"a": {tags: map[string]string{}}, "b": {tags: map[string]string{}}}}
	order.Sequence(
		func() { s.sessions["a"].tags["t"] = "v" },
		func() { s.sessions["b"].tags["t"] = "v" },
	)
}

// want: assign/assign
func TestRace_MapOfMaps(t *testing.T) {
	s := &server{byUser: map[string]map[string]bool{"u": {}}}
	order.Sequence(func() { s.byUser["u"]["a"] = true }, func() { s.byUser["u"]["b"] = true })
}

// want: assign/lookup
func TestRace_MapOfMapsOuter(t *testing.T) {
	s := &server{byUser: map[string]map[string]bool{"u": {}}}
	order.Sequence(func() { s.byUser["u"]["a"] = true }, func() { s.byUser["v"] = map[string]bool{"b": true} })
}

func TestOK_MapOfMaps(t *testing.T) {
	s := &server{byUser: map[string]map[string]bool{"u": {}, "v": {}}}
	order.Sequence(func() { s.byUser["u"]["a"] = true }, func() { s.byUser["v"]["b"] = true })
}

// A copy of a struct shares its maps.
//
// want: assign/assign
func TestRace_ShallowCopy(t *testing.T) {
	a := server{byUser: map[string]map[string]bool{}}
	b := a
	order.Sequence(func() { a.byUser["u"] = nil }, func() { b.byUser["v"] = nil })
}

func TestOK_DeepCopy(t *testing.T) {
	a := server{byUser: map[string]map[string]bool{}}
	b := server{byUser: map[string]map[string]bool{}}
	order.Sequence(func() { a.byUser["u"] = nil }, func() { b.byUser["v"] = nil })
}

// Assigning to a map variable is a race of the variable, not of the map.
func TestOK_Variable(t *testing.T) {
	m, other := map[int]int{1: 1}, map[int]int{1: 2}
	order.Sequence(func() { use(m[1]) }, func() { m = other }, func() { use(m[1]) })
}

// The new map's own first write is a race with whoever finds it in the variable.
//
// want: lookup/assign
func TestRace_Variable(t *testing.T) {
	m := map[int]int{1: 1}
	order.Sequence(func() { use(m[1]) }, func() { m = map[int]int{1: 2} }, func() { use(m[1]) })
}

func TestOK_NilMap(t *testing.T) {
	var m map[int]int
	read := func() {
		use(m[1])
		use(len(m))
		delete(m, 1)
		clear(m)
		for range m {
		}
	}
	order.Sequence(read, read)
}

func TestOK_NilMapWritePanics(t *testing.T) {
	var m map[int]int
	write := func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		m[1] = 1
	}
	order.Sequence(write, write)
}

// A key that cannot be hashed: the operation panics, and two reads are no race.
func TestOK_UnhashableKey(t *testing.T) {
	m := map[any]int{1: 1}
	bad := func(op func(k any)) func() {
		return func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			op([]int{})
		}
	}
	order.Sequence(bad(func(k any) { use(m[k]) }), bad(func(k any) { use(m[k]) }))
}

// want: assign/assign
func TestRace_NaN(t *testing.T) {
	m := map[float64]int{}
	order.Sequence(func() { m[math.NaN()] = 1 }, func() { m[math.NaN()] = 2 })
}

// want: assign/assign
func TestRace_Append(t *testing.T) {
	m := map[string][]int{}
	add := func() { m["a"] = append(m["a"], 1) }
	order.Sequence(add, add)
}

// want: assign/assign
func TestRace_TwoAtOnce(t *testing.T) {
	m := map[string]int{}
	swap := func() { m["a"], m["b"] = m["b"], m["a"] }
	order.Sequence(swap, swap)
}

type set[T comparable] map[T]struct{}

func (s set[T]) add(v T)      { s[v] = struct{}{} }
func (s set[T]) has(v T) bool { _, ok := s[v]; return ok }
func (s set[T]) size() int    { return len(s) }
func (s set[T]) each(f func(v T)) {
	for v := range s {
		f(v)
	}
}

// want: assign/lookup
func TestRace_Generic(t *testing.T) {
	s := set[string]{}
	order.Sequence(func() { s.has("a") }, func() { s.add("a") })
}

// want: len/assign
func TestRace_GenericLen(t *testing.T) {
	s := set[point]{}
	order.Sequence(func() { s.add(point{}) }, func() { use(s.size()) })
}

// want: iterate/assign
func TestRace_GenericIterate(t *testing.T) {
	s := set[int32]{}
	order.Sequence(func() { s.add(1) }, func() { s.each(func(int32) {}) })
}

func addAll[M ~map[K]V, K comparable, V any](m M, k K, v V) { m[k] = v }

// want: assign/assign
func TestRace_GenericFunc(t *testing.T) {
	m := map[string]float64{}
	order.Sequence(func() { addAll(m, "a", 1) }, func() { addAll(m, "a", 2) })
}

// want: assign/lookup
func TestRace_Interface(t *testing.T) {
	var v any = map[string]int{"a": 1}
	order.Sequence(func() { use(v.(map[string]int)["a"]) }, func() { v.(map[string]int)["a"] = 2 })
}

// want: assign/lookup
func TestRace_InSlice(t *testing.T) {
	ms := []map[int]int{{}, {}}
	order.Sequence(func() { use(ms[1][1]) }, func() { ms[1][1] = 2 })
}

func TestOK_InSlice(t *testing.T) {
	ms := []map[int]int{{}, {}}
	order.Sequence(func() { ms[0][1] = 1 }, func() { ms[1][1] = 2 })
}

// A map literal is written by its maker alone.
func TestOK_Literal(t *testing.T) {
	var m map[string]int
	done := make(chan bool)
	go func() {
		m = map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8, "i": 9}
		close(done)
	}()
	<-done
	order.Sequence(func() { use(m["a"]) }, func() { use(m["b"]) })
}

// want: lookup/assign
func TestRace_InlinedAccess(t *testing.T) {
	s := &server{byUser: map[string]map[string]bool{}, next: &server{}}
	get := func(s *server, k string) map[string]bool { return s.byUser[k] }
	put := func(s *server, k string) { s.byUser[k] = nil }
	order.Sequence(func() { put(s, "a") }, func() { use(get(s, "a")) })
}

// want: assign/lookup
func TestRace_Switch(t *testing.T) {
	m := map[string]int{}
	order.Sequence(func() {
		switch m["a"] {
		case 0:
		}
	}, func() { m["a"] = 1 })
}

// A string made of bytes for the lookup alone takes a way of its own.
//
// want: assign/lookup
func TestRace_BytesKey(t *testing.T) {
	m, b := map[string]int{}, []byte("a")
	order.Sequence(func() { use(m[string(b)]) }, func() { m["a"] = 1 })
}
