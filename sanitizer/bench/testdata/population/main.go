// Command population has many goroutines alive at once, each of which has used
// a map, and prints how long that took.
package main

import (
	"flag"
	"fmt"
	"sync"
	"time"
)

func main() {
	n := flag.Int("n", 1_000_000, "goroutines")
	flag.Parse()
	start := time.Now()
	var begun, ended sync.WaitGroup
	stop := make(chan struct{})
	begun.Add(*n)
	for i := range *n {
		ended.Go(func() {
			m := map[int]int{i: i}
			m[i]++
			begun.Done()
			<-stop
			delete(m, i)
		})
	}
	begun.Wait()
	close(stop)
	ended.Wait()
	fmt.Println(time.Since(start).Nanoseconds())
}
