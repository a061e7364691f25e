package safemap

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"
	"weak"
)

// core is a snapshot, whatever the types of its keys and values.
type core struct {
	id     uint64 // the epoch that it ends
	length int
	// Of the map's table, and of its successor if entries were moving.
	kept []*kept
}

// kept has the chains of one table as one snapshot needs them, where they were
// written since. The first write to a chain in an epoch saves it in the latest
// kept of its table. An older one leads to the newer ones and not back, and
// none leads to another table: what only a dropped snapshot needed is
// collected with it.
type kept struct {
	geometry
	shift int    // a page has 1<<shift chains
	id    uint64 // the snapshot's
	pages atomic.Pointer[[]atomic.Pointer[page]]
	newer atomic.Pointer[kept]
	older weak.Pointer[kept] // guarded by merging
	dead  atomic.Bool        // no snapshot reads it but through an older one
}

// page holds saved chains: nil, a copy, or movedOn.
type page []unsafe.Pointer

// pageShift gives pages of 64 chains or, in very large tables, an eighth of the
// square root of all: both a write that is the first on its page and the first
// that needs the directory pay for what they allocate.
func pageShift(buckets uint64) int { return max(6, bits.Len64(buckets-1)/2-3) }

// movedOn stands for a chain whose bucket is its own copy: the entries were
// moved and nobody writes there any more.
var movedOn = unsafe.Pointer(new(bucket[slotSS]))

// find returns the saved form of the chain of bucket i, nil if there is none.
func (k *kept) find(i uint64) unsafe.Pointer {
	for k != nil {
		// In this order: a newer one that merge takes out has its chains
		// here first.
		newer := k.newer.Load()
		if v := k.saved(i); v != nil {
			return v
		}
		k = newer
	}
	return nil
}

func (k *kept) saved(i uint64) unsafe.Pointer {
	if dir := k.pages.Load(); dir != nil {
		if p := (*dir)[i>>k.shift].Load(); p != nil {
			return atomic.LoadPointer(&(*p)[i&(uint64(len(*p))-1)])
		}
	}
	return nil
}

func (k *kept) save(i uint64, v unsafe.Pointer) {
	slot := &k.directory()[i>>k.shift]
	p := slot.Load()
	if p == nil {
		q := make(page, min(1<<k.shift, k.buckets()))
		slot.CompareAndSwap(nil, &q)
		p = slot.Load()
	}
	atomic.StorePointer(&(*p)[i&(uint64(len(*p))-1)], v)
}

func (k *kept) directory() []atomic.Pointer[page] {
	if k.pages.Load() == nil {
		d := make([]atomic.Pointer[page], (k.buckets()-1)>>k.shift+1)
		k.pages.CompareAndSwap(nil, &d)
	}
	return *k.pages.Load()
}

// keep is called under the lock of the chain at head, bucket i of t, inside the
// gate and before the first write in epoch e. It saves the chain for the
// snapshots that need it; with moving, the bucket itself stays behind as the
// copy.
func (t *table) keep(head unsafe.Pointer, i, e uint64, moving bool) {
	if !t.shared.dirty.Load() {
		t.shared.dirty.Store(true)
	}
	if atomic.LoadUint64(epochAt(head)) == e {
		return // saved in this epoch
	}
	// It may be saved there already: after a Clear the epochs go on, and
	// writers that began before it still come to this table.
	if k := t.kept.Value(); k != nil && k.saved(i) == nil {
		v := movedOn
		if !moving {
			v = t.copyChain(head)
		}
		k.save(i, v)
	}
	// Readers of a snapshot that see the epoch find the copy.
	atomic.StoreUint64(epochAt(head), e)
}

// keepFrom makes a new kept for the snapshot that ends epoch id. The gate is
// closed.
func (t *table) keepFrom(id uint64) *kept {
	k := &kept{geometry: t.geometry, shift: pageShift(t.buckets()), id: id, older: t.kept}
	if o := t.kept.Value(); o != nil {
		o.newer.Store(k)
		if o.dead.Load() {
			go o.merge() // dropped left it to the next snapshot
		}
	}
	t.kept = weak.Make(k)
	return k
}

// merging orders the changes to lists of kept, of all maps: they are rare.
var merging sync.Mutex

// dropped is called when nobody can read the snapshot any more.
func dropped(ks []*kept) {
	for _, k := range ks {
		k.dead.Store(true)
		if k.newer.Load() != nil {
			k.merge()
		}
	}
}

// merge moves what an older snapshot needs of k, which is dead and not the
// latest, to that one and takes k out of the list. Without it, one snapshot
// that is held would keep the changes of all that came and went since.
func (k *kept) merge() {
	merging.Lock()
	defer merging.Unlock()
	o := k.older.Value()
	newer := k.newer.Load()
	if o == nil || o.newer.Load() != k {
		return
	}
	if k.pages.Load() != nil {
		to := o.directory()
		from := *k.pages.Load()
		for n := range from {
			p, q := to[n].Load(), from[n].Load()
			switch {
			case p == nil:
				to[n].Store(q)
			case q != nil:
				for i := range *p {
					if atomic.LoadPointer(&(*p)[i]) == nil {
						atomic.StorePointer(&(*p)[i], atomic.LoadPointer(&(*q)[i]))
					}
				}
			}
		}
	}
	newer.older = k.older
	o.newer.Store(newer)
}

// copyChain copies the buckets of a locked chain into one array.
func (t *table) copyChain(head unsafe.Pointer) unsafe.Pointer {
	n := 0
	for ch := t.chain(head); ch.b != nil; ch.next() {
		n++
	}
	copied := allocBuckets(&t.layout, n)
	vals := t.valIsPointer()
	to := copied
	for ch := t.chain(head); ch.b != nil; ch.next() {
		*ctrlAt(to) = ch.ctrl
		for m := used(ch.ctrl); m != 0; m &= m - 1 {
			i := first(m)
			setKey(&t.layout, to, i, loadKey(&t.layout, ch.b, i))
			setWord(unsafe.Add(slotAt(to, i), offValue), vals, loadWord(unsafe.Add(slotAt(ch.b, i), offValue), vals))
		}
		if n--; n > 0 {
			to = unsafe.Add(to, bucketSize)
		}
	}
	return copied
}

// entry is a key and a value as they stand in a slot.
type entry struct{ key, val word }

// collect appends the entries of a chain. Where the chain may be written
// meanwhile, the caller checks that it was not.
func collect(l *layout, ch chain, to []entry) []entry {
	for ; ch.b != nil; ch.next() {
		to = appendEntries(l, ch.b, usedOnce(ch.ctrl), to)
	}
	return to
}

// appendEntries appends the entries of the slots in m.
func appendEntries(l *layout, b unsafe.Pointer, m uint64, to []entry) []entry {
	keys, vals := l.keyIsPointer(), l.valIsPointer()
	if l.key == formString {
		for ; m != 0; m &= m - 1 {
			to = append(to, entry{loadText(b, m), loadWord(unsafe.Add(firstSlot(b, m), offValue), vals)})
		}
		return to
	}
	for ; m != 0; m &= m - 1 {
		s := firstSlot(b, m)
		to = append(to, entry{loadWord(s, keys), loadWord(unsafe.Add(s, offValue), vals)})
	}
	return to
}

// single appends the entries of bucket i as they were in epoch id, if that is
// simple: the bucket is a chain of its own, not written since and not moved.
func (g *geometry) single(i, id uint64, to []entry) ([]entry, bool) {
	if !g.reserved(i) {
		return to, true
	}
	b := g.bucket(i)
	ctrl := atomic.LoadUint64(ctrlAt(b))
	if ctrl&(hasNext|moved) != 0 || atomic.LoadUint64(epochAt(b)) > id {
		return to, false
	}
	to = appendEntries(&g.layout, b, used(ctrl), to)
	// As in core.chain; and the tags were those of that epoch, too.
	return to, atomic.LoadUint64(epochAt(b)) <= id
}

// chain is the chain of bucket i of table n as it was when c was taken. It
// calls read, perhaps more than once; the last call counts. ok is false where
// the entries had moved to the next table.
func (c *core) chain(n int, i uint64, read func(chain)) (ok bool) {
	k := c.kept[n]
	if !k.reserved(i) {
		return true
	}
	b := k.bucket(i)
	for {
		if atomic.LoadUint64(epochAt(b)) <= c.id {
			ch := k.geometry.chain(b)
			ch.epoch, ch.id = epochAt(b), c.id
			read(ch)
			// A later write would have raised the epoch before it began.
			if atomic.LoadUint64(epochAt(b)) <= c.id {
				return ch.ctrl&moved == 0
			}
		}
		switch v := k.find(i); v {
		case nil:
		case movedOn:
			read(k.geometry.chain(b))
			return true
		default:
			read(chain{b: v, ctrl: *ctrlAt(v)})
			return true
		}
	}
}

// entries appends the entries of bucket i of table n as they were.
func (c *core) entries(n int, i uint64, to []entry) []entry {
	k := c.kept[n]
	start := len(to)
	if c.chain(n, i, func(ch chain) { to = collect(&k.layout, ch, to[:start]) }) {
		return to
	}
	// They had moved on: to the buckets of the next table that share the
	// lower bits. After a shrink these hold entries of other buckets as well.
	to = to[:start]
	next := c.kept[n+1]
	for j := i & (next.buckets() - 1); j < next.buckets(); j += k.buckets() {
		to = c.entries(n+1, j, to)
	}
	return k.only(i, to, start)
}

// only takes the entries from start on out of to that are not of bucket i.
func (g *geometry) only(i uint64, to []entry, start int) []entry {
	kept := to[:start]
	for _, e := range to[start:] {
		if g.index(hashStored(&g.layout, e.key)) == i {
			kept = append(kept, e)
		}
	}
	return kept
}
