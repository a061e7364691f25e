// Racy uses a map from two goroutines without a lock, in the way that its
// argument names, until the runtime stops it or its time is over. With the third
// argument "soon" that comes soon; with "busy" others use maps of their own meanwhile.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

type key struct{ a, b int32 }

type store struct {
	mu    sync.Mutex
	byID  map[int]int
	names map[string]int
	byKey map[key]string
}

var (
	global = map[string]int{"a": 1}
	nested = map[string]map[int]int{"in": {1: 1}}
	list   = []map[int]int{{1: 1}}
	sink   int
	spent  atomic.Uint32
)

//go:noinline
func (s *store) set(i int) { s.byID[i&7] = i }

// locked uses another map of the store, as it should be used.
//
//go:noinline
func (s *store) locked(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byKey[key{int32(i & 7), 1}] = "x"
}

//go:noinline
func (s *store) get(i int) int { return s.byID[i&7] }

type set[K comparable] struct{ m map[K]bool }

//go:noinline
func (s *set[K]) add(k K) { s.m[k] = true }

//go:noinline
func (s *set[K]) has(k K) bool { return s.m[k] }

func filled[V any](n int, v V) map[int]V {
	m := make(map[int]V, n)
	for i := range n {
		m[i] = v
	}
	return m
}

// shape returns what the two goroutines do, again and again.
func shape(name string) (one, two func(i int)) {
	s := &store{byID: filled(8, 0), names: map[string]int{}, byKey: map[key]string{}}
	ints := filled(100, 0)
	large := filled(50_000, 0)
	texts := []string{"alpha", "beta", "gamma", "delta"}
	reflected := reflect.ValueOf(ints)
	var any1 = map[any]int{1: 1, "x": 2}
	var small32 = map[uint32]int{1: 1}
	pointers := map[*int]int{new(int): 1}
	p := new(int)
	growing := map[int]int{}
	gen := &set[string]{m: map[string]bool{}}
	switch name {
	case "global-string":
		return func(i int) { global[texts[i&3]] = i }, func(i int) { sink += global[texts[i&3]] }
	case "field-int":
		return s.set, func(i int) { sink += s.get(i) }
	case "field-string":
		return func(i int) { s.names[texts[i&3]]++ }, func(i int) { sink += s.names[texts[i&3]] }
	case "struct-key":
		return func(i int) { s.byKey[key{int32(i & 7), 1}] = "x" }, func(i int) { sink += len(s.byKey[key{1, 1}]) }
	case "write-write":
		return s.set, func(i int) { s.byID[i&3] = i }
	case "decoy":
		return func(i int) { s.locked(i); s.set(i) }, func(i int) { s.locked(i); s.byID[i&3] = i }
	case "iterate":
		return s.set, func(int) {
			for _, v := range s.byID {
				sink += v
			}
		}
	case "delete":
		return func(i int) { delete(ints, i%100); ints[i%100] = i }, func(i int) { sink += ints[i%100] }
	case "delete-only":
		return func(i int) { delete(large, i) }, func(i int) { sink += large[i] }
	case "clear":
		return func(i int) { clear(s.byID); s.byID[1] = i }, func(i int) { sink += s.byID[i&7] }
	case "reflect-set":
		return func(i int) { reflected.SetMapIndex(reflect.ValueOf(i%100), reflect.ValueOf(i)) }, func(i int) { sink += ints[i%100] }
	case "reflect-get":
		return func(i int) { ints[i%100] = i }, func(i int) { sink += int(reflected.MapIndex(reflect.ValueOf(i % 100)).Int()) }
	case "reflect-iterate":
		return func(i int) { s.byID[i&7] = i }, func(int) {
			for it := reflect.ValueOf(s.byID).MapRange(); it.Next(); {
				sink += int(it.Value().Int())
			}
		}
	case "large":
		return func(i int) { large[i*7919%50_000] = i }, func(i int) { sink += large[i*31%50_000] }
	case "growth":
		return func(i int) { growing[i] = i }, func(i int) { sink += growing[i/2] }
	case "clone":
		return func(i int) { s.byID[i&7] = i }, func(int) { sink += len(maps.Clone(s.byID)) }
	case "json":
		return func(i int) { s.names[texts[i&3]] = i }, func(int) { json.NewEncoder(io.Discard).Encode(s.names) }
	case "interface-key":
		return func(i int) { any1[i&3] = i }, func(i int) { sink += any1["x"] }
	case "uint32-key":
		return func(i int) { small32[uint32(i&7)] = i }, func(i int) { sink += small32[uint32(i&7)] }
	case "pointer-key":
		return func(i int) { pointers[p] = i }, func(i int) { sink += pointers[p] }
	case "nested":
		return func(i int) { nested["in"][i&7] = i }, func(i int) { sink += nested["in"][i&7] }
	case "element":
		return func(i int) { list[0][i&7] = i }, func(i int) { sink += list[0][i&7] }
	case "generic":
		return func(i int) { gen.add(texts[i&3]) }, func(i int) {
			if gen.has(texts[i&3]) {
				sink++
			}
		}
	case "half-locked":
		return func(i int) { s.mu.Lock(); s.byID[i&7] = i; s.mu.Unlock() }, func(i int) { sink += s.byID[i&7] }
	}
	return nil, nil
}

// work is what a program does between two uses of a map.
func work(n int) (x uint32) {
	x = uint32(n) | 1
	for range n {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
	}
	return x
}

func main() {
	one, two := shape(os.Args[1])
	if one == nil {
		fmt.Fprintln(os.Stderr, "racy: no such shape:", os.Args[1])
		os.Exit(2)
	}
	limit, err := time.ParseDuration(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "racy:", err)
		os.Exit(2)
	}
	faster := 1
	others := 0
	if len(os.Args) > 3 {
		switch os.Args[3] {
		case "soon":
			faster = 50
		case "busy":
			others = 2
		}
	}
	os.Stdout.WriteString("ready\n")
	os.Stdin.Read(make([]byte, 1)) // until whoever watches is ready, too
	end := time.Now().Add(limit)
	for n, f := range []func(int){one, two} {
		go func() {
			for i := 0; time.Now().Before(end); i++ {
				spent.Add(work((600_000 + 100_000*n + i*7919%500_000) / faster)) // one or two milliseconds
				f(i)
			}
		}()
	}
	for range others {
		go busy(end)
	}
	time.Sleep(limit)
}

// busy uses a map of its own some 100,000 times a second.
func busy(end time.Time) {
	m := filled(100, 0)
	for time.Now().Before(end) {
		time.Sleep(time.Millisecond)
		for i := range 100 {
			m[i]++
		}
	}
}
