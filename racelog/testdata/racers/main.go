// Racers races in many ways, one for each argument, so that -race has
// something to report. The races are on maps, but for those that are named no...
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"sync"
	"time"
)

type item struct{ n int }

type key struct{ a, b int }

// Store holds maps, and things beside them.
type Store struct {
	names  map[string]int
	ids    map[int64]*item
	keys   map[key]string
	small  map[int32]bool
	list   []int
	count  int
	values map[string]any
}

func newStore() *Store {
	return &Store{
		names: map[string]int{"a": 1}, ids: map[int64]*item{1: {1}}, keys: map[key]string{{1, 2}: "x"},
		small: map[int32]bool{1: true}, list: make([]int, 4), values: map[string]any{"a": 1},
	}
}

func (s *Store) put(name string)      { s.names[name] = 1 }
func (s *Store) get(name string) int  { return s.names[name] }
func (s *Store) has(name string) bool { _, ok := s.names[name]; return ok }
func (s *Store) drop(name string)     { delete(s.names, name) }
func (s *Store) reset()               { clear(s.names) }
func (s *Store) size() int            { return len(s.names) }
func (s *Store) each() (n int) {
	for range s.names {
		n++
	}
	return n
}

var sink any

// both runs two functions that nothing orders: a sleep is no synchronisation.
// The first one's goroutine has ended by then, unless it waits.
func both(first, second func()) {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		first()
		if len(os.Args) > 2 {
			time.Sleep(200 * time.Millisecond)
		}
		wg.Done()
	}()
	time.Sleep(20 * time.Millisecond)
	second()
	wg.Wait()
}

var races = map[string]func(*Store){
	"assign-assign":  func(s *Store) { both(func() { s.put("a") }, func() { s.put("b") }) },
	"lookup-assign":  func(s *Store) { both(func() { s.put("a") }, func() { sink = s.get("b") }) },
	"has-delete":     func(s *Store) { both(func() { sink = s.has("a") }, func() { s.drop("b") }) },
	"iterate-assign": func(s *Store) { both(func() { s.put("a") }, func() { sink = s.each() }) },
	"clear-lookup":   func(s *Store) { both(func() { sink = s.get("a") }, func() { s.reset() }) },
	"len-assign":     func(s *Store) { both(func() { s.put("a") }, func() { sink = s.size() }) },
	"clone-assign":   func(s *Store) { both(func() { s.put("a") }, func() { sink = maps.Clone(s.names) }) },
	"collect-assign": func(s *Store) { both(func() { s.put("a") }, func() { sink = maps.Collect(maps.All(s.names)) }) },
	"json-assign": func(s *Store) {
		both(func() { s.values["b"] = 2 }, func() { json.NewEncoder(io.Discard).Encode(s.values) })
	},
	"fmt-assign": func(s *Store) { both(func() { s.keys[key{3, 4}] = "y" }, func() { fmt.Fprint(io.Discard, s.keys) }) },
	"reflect-reflect": func(s *Store) {
		both(func() { reflect.ValueOf(s.small).SetMapIndex(reflect.ValueOf(int32(2)), reflect.ValueOf(true)) },
			func() { sink = reflect.ValueOf(s.small).MapIndex(reflect.ValueOf(int32(1))).Bool() })
	},
	"reflect-len": func(s *Store) { both(func() { s.small[3] = true }, func() { sink = reflect.ValueOf(s.small).Len() }) },
	"int64-pointer": func(s *Store) {
		both(func() { s.ids[2] = &item{2} }, func() { sink = s.ids[1] })
	},
	"struct-key":   func(s *Store) { both(func() { s.keys[key{5, 6}] = "z" }, func() { sink = s.keys[key{1, 2}] }) },
	"no-slice":     func(s *Store) { both(func() { s.list[0] = 1 }, func() { sink = s.list[0] }) },
	"no-field":     func(s *Store) { both(func() { s.count++ }, func() { sink = s.count }) },
	"no-variable":  func(s *Store) { both(func() { s.names = map[string]int{} }, func() { sink = s.names }) },
	"no-element":   func(s *Store) { i := s.ids[1]; both(func() { i.n = 7 }, func() { sink = s.ids[1].n }) },
	"no-key":       func(s *Store) { k := new(key); both(func() { k.a = 7 }, func() { sink = s.keys[*k] }) },
	"no-key-write": func(s *Store) { k := &key{a: 1}; both(func() { s.keys[*k] = "" }, func() { k.b = 7 }) },
}

func main() {
	if len(os.Args) < 2 || races[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: racers NAME [slow]")
		os.Exit(2)
	}
	races[os.Args[1]](newStore())
}
