package rt

import "unsafe"

// A table finds records by key: open addressing, entries of a record's address
// in the low 48 bits and a tag of the key's hash above. It is read without a
// lock; a record that is found stays as long as its object lives.
type table struct {
	_     notInHeap
	shift uint32 // 64 - log2 of the number of entries
	mask  uint64
	e     [1]uint64
}

const (
	minTableBits = 12
	tombstone    = 1
	ptrMask      = 1<<48 - 1
)

var (
	tab     uintptr // *table
	tabMu   spin
	tabUsed uint64 // entries that are not 0

	recordPool = pool{size: unsafe.Sizeof(Record{})}
)

// Track says where an object lives: the head of the list of records of its
// memory span, nil for memory that is never freed. It reports false for an
// address that must not be tracked, as one on the goroutine's own stack, which
// nobody else can synchronise on.
var Track func(key uintptr) (head *uintptr, ok bool)

// Init makes the engine ready; SysAlloc and Track must be set.
func Init() {
	tab = uintptr(unsafe.Pointer(newTable(minTableBits)))
	cells.init(unsafe.Sizeof(Cell{}))
	reads.init(unsafe.Sizeof(readSet{}))
	stacks.init()
}

func newTable(bits uint32) *table {
	n := uintptr(1) << bits
	t := (*table)(SysAlloc(unsafe.Sizeof(table{}) + (n-1)*8))
	t.shift = 64 - bits
	t.mask = uint64(n - 1)
	return t
}

func (t *table) at(i uint64) *uint64 {
	return (*uint64)(unsafe.Add(unsafe.Pointer(&t.e), (i&t.mask)*8))
}

func hash(key uintptr) uint64 { return uint64(key) * 0x9e3779b97f4a7c15 }

// tagOf is never 0, so that no tag is a tombstone's.
func tagOf(h uint64) uint64 { return h>>24&0xffff | 1 }

// Lookup returns the record of key, nil if it has none.
func Lookup(key uintptr) *Record {
	t := (*table)(at(ldptr(&tab)))
	h := hash(key)
	for i := h >> t.shift; ; i++ {
		e := *t.at(i)
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
	r := (*Record)(recordPool.get())
	r.key = key
	t := (*table)(at(tab))
	if tabUsed >= (t.mask+1)/2 {
		t = growTable(t)
	}
	h := hash(key)
	i := h >> t.shift
	for *t.at(i) != 0 {
		i++
	}
	st64(t.at(i), tagOf(h)<<48|uint64(uintptr(unsafe.Pointer(r))))
	tabUsed++
	tabMu.unlock()
	if head != nil {
		push(head, uintptr(unsafe.Pointer(r)), &r.span)
	}
	return r
}

// growTable replaces t by one without tombstones and with room. Readers may go
// on in t: what they can look for was there before. t is never freed; all old
// tables together are smaller than the present one.
func growTable(t *table) *table {
	live := uint64(0)
	for i := uint64(0); i <= t.mask; i++ {
		if *t.at(i) > tombstone {
			live++
		}
	}
	bits := 64 - t.shift
	if live > (t.mask+1)/4 {
		bits++
	}
	n := newTable(bits)
	for i := uint64(0); i <= t.mask; i++ {
		e := *t.at(i)
		if e <= tombstone {
			continue
		}
		j := hash((*Record)(at(uintptr(e&ptrMask))).key) >> n.shift
		for *n.at(j) != 0 {
			j++
		}
		*n.at(j) = e
	}
	tabUsed = live
	stptr(&tab, uintptr(unsafe.Pointer(n)))
	return n
}

// remove forgets r, whose object is dead.
func (r *Record) remove() {
	tabMu.lock()
	t := (*table)(at(tab))
	i := hash(r.key) >> t.shift
	for *t.at(i)&ptrMask != uint64(uintptr(unsafe.Pointer(r))) {
		i++
	}
	st64(t.at(i), tombstone)
	tabMu.unlock()
	release(r.k)
	if r.pairs != nil {
		r.dropPairs()
	}
	recordPool.put(unsafe.Pointer(r))
}

// Several records may belong to one address: the slots of a channel's buffer
// have one for each direction.
const (
	keyBits = 7 << 60
	// KeyBack turns the key of a channel's buffer slot into that of the
	// edge from a receive to the send that fills the slot next.
	KeyBack = 1 << 60
)
