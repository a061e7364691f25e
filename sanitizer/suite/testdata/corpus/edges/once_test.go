package edges

import (
	"sync"
	"testing"

	"corpus/order"
)

func TestOK_Once(t *testing.T) {
	var m map[int]int
	var once sync.Once
	get := func() {
		once.Do(func() { m = map[int]int{}; m[1] = 1 })
		_ = m[1]
	}
	order.Sequence(get, get, get)
}

// want: assign/assign
func TestRace_Once_WriteAfter(t *testing.T) {
	m := map[int]int{}
	var once sync.Once
	do := func() { once.Do(func() {}); m[1]++ }
	order.Sequence(do, do)
}

// want: assign/assign
func TestRace_Once_TwoOnces(t *testing.T) {
	m := map[int]int{}
	var a, b sync.Once
	order.Sequence(func() { a.Do(func() { m[1] = 1 }) }, func() { b.Do(func() { m[1] = 2 }) })
}

// Who finds it done tells nothing.
//
// want: assign/assign
func TestRace_Once_SecondToThird(t *testing.T) {
	m := map[int]int{}
	var once sync.Once
	once.Do(func() {})
	order.Sequence(func() { m[1] = 1; once.Do(func() {}) }, func() { once.Do(func() {}); m[1] = 2 })
}

func TestOK_Once_Waiting(t *testing.T) {
	m := map[int]int{}
	var once sync.Once
	var turn order.Turn
	go once.Do(func() {
		turn.Set(1)
		order.Blocked()
		m[1] = 1
	})
	turn.Wait(1)
	once.Do(func() { t.Error("done twice") })
	m[1] = 2
}

func TestOK_Once_Func(t *testing.T) {
	m := map[int]int{}
	f := sync.OnceFunc(func() { m[1] = 1 })
	value := sync.OnceValue(func() map[int]int { return map[int]int{1: 1} })
	values := sync.OnceValues(func() (map[int]int, error) { return map[int]int{1: 1}, nil })
	use := func() {
		f()
		_ = m[1]
		_ = value()[1]
		v, _ := values()
		_ = v[1]
	}
	order.Sequence(use, use, use)
}

// The value is made once and then written by all.
//
// want: assign/assign
func TestRace_Once_Value(t *testing.T) {
	value := sync.OnceValue(func() map[int]int { return map[int]int{} })
	use := func() { value()[1]++ }
	order.Sequence(use, use)
}
