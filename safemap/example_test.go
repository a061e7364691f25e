package safemap_test

import (
	"fmt"
	"slices"
	"sync"

	"github.com/mapsan/mapsan/safemap"
)

func Example() {
	var hits safemap.Map[string, int] // ready for use
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				hits.Compute("/", func(n int, _ bool) (int, safemap.Op) { return n + 1, safemap.Set })
			}
		})
	}
	wg.Wait()
	fmt.Println(hits.Load("/"))
	// Output: 4000 true
}

func ExampleNew() {
	m := safemap.New[int, string](safemap.Options[int]{Size: 1_000_000, Snapshots: true})
	m.Store(1, "one")
	fmt.Println(m.Len())
	// Output: 1
}

func ExampleOptions_hasher() {
	type point struct{ x, y int32 }
	m := safemap.New[point, string](safemap.Options[point]{
		Hasher: func(p point) uint64 { return uint64(p.x)<<32 | uint64(uint32(p.y)) },
	})
	m.Store(point{1, 2}, "here")
	fmt.Println(m.Load(point{1, 2}))
	// Output: here true
}

func ExampleMap_Load() {
	var m safemap.Map[string, int]
	m.Store("a", 1)
	fmt.Println(m.Load("a"))
	fmt.Println(m.Load("b"))
	// Output:
	// 1 true
	// 0 false
}

func ExampleMap_Store() {
	var m safemap.Map[string, []byte]
	m.Store("a", []byte("x"))
	m.Store("a", []byte("y"))
	v, _ := m.Load("a")
	fmt.Println(string(v))
	// Output: y
}

func ExampleMap_Swap() {
	var m safemap.Map[string, int]
	fmt.Println(m.Swap("a", 1))
	fmt.Println(m.Swap("a", 2))
	// Output:
	// 0 false
	// 1 true
}

func ExampleMap_LoadOrStore() {
	var m safemap.Map[string, int]
	fmt.Println(m.LoadOrStore("a", 1))
	fmt.Println(m.LoadOrStore("a", 2))
	// Output:
	// 1 false
	// 1 true
}

// One goroutine makes the connection, the others wait for it and get it.
func ExampleMap_LoadOrCompute() {
	type conn struct{ to string }
	var conns safemap.Map[string, *conn]
	for range 2 {
		c, loaded := conns.LoadOrCompute("db", func() *conn {
			fmt.Println("dial")
			return &conn{"db"}
		})
		fmt.Println(c.to, loaded)
	}
	// Output:
	// dial
	// db false
	// db true
}

// A counter that leaves the map at zero.
func ExampleMap_Compute() {
	var users safemap.Map[string, int]
	add := func(room string, d int) {
		n, ok := users.Compute(room, func(n int, _ bool) (int, safemap.Op) {
			if n += d; n <= 0 {
				return 0, safemap.Remove
			}
			return n, safemap.Set
		})
		fmt.Println(n, ok)
	}
	add("lobby", 2)
	add("lobby", -1)
	add("lobby", -1)
	// Output:
	// 2 true
	// 1 true
	// 0 false
}

func ExampleMap_CompareAndSwap() {
	var state safemap.Map[int, string]
	state.Store(7, "queued")
	fmt.Println(state.CompareAndSwap(7, "queued", "running"))
	fmt.Println(state.CompareAndSwap(7, "queued", "running"))
	// Output:
	// true
	// false
}

func ExampleMap_CompareAndDelete() {
	var leases safemap.Map[string, int]
	leases.Store("job", 41)
	fmt.Println(leases.CompareAndDelete("job", 40))
	fmt.Println(leases.CompareAndDelete("job", 41))
	// Output:
	// false
	// true
}

func ExampleMap_LoadAndDelete() {
	var m safemap.Map[string, int]
	m.Store("a", 1)
	fmt.Println(m.LoadAndDelete("a"))
	fmt.Println(m.LoadAndDelete("a"))
	// Output:
	// 1 true
	// 0 false
}

func ExampleMap_Delete() {
	var m safemap.Map[string, int]
	m.Store("a", 1)
	m.Delete("a")
	fmt.Println(m.Len())
	// Output: 0
}

func ExampleMap_Clear() {
	var m safemap.Map[string, int]
	m.Store("a", 1)
	m.Clear()
	fmt.Println(m.Load("a"))
	// Output: 0 false
}

func ExampleMap_Len() {
	var m safemap.Map[int, int]
	for i := range 3 {
		m.Store(i, i)
	}
	fmt.Println(m.Len())
	// Output: 3
}

func ExampleMap_Grow() {
	var m safemap.Map[int, int]
	m.Grow(100_000) // the next 100,000 insertions move nothing
	m.Store(1, 1)
	fmt.Println(m.Len())
	// Output: 1
}

func ExampleMap_All() {
	var m safemap.Map[int, string]
	m.Store(1, "one")
	m.Store(2, "two")
	for k := range m.All() {
		m.Delete(k) // allowed: nothing is locked here
	}
	fmt.Println(m.Len())
	// Output: 0
}

func ExampleMap_Keys() {
	var m safemap.Map[int, string]
	m.Store(1, "one")
	m.Store(2, "two")
	fmt.Println(slices.Sorted(m.Keys()))
	// Output: [1 2]
}

func ExampleMap_Values() {
	var m safemap.Map[int, string]
	m.Store(1, "one")
	m.Store(2, "two")
	fmt.Println(slices.Sorted(m.Values()))
	// Output: [one two]
}

func ExampleMap_Snapshot() {
	var m safemap.Map[string, int]
	m.Store("a", 1)
	before := m.Snapshot()
	m.Store("a", 2)
	m.Store("b", 3)
	fmt.Println(before.Load("a"))
	fmt.Println(before.Len(), m.Len())
	// Output:
	// 1 true
	// 1 2
}

func ExampleSnapshot_Version() {
	var m safemap.Map[string, int]
	a := m.Snapshot()
	b := m.Snapshot()
	m.Store("k", 1)
	c := m.Snapshot()
	fmt.Println(a.Version() == b.Version(), b.Version() < c.Version())
	// Output: true true
}

func ExampleSnapshot_All() {
	var m safemap.Map[int, int]
	for i := range 100 {
		m.Store(i, i)
	}
	sum := 0
	for _, v := range m.Snapshot().All() {
		m.Clear() // the snapshot keeps its entries
		sum += v
	}
	fmt.Println(sum)
	// Output: 4950
}

func ExampleDiff() {
	var m safemap.Map[string, int]
	m.Store("kept", 1)
	m.Store("changed", 1)
	m.Store("removed", 1)
	old := m.Snapshot()
	m.Store("changed", 2)
	m.Delete("removed")
	m.Store("added", 3)
	var lines []string
	for k, c := range safemap.Diff(old, m.Snapshot()) {
		lines = append(lines, fmt.Sprintf("%s: %d %v, now %d %v", k, c.Old, c.Was, c.New, c.Is))
	}
	slices.Sort(lines)
	for _, l := range lines {
		fmt.Println(l)
	}
	// Output:
	// added: 0 false, now 3 true
	// changed: 1 true, now 2 true
	// removed: 1 true, now 0 false
}

// Values that == does not compare.
func ExampleDiffFunc() {
	var m safemap.Map[string, []int]
	m.Store("a", []int{1})
	old := m.Snapshot()
	m.Store("a", []int{1, 2})
	for k, c := range safemap.DiffFunc(old, m.Snapshot(), slices.Equal) {
		fmt.Println(k, c.Old, c.New)
	}
	// Output: a [1] [1 2]
}

// A transfer that no snapshot sees half done.
func ExampleMap_Apply() {
	var accounts safemap.Map[string, int]
	accounts.Store("a", 10)
	var b safemap.Batch[string, int]
	b.Store("a", 7)
	b.Store("b", 3)
	accounts.Apply(&b)
	sum := 0
	for _, v := range accounts.Snapshot().All() {
		sum += v
	}
	fmt.Println(sum)
	// Output: 10
}

func ExampleBatch_Reset() {
	var m safemap.Map[int, int]
	var b safemap.Batch[int, int]
	for round := range 3 {
		b.Reset()
		b.Store(round, round)
		b.Delete(round - 1)
		m.Apply(&b)
	}
	fmt.Println(b.Len(), slices.Sorted(m.Keys()))
	// Output: 2 [2]
}

func ExampleSync() {
	var m safemap.Sync // was sync.Map
	m.Store("a", 1)
	m.Range(func(k, v any) bool {
		fmt.Println(k, v)
		return true
	})
	// Output: a 1
}
