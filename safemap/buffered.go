package safemap

import (
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// BufferedOptions are the bounds of a [Buffered]. The zero value has the
// defaults.
type BufferedOptions struct {
	// MaxDelay is how long a write may wait in the buffer before its flush
	// begins, if none is under way. Default: 10 ms.
	MaxDelay time.Duration
	// MaxSize is how many writes the buffer holds, of one key or of many. The
	// writer that fills it flushes it. Default: 1024.
	MaxSize int
}

const (
	defaultMaxDelay = 10 * time.Millisecond
	defaultMaxSize  = 1024
)

// Buffered delays the writes to a [Map], to make many of them at a time.
//
// THOSE WHO READ THE MAP ITSELF SEE THE WRITES LATE: not when Store or Delete
// returns, but when the buffer is flushed, which is after MaxDelay, after
// MaxSize writes, or on Flush or Close. Only Load of the Buffered sees them at
// once. What the Map shows in the meantime, and afterwards, is this:
//
//   - A flush is one [Map.Apply]: a Snapshot has all of its writes or none.
//   - Flushes come in the order in which the writes returned: no write is in
//     the Map before one that had returned earlier, to whatever key, except
//     with it.
//   - Of several writes to one key in a flush the Map gets the last.
//   - A write to the Map that did not go through the Buffered is overwritten
//     when the buffer has one for its key, even an earlier one, as that
//     comes to the Map with the flush; until then the Map shows the one, Load
//     of the Buffered the other. Keys that the buffer does not have are not
//     touched.
//
// It is for writes that are to be seen together, and for a Map of which
// snapshots are taken all the time: each write to it saves what the last
// snapshot still needs, which a flush does once for many. Without snapshots,
// a Store of the Map costs less than one of its Buffered.
//
// A write that has not been flushed is lost when the program ends: call Close.
//
// All methods may be called concurrently. A Buffered is made by NewBuffered,
// and must not be copied. It has no goroutine: a timer runs while there is
// something to flush, and the timer's call or a writer flushes.
type Buffered[K comparable, V any] struct {
	m        *Map[K, V]
	maxDelay time.Duration
	maxSize  int
	seed     maphash.Seed

	// flushing is held for a flush, so that flushes are in order. It is
	// acquired before mu, and guards batch.
	flushing sync.Mutex
	batch    Batch[K, V]

	mu     sync.Mutex                     // guards what follows; not held for a flush
	log    atomic.Pointer[writeLog[K, V]] // the one to add to; read without mu
	epoch  uint64                         // counts the logs
	timer  *time.Timer                    // nil before the first write
	closed bool
}

// NewBuffered returns a buffer for the writes to m. It panics if a bound is
// negative.
func NewBuffered[K comparable, V any](m *Map[K, V], o BufferedOptions) *Buffered[K, V] {
	if m == nil {
		panic("safemap: NewBuffered: the Map is nil: pass the one that the writes shall reach")
	}
	if o.MaxDelay < 0 || o.MaxSize < 0 {
		panic(fmt.Sprintf("safemap: NewBuffered: MaxDelay %v, MaxSize %d: neither may be negative; 0 is the default", o.MaxDelay, o.MaxSize))
	}
	b := &Buffered[K, V]{
		m:        m,
		maxDelay: o.MaxDelay,
		maxSize:  min(o.MaxSize, maxLog),
		seed:     maphash.MakeSeed(),
	}
	if b.maxDelay == 0 {
		b.maxDelay = defaultMaxDelay
	}
	if b.maxSize == 0 {
		b.maxSize = defaultMaxSize
	}
	b.log.Store(newWriteLog[K, V](0, nil))
	return b
}

// Store sets the value of key: for Load at once, in the Map with the next
// flush. It waits for a flush only if it fills the buffer, or finds it full.
//
// Linearization point, for Load: when the write is published in the buffer,
// under mu.
func (b *Buffered[K, V]) Store(key K, value V) {
	b.write(key, value, false)
}

// Delete removes key, as Store stores it.
//
// Linearization point, for Load: as of Store.
func (b *Buffered[K, V]) Delete(key K) {
	var none V
	b.write(key, none, true)
}

func (b *Buffered[K, V]) write(key K, value V, remove bool) {
	hash := maphash.Comparable(b.seed, key) // panics here for a bad key, not in a flush
	b.mu.Lock()
	log := b.log.Load()
	for log.len() >= b.maxSize {
		// Who filled it has not come to flush it, or waits for another flush.
		epoch := b.epoch
		b.mu.Unlock()
		b.flush(epoch)
		b.mu.Lock()
		log = b.log.Load()
	}
	if log.full() {
		log = log.grown(b.seed, b.maxSize)
		b.log.Store(log)
	}
	log.add(hash, loggedWrite[K, V]{key: key, value: value, remove: remove})
	due := b.closed || log.len() >= b.maxSize
	if log.len() == 1 && !due {
		b.startTimer()
	}
	epoch := b.epoch
	b.mu.Unlock()
	if due {
		b.flush(epoch)
	}
}

// startTimer makes the buffer be flushed after MaxDelay. A timer that runs is
// that of a log that was flushed early. mu is held.
func (b *Buffered[K, V]) startTimer() {
	if b.timer == nil {
		b.timer = time.AfterFunc(b.maxDelay, b.Flush)
		return
	}
	b.timer.Reset(b.maxDelay)
}

// Load returns the value of key and whether there is one: that of the last
// write through b if it is not in the Map yet, else that of the Map. It never
// returns an older value than one returned before. It does not wait for
// writers or flushes.
//
// Linearization point: the read of the buffer if it decides, else the Load of
// the Map. A write through b that comes between the two is later.
func (b *Buffered[K, V]) Load(key K) (value V, ok bool) {
	// A log is emptied only by being left to the garbage collector, so that
	// the one that is loaded here stays as it was, with the one that is being
	// flushed behind it. That goes from the chain after it is in the Map.
	if log := b.log.Load(); !log.empty() {
		hash := maphash.Comparable(b.seed, key)
		for ; log != nil; log = log.older.Load() {
			if w := log.find(hash, key); w != nil {
				return w.value, !w.remove
			}
		}
	}
	return b.m.Load(key)
}

// Pending returns the number of writes that are not in the Map yet, counting
// each write of a key.
//
// It has no linearization point: when it returns, a flush may have begun.
func (b *Buffered[K, V]) Pending() int {
	n := 0
	for log := b.log.Load(); log != nil; log = log.older.Load() {
		n += log.len()
	}
	return n
}

// Flush brings all writes to the Map that returned before it was called. When
// it returns they are there.
//
// Linearization point, for readers of the Map: that of Map.Apply.
func (b *Buffered[K, V]) Flush() {
	b.mu.Lock()
	epoch := b.epoch
	b.mu.Unlock()
	b.flush(epoch)
}

// Close flushes, and ends the delay: each write after it is flushed before it
// returns, so that none is lost, nor overtakes one before. It may be called
// more than once.
func (b *Buffered[K, V]) Close() {
	b.mu.Lock()
	b.closed = true
	if b.timer != nil {
		b.timer.Stop()
	}
	b.mu.Unlock()
	b.Flush()
}

// flush brings the log of the given epoch to the map, if that was not done,
// and returns when it is done.
func (b *Buffered[K, V]) flush(epoch uint64) {
	b.flushing.Lock()
	defer b.flushing.Unlock()
	if old := b.log.Load().older.Load(); old != nil {
		b.apply(old) // the flush that left it panicked, in a Hasher of the Map
	}
	b.mu.Lock()
	log := b.log.Load()
	due := b.epoch == epoch && log.len() > 0
	if due {
		b.epoch++
		b.log.Store(newWriteLog(min(log.len(), b.maxSize), log))
	}
	b.mu.Unlock()
	if due {
		b.apply(log)
	}
}

// apply brings old, which is behind the current log, to the map and unchains
// it. flushing is held.
func (b *Buffered[K, V]) apply(old *writeLog[K, V]) {
	b.batch.Reset()
	old.addTo(&b.batch)
	b.m.Apply(&b.batch)
	b.batch.Reset()

	b.mu.Lock() // a writer may be replacing the log by a larger one
	b.log.Load().older.Store(nil)
	b.mu.Unlock()
}
