// Correct uses maps from many goroutines without a race, in the way that its
// argument names.
package main

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

var (
	sink  atomic.Int64
	spent atomic.Uint32
)

var end time.Time

func over() bool { return time.Now().After(end) }

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

func both(n int, f func(id, i int)) {
	var wg sync.WaitGroup
	for id := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; !over(); i++ {
				f(id, i)
				spent.Add(work(500))
			}
		}()
	}
	wg.Wait()
}

func mutex() {
	var mu sync.Mutex
	m := map[int]int{}
	both(4, func(id, i int) {
		mu.Lock()
		m[i&15] += id
		for _, v := range m {
			sink.Add(int64(v & 1))
		}
		mu.Unlock()
	})
}

// stopped is mutex, while the world is stopped again and again.
func stopped() {
	go func() {
		for m := new(runtime.MemStats); !over(); time.Sleep(time.Millisecond) {
			runtime.ReadMemStats(m)
		}
	}()
	mutex()
}

func rwmutex() {
	var mu sync.RWMutex
	m := map[string]int{"a": 1, "b": 2}
	both(6, func(id, i int) {
		if id == 0 {
			mu.Lock()
			m["a"] = i
			delete(m, "b")
			m["b"] = i
			mu.Unlock()
			return
		}
		mu.RLock()
		sink.Add(int64(m["a"] + m["b"]))
		mu.RUnlock()
	})
}

func channel() {
	c := make(chan map[int]int)
	go func() {
		m := map[int]int{}
		for i := 0; !over(); i++ {
			m[i&63] = i
			c <- m
			m = <-c
		}
		close(c)
	}()
	for m := range c {
		m[1]++
		sink.Add(int64(len(m)))
		c <- m
	}
}

func copyOnWrite() {
	var p atomic.Pointer[map[int]int]
	p.Store(&map[int]int{1: 1})
	both(4, func(id, i int) {
		if id > 0 {
			sink.Add(int64((*p.Load())[i&7]))
			return
		}
		next := maps.Clone(*p.Load())
		next[i&31] = i
		p.Store(&next)
	})
}

func sharded() {
	type shard struct {
		mu sync.Mutex
		m  map[int]int
	}
	var shards [8]shard
	for i := range shards {
		shards[i].m = map[int]int{}
	}
	both(6, func(id, i int) {
		s := &shards[(i*7+id)&7]
		s.mu.Lock()
		s.m[i&255] = id
		s.mu.Unlock()
	})
}

func pooled() {
	pool := sync.Pool{New: func() any { return map[int]int{} }}
	both(8, func(id, i int) {
		m := pool.Get().(map[int]int)
		clear(m)
		for k := range 4 {
			m[k] = id
		}
		if m[i&3] != id {
			panic("another goroutine wrote here")
		}
		pool.Put(m)
	})
}

func syncMap() {
	var m sync.Map
	var own [4]map[int]int
	both(4, func(id, i int) {
		m.Store(i&63, id)
		if own[id] == nil {
			own[id] = map[int]int{}
		}
		own[id][i&7] = i // sync.Map itself may have no map inside
		if v, ok := m.Load((i + id) & 63); ok {
			sink.Add(int64(v.(int)))
		}
	})
}

func single() {
	m := map[int]int{}
	for i := 0; !over(); i++ {
		m[i&1023] = i
		delete(m, (i*7)&1023)
		spent.Add(work(100))
	}
}

func tight() {
	m := map[int]int{}
	for i := 0; i&1023 != 0 || !over(); i++ {
		m[i&7] = i
	}
}

// unlock ends by a fatal error that is not of a map.
func unlock() {
	m := map[int]int{}
	for i := range 1000 {
		m[i&7] = i
	}
	new(sync.Mutex).Unlock()
}

func churn() {
	both(8, func(id, i int) {
		m := make(map[int][]byte)
		for k := range 12 {
			m[k] = make([]byte, 64)
		}
		for range m {
		}
		if i&255 == 0 {
			runtime.GC()
		}
	})
}

func goroutines() {
	var mu sync.Mutex
	m := map[int]int{}
	var wg sync.WaitGroup
	for !over() {
		for id := range 100_000 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				own := map[int]int{id: 1}
				mu.Lock()
				m[id&1023] += own[id]
				mu.Unlock()
			}()
		}
		wg.Wait()
	}
}

func readOnly() {
	m := map[int]int{}
	for i := range 1000 {
		m[i] = i
	}
	both(6, func(id, i int) {
		sink.Add(int64(m[(i*31+id)%1000]))
		for range m {
			break
		}
	})
}

func main() {
	limit, err := time.ParseDuration(os.Args[2])
	f := map[string]func(){
		"mutex":   mutex,
		"stopped": stopped, "rwmutex": rwmutex, "channel": channel, "copy-on-write": copyOnWrite, "sharded": sharded,
		"pooled": pooled, "sync.Map": syncMap, "single": single, "tight": tight, "unlock": unlock, "churn": churn, "goroutines": goroutines, "read-only": readOnly,
	}[os.Args[1]]
	if err != nil || f == nil {
		fmt.Fprintln(os.Stderr, "correct: usage: correct SHAPE DURATION")
		os.Exit(2)
	}
	os.Stdout.WriteString("ready\n")
	os.Stdin.Read(make([]byte, 1)) // until whoever watches is ready, too
	end = time.Now().Add(limit)
	f()
}
