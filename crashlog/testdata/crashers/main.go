// Command crashers dies of one concurrent misuse of a map: its argument names
// the two operations and, after a slash, the type of the keys.
//
//	crashers write-write/string
//
// One of a goroutine's functions is named for what it does to the map, which
// tells a test the truth about it without the runtime's frames. Some deaths of
// other kinds are here, too.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"time"
)

type store[K comparable] struct {
	name  string
	items map[K]int
}

type point struct{ x, y, z int32 }

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: crashers OPERATIONS/KEYS")
		os.Exit(1)
	}
	pair, keys, _ := strings.Cut(os.Args[1], "/")
	bystanders()
	switch pair {
	case "panic":
		defer func() { panic("second") }()
		panic("first:\nof two lines")
	case "nilmap":
		var m map[string]int
		m["a"] = 1
	case "deadlock":
		var mu sync.Mutex
		mu.Lock()
		mu.Lock()
	case "quit":
		p, _ := os.FindProcess(os.Getpid())
		p.Signal(syscall.SIGQUIT)
		time.Sleep(time.Minute)
	case "nilpointer":
		var p *point
		p.x = 1
	}
	switch keys {
	case "string":
		run(pair, func(i int) string { return names[i%len(names)] })
	case "int32":
		run(pair, func(i int) int32 { return int32(i) })
	case "int64":
		run(pair, func(i int) int64 { return int64(i) })
	case "pointer":
		run(pair, func(i int) *int { return &numbers[i%len(numbers)] })
	case "struct":
		run(pair, func(i int) point { return point{int32(i), 2, 3} })
	case "any":
		run(pair, func(i int) any { return names[i%len(names)] })
	default:
		fmt.Fprintf(os.Stderr, "crashers: no keys of type %q\n", keys)
		os.Exit(1)
	}
}

const spread = 500 // keys: enough for a map of several tables or buckets

var (
	names   [spread]string
	numbers [spread]int
)

func run[K comparable](pair string, key func(int) K) {
	s := &store[K]{name: "shop", items: map[K]int{}}
	for i := range names {
		names[i] = fmt.Sprintf("name%d", i)
	}
	for i := 0; i < spread/2; i++ {
		s.items[key(i)] = i
	}
	labels := pprof.Labels("worker", "in take", `quo"te`, `a, b}]: {c`+"\n\té\xff", "plain", "v1.2/x_y")
	pprof.Do(context.Background(), labels, func(context.Context) {
		switch pair {
		case "write-write":
			go s.assigns(key)
			go s.assigns(key)
		case "read-write":
			go s.lookups(key)
			go s.assigns(key)
		case "iterate":
			go s.iterates()
			go s.assigns(key)
		case "grow":
			go s.iterates()
			go s.grows(key)
		case "delete":
			go s.deletes(key)
			go s.assigns(key)
		case "clear":
			go s.clears()
			go s.assigns(key)
		case "clone":
			go s.clones()
			go s.assigns(key)
		default:
			fmt.Fprintf(os.Stderr, "crashers: no operations %q\n", pair)
			os.Exit(1)
		}
	})
	time.Sleep(20 * time.Second)
	fmt.Fprintln(os.Stderr, "crashers: no crash came")
	os.Exit(1)
}

func (s *store[K]) assigns(key func(int) K) {
	for i := 0; ; i++ {
		assign(s.items, key(i%spread), i)
	}
}

// grows makes a map of ever more tables or buckets, over and over.
func (s *store[K]) grows(key func(int) K) {
	for i := 0; ; i++ {
		s.items[key(i)] = i
	}
}

//go:noinline
func assign[K comparable](m map[K]int, k K, v int) { m[k] = v }

func (s *store[K]) lookups(key func(int) K) {
	for i := 0; ; i++ {
		if s.lookup(key(i%spread)) < 0 {
			return
		}
	}
}

// lookup is small enough to be inlined.
func (s *store[K]) lookup(k K) int {
	if v, ok := s.items[k]; ok {
		return v
	}
	return s.items[k]
}

var sum int

func (s *store[K]) iterates() {
	for {
		for _, v := range s.items {
			sum += v
		}
	}
}

func (s *store[K]) deletes(key func(int) K) {
	for i := 0; ; i++ {
		delete(s.items, key(i%spread))
	}
}

func (s *store[K]) clears() {
	for {
		clearMap(s.items)
	}
}

var copied int

func (s *store[K]) clones() {
	for {
		copied += len(clone(s.items))
	}
}

// bystanders wait in various ways.
func bystanders() {
	started := make(chan bool)
	go func() {
		runtime.LockOSThread()
		started <- true
		select {}
	}()
	go func() {
		started <- true
		if !strings.HasPrefix(os.Args[1], "deadlock") {
			time.Sleep(time.Hour)
		}
		select {}
	}()
	go func() {
		deep(150, started, make(chan int))
	}()
	for i := 0; i < 3; i++ {
		<-started
	}
}

//go:noinline
func deep(n int, started chan bool, c chan int) int {
	if n == 0 {
		started <- true
		return <-c
	}
	return deep(n-1, started, c) + 1
}
