package captured

import "sync"

func Count(words []string) map[string]int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	counts := map[string]int{}
	for _, w := range words {
		wg.Go(func() {
			counts[w]++ // @write
		})
	}
	n := len(counts) // @read
	mu.Lock()
	_ = n
	mu.Unlock()
	wg.Wait()
	return counts
}

func Own(words []string) {
	go func() {
		counts := map[string]int{}
		for _, w := range words {
			counts[w]++ // @own
		}
	}()
}
