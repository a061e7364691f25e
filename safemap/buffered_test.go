package safemap

import (
	"fmt"
	"maps"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// never is a delay that no test waits for.
const never = time.Hour

func newBuffered[K comparable](o BufferedOptions) (*Map[K, int], *Buffered[K, int]) {
	m := New[K, int](Options[K]{Snapshots: true})
	return m, NewBuffered(m, o)
}

func wantMap[K comparable](t *testing.T, when string, m *Map[K, int], want map[K]int) {
	t.Helper()
	if got := maps.Collect(m.All()); !maps.Equal(got, want) {
		t.Errorf("%s the Map has %v, want %v", when, got, want)
	}
}

func wantLoad[K comparable](t *testing.T, b *Buffered[K, int], key K, want int, wantOK bool) {
	t.Helper()
	if got, ok := b.Load(key); got != want || ok != wantOK {
		t.Errorf("Load of %v is %d, %t, want %d, %t", key, got, ok, want, wantOK)
	}
}

func TestBufferedReadsItsWrites(t *testing.T) {
	m, b := newBuffered[string](BufferedOptions{MaxDelay: never})
	defer b.Close()
	m.Store("a", 1)
	m.Store("b", 2)
	wantLoad(t, b, "a", 1, true)
	b.Store("a", 10)
	b.Store("c", 30)
	b.Delete("b")
	b.Delete("c")
	b.Store("d", 40)
	b.Store("d", 41)
	wantLoad(t, b, "a", 10, true)
	wantLoad(t, b, "b", 0, false)
	wantLoad(t, b, "c", 0, false)
	wantLoad(t, b, "d", 41, true)
	wantLoad(t, b, "e", 0, false)
	if n := b.Pending(); n != 6 {
		t.Errorf("%d writes are pending, want 6", n)
	}
	wantMap(t, "before the flush", m, map[string]int{"a": 1, "b": 2})
	b.Flush()
	wantMap(t, "after the flush", m, map[string]int{"a": 10, "d": 41})
	if n := b.Pending(); n != 0 {
		t.Errorf("%d writes are pending after the flush", n)
	}
	wantLoad(t, b, "a", 10, true)
	wantLoad(t, b, "b", 0, false)
	b.Flush() // of nothing
	wantMap(t, "after a flush of nothing", m, map[string]int{"a": 10, "d": 41})
}

// The write that fills the buffer is in the Map when it returns, with those
// before it; one less is not.
func TestBufferedMaxSize(t *testing.T) {
	for _, size := range []int{1, 2, minLog - 1, minLog, minLog + 1, 3*minLog + 1, 0} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			m, b := newBuffered[int](BufferedOptions{MaxDelay: never, MaxSize: size})
			if size == 0 {
				size = defaultMaxSize
			}
			for round := range 3 {
				want := maps.Collect(m.All())
				for i := range size {
					wantMap(t, "while the buffer fills", m, want)
					b.Store(i, round)
					for j := range i + 1 {
						wantLoad(t, b, j, round, true)
					}
				}
				for i := range size {
					want[i] = round
				}
				wantMap(t, "when the buffer is full", m, want)
				if n := b.Pending(); n != 0 {
					t.Errorf("%d writes are pending in the full buffer", n)
				}
			}
		})
	}
}

func TestBufferedClose(t *testing.T) {
	m, b := newBuffered[string](BufferedOptions{MaxDelay: never})
	b.Store("a", 1)
	b.Close()
	wantMap(t, "after Close", m, map[string]int{"a": 1})
	b.Store("b", 2)
	wantMap(t, "after a Store", m, map[string]int{"a": 1, "b": 2})
	b.Delete("a")
	wantMap(t, "after a Delete", m, map[string]int{"b": 2})
	wantLoad(t, b, "a", 0, false)
	wantLoad(t, b, "b", 2, true)
	b.Close()
	wantMap(t, "after another Close", m, map[string]int{"b": 2})
}

func TestBufferedBesideTheMap(t *testing.T) {
	m, b := newBuffered[string](BufferedOptions{MaxDelay: never})
	defer b.Close()
	b.Store("both", 1)
	m.Store("both", 2)
	m.Store("map", 3)
	m.Store("deleted", 4)
	b.Delete("deleted")
	m.Store("deleted", 5)
	wantLoad(t, b, "both", 1, true)
	wantLoad(t, b, "map", 3, true)
	wantLoad(t, b, "deleted", 0, false)
	wantMap(t, "before the flush", m, map[string]int{"both": 2, "map": 3, "deleted": 5})
	b.Flush()
	wantMap(t, "after the flush", m, map[string]int{"both": 1, "map": 3})
	m.Store("both", 6)
	wantLoad(t, b, "both", 6, true)
}

// Between the moment when a log is taken from the buffer and that when the Map
// has it, Load must find what it finds before and after.
func TestBufferedLoadDuringFlush(t *testing.T) {
	m, b := newBuffered[string](BufferedOptions{MaxDelay: never})
	m.Store("a", 1)
	m.Store("gone", 1)
	b.Store("a", 2)
	b.Delete("gone")
	b.Store("new", 3)
	check := func(a int) {
		t.Helper()
		wantLoad(t, b, "a", a, true)
		wantLoad(t, b, "gone", 0, false)
		wantLoad(t, b, "new", 3, true)
	}
	check(2)

	taken := b.log.Load() // what flush does first
	b.log.Store(newWriteLog(0, taken))
	b.epoch++
	check(2)
	if b.Pending() != 3 {
		t.Errorf("%d writes are pending in a flush, want 3", b.Pending())
	}
	b.Store("a", 4)
	for i := range 3 * minLog { // makes the log be replaced by a larger one
		b.Store(fmt.Sprint(i), i)
	}
	check(4)
	b.apply(taken) // what flush does last
	check(4)
	if v, _ := m.Load("a"); v != 2 {
		t.Errorf("the Map has %d from the first flush, want 2", v)
	}
	b.Flush()
	check(4)
	if v, _ := m.Load("a"); v != 4 || b.Pending() != 0 {
		t.Errorf("the Map has %d, %d writes are pending; want 4, 0", v, b.Pending())
	}
}

// Of the writes of one key only the last is made.
func TestBufferedMerges(t *testing.T) {
	_, b := newBuffered[string](BufferedOptions{MaxDelay: never})
	defer b.Close()
	for i := range 2 * minLog {
		b.Store("a", i)
		b.Store(fmt.Sprint(i%3), i)
	}
	var batch Batch[string, int]
	b.log.Load().addTo(&batch)
	if batch.Len() != 4 {
		t.Errorf("%d writes go to the Map, want 4: one of each key", batch.Len())
	}
}

func TestBufferedNaN(t *testing.T) {
	m, b := newBuffered[float64](BufferedOptions{MaxDelay: never})
	nan := math.NaN()
	for range 2 * minLog {
		b.Store(nan, 1)
	}
	wantLoad(t, b, nan, 0, false)
	b.Close()
	if m.Len() != 2*minLog {
		t.Errorf("%d entries, want %d", m.Len(), 2*minLog)
	}
}

// A bad key panics in the call that has it, not in a later flush.
func TestBufferedUnhashable(t *testing.T) {
	m, b := newBuffered[any](BufferedOptions{MaxDelay: never})
	b.Store("a", 1)
	wantPanic(t, func() { b.Store([]int{1}, 2) }, "hash of unhashable type")
	wantPanic(t, func() { b.Delete([]int{1}) }, "hash of unhashable type")
	wantPanic(t, func() { b.Load([]int{1}) }, "hash of unhashable type")
	b.Store("b", 2)
	b.Close()
	wantMap(t, "after Close", m, map[any]int{"a": 1, "b": 2})
}

func TestBufferedBadArguments(t *testing.T) {
	m := New[string, int](Options[string]{})
	wantPanic(t, func() { NewBuffered[string, int](nil, BufferedOptions{}) }, "NewBuffered", "Map is nil")
	wantPanic(t, func() { NewBuffered(m, BufferedOptions{MaxDelay: -1}) }, "MaxDelay -1ns", "negative")
	wantPanic(t, func() { NewBuffered(m, BufferedOptions{MaxSize: -1}) }, "MaxSize -1", "negative")
}

// A flush that panics, as one does when a Hasher of the Map panics, loses
// nothing: the next one makes its writes first.
func TestBufferedFlushPanics(t *testing.T) {
	m, b := newBuffered[any](BufferedOptions{MaxDelay: never})
	b.Store("a", 1)
	b.log.Load().add(0, loggedWrite[any, int]{key: []int{1}, value: 2}) // past the check
	wantPanic(t, b.Flush, "hash of unhashable type")
	wantLoad(t, b, "a", 1, true)
	b.Store("a", 3)
	wantLoad(t, b, "a", 3, true)
	wantPanic(t, b.Flush, "hash of unhashable type")
	wantLoad(t, b, "a", 3, true)

	b.log.Load().older.Load().writes[1].key = "c"
	b.Flush()
	wantMap(t, "after the flush that succeeds", m, map[any]int{"a": 3, "c": 2})
}

// The delay is that of the first write, and later ones do not extend it. The
// bubble's clock stands still while anyone works.
func TestBufferedMaxDelay(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Millisecond, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			m, b := newBuffered[string](BufferedOptions{MaxDelay: delay, MaxSize: 4})
			if delay == 0 {
				delay = defaultMaxDelay
			}
			for range 3 { // each time from an empty buffer
				m.Clear()
				b.Store("a", 1)
				time.Sleep(delay / 2)
				b.Store("b", 2)
				time.Sleep(delay/2 - 1)
				synctest.Wait()
				wantMap(t, "just before MaxDelay", m, map[string]int{})
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				wantMap(t, "at MaxDelay", m, map[string]int{"a": 1, "b": 2})
				time.Sleep(3 * delay)
			}

			// A flush for another reason starts the delay anew.
			m.Clear()
			b.Store("a", 1)
			time.Sleep(delay - 1)
			for range 3 {
				b.Store("b", 2)
			}
			wantMap(t, "when full", m, map[string]int{"a": 1, "b": 2})
			b.Store("c", 3)
			time.Sleep(delay - 1)
			synctest.Wait()
			wantMap(t, "before MaxDelay of the next write", m, map[string]int{"a": 1, "b": 2})
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			wantMap(t, "at MaxDelay of the next write", m, map[string]int{"a": 1, "b": 2, "c": 3})
		})
	}
}

// The test's bubble would not end if a goroutine of the buffer were left.
func TestBufferedLeavesNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, idle := newBuffered[string](BufferedOptions{})
		idle.Store("a", 1)
		m, closed := newBuffered[string](BufferedOptions{})
		closed.Store("a", 1)
		closed.Close()
		closed.Store("b", 2)
		start := time.Now()
		time.Sleep(defaultMaxDelay)
		synctest.Wait()
		if idle.Pending() != 0 {
			t.Errorf("%d writes are pending after %v", idle.Pending(), time.Since(start))
		}
		wantMap(t, "after Close", m, map[string]int{"a": 1, "b": 2})
	})
}
