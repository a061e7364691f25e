package rt

import "unsafe"

// A table finds records by key: open addressing, entries of a record's address
// in the low 48 bits and a tag of the key's hash above. It is read without a
// lock; a record that is found stays as long as its object lives.
//
// A table is one word, so that a reader gets all of it at once: the address of
// its entries, and the logarithm of their number in the six low bits. Behind
// the entries there is slack, so that no probe need turn round; the last entry
// is never used.
type table uintptr

const (
	recordSize   = 64 // of a Record, so that each has a cache line for itself
	minTableBits = 12
	tableSlack   = 64
	tombstone    = 1
	ptrMask      = 1<<48 - 1
)

var (
	tab     uintptr // table
	tabMu   spin    // guards all below, and changes of the table
	tabUsed uint64  // entries that are not 0

	freeRecords *Record // linked by span
	records     pool    = pool{size: recordSize}
)

// Track says where an object lives: the head of the list of records of its
// memory span, nil for memory that is never freed. It reports false for an
// address that must not be tracked, as one on the goroutine's own stack, which
// nobody else can synchronise on.
var Track func(key uintptr) (head *uintptr, ok bool)

// Init makes the engine ready; SysAlloc and Track must be set.
func Init() {
	tab = uintptr(newTable(minTableBits))
	cells.init(unsafe.Sizeof(Cell{}))
	reads.init(unsafe.Sizeof(readSet{}))
	stacks.init()
}

func newTable(bits uint32) table {
	n := uintptr(1)<<bits + tableSlack
	return table(uintptr(SysAlloc((n+8)*8))+63)&^63 | table(bits)
}

func (t table) bits() uint32 { return uint32(t & 63) }

// first returns the entry at which the search for hash h begins.
func (t table) first(h uint64) *uint64 {
	return (*uint64)(at(uintptr(t)&^63 + uintptr(h>>(-uint(t)&63))*8))
}

func next(e *uint64) *uint64 { return (*uint64)(unsafe.Add(unsafe.Pointer(e), 8)) }

// size returns the number of entries that may be used.
func (t table) size() uintptr { return uintptr(1)<<t.bits() + tableSlack - 1 }

func (t table) at(i uintptr) *uint64 { return (*uint64)(at(uintptr(t)&^63 + i*8)) }

func hash(key uintptr) uint64 { return uint64(key) * 0x9e3779b97f4a7c15 }

// tagOf is never 0, so that no tag is a tombstone's.
func tagOf(h uint64) uint64 { return h>>24&0xffff | 1 }

// Find is [Lookup] with the first probe, which nearly always decides, inline.
func Find(key uintptr) *Record {
	h := hash(key)
	e := *table(ldptr(&tab)).first(h)
	if e == 0 {
		return nil
	}
	if r := (*Record)(at(uintptr(e & ptrMask))); e>>48 == tagOf(h) && r.key == key {
		return r
	}
	return Lookup(key)
}

// None reports whether key has no record, unless another is in its way.
func None(key uintptr) bool { return *table(ldptr(&tab)).first(hash(key)) == 0 }

// Lookup returns the record of key, nil if it has none.
//
//go:noinline
func Lookup(key uintptr) *Record {
	h := hash(key)
	for p := table(ldptr(&tab)).first(h); ; p = next(p) {
		e := *p
		if e == 0 {
			return nil
		}
		if e>>48 == tagOf(h) {
			if r := (*Record)(at(uintptr(e & ptrMask))); r.key == key {
				return r
			}
		}
	}
}

// insert puts an entry for hash h into t and reports whether there was room.
func (t table) insert(h, entry uint64) bool {
	end := t.at(t.size())
	for p := t.first(h); p != end; p = next(p) {
		if *p <= tombstone {
			if *p == 0 {
				tabUsed++
			}
			st64(p, entry)
			return true
		}
	}
	return false
}

// create returns the record of key, making it if need be, or nil if key cannot have one.
func create(key uintptr) *Record {
	head, ok := Track(key &^ keyBits)
	if !ok {
		return nil
	}
	tabMu.lock()
	if r := Lookup(key); r != nil {
		tabMu.unlock()
		return r
	}
	r := newRecord()
	r.key = key
	h := hash(key)
	entry := tagOf(h)<<48 | uint64(uintptr(unsafe.Pointer(r)))
	t := table(tab)
	for tabUsed >= uint64(1)<<t.bits()/2 || !t.insert(h, entry) {
		t = growTable(t)
	}
	tabMu.unlock()
	if head != nil {
		push(head, uintptr(unsafe.Pointer(r)), &r.span)
	}
	return r
}

func newRecord() *Record {
	r := freeRecords
	if r == nil {
		return (*Record)(records.get())
	}
	prefetch(r.span) // it has long left the cache
	freeRecords = (*Record)(at(r.span))
	r.span = 0
	return r
}

// growTable replaces t by one with room and without tombstones. Readers may go
// on in t: what they can look for was there before. t is never freed; as each
// table is twice its forerunner, all old ones together are smaller than it.
func growTable(t table) table {
	for bits := t.bits() + 1; ; bits++ {
		n := newTable(bits)
		tabUsed = 0
		if t.copyTo(n) {
			stptr(&tab, uintptr(n))
			return n
		}
	}
}

func (t table) copyTo(n table) bool {
	for i := uintptr(0); i < t.size(); i++ {
		e := *t.at(i)
		if e > tombstone && !n.insert(hash((*Record)(at(uintptr(e&ptrMask))).key), e) {
			return false
		}
	}
	return true
}

// remove forgets r, whose object is dead.
func (r *Record) remove() {
	release(r.k)
	if r.pairs != nil {
		r.dropPairs()
	}
	tabMu.lock()
	p := table(tab).first(hash(r.key))
	for *p&ptrMask != uint64(uintptr(unsafe.Pointer(r))) {
		p = next(p)
	}
	if *next(p) != 0 {
		st64(p, tombstone)
	} else {
		// Nothing follows, so neither this nor the tombstones before it are needed.
		for first := table(tab).at(0); ; p = prev(p) {
			st64(p, 0)
			tabUsed--
			if p == first || *prev(p) != tombstone {
				break
			}
		}
	}
	clearBlock(unsafe.Pointer(r), recordSize)
	r.span = uintptr(unsafe.Pointer(freeRecords))
	freeRecords = r
	tabMu.unlock()
}

func prev(e *uint64) *uint64 { return (*uint64)(unsafe.Add(unsafe.Pointer(e), -8)) }

// Several records may belong to one address: the slots of a channel's buffer
// have one for each direction.
const (
	keyBits = 7 << 60
	// KeyBack turns the key of a channel's buffer slot into that of the
	// edge from a receive to the send that fills the slot next.
	KeyBack = 1 << 60
)
