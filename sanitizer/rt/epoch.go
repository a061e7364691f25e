package rt

// An Epoch names a moment of a goroutine: its slot in bits 42 to 62 and the
// slot's time in bits 0 to 41. The zero Epoch names nothing. Bit 63 is free
// for the lock bit of whatever word stores the Epoch.
type Epoch uint64

const (
	timeBits = 42
	timeMask = 1<<timeBits - 1
	lockBit  = 1 << 63
	maxSlots = 1<<21 - 1

	// compositeSlot marks a record that holds several releasers; its time is
	// a version, unique in the process.
	compositeSlot = maxSlots
)

func mkEpoch(slot uint32, time uint64) Epoch { return Epoch(uint64(slot)<<timeBits | time) }

// Slot returns the slot that e is a moment of.
func (e Epoch) Slot() uint32 { return uint32(uint64(e) &^ lockBit >> timeBits) }

// Time returns the slot's time, in releases of its goroutines that had something to tell.
func (e Epoch) Time() uint64 { return uint64(e) & timeMask }

func isComposite(e Epoch) bool { return e.Slot() == compositeSlot }
