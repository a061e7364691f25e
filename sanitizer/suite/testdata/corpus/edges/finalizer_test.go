package edges

import (
	"runtime"
	"testing"

	"corpus/order"
)

type resource struct {
	id    int
	bytes [64]byte // no tiny allocation: those are finalized late
}

// collect collects garbage until the turn has come to n.
func collect(t *testing.T, turn *order.Turn, n int) {
	done := make(chan bool)
	go func() { turn.Wait(n); close(done) }()
	for range 1000 {
		runtime.GC()
		select {
		case <-done:
			return
		default:
			order.Blocked()
		}
	}
	t.Fatal("the finalizer never ran")
}

//go:noinline
func finalized(f func()) { runtime.SetFinalizer(&resource{id: 1}, func(*resource) { f() }) }

//go:noinline
func cleaned(f func()) { runtime.AddCleanup(&resource{id: 1}, func(int) { f() }, 1) }

func TestOK_Finalizer(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	m[1] = 1
	finalized(func() { m[1] = 2; turn.Set(1) })
	collect(t, &turn, 1)
}

func TestOK_Cleanup(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	m[1] = 1
	cleaned(func() { m[1] = 2; turn.Set(1) })
	collect(t, &turn, 1)
}

// Whoever set the finalizer does not learn that it ran.
//
// want: assign/assign
func TestRace_Finalizer(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	finalized(func() { m[1] = 1; turn.Set(1) })
	collect(t, &turn, 1)
	m[1] = 2
}

// want: assign/assign
func TestRace_Cleanup(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	cleaned(func() { m[1] = 1; turn.Set(1) })
	collect(t, &turn, 1)
	m[1] = 2
}

// Finalizers and cleanups run after all that was done before the collection,
// as with -race: the collector has seen that nobody uses the object any more,
// and what it has seen is no synchronisation that could be followed. Strictly,
// what is written after the finalizer was set does not wait for it.
func TestBlind_Finalizer_WriteAfterSet(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	order.Sequence(func() {
		finalized(func() { m[1] = 2; turn.Set(1) })
		m[1] = 1
	})
	collect(t, &turn, 1)
}

func TestBlind_Cleanup_WriteAfterAdd(t *testing.T) {
	m := map[int]int{}
	var turn order.Turn
	order.Sequence(func() {
		cleaned(func() { m[1] = 2; turn.Set(1) })
		m[1] = 1
	})
	collect(t, &turn, 1)
}
