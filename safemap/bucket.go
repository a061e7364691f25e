package safemap

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// A bucket is two lines of the cache of the same shape. Its memory is typed for
// the collector: a map whose keys and values have no pointers has none in its
// buckets.
//
//	ctrl   a tag per slot, 0x80 and 7 bits of the hash, 0 for a free slot; and flags
//	seq    bit 0 the writers' lock; lengths of keys; from bit 25 a version that
//	       grows before a slot can hold another key
//	slots  0 to 2: key word and value word
//	epoch  of the last write, for snapshots; the head's speaks for its chain
//	link   lengths of keys; from bit 32 the overflow bucket, 0 for none, else its
//	       number plus one
//	slots  4 to 6
//
// There is no slot 3: so the tag of slot i is byte i of ctrl, and the slot is
// 16 times as far into the bucket. A reader needs the first line, and the
// second for slots 4 to 6. A writer locks the head of the chain; all other
// words are written only under that lock and read without it, by atomic
// instructions.
//
// A key that is a string has its length, from bit 1 on, in the second word of
// the line that its slot is in. The two are not read in one instruction: a
// reader compares the version before it follows the pointer.
type bucket[S any] struct {
	ctrl  uint64
	seq   uint64
	low   [3]S
	epoch uint64
	link  uint64
	high  [3]S
}

// pointerWord is a word that the collector sees.
type pointerWord struct {
	_ [8 - pointerSize]byte
	_ unsafe.Pointer
}

// The slots: the words of the key and of the value, scalar or pointer.
type (
	slotSS struct{ _, _ uint64 }
	slotSP struct {
		_ uint64
		_ pointerWord
	}
	slotPS struct {
		_ pointerWord
		_ uint64
	}
	slotPP struct{ _, _ pointerWord }
)

const (
	slotsPerBucket = 6
	lineSize       = 64
	bucketSize     = 2 * lineSize
	pointerSize    = unsafe.Sizeof(uintptr(0))

	offSeq   = 8
	offSlots = 16
	offEpoch = lineSize
	offLink  = lineSize + offSeq
	slotSize = 16
	offValue = 8

	tagLanes = 0x0001_0101_0001_0101
	tagBits  = 0x0080_8080_0080_8080

	hasNext  = 1 << 24 // the chain goes on
	moved    = 1 << 25 // the entries are in the next table; the tags are gone, occupied has the slots
	occupied = 56      // of a moved bucket: a bit per slot from here
	lockBit  = 1

	lengthShift  = 1 // of slots 0 and 4; 8 bits each
	versionShift = 25
	seqStep      = 1 << versionShift
	nextShift    = 32
)

// allocBuckets allocates n buckets, each at the start of a line.
func allocBuckets(l *layout, n int) unsafe.Pointer {
	switch {
	case l.keyIsPointer() && l.valIsPointer():
		return allocPointers[slotPP](n)
	case l.keyIsPointer():
		return allocPointers[slotPS](n)
	case l.valIsPointer():
		return allocPointers[slotSP](n)
	}
	return unsafe.Pointer(unsafe.SliceData(make([]bucket[slotSS], n)))
}

// allocPointers works around the allocator's header: objects with pointers
// between 512 bytes and 32 KiB begin 8 bytes into their place, so the buckets
// are put behind 56 more.
func allocPointers[S any](n int) unsafe.Pointer {
	switch n {
	case 8:
		return behindHeader[[8]bucket[S]]()
	case 16:
		return behindHeader[[16]bucket[S]]()
	case 32:
		return behindHeader[[32]bucket[S]]()
	case 64:
		return behindHeader[[64]bucket[S]]()
	case 128:
		return behindHeader[[128]bucket[S]]()
	}
	return unsafe.Pointer(unsafe.SliceData(make([]bucket[S], n)))
}

func behindHeader[A any]() unsafe.Pointer {
	if pointerSize == 4 {
		return unsafe.Pointer(new(A))
	}
	p := new(struct {
		_ [7]uint64
		a A
	})
	return unsafe.Pointer(&p.a)
}

func ctrlAt(b unsafe.Pointer) *uint64  { return (*uint64)(b) }
func seqAt(b unsafe.Pointer) *uint64   { return (*uint64)(unsafe.Add(b, offSeq)) }
func epochAt(b unsafe.Pointer) *uint64 { return (*uint64)(unsafe.Add(b, offEpoch)) }
func linkAt(b unsafe.Pointer) *uint64  { return (*uint64)(unsafe.Add(b, offLink)) }

// nextOf is the number of the bucket that follows, plus one, or 0.
func nextOf(b unsafe.Pointer) uint32 { return uint32(atomic.LoadUint64(linkAt(b)) >> nextShift) }

func setNext(b unsafe.Pointer, next uint32) {
	lengths := atomic.LoadUint64(linkAt(b)) & (1<<nextShift - 1)
	atomic.StoreUint64(linkAt(b), lengths|uint64(next)<<nextShift)
}

// lengthsAt is the word with the length of the key in slot i.
func lengthsAt(b unsafe.Pointer, i int) *uint64 {
	return (*uint64)(unsafe.Add(b, offSeq+i>>2*lineSize))
}

func lengthIn(w uint64, i int) uint64 { return w >> (lengthShift + i&3*8) & 0xff }

func withLength(w uint64, i int, n uint64) uint64 {
	at := lengthShift + i&3*8
	return w&^(0xff<<at) | n<<at
}

func slotAt(b unsafe.Pointer, i int) unsafe.Pointer {
	return unsafe.Add(b, offSlots+i*slotSize)
}

// tagOf is the tag of a hash in every lane.
func tagOf(h uint64) uint64 { return (h>>57 | 0x80) * tagLanes }

// matches has the high bit set of each lane of ctrl that holds the tag. A lane
// above a match may be set by mistake; the key decides.
func matches(ctrl, tag uint64) uint64 {
	x := ctrl ^ tag
	return (x - tagLanes) &^ x & tagBits
}

// firstSlot is the slot of the lowest lane set in m: lane i has bit 8i+7, and
// a slot is twice as many bytes as a lane has bits.
func firstSlot(b unsafe.Pointer, m uint64) unsafe.Pointer {
	return unsafe.Add(b, offSlots-2*7+2*bits.TrailingZeros64(m))
}

// first is the slot number of the lowest lane set in m.
func first(m uint64) int { return bits.TrailingZeros64(m) >> 3 }

func free(ctrl uint64) uint64 { return ^ctrl & tagBits }

func used(ctrl uint64) uint64 { return ctrl & tagBits }

func setTag(ctrl uint64, i int, h uint64) uint64 { return ctrl | (h>>57|0x80)<<(8*i) }

func clearTag(ctrl uint64, i int) uint64 { return ctrl &^ (0xff << (8 * i)) }

// movedCtrl is what stands in ctrl once the entries are elsewhere. Without
// tags a reader finds nothing and looks at the flags.
func movedCtrl(ctrl uint64) uint64 {
	o := uint64(0)
	for m := used(ctrl); m != 0; m &= m - 1 {
		o |= 1 << first(m)
	}
	return ctrl&hasNext | moved | o<<occupied
}

// usedOnce is like used, for a bucket that was moved as well: without tags.
func usedOnce(ctrl uint64) uint64 {
	if ctrl&moved == 0 {
		return used(ctrl)
	}
	m := uint64(0)
	for i := range slotsPerBucket + 1 {
		m |= ctrl >> (occupied + i) & 1 << (8*i + 7)
	}
	return m
}

func loadScalar(w unsafe.Pointer) uint64 { return atomic.LoadUint64((*uint64)(w)) }

func loadPointer(w unsafe.Pointer) unsafe.Pointer {
	return atomic.LoadPointer((*unsafe.Pointer)(unsafe.Add(w, 8-pointerSize)))
}

// loadKey is the word of the key in slot i. Without the lock, that of a string
// may not be followed before the version of its chain was compared.
func loadKey(l *layout, b unsafe.Pointer, i int) word {
	s := slotAt(b, i)
	switch l.key {
	case formScalar:
		return word{u: loadScalar(s)}
	case formString:
		return word{u: lengthIn(atomic.LoadUint64(lengthsAt(b, i)), i), p: loadPointer(s)}
	}
	return word{p: loadPointer(s)}
}

// loadText is loadKey for keys that are strings, of the lowest lane set in m.
func loadText(b unsafe.Pointer, m uint64) word {
	at := bits.TrailingZeros64(m) // 8 times the slot's number plus 7
	lengths := atomic.LoadUint64((*uint64)(unsafe.Add(b, offSeq+at>>5*lineSize)))
	return word{lengths >> (at&31 - 7 + lengthShift) & 0xff, loadPointer(firstSlot(b, m))}
}

// storeKey stores the word of a key in slot i, which has no tag yet, under the
// lock of the chain at head. It returns the seq to unlock with.
func storeKey(l *layout, head unsafe.Pointer, seq uint64, b unsafe.Pointer, i int, key word) uint64 {
	storeWord(slotAt(b, i), l.keyIsPointer(), key)
	if l.key != formString {
		return seq
	}
	lengths := lengthsAt(b, i)
	was := atomic.LoadUint64(lengths)
	is := withLength(was, i, key.u)
	if is != was {
		atomic.StoreUint64(lengths, is)
	}
	if lengths == seqAt(head) {
		return is &^ lockBit
	}
	return seq
}

// setKey is storeKey for memory that nobody else can reach yet.
func setKey(l *layout, b unsafe.Pointer, i int, key word) {
	setWord(slotAt(b, i), l.keyIsPointer(), key)
	if l.key == formString {
		lengths := lengthsAt(b, i)
		*lengths = withLength(*lengths, i, key.u)
	}
}

func loadWord(w unsafe.Pointer, pointer bool) word {
	if pointer {
		return word{p: loadPointer(w)}
	}
	return word{u: loadScalar(w)}
}

func storeWord(w unsafe.Pointer, pointer bool, x word) {
	if pointer {
		atomic.StorePointer((*unsafe.Pointer)(unsafe.Add(w, 8-pointerSize)), x.p)
	} else {
		atomic.StoreUint64((*uint64)(w), x.u)
	}
}

// setWord is storeWord for memory that nobody else can reach yet.
func setWord(w unsafe.Pointer, pointer bool, x word) {
	if pointer {
		*(*unsafe.Pointer)(unsafe.Add(w, 8-pointerSize)) = x.p
	} else {
		*(*uint64)(w) = x.u
	}
}
