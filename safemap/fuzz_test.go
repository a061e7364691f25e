package safemap_test

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/mapsan/mapsan/safemap"
)

// FuzzModel does what the bytes say with a Map and with a native map, and
// compares each result, what the map holds at the end, and what snapshots of
// earlier moments hold.
func FuzzModel(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(randomBytes(seed, 400))
	}
	f.Fuzz(func(t *testing.T, data []byte) { model(t, data) })
}

// TestModel is FuzzModel without the fuzzer, at some length.
func TestModel(t *testing.T) {
	n := uint64(500)
	if os.Getenv("MAPSAN_HEAVY") != "" {
		n = 4000
	}
	if testing.Short() {
		n = 100
	}
	for seed := range n {
		if model(t, randomBytes(seed, 1500)); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func randomBytes(seed uint64, n int) []byte {
	rng := rand.New(rand.NewPCG(seed, 0))
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data
}

// padded has bytes between its fields that no comparison may look at.
type padded struct {
	a int8
	b int64
	c bool
}

type empty struct{}

type big [40]uint64

func bigOf(n int) (b big) {
	for i := range b {
		b[i] = uint64(n)*0x9e3779b97f4a7c15 + uint64(i)
	}
	return b
}

// model reads from the first byte which types to use, and from the second how
// to open the map.
func model(t *testing.T, data []byte) {
	if len(data) < 2 {
		return
	}
	kind, open := data[0], data[1]
	d := &bytesOf{data[2:]}
	ints := func(n int) int { return n }
	switch kind % 9 {
	case 0:
		modelOf(t, d, open, ints, ints)
	case 1:
		modelOf(t, d, open, func(n int) string { return fmt.Sprint("key ", n) }, ints)
	case 2: // NaN is no key that can be found again; -0 and 0 are one.
		floats := []float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), 1.5}
		modelOf(t, d, open, func(n int) float64 {
			if n < len(floats) {
				return floats[n]
			}
			return float64(n)
		}, ints)
	case 3: // Keys of several types, and one that has no hash: it panics, unless a Hasher has one for it.
		modelOf(t, d, open&7, func(n int) any {
			return []any{n, int64(n), fmt.Sprint(n), float64(n), padded{a: int8(n)}, nil, []int{n}, math.NaN()}[n%8]
		}, ints)
	case 4:
		modelOf(t, d, open, func(n int) padded { return padded{int8(n), int64(n), n%2 == 0} }, func(n int) string { return fmt.Sprint(n) })
	case 5:
		modelOf(t, d, open, ints, func(int) empty { return empty{} })
	case 6:
		modelOf(t, d, open, ints, bigOf)
	case 7:
		modelOf(t, d, open, func(n int) uint8 { return uint8(n) }, func(n int) any { return []any{n, "text", nil, 1.5}[n%4] })
	case 8:
		modelOf(t, d, open, bigOf, func(n int) bool { return n%2 == 0 })
	}
}

// bytesOf gives out numbers, and 0 when there are no more.
type bytesOf struct{ data []byte }

func (d *bytesOf) next(n int) int {
	if len(d.data) == 0 {
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return int(b) % n
}

// A run is a Map beside a native one that must be equal.
type run[K, V comparable] struct {
	t       *testing.T
	m       *safemap.Map[K, V]
	want    map[K]V
	kept    []moment[K, V]
	batched safemap.Batch[K, V] // one for all, as users would do
	log     []string
	key     func(int) K
	value   func(int) V
}

// A moment is a snapshot and what it must hold.
type moment[K, V comparable] struct {
	snapshot safemap.Snapshot[K, V]
	want     map[K]V
}

func modelOf[K, V comparable](t *testing.T, d *bytesOf, open byte, key func(int) K, value func(int) V) {
	var o safemap.Options[K]
	o.Snapshots = open&1 != 0
	o.Size = int(open>>1&3) * 50
	switch open >> 3 & 7 {
	case 1:
		o.Hasher = func(K) uint64 { return 0 }
	case 2:
		o.Hasher = func(K) uint64 { return math.MaxUint64 }
	}
	r := &run[K, V]{t: t, m: safemap.New[K, V](o), want: map[K]V{}, key: key, value: value}
	keys := 1 + 5*d.next(8)
	for len(d.data) > 0 && !t.Failed() {
		r.step(d, keys)
	}
	r.compare("at the end", r.m.All(), r.want)
	r.keysAndValues("at the end", r.m.Keys(), r.m.Values(), r.want)
	if got := r.m.Len(); got != len(r.want) {
		r.errorf("Len() = %d, want %d", got, len(r.want))
	}
	for i, k := range r.kept {
		r.snapshot(fmt.Sprintf("snapshot %d", i), k)
		for j, other := range r.kept {
			r.diff(fmt.Sprintf("from snapshot %d to %d", i, j), k, other)
		}
	}
}

func (r *run[K, V]) errorf(format string, args ...any) {
	r.t.Helper()
	r.t.Errorf("%T after %v: %s", r.m, r.log, fmt.Sprintf(format, args...))
}

// panics reports whether f does, as a native map does for a key that has no hash.
func panics(f func()) (is bool) {
	defer func() { is = recover() != nil }()
	f()
	return false
}

// both does the same to both maps: that one panics and the other does not is an error.
func (r *run[K, V]) both(theirs, ours func()) bool {
	want := panics(theirs)
	if got := panics(ours); got != want {
		r.errorf("panics: %t, want %t", got, want)
	}
	return !want
}

func (r *run[K, V]) result(got V, ok bool, want V, wantOK bool) {
	if got != want || ok != wantOK {
		r.errorf("= %v, %t, want %v, %t", got, ok, want, wantOK)
	}
}

var names = [...]string{"Store", "Store", "Load", "Load", "Delete", "Delete", "LoadAndDelete", "LoadOrStore", "LoadOrCompute", "Swap",
	"CompareAndSwap", "CompareAndDelete", "Compute", "Snapshot", "Apply", "Clear", "Grow", "Len", "burst"}

func (r *run[K, V]) step(d *bytesOf, keys int) {
	k, v := r.key(d.next(keys)), r.value(d.next(7))
	var got, want V
	var ok, wantOK bool
	op := d.next(len(names))
	if len(r.log) < 60 {
		r.log = append(r.log, fmt.Sprintf("%s(%.20v, %.20v)", names[op], k, v))
	}
	load := func() { want, wantOK = r.want[k] }
	switch op {
	case 0, 1:
		r.both(func() { r.want[k] = v }, func() { r.m.Store(k, v) })
	case 2, 3:
		if r.both(load, func() { got, ok = r.m.Load(k) }) {
			r.result(got, ok, want, wantOK)
		}
	case 4, 5:
		r.both(func() { delete(r.want, k) }, func() { r.m.Delete(k) })
	case 6:
		if r.both(func() { load(); delete(r.want, k) }, func() { got, ok = r.m.LoadAndDelete(k) }) {
			r.result(got, ok, want, wantOK)
		}
	case 7, 8:
		theirs := func() {
			if load(); !wantOK {
				r.want[k], want = v, v
			}
		}
		ours := func() { got, ok = r.m.LoadOrStore(k, v) }
		if op == 8 {
			ours = func() { got, ok = r.m.LoadOrCompute(k, func() V { return v }) }
		}
		if r.both(theirs, ours) {
			r.result(got, ok, want, wantOK)
		}
	case 9:
		if r.both(func() { load(); r.want[k] = v }, func() { got, ok = r.m.Swap(k, v) }) {
			r.result(got, ok, want, wantOK)
		}
	case 10, 11:
		old := r.value(d.next(7))
		theirs := func() {
			load()
			if wantOK = wantOK && want == old; wantOK {
				if op == 10 {
					r.want[k] = v
				} else {
					delete(r.want, k)
				}
			}
		}
		ours := func() { ok = r.m.CompareAndSwap(k, old, v) }
		if op == 11 {
			ours = func() { ok = r.m.CompareAndDelete(k, old) }
		}
		if r.both(theirs, ours) && ok != wantOK {
			r.errorf("= %t, want %t", ok, wantOK)
		}
	case 12:
		r.compute(d, k, v)
	case 13:
		now := moment[K, V]{r.m.Snapshot(), maps.Clone(r.want)}
		if len(r.kept) < 8 {
			r.kept = append(r.kept, now)
		} else {
			r.kept[d.next(8)] = now
		}
	case 14:
		r.batch(d, keys)
	case 15:
		if d.next(8) == 0 { // or no map would ever be large
			clear(r.want)
			r.m.Clear()
		}
	case 16:
		r.m.Grow(d.next(200))
	case 17:
		if got := r.m.Len(); got != len(r.want) {
			r.errorf("= %d, want %d", got, len(r.want))
		}
	case 18:
		r.burst(d)
	}
}

// burst stores or deletes many keys, so that the map grows or shrinks.
func (r *run[K, V]) burst(d *bytesOf) {
	from, n, how := 100*d.next(8), 8*d.next(40), d.next(4)
	if how >= 2 {
		r.batched.Reset()
	}
	for i := range n {
		k, v := r.key(from+i), r.value(i)
		switch how {
		case 0:
			r.both(func() { r.want[k] = v }, func() { r.m.Store(k, v) })
		case 1:
			r.both(func() { delete(r.want, k) }, func() { r.m.Delete(k) })
		default:
			r.inBatch(k, v, how == 3 && i%2 == 0)
		}
	}
	if how >= 2 {
		r.m.Apply(&r.batched)
	}
}

// inBatch adds a write to the batch. What a batch with a key that cannot be
// hashed does is not part of the contract.
func (r *run[K, V]) inBatch(k K, v V, remove bool) {
	switch {
	case panics(func() { _ = r.want[k] }):
	case remove:
		r.batched.Delete(k)
		delete(r.want, k)
	default:
		r.batched.Store(k, v)
		r.want[k] = v
	}
}

func (r *run[K, V]) compute(d *bytesOf, k K, v V) {
	decide := []safemap.Op{safemap.Keep, safemap.Set, safemap.Remove}[d.next(3)]
	var got, want, saw V
	var ok, wantOK, sawOK bool
	theirs := func() {
		want, wantOK = r.want[k]
		switch decide {
		case safemap.Set:
			r.want[k] = v
		case safemap.Remove:
			delete(r.want, k)
		}
	}
	ours := func() {
		got, ok = r.m.Compute(k, func(old V, loaded bool) (V, safemap.Op) {
			saw, sawOK = old, loaded
			return v, decide
		})
	}
	if !r.both(theirs, ours) {
		return
	}
	if saw != want || sawOK != wantOK {
		r.errorf("saw %v, %t, want %v, %t", saw, sawOK, want, wantOK)
	}
	switch decide {
	case safemap.Set:
		r.result(got, ok, v, true)
	case safemap.Remove:
		if ok {
			r.errorf("removed, and ok is true")
		}
	default:
		r.result(got, ok, want, wantOK)
	}
}

func (r *run[K, V]) batch(d *bytesOf, keys int) {
	r.batched.Reset()
	for range d.next(6) {
		r.inBatch(r.key(d.next(keys)), r.value(d.next(7)), d.next(3) == 0)
	}
	r.m.Apply(&r.batched)
}

// compare checks what an iteration visits: each key once, with its value. Keys
// that are not equal to themselves are told apart by their values alone.
func (r *run[K, V]) compare(what string, seq iter.Seq2[K, V], want map[K]V) {
	seen, nans := map[K]bool{}, map[V]int{}
	for k, v := range want {
		if k != k {
			nans[v]++
		}
	}
	n := 0
	for k, v := range seq {
		n++
		if k != k {
			nans[v]--
			continue
		}
		if seen[k] {
			r.errorf("%s, the key %v is visited twice", what, k)
		}
		seen[k] = true
		if w, ok := want[k]; !ok || w != v {
			r.errorf("%s, the key %v has %v, want %v, %t", what, k, v, w, ok)
		}
	}
	if n != len(want) {
		r.errorf("%s, %d keys are visited, want %d", what, n, len(want))
	}
	for v, n := range nans {
		if n != 0 {
			r.errorf("%s, %d keys that are not equal to themselves are missing with the value %v", what, n, v)
		}
	}
	for range seq {
		break // an iteration may be left
	}
}

func (r *run[K, V]) snapshot(what string, k moment[K, V]) {
	s := k.snapshot
	r.compare(what, s.All(), k.want)
	if s.Len() != len(k.want) {
		r.errorf("%s: Len() = %d, want %d", what, s.Len(), len(k.want))
	}
	// Keys of other moments, too: they are there or not, as they were.
	for _, other := range r.kept {
		for key := range other.want {
			want, wantOK := k.want[key]
			if got, ok := s.Load(key); got != want || ok != wantOK {
				r.errorf("%s: Load(%v) = %v, %t, want %v, %t", what, key, got, ok, want, wantOK)
			}
		}
	}
	r.keysAndValues(what, s.Keys(), s.Values(), k.want)
}

// diff checks what lies between two moments, in whatever order they were. Keys
// that are not equal to themselves are other keys each time.
func (r *run[K, V]) diff(what string, old, new moment[K, V]) {
	left := map[K]safemap.Change[V]{}
	for k, v := range old.want {
		if w, ok := new.want[k]; k == k && (!ok || v != w) {
			left[k] = safemap.Change[V]{Old: v, New: w, Was: true, Is: ok}
		}
	}
	for k, v := range new.want {
		if _, ok := old.want[k]; k == k && !ok {
			left[k] = safemap.Change[V]{New: v, Is: true}
		}
	}
	for k, c := range safemap.Diff(old.snapshot, new.snapshot) {
		if k != k {
			continue
		}
		if want, ok := left[k]; !ok || c != want {
			r.errorf("%s, Diff has %v: %+v, want %+v, %t", what, k, c, want, ok)
		}
		delete(left, k)
	}
	if len(left) > 0 {
		r.errorf("%s, Diff lacks %+v", what, left)
	}
}

func (r *run[K, V]) keysAndValues(what string, keys iter.Seq[K], values iter.Seq[V], want map[K]V) {
	left := map[V]int{}
	nan := 0
	for k, v := range want {
		left[v]++
		if k != k {
			nan++
		}
	}
	for v := range values {
		left[v]--
	}
	for v, n := range left {
		if n != 0 {
			r.errorf("%s, Values has %d too few of %v", what, n, v)
		}
	}
	seen := map[K]bool{}
	for k := range keys {
		if k != k {
			nan--
			continue
		}
		if _, ok := want[k]; !ok || seen[k] {
			r.errorf("%s, Keys has %v, which is not there, or there once", what, k)
		}
		seen[k] = true
	}
	if nan != 0 {
		r.errorf("%s, Keys has %d too few that are not equal to themselves", what, nan)
	}
}
