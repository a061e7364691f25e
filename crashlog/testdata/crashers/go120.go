//go:build !go1.21

package main

// The loop is what the compiler turns into a clear.
func clearMap[K comparable](m map[K]int) {
	for k := range m {
		delete(m, k)
	}
}

func clone[K comparable](m map[K]int) map[K]int {
	c := make(map[K]int, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}
