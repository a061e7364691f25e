package drive

import (
	"fmt"
	"slices"

	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/model"
)

// Keys that are not watched make the map grow and shrink. Each client has its
// own, numbered from 0: it stores them in order at the end and deletes them in
// order at the front. So nobody else may change what it finds there, and any
// snapshot must show a window of them without a hole.
const (
	fillers = 1 << 10 // the first of their numbers
	perOwn  = 1 << 20 // numbers of each client
)

// owner returns the client to whom the key belongs, or -1.
func owner(key int32) int {
	if key < fillers || key >= fillers+model.Clients*perOwn {
		return -1
	}
	return int(key-fillers) / perOwn
}

func index(key int32) int32 { return (key - fillers) % perOwn }

// A filler is the keys of one client: first is the oldest that is there, next
// the one that comes next.
type filler struct {
	owner, first, next int32
	base               int // keys that it begins with, around which it stays
}

func (f *filler) size() int { return int(f.next - f.first) }

func (f *filler) key(i int32) int32 { return fillers + f.owner*perOwn + i }

// value is that of the filler's key: never 0, and not the number of the key.
func (f *filler) value(i int32) int32 { return i%9973 + 1 }

// most is how many times the burst a client may have at once.
const most = 4

func (t *trial[K, V]) storeNext(f *filler) {
	i := f.next
	f.next++
	t.subject.Store(t.kind.Key(f.key(i)), t.kind.Value(f.value(i)))
}

// deleteFirst deletes the oldest and returns what is wrong with that, or nothing.
func (t *trial[K, V]) deleteFirst(f *filler) string {
	i := f.first
	f.first++
	k := t.kind.Key(f.key(i))
	if t.subject.LoadAndDelete == nil {
		t.subject.Delete(k)
		return ""
	}
	if v, ok := t.subject.LoadAndDelete(k); !ok || t.kind.Number(v) != f.value(i) {
		return fmt.Sprintf("LoadAndDelete(%v) = %v, %t of a key that only this goroutine changes: want %d, true", k, v, ok, f.value(i))
	}
	return ""
}

// fill empties the map and stores n keys, more than them before, as one
// operation: nobody else may work on it.
func (c *client[K, V]) fill(n, more int) {
	t := c.trial
	f := &t.fillers[0]
	e := history.Event{Client: c.id, In: model.Input{Op: model.Fill, New: int32(n)}}
	e.Call = c.clock()
	t.subject.Clear()
	f.first, f.next = 0, 0
	t.fill(n, more)
	e.Return = c.clock()
	c.h.Events = append(c.h.Events, e)
}

// burst stores or deletes up to max keys of the client's own.
func (c *client[K, V]) burst(max int) {
	t := c.trial
	f := &t.fillers[c.id]
	n := 1 + c.rng.IntN(max)
	if c.rng.IntN(4) > 0 {
		n = 1 + n/8 // many small ones: what happens at a threshold happens there and back
	}
	grow := c.rng.IntN(2) == 0
	if f.size() == 0 {
		grow = true
	} else if f.size() > f.base+most*max {
		grow = false
	}
	if !grow {
		for range min(n, f.size()) {
			if why := t.deleteFirst(f); why != "" {
				c.h.Problem("%s", why)
			}
		}
		return
	}
	if t.subject.Grow != nil && c.rng.IntN(8) == 0 {
		t.subject.Grow(f.size() + n)
	}
	for range n {
		t.storeNext(f)
	}
	i := f.first + c.rng.Int32N(int32(f.size()))
	k := t.kind.Key(f.key(i))
	if v, ok := t.subject.Load(k); !ok || t.kind.Number(v) != f.value(i) {
		c.h.Problem("Load(%v) = %v, %t of a key that only this goroutine changes: want %d, true", k, v, ok, f.value(i))
	}
}

// A window gathers the filler keys of one client that an iteration saw.
type window struct{ seen []int32 }

func (w *window) add(i int32) { w.seen = append(w.seen, i) }

// is tells in words how the window differs from [first, next).
func (w *window) is(first, next int32) string {
	if why := w.whole(); why != "" {
		return why
	}
	if len(w.seen) != int(next-first) || len(w.seen) > 0 && w.seen[0] != first {
		return fmt.Sprintf("%d keys from %v, want %d from %d", len(w.seen), w.seen[:min(1, len(w.seen))], next-first, first)
	}
	return ""
}

// whole tells in words where the window has a hole, or a key twice.
func (w *window) whole() string {
	slices.Sort(w.seen)
	for i := range w.seen {
		if i > 0 && w.seen[i] != w.seen[i-1]+1 {
			return fmt.Sprintf("key %d comes after key %d, of %d in a row", w.seen[i], w.seen[i-1], len(w.seen))
		}
	}
	return ""
}
