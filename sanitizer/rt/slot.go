package rt

import "unsafe"

// A slotInfo is what is known of a slot by all.
type slotInfo struct {
	_    notInHeap
	last uint64 // the latest time handed out; written by the slot's owner
	// floor: times at or below it belong to former owners that no cell
	// remembers. Names from then must not be taken for the present owner's.
	floor uint64
	next  uint32 // the next slot in the list that this one is in
	mark  uint32 // the reclaiming pass that last saw a cell refer to this slot
	goid  uint64 // the owner's goroutine id, for reports
}

const (
	slotChunk  = 1024
	slotChunks = maxSlots/slotChunk + 1
	lastSlot   = maxSlots - 1
)

type slotTable struct {
	mu     spin
	chunks [slotChunks]uintptr // of [slotChunk]slotInfo
	n      uint32              // slots 1..n exist
	clean  uint32              // list of ownerless slots that no cell refers to
	dead   uint32              // list of ownerless slots that cells may refer to
	nDead  uint32
	limit  uint32 // dead slots at which a reclaiming pass is worth it
	pass   uint32
}

var slots = slotTable{limit: minReclaim}

// minReclaim is the least number of dead slots for which all cells are looked through.
const minReclaim = 128

func slotAt(i uint32) *slotInfo {
	c := ldptr(&slots.chunks[i/slotChunk])
	return (*slotInfo)(at(c + uintptr(i%slotChunk)*unsafe.Sizeof(slotInfo{})))
}

// newSlot returns a slot for a goroutine that knows k. It prefers a dead slot
// all of whose past k covers (as after a join): whoever learns of the new
// owner then truly knows of the old one. When all slots are taken, goroutines
// share [lastSlot]: races between them go unseen, none is invented.
func newSlot(k *node, name Epoch) uint32 {
	slots.mu.lock()
	i := newSlotLocked(k, name)
	slots.mu.unlock()
	return i
}

func newSlotLocked(k *node, name Epoch) uint32 {
	for prev, i, tries := uint32(0), slots.dead, 0; i != 0 && tries < 4; tries++ {
		s := slotAt(i)
		if knows(k, name, mkEpoch(i, s.last)) {
			if prev == 0 {
				slots.dead = s.next
			} else {
				slotAt(prev).next = s.next
			}
			slots.nDead--
			return i
		}
		prev, i = i, s.next
	}
	if slots.clean == 0 && slots.nDead >= slots.limit {
		reclaimLocked()
	}
	if i := slots.clean; i != 0 {
		slots.clean = slotAt(i).next
		return i
	}
	i := min(slots.n+1, lastSlot)
	if c := i / slotChunk; slots.chunks[c] == 0 {
		stptr(&slots.chunks[c], uintptr(SysAlloc(slotChunk*unsafe.Sizeof(slotInfo{}))))
	}
	slots.n = i
	return i
}

// freeSlot gives back the slot of a goroutine that ended.
func freeSlot(i uint32) {
	if i == lastSlot {
		return
	}
	slots.mu.lock()
	slotAt(i).next = slots.dead
	slots.dead = i
	slots.nDead++
	slots.mu.unlock()
}

// reclaimLocked moves the dead slots that no cell refers to to the clean list.
// Only a live goroutine writes its slot into a cell, so a dead slot that is
// not seen now is never seen again.
func reclaimLocked() {
	slots.pass++
	cells.eachSlot(func(slot uint32) { slotAt(slot).mark = slots.pass })
	var keep, kept uint32
	for i := slots.dead; i != 0; {
		s := slotAt(i)
		next := s.next
		if s.mark == slots.pass {
			s.next, keep = keep, i
			kept++
		} else {
			s.floor = s.last
			s.next, slots.clean = slots.clean, i
		}
		i = next
	}
	slots.dead, slots.nDead = keep, kept
	slots.limit = max(minReclaim, 2*kept, ld32(&cells.live)/8)
}
