package safemap

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"
)

// maxLog bounds MaxSize to what the index can number.
const maxLog = 1 << 30

const minLog = 8

// writeLog is writes in their order, with an open-addressed index of the last
// write of each key. It only grows, by one writer at a time, and is read
// without a lock: a write does not change once the index has it, and neither
// is used for another log.
//
// The log alone is cheaper to add to, but each Load of a key that is not in
// it, which is most, would read all of it. A native map costs more, and must
// be locked by its readers.
type writeLog[K comparable, V any] struct {
	writes []loggedWrite[K, V] // as long as there is room
	index  []atomic.Uint32     // positions in writes, + 1; a power of two, at most half full
	n      atomic.Int32        // how many writes there are

	// older is the log that is being flushed. It goes when it is in the Map.
	older atomic.Pointer[writeLog[K, V]]
}

type loggedWrite[K comparable, V any] struct {
	key    K
	value  V
	remove bool
	// superseded says that a later write of the log has the key. Those who
	// read without a lock do not look at it.
	superseded bool
}

// newWriteLog returns an empty log with room for at least n writes.
func newWriteLog[K comparable, V any](n int, older *writeLog[K, V]) *writeLog[K, V] {
	n = max(n, minLog)
	log := &writeLog[K, V]{
		writes: make([]loggedWrite[K, V], n),
		index:  make([]atomic.Uint32, 2<<bits.Len(uint(n-1))),
	}
	log.older.Store(older)
	return log
}

func (l *writeLog[K, V]) len() int    { return int(l.n.Load()) }
func (l *writeLog[K, V]) full() bool  { return l.len() == len(l.writes) }
func (l *writeLog[K, V]) empty() bool { return l.len() == 0 && l.older.Load() == nil }

// grown returns a copy of l with more room, but for not more than limit.
func (l *writeLog[K, V]) grown(seed maphash.Seed, limit int) *writeLog[K, V] {
	g := newWriteLog(max(min(2*len(l.writes), limit), l.len()+1), l.older.Load())
	for _, w := range l.writes[:l.len()] {
		g.add(maphash.Comparable(seed, w.key), loggedWrite[K, V]{key: w.key, value: w.value, remove: w.remove})
	}
	return g
}

// add adds w. There must be room.
func (l *writeLog[K, V]) add(hash uint64, w loggedWrite[K, V]) {
	n := l.n.Load()
	l.writes[n] = w
	slot, last := l.slot(hash, w.key)
	if last != nil {
		last.superseded = true
	}
	slot.Store(uint32(n + 1)) // publishes the write
	l.n.Store(n + 1)
}

// addTo adds the last write of each key to b.
func (l *writeLog[K, V]) addTo(b *Batch[K, V]) {
	for i := range l.len() {
		switch w := &l.writes[i]; {
		case w.superseded:
		case w.remove:
			b.Delete(w.key)
		default:
			b.Store(w.key, w.value)
		}
	}
}

// find returns the last write of key, or nil.
func (l *writeLog[K, V]) find(hash uint64, key K) *loggedWrite[K, V] {
	_, w := l.slot(hash, key)
	return w
}

// slot returns the place of key in the index, and the write it has, or nil.
func (l *writeLog[K, V]) slot(hash uint64, key K) (*atomic.Uint32, *loggedWrite[K, V]) {
	mask := uint64(len(l.index) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := &l.index[i]
		at := slot.Load()
		if at == 0 {
			return slot, nil
		}
		if w := &l.writes[at-1]; w.key == key {
			return slot, w
		}
	}
}
