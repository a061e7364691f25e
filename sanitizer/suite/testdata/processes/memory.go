package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// resident returns the resident memory in MiB.
func resident() int {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb >> 10
		}
	}
	return 0
}

// churn creates short goroutines, maps and locks, and prints the resident
// memory after each tenth of them.
func churn() {
	n, _ := strconv.Atoi(os.Args[2])
	shared := map[int]int{}
	var mu sync.Mutex
	for tenth := range 10 {
		var wg sync.WaitGroup
		slots := make(chan struct{}, 8)
		for i := range n / 10 {
			slots <- struct{}{}
			wg.Go(func() {
				own := map[int]int{}
				var lock sync.RWMutex
				for j := range 3 {
					lock.Lock()
					own[j]++
					lock.Unlock()
				}
				if i%4 == 0 {
					mu.Lock()
					shared[i%64]++
					mu.Unlock()
				}
				<-slots
			})
		}
		wg.Wait()
		fmt.Println(tenth, resident())
	}
}

// million has a million goroutines alive at once, each with a map of its own.
func million() {
	n, _ := strconv.Atoi(os.Args[2])
	var started, wg sync.WaitGroup
	stop := make(chan struct{})
	started.Add(n)
	for i := range n {
		wg.Go(func() {
			m := map[int]int{i: i}
			started.Done()
			<-stop
			delete(m, i)
		})
	}
	started.Wait()
	fmt.Println(resident())
	close(stop)
	wg.Wait()
}
