package rt

import "unsafe"

// A Record is what a synchronisation object tells to who acquires it.
type Record struct {
	_ notInHeap
	// state is the Epoch that names the content, with lockBit while
	// somebody changes the record.
	state uint64
	key   uintptr
	k     *node // with state's name, the content
	pairs *pairs
	flags uint32
}

// flagTaught: somebody learnt from the record since it was last written.
const flagTaught = 1

// pairs hold the releasers of a record that several released without
// acquiring it first, each on its own, so that parallel readers of an RWMutex
// do not join each other's clocks.
type pairs struct {
	_    notInHeap
	n    uint32
	name [maxPairs]Epoch
	k    [maxPairs]*node
}

// maxPairs is how many releasers a record keeps apart before it folds them into one.
const maxPairs = 8

var (
	pairsPool = pool{size: unsafe.Sizeof(pairs{})}
	version   uint64 // of the last composite record written
)

func (r *Record) lock() Epoch {
	for i := 0; ; i++ {
		s := ld64(&r.state)
		if s&lockBit == 0 && cas64(&r.state, s, s|lockBit) {
			return Epoch(s)
		}
		relax(i)
	}
}

// unlock gives r the name n.
func (r *Record) unlock(n Epoch) { st64(&r.state, uint64(n)) }

// same reports whether r, which the caller has locked and whose name is n,
// holds just what g has to tell.
func (r *Record) same(g *G, n Epoch) bool {
	return g.cur == 0 && n != 0 && !isComposite(n) && covers(r.k, n, g.name) && g.knowsName(n)
}

// set makes g's name the content of r, which the caller has locked and unlocks with the result.
func (r *Record) set(g *G) Epoch {
	old := r.k
	r.k = retain(g.k)
	release(old)
	if r.pairs != nil {
		r.dropPairs()
	}
	r.flags = 0
	g.publish(r)
	return g.name
}

func (r *Record) dropPairs() {
	p := r.pairs
	for i := uint32(0); i < p.n; i++ {
		release(p.k[i])
	}
	pairsPool.put(unsafe.Pointer(p))
	r.pairs = nil
}

// teach makes g learn the content of r, which the caller has locked and whose
// name is n. It reports whether there was anything to learn.
func (r *Record) teach(g *G, n Epoch) bool {
	if n == 0 || g.knowsName(n) {
		return false
	}
	r.flags |= flagTaught
	if !isComposite(n) {
		g.learn(n, r.k)
		return true
	}
	if r.k != nil {
		g.learn(0, r.k)
	}
	for i := uint32(0); r.pairs != nil && i < r.pairs.n; i++ {
		if p := r.pairs.name[i]; p != 0 && !g.knowsName(p) {
			g.learn(p, r.pairs.k[i])
		}
	}
	g.took = n
	return true
}

// merge adds g's name to the content of r, which the caller has locked and
// unlocks with the result.
func (r *Record) merge(g *G, n Epoch) Epoch {
	if g.name == 0 && g.cur == 0 {
		return n
	}
	if n == 0 || g.knowsName(n) {
		return r.set(g)
	}
	p := r.pairs
	if p == nil {
		p = (*pairs)(pairsPool.get())
		r.pairs = p
	}
	if !isComposite(n) {
		p.n, p.name[0], p.k[0] = 1, n, r.k
		r.k = nil
	}
	i := uint32(0)
	for i < p.n && p.name[i].Slot() != g.name.Slot() {
		i++
	}
	if i < p.n && !g.knowsName(p.name[i]) {
		i = p.n // a former owner of the slot, or a goroutine further on in another's name
	}
	if i == maxPairs {
		r.fold()
		i = 0
	}
	old := p.k[i]
	p.name[i], p.k[i] = g.name, retain(g.k)
	p.n = max(p.n, i+1)
	release(old)
	g.publish(r)
	return mkEpoch(compositeSlot, add64(&version, 1)&timeMask)
}

// fold moves all pairs into r.k.
func (r *Record) fold() {
	p := r.pairs
	for i := uint32(0); i < p.n; i++ {
		r.k = join(r.k, p.k[i])
		release(p.k[i])
		p.k[i] = nil
		if n := p.name[i]; n != 0 {
			r.k = withTime(r.k, n.Slot(), n.Time())
		}
		p.name[i] = 0
	}
	p.n = 0
}

// holds reports whether g's name is one of those that r holds. It takes no
// lock: the state, which is new with each change, says whether what was read
// belongs together.
func (r *Record) holds(g *G) bool {
	for i := 0; ; i++ {
		n := Epoch(ld64(&r.state))
		if n == g.name {
			return true
		}
		if uint64(n)&lockBit == 0 {
			found := isComposite(n) && r.pairs.has(g.name)
			if Epoch(ld64(&r.state)) == n {
				return found
			}
		}
		relax(i)
	}
}

func (p *pairs) has(name Epoch) bool {
	if p == nil || name == 0 {
		return false
	}
	for i := range p.name {
		if p.name[i] == name {
			return true
		}
	}
	return false
}
