package lines

type T struct {
	m     map[string]int
	inner map[string]map[string]int
	other map[int]int
}

func (t *T) Multi(key string) {
	t.m[ // @multi
	key] = f(
		1,
		2) // @multiEnd
}

func f(a, b int) int { return a + b }

func (t *T) CommaOK(key string) bool {
	_, ok := t.m[key] // @commaOK
	return ok
}

func (t *T) Inner(key string) {
	t.inner[key]["x"] = 1 // @inner
}

func (t *T) OpAssign(key string) {
	t.m[key] += 2 // @opAssign
}

func (t *T) RangeInto(key string, list []int) {
	for _, t.m[key] = range list { // @rangeInto
	}
}

func (t *T) Header() (n int) {
	for k := range t.m { // @rangeHeader
		n += t.other[len(k)] // @rangeBody
	}
	return n
}

func (t *T) Deferred(key string) {
	defer delete(t.m, key) // @deferred
}

func (t *T) Paren(key string) int {
	return (t.m)[key] // @paren
}

func both(f, g func()) { f(); g() }

func (t *T) TwoLiterals(u *T, key string) {
	both(func() { t.m[key]++ }, func() { u.inner[key]["x"]++; t.inner[key] = nil }) // @twoLiterals
}

func (t *T) Made() {
	t.m = map[string]int{"a": 1} // @made
}

func (t *T) MadeEmpty() {
	t.m = map[string]int{} // @madeEmpty
}
