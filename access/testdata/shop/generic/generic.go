// Package generic: type parameters.
package generic

type Cache[K comparable, V any] struct{ m map[K]V }

func (c *Cache[K, V]) Put(k K, v V) {
	c.m[k] = v                  //> assign generic.Cache.m
	func() { delete(c.m, k) }() //> delete generic.Cache.m
}

func Add[M ~map[string]int](m M, k string) {
	m[k]++ //> lookup generic.total; assign generic.total
}

var total = map[string]int{}

func Use() {
	c := &Cache[string, int]{m: map[string]int{}}
	c.Put("a", 1)
	Add(total, "x")
}
