package ambiguous

type T struct {
	a, b  map[string]int
	names map[string]string
	list  []int
}

func (t *T) Sum(key string) int {
	return t.a[key] + t.b[key] // @sum
}

func (t *T) Same(key string) int {
	return t.a[key] + t.a[key+"x"] // @same
}

func (t *T) ByType(key string) int {
	return t.a[key] + len(t.names[key]) + t.list[0] // @byType
}

func (t *T) Set(key string) {
	t.b[key] = t.a[key] // @set
}

func (t *T) Slice(i int) int {
	return t.list[i] // @slice
}
