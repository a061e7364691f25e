package history

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mapsan/mapsan/safemap/proof/model"
)

// at is an operation of a client from call to return.
func at(client int, call, ret int64, in model.Input, out model.Output) Event {
	return Event{Client: client, In: in, Out: out, Call: call, Return: ret}
}

func load(key int8) model.Input            { return model.Input{Op: model.Load, Key: key} }
func store(key int8, v int32) model.Input  { return model.Input{Op: model.Store, Key: key, New: v} }
func is(v int32) model.Output              { return model.Output{Value: v, OK: v != 0} }
func view(v ...int32) (out model.Output)   { copy(out.View[:], v); return out }
func op(op model.Op, key int8) model.Input { return model.Input{Op: op, Key: key} }
func write(client int8, bit, all, before uint8, key int8, v int32) model.Input {
	return model.Input{Op: model.Write, Key: key, New: v,
		Batch: model.Batch{Client: client, Bit: bit, All: all, Before: before, Deletes: v == 0}}
}

var done = model.Output{}

// TestVerdicts: each illegal history has a twin that differs in one thing and is legal.
func TestVerdicts(t *testing.T) {
	compute := model.Input{Op: model.Compute, New: 9, Present: model.Remove, Absent: model.Set}
	cas := model.Input{Op: model.CompareAndSwap, Old: 1, New: 2}
	for _, test := range []struct {
		name  string
		whole bool
		legal bool
		h     []Event
	}{
		{"a load after a store sees it", false, true, []Event{at(0, 1, 2, store(0, 5), done), at(1, 3, 4, load(0), is(5))}},
		{"a load after a store misses it", false, false, []Event{at(0, 1, 2, store(0, 5), done), at(1, 3, 4, load(0), is(0))}},
		{"a load beside a store misses it", false, true, []Event{at(0, 1, 3, store(0, 5), done), at(1, 2, 4, load(0), is(0))}},
		{"the load misses another key's store", false, true, []Event{at(0, 1, 2, store(1, 5), done), at(1, 3, 4, load(0), is(0))}},
		{"a torn value", false, false, []Event{at(0, 1, 3, store(0, 5), done), at(1, 2, 4, load(0), is(model.Torn))}},
		{"a value beside false", false, false, []Event{at(0, 1, 2, store(0, 5), done), at(0, 3, 4, op(model.Delete, 0), done),
			at(1, 5, 6, load(0), model.Output{Value: 5})}},
		{"two swaps see each other", false, false, []Event{at(0, 1, 9, model.Input{Op: model.Swap, New: 1}, is(2)), at(1, 2, 8, model.Input{Op: model.Swap, New: 2}, is(1))}},
		{"one swap sees the other", false, true, []Event{at(0, 1, 9, model.Input{Op: model.Swap, New: 1}, is(2)), at(1, 2, 8, model.Input{Op: model.Swap, New: 2}, is(0))}},
		{"both swap from the same", false, false, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 9, cas, model.Output{OK: true}), at(1, 4, 8, cas, model.Output{OK: true})}},
		{"one swaps from the same", false, true, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 9, cas, model.Output{OK: true}), at(1, 4, 8, cas, done)}},
		{"both delete", false, false, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 9, op(model.LoadAndDelete, 0), is(1)), at(1, 4, 8, op(model.LoadAndDelete, 0), is(1))}},
		{"one deletes", false, true, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 9, op(model.LoadAndDelete, 0), is(1)), at(1, 4, 8, op(model.LoadAndDelete, 0), is(0))}},
		{"compute removes what was there", false, true, []Event{at(0, 1, 2, store(0, 1), done),
			at(0, 3, 4, compute, model.Output{Seen: 1, SeenLoaded: true}), at(0, 5, 6, load(0), is(0))}},
		{"compute saw nothing where something was", false, false, []Event{at(0, 1, 2, store(0, 1), done),
			at(0, 3, 4, compute, model.Output{Value: 9, OK: true}), at(0, 5, 6, load(0), is(9))}},
		{"a range shows a moment for each key", false, true, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 4, store(1, 2), done),
			at(1, 0, 9, op(model.Range, 0), is(0)), at(1, 0, 9, op(model.Range, 1), is(2))}},
		{"a range shows what is long gone", false, false, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 4, store(0, 2), done),
			at(1, 5, 9, op(model.Range, 0), is(1))}},

		{"a snapshot shows one moment", true, true, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 4, store(1, 2), done),
			at(1, 0, 9, op(model.Snapshot, 0), view(1, 0))}},
		{"a snapshot shows two moments", true, false, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 4, store(1, 2), done),
			at(1, 0, 9, op(model.Snapshot, 0), view(0, 2))}},
		{"two snapshots agree on the order", true, true, []Event{at(0, 1, 9, store(0, 1), done), at(1, 1, 9, store(1, 2), done),
			at(2, 2, 8, op(model.Snapshot, 0), view(1, 0)), at(3, 2, 8, op(model.Snapshot, 0), view(1, 2))}},
		{"two snapshots disagree on the order", true, false, []Event{at(0, 1, 9, store(0, 1), done), at(1, 1, 9, store(1, 2), done),
			at(2, 2, 8, op(model.Snapshot, 0), view(1, 0)), at(3, 2, 8, op(model.Snapshot, 0), view(0, 2))}},
		{"a length between", true, true, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 4, store(1, 2), done), at(1, 1, 9, op(model.Len, 0), model.Output{Value: 1})}},
		{"a length that never was", true, false, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 4, store(0, 2), done), at(1, 1, 9, op(model.Len, 0), model.Output{Value: 2})}},
		{"clear empties", true, true, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 4, op(model.Clear, 0), done), at(0, 5, 6, load(0), is(0))}},
		{"clear forgets a key", true, false, []Event{at(0, 1, 2, store(0, 1), done), at(0, 3, 4, op(model.Clear, 0), done), at(0, 5, 6, load(0), is(1))}},

		{"clear leaves none of the others", true, true, []Event{at(0, 1, 2, model.Input{Op: model.Fill, New: 5}, done), at(0, 3, 4, store(0, 1), done),
			at(0, 5, 8, op(model.Clear, 0), done), at(1, 6, 7, op(model.Snapshot, 0), model.Output{}), at(1, 9, 10, op(model.Len, 0), model.Output{})}},
		{"clear leaves some of the others", true, false, []Event{at(0, 1, 2, model.Input{Op: model.Fill, New: 5}, done), at(0, 3, 4, store(0, 1), done),
			at(0, 5, 8, op(model.Clear, 0), done), at(1, 6, 7, op(model.Snapshot, 0), model.Output{Others: 2})}},
		{"the others count", true, true, []Event{at(0, 1, 2, model.Input{Op: model.Fill, New: 5}, done), at(0, 3, 4, store(0, 1), done),
			at(0, 5, 6, op(model.Len, 0), model.Output{Value: 6})}},

		{"a snapshot shows half of a batch", true, false, []Event{at(0, 1, 9, write(0, 1, 3, 0, 0, 1), done), at(0, 1, 9, write(0, 2, 3, 0, 1, 1), done),
			at(1, 2, 8, op(model.Snapshot, 0), view(1, 0))}},
		{"a snapshot shows all of a batch", true, true, []Event{at(0, 1, 9, write(0, 1, 3, 0, 0, 1), done), at(0, 1, 9, write(0, 2, 3, 0, 1, 1), done),
			at(1, 2, 8, op(model.Snapshot, 0), view(1, 1))}},
		{"loads show half of a batch", true, true, []Event{at(0, 1, 9, write(0, 1, 3, 0, 0, 1), done), at(0, 1, 9, write(0, 2, 3, 0, 1, 1), done),
			at(1, 2, 3, load(0), is(1)), at(1, 4, 5, load(1), is(0))}},
		{"stores come between the writes of a batch", true, true, []Event{at(0, 1, 9, write(0, 1, 3, 0, 0, 1), done), at(0, 1, 9, write(0, 2, 3, 0, 1, 1), done),
			at(1, 2, 3, store(0, 2), done), at(1, 4, 5, store(1, 2), done), at(1, 10, 11, op(model.Snapshot, 0), view(2, 1))}},
		{"the last write of a key in a batch counts", true, true, []Event{at(0, 1, 2, write(0, 1, 3, 0, 0, 1), done), at(0, 1, 2, write(0, 2, 3, 1, 0, 5), done),
			at(1, 3, 4, load(0), is(5))}},
		{"the first write of a key in a batch counts", true, false, []Event{at(0, 1, 2, write(0, 1, 3, 0, 0, 1), done), at(0, 1, 2, write(0, 2, 3, 1, 0, 5), done),
			at(1, 3, 4, load(0), is(1))}},
		{"two batches, one after the other", true, true, []Event{at(0, 1, 2, write(0, 1, 3, 0, 0, 1), done), at(0, 1, 2, write(0, 2, 3, 0, 1, 1), done),
			at(0, 3, 9, write(0, 1, 1, 0, 0, 0), done), at(1, 4, 5, op(model.Snapshot, 0), view(0, 1))}},
	} {
		h := &History{Whole: test.whole, Events: test.h}
		want := porcupine.Ok
		if !test.legal {
			want = porcupine.Illegal
		}
		if got := h.Check(time.Minute); got != want {
			t.Errorf("%s: %s, want %s", test.name, got, want)
		}
	}
}

func TestDraw(t *testing.T) {
	h := &History{Events: []Event{at(0, 1, 2, store(0, 5), done), at(1, 3, 4, load(0), is(0))}}
	page := filepath.Join(t.TempDir(), "page.html")
	if err := h.Draw(page); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), "Store(k0, 5)") {
		t.Errorf("the page does not show the store (%v)", err)
	}
}

func TestOverlap(t *testing.T) {
	h := &History{Events: []Event{
		at(0, 1, 4, store(0, 5), done), at(1, 2, 3, load(0), is(5)), // meet
		at(1, 5, 6, load(0), is(5)), // comes after
		at(2, 1, 6, load(1), is(0)), // another key
	}}
	if o, want := h.Overlap(), (Overlap{Pairs: 2, Met: 1, Ops: 4, OpsMet: 2}); o != want {
		t.Errorf("%+v, want %+v", o, want)
	}
	h.Whole = true
	if o, want := h.Overlap(), (Overlap{Pairs: 5, Met: 4, Ops: 4, OpsMet: 4}); o != want {
		t.Errorf("as a whole: %+v, want %+v", o, want)
	}
}
