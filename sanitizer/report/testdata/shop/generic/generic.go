package generic

type Cache[K comparable, V any] struct{ items map[K]V }

func (c *Cache[K, V]) Put(k K, v V) {
	c.items[k] = v // @put
}

func Merge[M ~map[K]V, K comparable, V any](dst, src M) {
	for k, v := range src { // @iterate
		dst[k] = v // @assign
	}
}

type Use struct{ m map[string]int }

func (u *Use) Merge(other map[string]int) {
	Merge(u.m, other) // @call
}
