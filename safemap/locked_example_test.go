package safemap_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mapsan/mapsan/safemap"
)

func ExampleLocked() {
	var visits safemap.Locked[string, int]
	visits.Store("/", 1)
	if n, ok := visits.Load("/"); ok {
		fmt.Println("visits:", n)
	}
	_, loaded := visits.LoadOrStore("/about", 1)
	fmt.Println("was there:", loaded, "entries:", visits.Len())
	// Output:
	// visits: 1
	// was there: false entries: 2
}

// Both accounts change or neither does: the panic undoes the first write.
func ExampleLocked_Update() {
	var accounts safemap.Locked[string, int]
	accounts.Store("ann", 100)
	accounts.Store("bob", 20)

	transfer := func(from, to string, amount int) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("%v", r)
			}
		}()
		accounts.Update(func(tx safemap.Tx[string, int]) {
			a, _ := tx.Load(from)
			tx.Store(from, a-amount)
			b, ok := tx.Load(to)
			if !ok {
				panic("no account " + to)
			}
			tx.Store(to, b+amount)
		})
		return nil
	}

	fmt.Println(transfer("ann", "bob", 30))
	fmt.Println(transfer("ann", "eve", 30))
	for _, name := range slices.Sorted(accounts.Keys()) {
		n, _ := accounts.Load(name)
		fmt.Println(name, n)
	}
	// Output:
	// <nil>
	// no account eve
	// ann 70
	// bob 50
}

// The sum is that of one moment. A function that takes a View serves Update,
// too, with tx.View.
func ExampleLocked_View() {
	var stock safemap.Locked[string, int]
	stock.Store("apples", 3)
	stock.Store("pears", 4)

	total := func(v safemap.View[string, int]) (n int) {
		for _, x := range v.All() {
			n += x
		}
		return n
	}
	stock.View(func(v safemap.View[string, int]) {
		fmt.Println(v.Len(), "kinds,", total(v), "pieces")
	})
	stock.Update(func(tx safemap.Tx[string, int]) {
		tx.Delete("pears")
		fmt.Println(tx.Len(), "kind,", total(tx.View), "pieces")
	})
	// Output:
	// 2 kinds, 7 pieces
	// 1 kind, 3 pieces
}

// Compute counts, and forgets what has been counted down.
func ExampleLocked_Compute() {
	var users safemap.Locked[string, int]
	add := func(file string, by int) (int, bool) {
		return users.Compute(file, func(n int, _ bool) (int, safemap.Op) {
			if n += by; n == 0 {
				return 0, safemap.Remove
			}
			return n, safemap.Set
		})
	}
	fmt.Println(add("a.txt", 1))
	fmt.Println(add("a.txt", 1))
	fmt.Println(add("a.txt", -2))
	fmt.Println(users.Len())
	// Output:
	// 1 true
	// 2 true
	// 0 false
	// 0
}

// The value is only made for the first who asks.
func ExampleLocked_LoadOrCompute() {
	var rooms safemap.Locked[int, string]
	for range 2 {
		name, loaded := rooms.LoadOrCompute(7, func() string {
			fmt.Println("naming room 7")
			return "seven"
		})
		fmt.Println(name, loaded)
	}
	// Output:
	// naming room 7
	// seven false
	// seven true
}

func ExampleLocked_CompareAndSwap() {
	var state safemap.Locked[string, string]
	state.Store("job", "queued")
	fmt.Println(state.CompareAndSwap("job", "queued", "running"))
	fmt.Println(state.CompareAndSwap("job", "queued", "running"))
	fmt.Println(state.CompareAndDelete("job", "running"), state.Len())
	// Output:
	// true
	// false
	// true 0
}

func ExampleLocked_Swap() {
	var current safemap.Locked[string, string]
	current.Store("leader", "ann")
	fmt.Println(current.Swap("leader", "bob"))
	fmt.Println(current.LoadAndDelete("leader"))
	// Output:
	// ann true
	// bob true
}

// The loop may change the map that it is over: it sees the entries of the
// moment when it began.
func ExampleLocked_All() {
	var ages safemap.Locked[string, int]
	ages.Store("ann", 31)
	ages.Store("bob", 17)
	for name, age := range ages.All() {
		if age < 18 {
			ages.Delete(name)
		}
	}
	fmt.Println(maps.Collect(ages.All()))
	// Output: map[ann:31]
}

func ExampleLocked_Snapshot() {
	var limits safemap.Locked[string, int]
	limits.Store("cpu", 2)
	saved := limits.Snapshot()
	limits.Store("cpu", 8)
	limits.Store("disks", 1)
	fmt.Println(saved)
	// Output: map[cpu:2]
}

// Grow takes the rehashing, during which everyone waits, out of the loop.
func ExampleLocked_Grow() {
	var squares safemap.Locked[int, int]
	squares.Grow(1000)
	for i := range 1000 {
		squares.Store(i, i*i)
	}
	fmt.Println(squares.Len())
	// Output: 1000
}
