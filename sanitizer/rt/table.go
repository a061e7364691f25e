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
	nearby       = 128
	ptrMask      = 1<<48 - 1
)

var (
	tab     uintptr // table
	tabMu   spin    // guards all below, changes of the table, and the spans' bags
	tabUsed uint64  // entries that are not 0

	freeRecords bag
	records     = pool{size: recordSize}
)

// Track says where an object lives: the [bag] of the records of its memory span,
// nil for memory that is never freed. It reports false for an address that must
// not be tracked, as one on the goroutine's own stack, which nobody else can
// synchronise on.
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

// first returns the entry at which the search for key begins. Keys less than
// [nearby] bytes apart begin in one cache line: the objects of one request are
// made, used and swept together.
func (t table) first(key uintptr) *uint64 {
	group := uintptr(hash(key) >> ((3 - uint(t)) & 63))
	return (*uint64)(at(uintptr(t)&^63 + group*64 + key/(nearby/8)%8*8))
}

func next(e *uint64) *uint64 { return (*uint64)(unsafe.Add(unsafe.Pointer(e), 8)) }

// size returns the number of entries that may be used.
func (t table) size() uintptr { return uintptr(1)<<t.bits() + tableSlack - 1 }

func (t table) at(i uintptr) *uint64 { return (*uint64)(at(uintptr(t)&^63 + i*8)) }

func hash(key uintptr) uint64 { return uint64(key/nearby) * 0x9e3779b97f4a7c15 }

// tagOf tells apart keys that begin at one entry. It is never 0, so that no
// tag is a tombstone's.
func tagOf(key uintptr) uint64 { return (hash(key)>>24^uint64(key)>>2)&0xffff | 1 }

// Find is [Lookup] with the first probe, which nearly always decides, inline.
func Find(key uintptr) *Record {
	e := *table(ldptr(&tab)).first(key)
	if e == 0 {
		return nil
	}
	if r := (*Record)(at(uintptr(e & ptrMask))); e>>48 == tagOf(key) && r.key == key {
		return r
	}
	return Lookup(key)
}

// None reports whether the first probe tells that key has no record.
func None(key uintptr) bool { return *table(ldptr(&tab)).first(key) == 0 }

// Lookup returns the record of key, nil if it has none.
//
//go:noinline
func Lookup(key uintptr) *Record {
	for p := table(ldptr(&tab)).first(key); ; p = next(p) {
		e := *p
		if e == 0 {
			return nil
		}
		if e>>48 == tagOf(key) {
			if r := (*Record)(at(uintptr(e & ptrMask))); r.key == key {
				return r
			}
		}
	}
}

// insert puts an entry for key into t and reports whether there was room.
func (t table) insert(key uintptr, entry uint64) bool {
	end := t.at(t.size())
	for p := t.first(key); p != end; p = next(p) {
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
	entry := tagOf(key)<<48 | uint64(uintptr(unsafe.Pointer(r)))
	t := table(tab)
	for tabUsed >= uint64(1)<<t.bits()/2 || !t.insert(key, entry) {
		t = growTable(t)
	}
	if head != nil {
		(*bag)(unsafe.Pointer(head)).push(r)
	}
	tabMu.unlock()
	return r
}

func newRecord() *Record {
	if r := freeRecords.pop(); r != nil {
		return r
	}
	return (*Record)(records.get())
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
		if e > tombstone && !n.insert((*Record)(at(uintptr(e&ptrMask))).key, e) {
			return false
		}
	}
	return true
}

// remove forgets the records in dead, and puts those in alive into b.
func remove(dead, alive []*Record, b *bag) {
	for _, r := range dead {
		release(r.k)
		if r.pairs != nil {
			r.dropPairs()
		}
	}
	tabMu.lock()
	for _, r := range dead {
		r.removeLocked()
	}
	for _, r := range alive {
		b.push(r)
	}
	tabMu.unlock()
}

func (r *Record) removeLocked() {
	p := table(tab).first(r.key)
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
	freeRecords.push(r)
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
