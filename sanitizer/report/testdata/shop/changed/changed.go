package changed

import "example.com/not/there"

type T struct {
	m map[string]int
	x there.Thing
}

func (t *T) Set(key string) {
	// The access was here once.
	_ = key // @moved
}

func (t *T) Get(key string) int {
	return t.m[key] // @get
}

func (t *T) Unknown(key string) int {
	return t.x.Map[key] // @unknown
}
