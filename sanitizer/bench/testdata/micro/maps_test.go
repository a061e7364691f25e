package micro

import (
	"maps"
	"strconv"
	"testing"
)

type point struct{ x, y int }

const size = 100

var (
	ints    = map[int]int{}
	int32s  = map[int32]int{}
	strs    = map[string]int{}
	structs = map[point]int{}
	keys    [size]string
	sink    int
)

func init() {
	for i := range size {
		keys[i] = "key" + strconv.Itoa(i)
		ints[i], int32s[int32(i)], strs[keys[i]], structs[point{i, i}] = i, i, i, i
	}
}

// own returns a copy that no other goroutine has seen.
func own[K comparable](m map[K]int) map[K]int { return maps.Clone(m) }

// shared returns a copy that another goroutine has written too.
func shared[K comparable](m map[K]int, k K) map[K]int {
	c := maps.Clone(m)
	done := make(chan bool)
	go func() { c[k] = 1; done <- true }()
	<-done
	return c
}

func BenchmarkMapRead(b *testing.B) {
	b.Run("int", func(b *testing.B) {
		m := own(ints)
		for i := range b.N {
			sink += m[i%size]
		}
	})
	b.Run("int32", func(b *testing.B) {
		m := own(int32s)
		for i := range b.N {
			sink += m[int32(i%size)]
		}
	})
	b.Run("string", func(b *testing.B) {
		m := own(strs)
		for i := range b.N {
			sink += m[keys[i%size]]
		}
	})
	b.Run("struct", func(b *testing.B) {
		m := own(structs)
		for i := range b.N {
			sink += m[point{i % size, i % size}]
		}
	})
	b.Run("shared", func(b *testing.B) {
		m := shared(ints, 1)
		for i := range b.N {
			sink += m[i%size]
		}
	})
}

func BenchmarkMapWrite(b *testing.B) {
	b.Run("int", func(b *testing.B) {
		m := own(ints)
		for i := range b.N {
			m[i%size] = i
		}
	})
	b.Run("int32", func(b *testing.B) {
		m := own(int32s)
		for i := range b.N {
			m[int32(i%size)] = i
		}
	})
	b.Run("string", func(b *testing.B) {
		m := own(strs)
		for i := range b.N {
			m[keys[i%size]] = i
		}
	})
	b.Run("struct", func(b *testing.B) {
		m := own(structs)
		for i := range b.N {
			m[point{i % size, i % size}] = i
		}
	})
	b.Run("shared", func(b *testing.B) {
		m := shared(ints, 1)
		for i := range b.N {
			m[i%size] = i
		}
	})
}

func BenchmarkMapDeleteInsert(b *testing.B) {
	b.Run("int", func(b *testing.B) {
		m := own(ints)
		for i := range b.N {
			delete(m, i%size)
			m[i%size] = i
		}
	})
	b.Run("string", func(b *testing.B) {
		m := own(strs)
		for i := range b.N {
			delete(m, keys[i%size])
			m[keys[i%size]] = i
		}
	})
}

// BenchmarkMapIterate goes over 100 elements.
func BenchmarkMapIterate(b *testing.B) {
	b.Run("int", func(b *testing.B) {
		m := own(ints)
		for range b.N {
			for _, v := range m {
				sink += v
			}
		}
	})
	b.Run("string", func(b *testing.B) {
		m := own(strs)
		for range b.N {
			for _, v := range m {
				sink += v
			}
		}
	})
}

func BenchmarkMapLen(b *testing.B) {
	m := shared(ints, 1)
	for range b.N {
		sink += len(m)
	}
}

func BenchmarkMapClone(b *testing.B) {
	m := own(ints)
	for range b.N {
		sink += len(maps.Clone(m))
	}
}

// BenchmarkMapShortLived makes a map, uses it and drops it.
func BenchmarkMapShortLived(b *testing.B) {
	for i := range b.N {
		m := make(map[int]int)
		for j := range 4 {
			m[j] = i
		}
		sink += m[i%4]
	}
}

var kept map[int]int

// BenchmarkMapShortLivedHeap makes maps that the garbage collector has to find.
func BenchmarkMapShortLivedHeap(b *testing.B) {
	for i := range b.N {
		kept = make(map[int]int, 20)
		for j := range 20 {
			kept[j] = i
		}
	}
}
