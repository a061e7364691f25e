package global

import "sync"

var (
	cacheMu sync.Mutex
	cache   = map[string][]byte{}
)

var unrelated sync.Mutex

var names map[int]string

func Put(key string, v []byte) {
	cache[key] = v // @put
}

func Name(i int) string {
	return names[i] // @name
}

func Shadow() int {
	cache := map[string]int{}
	cache["a"] = 1 // @shadow
	return len(cache)
}

var lookup = func(key string) []byte {
	return cache[key] // @literal
}
