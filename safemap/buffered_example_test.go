package safemap_test

import (
	"fmt"
	"time"

	"github.com/mapsan/mapsan/safemap"
)

// Hits are counted at once for those who ask the buffer, and reach the map
// in one step.
func ExampleBuffered() {
	m := safemap.New[string, int](safemap.Options[string]{Snapshots: true})
	hits := safemap.NewBuffered(m, safemap.BufferedOptions{
		MaxDelay: time.Second,
		MaxSize:  100,
	})
	defer hits.Close()

	hits.Store("/", 1)
	hits.Store("/about", 1)
	hits.Store("/", 2)

	n, _ := hits.Load("/")
	fmt.Println("buffer:", n, "map:", m.Len(), "entries")
	hits.Flush()
	n, _ = m.Load("/")
	fmt.Println("map:", n, "of", m.Len(), "entries")
	// Output:
	// buffer: 2 map: 0 entries
	// map: 2 of 2 entries
}

// After Close a write is in the map when it returns.
func ExampleBuffered_Close() {
	m := safemap.New[string, int](safemap.Options[string]{})
	b := safemap.NewBuffered(m, safemap.BufferedOptions{})
	b.Store("a", 1)
	b.Close()
	fmt.Println(m.Load("a"))
	b.Store("a", 2)
	fmt.Println(m.Load("a"))
	// Output:
	// 1 true
	// 2 true
}
