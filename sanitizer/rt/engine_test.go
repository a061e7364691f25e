package rt

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// The naive detector: full vector clocks, copied whole at each edge.
type clock map[int]int

func (c clock) join(d clock) {
	for k, v := range d {
		c[k] = max(c[k], v)
	}
}

func (c clock) clone() clock {
	d := clock{}
	d.join(c)
	return d
}

type stamp struct{ g, t int }

type naive struct {
	clocks []clock
	objs   map[uintptr]clock
	w      map[int]*stamp
	r      map[int][]stamp
	raced  map[[2]int]*stamp // by goroutine and map: the write that its last read raced with
}

func newNaive() *naive {
	return &naive{objs: map[uintptr]clock{}, w: map[int]*stamp{}, r: map[int][]stamp{}, raced: map[[2]int]*stamp{}}
}

func (o *naive) start(parent int) {
	c := clock{}
	if parent >= 0 {
		c = o.clocks[parent].clone()
		o.clocks[parent][parent]++
	}
	g := len(o.clocks)
	c[g] = 1
	o.clocks = append(o.clocks, c)
}

func (o *naive) acquire(g int, key uintptr) { o.clocks[g].join(o.objs[key]) }

func (o *naive) release(g int, key uintptr, merge bool) {
	c := o.clocks[g].clone()
	if merge {
		c.join(o.objs[key])
	}
	o.objs[key] = c
	o.clocks[g][g]++
}

// access returns whether the access races, and whether that is old news: the
// goroutine's previous read raced with the same write.
func (o *naive) access(g, m int, write bool) (raced, old bool) {
	c := o.clocks[g]
	raced = o.w[m] != nil && c[o.w[m].g] < o.w[m].t
	if !write {
		o.r[m] = append(o.r[m], stamp{g, c[g]})
		if raced {
			old = o.raced[[2]int{g, m}] == o.w[m]
			o.raced[[2]int{g, m}] = o.w[m]
		}
		return raced, old
	}
	for _, r := range o.r[m] {
		raced = raced || c[r.g] < r.t
	}
	o.w[m] = &stamp{g, c[g]}
	o.r[m] = nil
	return raced, false
}

// A world runs the same events through the engine and the naive detector.
type world struct {
	rnd    *rand.Rand
	oracle *naive
	gs     []*G
	alive  []int
	holder map[uintptr]int         // exclusive locks
	shared map[uintptr]map[int]int // read locks
	maps   map[int]*shadow
	log    []string
	races  int
}

func resetEngine() {
	slots = slotTable{limit: 4}
	cells, reads, stacks, recent = arena{}, arena{}, stackTable{}, [4096]uint32{}
	base, forked, tabUsed, version, freeRecords = 0, false, 0, 0, bag{}
	Track = func(uintptr) (*uintptr, bool) { return nil, true }
	Init()
}

func newWorld(seed uint64) *world {
	resetEngine()
	w := &world{
		rnd: rand.New(rand.NewPCG(seed, 1)), oracle: newNaive(),
		holder: map[uintptr]int{}, shared: map[uintptr]map[int]int{}, maps: map[int]*shadow{},
	}
	w.gs = append(w.gs, NewG(1))
	w.oracle.start(-1)
	w.alive = []int{0}
	return w
}

func (w *world) access(g, m int, op Op) error {
	if w.maps[m] == nil {
		w.maps[m] = new(shadow)
	}
	s, c := w.maps[m], (*Cell)(nil)
	want, old := w.oracle.access(g, m, op.Write())
	got := false
	if c = CellOf(s.index); !s.seen(w.gs[g], c, op) {
		var prior Access
		got = s.head.Access(&s.index, uintptr(m), w.gs[g], op, 0, &prior, func(uint32) {})
		if got && prior.Goid() == w.gs[g].ID {
			return fmt.Errorf("goroutine %d races with itself", g)
		}
	}
	if want {
		w.races++
	}
	if got != want && !(want && old) {
		return fmt.Errorf("access %v of map %d by goroutine %d: engine says race %v, oracle %v", op, m, g, got, want)
	}
	return nil
}

// Keys of the objects that a world synchronises by.
const (
	mutexes = 0x1000 + 64*iota
	rwWriters
	rwReaders
	atomics
	groups
	chans
)

func acquire(g *G, key uintptr) {
	if !g.AcquireFast(key) {
		g.Acquire(key)
	}
}

func releaseTo(g *G, key uintptr) {
	if !g.ReleaseFast(key) {
		g.Release(key)
	}
}

func mergeInto(g *G, key uintptr) {
	if !g.ReleaseMergeFast(key) {
		g.ReleaseMerge(key)
	}
}

// A shadow is what a map header has of the detector's.
type shadow struct {
	head  Head
	index uint32
}

func (s *shadow) seen(g *G, c *Cell, op Op) bool {
	if op.Write() {
		return s.head.SeenWrite(g) || c != nil && c.Seen(g, true)
	}
	return s.head.SeenRead(g) || c != nil && (c.Seen(g, false) || c.SeenShared(g))
}

// step does one random event.
func (w *world) step() error {
	a := w.alive[w.rnd.IntN(len(w.alive))]
	g, o := w.gs[a], w.oracle
	obj := uintptr(w.rnd.IntN(3) * 8)
	say := func(s string) { w.log = append(w.log, fmt.Sprintf("g%d %s %d", a, s, obj/8)) }
	switch k := w.rnd.IntN(24); {
	case k < 7:
		m := w.rnd.IntN(3)
		op := []Op{OpLookup, OpAssign, OpLookup}[w.rnd.IntN(3)]
		w.log = append(w.log, fmt.Sprintf("g%d access %v map %d", a, op, m))
		return w.access(a, m, op)
	case k == 7 && len(w.gs) < 24:
		say("go")
		w.gs = append(w.gs, Fork(g, uint64(len(w.gs)+1), 0, false))
		o.start(a)
		w.alive = append(w.alive, len(w.gs)-1)
	case k == 8 && len(w.alive) > 1 && a != 0 && w.idle(a):
		key := groups + obj
		say("done and end")
		mergeInto(g, key)
		o.release(a, key, true)
		g.End()
		w.gs[a] = nil
		for i, x := range w.alive {
			if x == a {
				w.alive = append(w.alive[:i], w.alive[i+1:]...)
				break
			}
		}
	case k == 9:
		say("wait")
		acquire(g, groups+obj)
		o.acquire(a, groups+obj)
	case k < 14:
		key := mutexes + obj
		if h, held := w.holder[key]; held {
			if h == a {
				say("unlock")
				releaseTo(g, key)
				o.release(a, key, false)
				delete(w.holder, key)
			}
			return nil
		}
		say("lock")
		if !g.AcquireExclusiveFast(key) {
			g.Acquire(key)
		}
		o.acquire(a, key)
		w.holder[key] = a
	case k < 18:
		return w.rwmutex(a, obj, say)
	case k < 21:
		w.atomic(a, atomics+obj, say)
	case k == 21:
		b := w.alive[w.rnd.IntN(len(w.alive))]
		if b == a {
			return nil
		}
		w.log = append(w.log, fmt.Sprintf("g%d exchange with g%d", a, b))
		if !Exchanged(g, w.gs[b]) {
			Exchange(g, w.gs[b])
		}
		x, y := o.clocks[a].clone(), o.clocks[b].clone()
		o.clocks[a].join(y)
		o.clocks[b].join(x)
		o.clocks[a][a]++
		o.clocks[b][b]++
	case k == 22: // a buffered channel's slot: sends and receives
		say("buffer")
		there, back := uintptr(chans+obj), uintptr(chans+obj)|KeyBack
		if w.rnd.IntN(2) == 0 {
			there, back = back, there
		}
		releaseTo(g, there)
		tmp := o.clocks[a].clone()
		acquire(g, back)
		o.acquire(a, back)
		o.objs[there] = tmp
		o.clocks[a][a]++
	case k == 23:
		m := w.rnd.IntN(3)
		if s := w.maps[m]; s != nil && w.rnd.IntN(4) == 0 {
			w.log = append(w.log, fmt.Sprintf("map %d dies", m))
			if c := CellOf(s.index); c != nil {
				c.free(s.index)
			}
			delete(w.maps, m)
			delete(o.w, m)
			delete(o.r, m)
		}
	}
	return nil
}

func (w *world) idle(a int) bool {
	for _, h := range w.holder {
		if h == a {
			return false
		}
	}
	for _, s := range w.shared {
		if s[a] != 0 {
			return false
		}
	}
	return true
}

func (w *world) rwmutex(a int, obj uintptr, say func(string)) error {
	g, o := w.gs[a], w.oracle
	key, readers := rwWriters+obj, rwReaders+obj
	if w.shared[key] == nil {
		w.shared[key] = map[int]int{}
	}
	h, held := w.holder[key]
	switch {
	case held && h == a:
		say("rw unlock")
		releaseTo(g, key)
		o.release(a, key, false)
		delete(w.holder, key)
	case held:
	case w.shared[key][a] > 0:
		say("runlock")
		mergeInto(g, readers)
		o.release(a, readers, true)
		delete(w.shared[key], a)
	case len(w.shared[key]) == 0 && w.rnd.IntN(3) == 0:
		say("rw lock")
		acquire(g, key)
		if !g.AcquireClearFast(readers) {
			g.AcquireClear(readers)
		}
		o.acquire(a, key)
		o.acquire(a, readers)
		w.holder[key] = a
	default:
		say("rlock")
		acquire(g, key)
		g.ReopenShared(readers)
		o.acquire(a, key)
		w.shared[key][a] = 1
	}
	return nil
}

func (w *world) atomic(a int, key uintptr, say func(string)) {
	g, o := w.gs[a], w.oracle
	op := w.rnd.IntN(3)
	say([]string{"load", "store", "add"}[op])
	if op == 0 {
		acquire(g, key)
		o.acquire(a, key)
		return
	}
	acquire := op == 2
	if acquire {
		o.acquire(a, key)
	}
	o.release(a, key, false)
	if g.Mute() {
		if stripe := LockAbsent(key); stripe != nil {
			stripe.Unlock()
			return
		}
	}
	r, n := CreateLocked(key)
	if g.Current(n) {
		r.Unlock(n)
		return
	}
	g.AtomicEnd(r, n, acquire, true)
}

func runWorld(seed uint64, steps int) (races int, err error) {
	w := newWorld(seed)
	for i := 0; i < steps; i++ {
		if err := w.step(); err != nil {
			return w.races, fmt.Errorf("seed %d, step %d: %w\n%v", seed, i, err, w.log)
		}
	}
	return w.races, nil
}

// TestOracle compares the engine's verdict on every access with the naive
// detector's.
func TestOracle(t *testing.T) {
	programs := 3000
	if testing.Short() {
		programs = 500
	}
	races := 0
	for seed := 0; seed < programs; seed++ {
		n, err := runWorld(uint64(seed), 40+seed%400)
		if err != nil {
			t.Fatal(err)
		}
		races += n
	}
	if races < programs {
		t.Fatalf("%d programs had %d races: the generator has gone blind", programs, races)
	}
}

func FuzzOracle(f *testing.F) {
	f.Add(uint64(1), 100)
	f.Fuzz(func(t *testing.T, seed uint64, steps int) {
		if steps < 0 || steps > 5000 {
			t.Skip("a program of that length teaches nothing new")
		}
		if _, err := runWorld(seed, steps); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSizes(t *testing.T) {
	for name, s := range map[string][2]uintptr{
		"Cell":   {unsafe.Sizeof(Cell{}), 64},
		"Record": {unsafe.Sizeof(Record{}), recordSize},
		"G":      {unsafe.Sizeof(G{}), gSize},
		"Access": {unsafe.Sizeof(Access{}), 24},
	} {
		if s[0] > s[1] {
			t.Errorf("%s has %d bytes, more than %d", name, s[0], s[1])
		}
	}
}
