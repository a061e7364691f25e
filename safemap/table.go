package safemap

import (
	"sync"
	"sync/atomic"
	"unsafe"
	"weak"
)

const (
	// chunkBuckets bounds what one writer must allocate at once: 512 KiB. A
	// table of up to one chunk is reached without the directory.
	chunkShift   = 12
	chunkBuckets = 1 << chunkShift
	chunkSize    = chunkBuckets * bucketSize

	// A table grows beyond 4.5 entries a bucket of 6, where one bucket in
	// ten overflows, and shrinks below an eighth of that.
	growNum, growDen = 9, 2
	shrinkFactor     = 8

	minBuckets = 4
)

// geometry is where the buckets of a table are. It is a plain value that does
// not change, and does not lead to the next table: what holds it, a snapshot,
// keeps one table alive and no more.
type geometry struct {
	span    uint64         // the size of all buckets less that of one, in bytes
	base    unsafe.Pointer // the buckets, of a table of one chunk
	dir     unsafe.Pointer // else an array of pointers to chunks, allocated when first needed
	over    *overflow
	scalars bool // both keys and values
	layout       // a copy: one line less to read
}

// table is one generation of a map's buckets. Entries move from a table to its
// successor a bucket at a time, by the writers that come by.
type table struct {
	geometry
	next   atomic.Pointer[table] // the successor, while and after entries move
	root   *atomic.Pointer[table]
	shared *shared
	counts *counter
	kept   weak.Pointer[kept] // the latest; written while the gate is closed, read inside it
	claim  atomic.Uint64      // buckets claimed by those who move them
	done   atomic.Uint64      // buckets moved
}

// shared is what all tables of a map have in common.
type shared struct {
	gate
	min  atomic.Uint64 // buckets that shrinking leaves
	root *atomic.Pointer[table]
}

func newTable(l layout, buckets uint64, s *shared, c *counter) *table {
	t := &table{shared: s, root: s.root, counts: c}
	t.layout = l
	t.span = (buckets - 1) * bucketSize
	t.scalars = l.key == formScalar && l.val == formScalar
	t.over = &overflow{layout: l}
	t.over.init(buckets)
	if buckets <= chunkBuckets {
		t.base = allocBuckets(&t.layout, int(buckets))
	} else {
		t.dir = unsafe.Pointer(unsafe.SliceData(make([]unsafe.Pointer, buckets/chunkBuckets)))
	}
	return t
}

// newTables is the first of a succession of tables, without entries.
func newTables(l layout, buckets uint64, s *shared) *table {
	c := new(counter)
	if buckets > wideBuckets {
		c.widen()
	}
	t := newTable(l, buckets, s, c)
	for i := uint64(0); i < buckets; i += chunkBuckets {
		t.reserve(i)
	}
	return t
}

func (g *geometry) buckets() uint64 { return g.span/bucketSize + 1 }

// index is the number of the bucket that keys of hash h begin at. It is bits 7
// and up of the hash: as they stand they are the bucket's place in bytes.
func (g *geometry) index(h uint64) uint64 { return h & g.span / bucketSize }

// head is the bucket that keys of hash h begin at.
func (g *geometry) head(h uint64) unsafe.Pointer {
	at := h & g.span
	b := g.base
	if g.dir != nil {
		b = atomic.LoadPointer((*unsafe.Pointer)(unsafe.Add(g.dir, (at/chunkSize)*uint64(pointerSize))))
		at &= chunkSize - 1
	}
	return unsafe.Add(b, at)
}

// bucket is bucket i.
func (g *geometry) bucket(i uint64) unsafe.Pointer { return g.head(i * bucketSize) }

// reserve makes sure that the chunk of bucket i is allocated.
func (g *geometry) reserve(i uint64) {
	if g.dir == nil {
		return
	}
	p := (*unsafe.Pointer)(unsafe.Add(g.dir, (i>>chunkShift)*uint64(pointerSize)))
	if atomic.LoadPointer(p) == nil {
		atomic.CompareAndSwapPointer(p, nil, allocBuckets(&g.layout, chunkBuckets))
	}
}

// reserved reports whether the chunk of bucket i is allocated.
func (g *geometry) reserved(i uint64) bool {
	return g.dir == nil || atomic.LoadPointer((*unsafe.Pointer)(unsafe.Add(g.dir, (i>>chunkShift)*uint64(pointerSize)))) != nil
}

// same reports whether g and o are of one table.
func (g *geometry) same(o *geometry) bool { return g.over == o.over }

func bucketsFor(entries uint64) uint64 {
	n := uint64(minBuckets)
	for n*growNum/growDen < entries {
		n *= 2
	}
	return n
}

// overflow is where a table's buckets are that follow a full one.
type overflow struct {
	layout layout // a copy: a snapshot that holds this holds no table
	shift  uint8  // a block has 1<<shift buckets
	blocks atomic.Pointer[[]unsafe.Pointer]

	mu   sync.Mutex
	used uint32 // guarded by mu: buckets handed out, from the first block on
	free uint32 // guarded by mu: number plus one of a bucket given back; next leads on
}

func (o *overflow) init(buckets uint64) {
	for o.shift = 0; o.shift < 8 && buckets>>(o.shift+3) > 1; {
		o.shift++
	}
}

// at is the bucket with the number n, which a chain's next gives plus one.
func (o *overflow) at(next uint32) unsafe.Pointer {
	n := next - 1
	blocks := *o.blocks.Load()
	return unsafe.Add(blocks[n>>o.shift], uintptr(n&(1<<o.shift-1))*bucketSize)
}

// take hands out a bucket without tags and without a successor. The lock of
// the chain that gets it is held.
func (o *overflow) take() (next uint32, b unsafe.Pointer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if next = o.free; next != 0 {
		b = o.at(next)
		o.free = nextOf(b)
		setNext(b, 0)
		return next, b
	}
	var blocks []unsafe.Pointer
	if p := o.blocks.Load(); p != nil {
		blocks = *p
	}
	if int(o.used>>o.shift) == len(blocks) {
		// Readers use the old array; append must not write where they read.
		grown := append(blocks[:len(blocks):len(blocks)], allocBuckets(&o.layout, 1<<o.shift))
		o.blocks.Store(&grown)
	}
	o.used++
	return o.used, o.at(o.used)
}

// give takes an empty bucket back that no chain leads to any more. A reader may
// still be in it: it compares its chain's version when it finds nothing.
func (o *overflow) give(next uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	setNext(o.at(next), o.free)
	o.free = next
}
