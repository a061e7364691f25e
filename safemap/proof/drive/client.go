package drive

import (
	"math/rand/v2"
	"runtime"

	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/model"
	"github.com/mapsan/mapsan/safemap/proof/subject"
)

// A client is one goroutine's part in a history.
type client[K comparable, V any] struct {
	trial *trial[K, V]
	id    int
	rng   *rand.Rand
	clock history.Clock
	h     *history.History // its own: nothing is shared while the map is used
	hook  func()           // where others may run; nil: runtime.Gosched, now and then

	ops    []model.Op // each as often as it weighs
	stored int32      // values so far
	last   [model.Keys]int32
	kept   []kept[K, V]
}

func (t *trial[K, V]) client(id int, clock history.Clock, seed uint64) *client[K, V] {
	c := &client[K, V]{trial: t, id: id, clock: clock, h: &history.History{}, rng: rand.New(rand.NewPCG(seed, uint64(id)))}
	for _, op := range t.subject.Has() {
		for range t.shape.weights[op] {
			c.ops = append(c.ops, op)
		}
	}
	return c
}

func (c *client[K, V]) work(n int) {
	s := &c.trial.shape
	for range n {
		// Two processors run two of the clients: who is at turn must change.
		if c.hook != nil {
			c.hook()
		} else if c.rng.IntN(12) == 0 {
			runtime.Gosched()
		}
		if s.burst > 0 && c.rng.IntN(s.often) == 0 {
			c.burst(s.burst)
		}
		c.do(c.ops[c.rng.IntN(len(c.ops))], c.rng.IntN(s.keys))
	}
}

// fresh returns a value that was not stored in this history, or now and then
// one that was: then a compare and swap may see it come back.
func (c *client[K, V]) fresh() int32 {
	stride := c.trial.shape.stride
	if c.stored > 4 && c.rng.IntN(10) == 0 || c.stored == stride {
		return int32(c.id)*stride + 1 + c.rng.Int32N(c.stored)
	}
	c.stored++
	return int32(c.id)*stride + c.stored
}

// input decides how to call an operation.
func (c *client[K, V]) input(op model.Op, key int) model.Input {
	in := model.Input{Op: op, Key: int8(key)}
	switch op {
	case model.Store, model.LoadOrStore, model.LoadOrCompute, model.Swap, model.CompareAndSwap:
		in.New = c.fresh()
	case model.Compute:
		in.New = c.fresh()
		in.Present = model.Do(c.rng.IntN(3))
		in.Absent = model.Do(c.rng.IntN(3))
	}
	if op == model.CompareAndSwap || op == model.CompareAndDelete {
		in.Old = c.last[key]
		if in.Old == 0 || c.rng.IntN(8) == 0 {
			in.Old = 1 + c.rng.Int32N(int32(len(c.trial.values)-1))
		}
	}
	return in
}

// do does one operation and writes it down.
func (c *client[K, V]) do(op model.Op, key int) {
	switch op {
	case model.Snapshot:
		c.snapshot()
		return
	case model.Range:
		c.rangeOver()
		return
	case model.Write:
		c.apply()
		return
	}
	e := history.Event{Client: c.id, In: c.input(op, key)}
	c.call(&e)
	c.h.Events = append(c.h.Events, e)
	switch {
	case e.Out.OK && (op == model.CompareAndSwap || op == model.Swap), op == model.Store:
		c.last[key] = e.In.New
	case e.Out.Value > 0 && op != model.Len:
		c.last[key] = e.Out.Value
	}
}

// pause lets others run inside of a callback, where a map may hold a lock.
func (c *client[K, V]) pause() {
	if c.hook != nil {
		c.hook()
	} else if c.rng.IntN(6) == 0 {
		runtime.Gosched()
	}
}

// call does the operation of one key, or Clear or Len. Nothing but the operation
// may stand between the two readings of the clock.
func (c *client[K, V]) call(e *history.Event) {
	t, in, out := c.trial, &e.In, &e.Out
	s := &t.subject
	k := t.kind.Key(int32(in.Key))
	if t.kind.Twin != nil && c.rng.IntN(2) == 0 {
		k = t.kind.Twin(int32(in.Key))
	}
	stored, old := t.values[in.New], t.values[in.Old]
	var v V
	switch in.Op {
	case model.Load:
		e.Call = c.clock()
		v, out.OK = s.Load(k)
		e.Return = c.clock()
	case model.Store:
		e.Call = c.clock()
		s.Store(k, stored)
		e.Return = c.clock()
	case model.Delete:
		e.Call = c.clock()
		s.Delete(k)
		e.Return = c.clock()
	case model.LoadOrStore:
		e.Call = c.clock()
		v, out.OK = s.LoadOrStore(k, stored)
		e.Return = c.clock()
	case model.LoadOrCompute:
		f := func() V { c.pause(); return stored }
		e.Call = c.clock()
		v, out.OK = s.LoadOrCompute(k, f)
		e.Return = c.clock()
	case model.LoadAndDelete:
		e.Call = c.clock()
		v, out.OK = s.LoadAndDelete(k)
		e.Return = c.clock()
	case model.Swap:
		e.Call = c.clock()
		v, out.OK = s.Swap(k, stored)
		e.Return = c.clock()
	case model.CompareAndSwap:
		e.Call = c.clock()
		out.OK = s.CompareAndSwap(k, old, stored)
		e.Return = c.clock()
	case model.CompareAndDelete:
		e.Call = c.clock()
		out.OK = s.CompareAndDelete(k, old)
		e.Return = c.clock()
	case model.Compute:
		f := func(was V, loaded bool) (V, model.Do) {
			c.pause()
			out.Seen, out.SeenLoaded = t.kind.Number(was), loaded
			if loaded {
				return c.decide(was, stored, in.Present)
			}
			return c.decide(was, stored, in.Absent)
		}
		e.Call = c.clock()
		v, out.OK = s.Compute(k, f)
		e.Return = c.clock()
	case model.Clear:
		e.Call = c.clock()
		s.Clear()
		e.Return = c.clock()
	case model.Len:
		e.Call = c.clock()
		n := s.Len()
		e.Return = c.clock()
		out.Value = int32(n)
		return
	}
	out.Value = t.kind.Number(v)
}

func (c *client[K, V]) decide(was, stored V, do model.Do) (V, model.Do) {
	if do == model.Set {
		return stored, do
	}
	return was, do
}

// rangeOver goes over the map. What it saw of each watched key is an operation
// by itself: an iteration that is no snapshot still may not show what never was.
func (c *client[K, V]) rangeOver() {
	t := c.trial
	var seen [model.Keys]model.Output
	var own window
	e := history.Event{Client: c.id, In: model.Input{Op: model.Range}}
	e.Call = c.clock()
	t.subject.Range(func(k K, v V) bool {
		n := t.kind.KeyNumber(k)
		switch {
		case n >= 0 && n < int32(t.shape.keys):
			if seen[n].OK {
				c.h.Problem("Range visits the key %v twice", k)
			}
			seen[n] = model.Output{Value: t.kind.Number(v), OK: true}
		case owner(n) == c.id:
			own.add(index(n))
		case owner(n) < 0:
			c.h.Problem("Range visits the key %v, which nobody stored", k)
		}
		return true
	})
	e.Return = c.clock()
	for k := range t.shape.keys {
		e.In.Key, e.Out = int8(k), seen[k]
		c.h.Events = append(c.h.Events, e)
	}
	if c.id < t.shape.clients {
		if why := own.is(t.fillers[c.id].first, t.fillers[c.id].next); why != "" {
			c.h.Problem("Range over keys that did not change meanwhile: %s", why)
		}
	}
}

// apply makes a batch of writes. Each is an operation with the times of the whole.
func (c *client[K, V]) apply() {
	t := c.trial
	n := 1 + c.rng.IntN(4)
	writes := make([]subject.Write[K, V], n)
	events := make([]history.Event, n)
	var before [model.Keys]uint8
	for i := range writes {
		key := c.rng.IntN(t.shape.keys)
		in := model.Input{Op: model.Write, Key: int8(key), Batch: model.Batch{
			Client: int8(c.id), Bit: 1 << i, All: 1<<n - 1, Before: before[key], Deletes: c.rng.IntN(3) == 0}}
		before[key] |= 1 << i
		writes[i] = subject.Write[K, V]{Key: t.kind.Key(int32(key)), Delete: in.Batch.Deletes}
		if !in.Batch.Deletes {
			in.New = c.fresh()
			writes[i].Value = t.values[in.New]
			c.last[key] = in.New
		}
		events[i] = history.Event{Client: c.id, In: in}
	}
	call := c.clock()
	t.subject.Apply(writes)
	ret := c.clock()
	for _, e := range events {
		e.Call, e.Return = call, ret
		c.h.Events = append(c.h.Events, e)
	}
}
