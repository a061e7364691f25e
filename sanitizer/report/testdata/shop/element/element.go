package element

type T struct {
	shards [4]map[string]int
	p      *map[string]int
	any    any
}

func (t *T) Shard(i int, key string) {
	t.shards[i][key]++ // @shard
}

func (t *T) Pointer(key string) {
	(*t.p)[key]++ // @pointer
}

func (t *T) Assert(key string) int {
	return t.any.(map[string]int)[key] // @assert
}

func load() map[string]int { return nil }

func Result(key string) int {
	return load()[key] // @result
}

func Literal(key string) int {
	return map[string]int{"a": 1}[key] // @literal
}

func Value(value func() map[string]int, key string) {
	value()[key]++ // @value
}
