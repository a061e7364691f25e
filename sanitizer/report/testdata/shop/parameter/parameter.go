package parameter

type Store struct{ counts map[string]int }

func bump(m map[string]int, key string) {
	m[key]++ // @bump
}

func (s *Store) Hit(key string) {
	bump(s.counts, key) // @hit
}

func twice(m map[string]int, key string) {
	bump(m, key) // @twice
}

func (s *Store) HitTwice(key string) {
	twice(s.counts, key) // @hitTwice
}

func (s *Store) Start(key string) {
	go bump(s.counts, key) // @start
}

func (s *Store) StartLiteral(key string) {
	go func(m map[string]int) { // @startLiteral
		m[key]++ // @literal
	}(s.counts)
}

// Literal's parameter is captured by what it starts.
func (s *Store) Literal(key string) {
	captureOf(s.counts, key) // @captureCall
}

func captureOf(m map[string]int, key string) {
	go func() { // @captureGo
		m[key]++ // @capture
	}()
}

type Counts map[string]int

func (c Counts) Hit(key string) {
	c[key]++ // @method
}

var total Counts

func Hit(key string) {
	total.Hit(key) // @methodCall
	Counts(total).Hit(key)
}

type Pair struct{ a, b map[string]int }

func (p *Pair) Both(key string) int {
	return get(p.a, key) + get(p.b, key) // @both
}

func get(m map[string]int, key string) int {
	return m[key] // @getParam
}
