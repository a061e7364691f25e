package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

func quiet() {
	m := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { mu.Lock(); m["a"]++; mu.Unlock() })
	}
	wg.Wait()
	fmt.Println(len(m))
}

// pair has two goroutines write to m, one after the other.
func pair(m map[string]int) {
	var done bool
	go func() { m["a"]++; set(&done) }()
	wait(&done)
	m["b"]++
}

func race() { pair(map[string]int{}) }

// again races at one place many times.
func again() {
	for range 1000 {
		race()
	}
}

// distinct races at many places.
func distinct() {
	for i := range 20 {
		at(i, race)
	}
}

//go:noinline
func at(i int, f func()) {
	if i%2 == 0 {
		i /= 2
		if i == 0 {
			f()
			return
		}
		at(i, f)
		return
	}
	at(i/2, f)
}

func sleeper() {
	race()
	fmt.Println("asleep")
	time.Sleep(time.Hour)
}

// crash writes to a map from two goroutines until the runtime notices by itself.
func crash() {
	m := map[int]int{}
	for range 4 {
		go func() {
			for i := 0; ; i++ {
				m[i%100] = i
			}
		}()
	}
	time.Sleep(20 * time.Second)
}

func deep() {
	m := map[string]int{}
	var done bool
	var down func(n int)
	down = func(n int) {
		if n == 0 {
			m["a"]++
			return
		}
		down(n - 1)
		runtime.KeepAlive(&n)
	}
	go func() { down(10000); set(&done) }()
	wait(&done)
	down(10)
}

// writes prints between its races, on both streams.
func writes() {
	for i := range 50 {
		fmt.Println("out", i)
		fmt.Fprintln(os.Stderr, "err", i)
		at(i, race)
	}
}
