package drive

import (
	"maps"

	"github.com/mapsan/mapsan/safemap/proof/history"
	"github.com/mapsan/mapsan/safemap/proof/model"
	"github.com/mapsan/mapsan/safemap/proof/subject"
)

// kept is a snapshot, what it held when it was first read, and when it was made.
type kept[K comparable, V any] struct {
	view    subject.View[K, V]
	content map[int32]int32 // all of it, by the numbers of keys
	version uint64
	call    int64
	ret     int64
}

// snapshot makes a snapshot, as one operation, and then reads all of it, beside
// whatever the others write meanwhile. Where keys are checked one by one, it is
// no operation, but must still hold what it holds.
func (c *client[K, V]) snapshot() {
	e := history.Event{Client: c.id, In: model.Input{Op: model.Snapshot}}
	e.Call = c.clock()
	view := c.trial.subject.Snapshot()
	e.Return = c.clock()
	k := kept[K, V]{view: view, call: e.Call, ret: e.Return}
	k.content = c.trial.read(view, c.h)
	for i := range e.Out.View {
		e.Out.View[i] = k.content[int32(i)]
	}
	for key := range k.content {
		if key >= fillers {
			e.Out.Others++
		}
	}
	if c.trial.shape.whole {
		c.h.Events = append(c.h.Events, e)
	}
	if view.Load != nil {
		k.version = view.Version()
		c.kept = append(c.kept, k)
	}
}

// read reads a view in every way there is; they must agree. Of keys that are
// not watched, each client's must be a window.
func (t *trial[K, V]) read(view subject.View[K, V], h *history.History) map[int32]int32 {
	content := map[int32]int32{}
	var windows [model.Clients]window
	n := 0
	for k, v := range view.All {
		n++
		key, value := t.kind.KeyNumber(k), t.kind.Number(v)
		if _, twice := content[key]; twice {
			h.Problem("the snapshot visits the key %v twice", k)
		}
		content[key] = value
		o := owner(key)
		switch {
		case o >= 0:
			windows[o].add(index(key))
			if want := t.fillers[o].value(index(key)); value != want {
				h.Problem("the snapshot has %v for the key %v, which never had another value than %d", v, k, want)
			}
		case key < 0 || key >= int32(t.shape.keys):
			h.Problem("the snapshot visits the key %v, which nobody stored", k)
		case value <= 0:
			h.Problem("the snapshot has %v for the key %v, which nobody stored", v, k)
		}
	}
	if view.Load == nil {
		return content // a Range, which promises nothing
	}
	if got := view.Len(); got != n {
		h.Problem("Len of the snapshot is %d, and it has %d keys", got, n)
	}
	for o := range windows {
		if why := windows[o].whole(); why != "" {
			h.Problem("the snapshot of keys that client %d stores and deletes in order: %s", o, why)
		}
	}
	for k := range t.shape.keys {
		v, ok := view.Load(t.kind.Key(int32(k)))
		if got, want := t.kind.Number(v), content[int32(k)]; got != want || ok != (want != 0) {
			h.Problem("Load(%v) = %v, %t of the snapshot, whose All has %d", t.kind.Key(int32(k)), v, ok, want)
		}
	}
	for o := range windows {
		w := &windows[o]
		if len(w.seen) == 0 {
			continue
		}
		for _, i := range []int32{w.seen[0] - 1, w.seen[0], w.seen[len(w.seen)-1], w.seen[len(w.seen)-1] + 1} {
			if i < 0 {
				continue
			}
			n := t.fillers[o].key(i)
			v, ok := view.Load(t.kind.Key(n))
			want, there := content[n]
			if t.kind.Number(v) != want || ok != there {
				h.Problem("Load(%v) = %v, %t of the snapshot, whose All has %d, %t", t.kind.Key(n), v, ok, want, there)
			}
		}
	}
	return content
}

// reread reads the snapshots of a history again: they still hold what they held.
// It compares their versions, too.
func (t *trial[K, V]) reread(h *history.History, clients []*client[K, V]) {
	var all []kept[K, V]
	for _, c := range clients {
		all = append(all, c.kept...)
	}
	for i, k := range all {
		if again := t.read(k.view, h); !maps.Equal(again, k.content) {
			h.Problem("a snapshot read again has changed: it was %v and is %v", brief(k.content), brief(again))
		}
		keys, values := map[int32]int{}, map[int32]int{}
		for key := range k.view.Keys {
			keys[t.kind.KeyNumber(key)]++
		}
		for v := range k.view.Values {
			values[t.kind.Number(v)]++
		}
		for key, v := range k.content {
			if keys[key] != 1 {
				h.Problem("Keys of a snapshot has key %d %d times, which All has", key, keys[key])
			}
			values[v]--
		}
		for v, n := range values {
			if n != 0 {
				h.Problem("Values of a snapshot has %d other copies of %d than All", n, v)
			}
		}
		if len(keys) != len(k.content) {
			h.Problem("Keys of a snapshot has %d keys, All has %d", len(keys), len(k.content))
		}
		if v := k.view.Version(); v != k.version {
			h.Problem("the version of a snapshot was %d and is %d", k.version, v)
		}
		h.Versions = h.Versions || k.version != 0
		for _, l := range all[:i] {
			t.compare(h, &k, &l)
			t.compare(h, &l, &k)
		}
	}
}

// compare checks the versions of two snapshots. A map that gives every snapshot
// the version 0 counts none.
func (t *trial[K, V]) compare(h *history.History, a, b *kept[K, V]) {
	switch {
	case a.version == 0 && b.version == 0:
	case a.version == b.version && !maps.Equal(a.content, b.content):
		h.Problem("two snapshots of version %d differ: %v and %v", a.version, brief(a.content), brief(b.content))
	case a.ret < b.call && a.version > b.version:
		h.Problem("a snapshot of version %d was made before one of version %d", a.version, b.version)
	}
}

// brief leaves the keys of a snapshot that are not watched out.
func brief(content map[int32]int32) map[int32]int32 {
	short := map[int32]int32{}
	for k, v := range content {
		if k < fillers {
			short[k] = v
		}
	}
	return short
}
