package accesses

import (
	"fmt"
	"testing"

	"corpus/order"
)

// eachKind runs test for maps of all kinds: empty, of one group, and of many.
func eachKind(t *testing.T, test func(k kind)) {
	for _, size := range []int{0, 5, 100} {
		for _, k := range kinds(size) {
			t.Run(fmt.Sprint(k.name, "/", size), func(*testing.T) { test(k) })
		}
	}
}

// each: lookup/assign
func TestRace_Lookup(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.assign, k.lookup) })
}

// each: lookup/assign
func TestRace_LookupOK(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.assign, k.lookupOK) })
}

// each: assign/lookup
func TestRace_AssignAfterLookup(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.lookup, k.assign) })
}

// each: assign/lookup
func TestRace_AssignAfterLookupOK(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.lookupOK, k.assign) })
}

// each: assign/assign
func TestRace_Assign(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.assign, k.assign) })
}

// each: assign/assign
func TestRace_OpAssign(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.opAssign, k.inc) })
}

// each: delete/lookup
func TestRace_Delete(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.lookup, k.del) })
}

// each: lookup/delete
func TestRace_LookupAfterDelete(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.del, k.lookup) })
}

// each: iterate/assign
func TestRace_Iterate(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.assign, k.iterate) })
}

// each: assign/iterate
func TestRace_AssignAfterIterate(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.iterate, k.assign) })
}

// each: len/assign
func TestRace_Len(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.assign, k.length) })
}

// each: assign/len
func TestRace_AssignAfterLen(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.length, k.assign) })
}

// each: clear/lookup
func TestRace_Clear(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.lookup, k.clear) })
}

// each: len/clear
func TestRace_LenAfterClear(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.clear, k.length) })
}

// each: clear/assign
func TestRace_ClearAfterAssign(t *testing.T) {
	eachKind(t, func(k kind) { order.Sequence(k.assign, k.clear) })
}

func TestOK_Reads(t *testing.T) {
	eachKind(t, func(k kind) {
		order.Sequence(k.lookup, k.lookupOK, k.iterate, k.length, k.lookup, k.iterate, k.length, k.lookupOK)
	})
}

func TestOK_OneGoroutine(t *testing.T) {
	eachKind(t, func(k kind) {
		for _, f := range []func(){k.assign, k.lookup, k.inc, k.iterate, k.del, k.length, k.clear, k.lookupOK, k.opAssign} {
			f()
		}
	})
}

// A new access of the same kind after all have met is no race.
func TestOK_InTurns(t *testing.T) {
	eachKind(t, func(k kind) {
		for range 3 {
			done := make(chan bool)
			go func() {
				k.assign()
				k.iterate()
				done <- true
			}()
			<-done
			k.del()
			k.length()
			k.clear()
		}
	})
}

// The write that races is not the last one: the one after it is ordered.
//
// want: lookup/assign
func TestRace_SecondWriter(t *testing.T) {
	m, c := map[int]int{}, make(chan bool, 1)
	order.Sequence(
		func() { m[1] = 1 },
		func() { c <- true },
		func() { <-c; use(m[1]) },
	)
}

// Three readers, one of which nobody has waited for.
//
// want: assign/lookup
func TestRace_ManyReaders(t *testing.T) {
	m, c := map[int]int{}, make(chan bool, 20)
	var fs []func()
	for i := range 20 {
		fs = append(fs, func() {
			use(m[1])
			if i != 7 {
				c <- true
			}
		})
	}
	order.Sequence(append(fs, func() {
		for range 19 {
			<-c
		}
		m[1] = 1
	})...)
}

func TestOK_ManyReaders(t *testing.T) {
	m, c := map[int]int{}, make(chan bool, 20)
	var fs []func()
	for range 20 {
		fs = append(fs, func() { use(m[1]); c <- true })
	}
	order.Sequence(append(fs, func() {
		for range 20 {
			<-c
		}
		m[1] = 1
	})...)
}
