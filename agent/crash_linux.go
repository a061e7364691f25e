//go:build amd64 || arm64

package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

// crashed reports both sides of the end that the runtime made of the process, if it
// did, and if the other side is known.
func (w *Watcher) crashed() error {
	r, err := ringbuf.NewReader(w.p.crash.Crashes)
	if err != nil {
		return fmt.Errorf("read the ring of crashes: %w", err)
	}
	defer r.Close()
	return errors.Join(r.Flush(), records(r, "crashes", w.crash))
}

// crash looks for the other side of one.
func (w *Watcher) crash(raw *crashCrash) error {
	message := text(raw.Message[:min(int(raw.Length), len(raw.Message))])
	if !strings.HasPrefix(message, "concurrent map ") {
		return nil
	}
	w.status.Crash = "fatal error: " + message
	if w.p.focus != nil {
		w.status.Unknown = "the accesses before were not recorded: a few maps were watched only"
		return nil
	}
	if err := w.t.load(); err != nil {
		return err
	}
	own := access{goid: raw.Goid, goPC: raw.GoPc}
	if raw.Bytes > 0 {
		own.stack = raw.Stack[:min(int(raw.Bytes/8), len(raw.Stack))]
		own.cut = len(own.stack) == len(raw.Stack)
	}
	var ok bool
	if own.site, ok = w.operation(own.stack); !ok {
		w.status.Unknown = "its stack shows no map operation"
		return nil
	}
	if w.status.Unknown = w.unseen(raw, own.site.Op); w.status.Unknown != "" {
		return nil
	}
	addr := raw.Latest.Map
	other, ok, err := w.otherWriter(addr, raw)
	switch {
	case err != nil:
		return err
	case !ok:
		w.status.Unknown = "no other goroutine was seen to write that map in the second before"
		return nil
	case w.o.Found == nil:
		return nil
	}
	f := describe(conflict{addr: addr, sides: [2]access{own, other}}, w.t.bin, w.t.bias)
	// The runtime proves that somebody wrote; that it was this one is what its
	// being the last to come shows. One that came long before was preempted in its
	// operation, or another one is meant.
	f.Grade = finding.Shown
	if raw.At-other.at > soon {
		f.Grade = finding.Inferred
	}
	f.Evidence = finding.Evidence{
		Log:  &finding.Log{Lines: []string{w.status.Crash}},
		Path: []string{fmt.Sprintf("goroutine %d came to its operation %d ns before the runtime stopped the process", other.goid, raw.At-other.at)},
	}
	f.Resource = w.t.resource
	w.o.Found(f)
	return nil
}

func text(b []int8) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(byte(c))
	}
	return s.String()
}

// operation is the map operation that a stack is in.
func (w *Watcher) operation(stack []uint64) (Site, bool) {
	for i, pc := range stack {
		if i > 0 {
			pc--
		}
		if fn, ok := w.t.bin.FuncAt(pc - w.t.bias); ok {
			if op, _, _, _, ok := binfo.OpOf(fn.Name); ok {
				return Site{Func: fn.Name, Op: op}, true
			}
		}
	}
	return Site{}, false
}

const unwatched = "the probes were removed at the time, for the budget"

// unseen says why the operation in which the runtime stopped a goroutine is not its
// latest one that is known, "" if it is.
func (w *Watcher) unseen(raw *crashCrash, op binfo.Op) string {
	last := raw.Latest
	switch {
	case !w.set.has(raw.At):
		return unwatched
	case last.Goid != raw.Goid:
		return "the operation in which it ended was not seen, or another goroutine's took its place"
	case !w.set.has(last.At) || w.siteOf(last.Cookie).Op != op:
		return "the operation in which it ended had begun before the probes were set"
	}
	return ""
}

// siteOf is the site that a cookie names, an empty one if there is none.
func (w *Watcher) siteOf(cookie uint64) Site {
	if n := cookie >> cookieSite; n < uint64(len(w.t.sites)) {
		return w.t.sites[n]
	}
	return Site{}
}

// How old an access may be to have been under way when the runtime looked, in ns:
// for certain hardly more than an operation takes, at most what a thread that the
// system preempted waits.
const (
	soon        = 1_000_000
	crashWindow = 1_000_000_000
)

// otherWriter is the last writer but for the goroutine that the runtime stopped in.
func (w *Watcher) otherWriter(addr uint64, raw *crashCrash) (_ access, ok bool, err error) {
	var m accessMemory
	err = w.p.access.Maps.Lookup(addr, &m)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return access{}, false, nil
	}
	if err != nil {
		return access{}, false, fmt.Errorf("read what is remembered of a map: %w", err)
	}
	o := m.Last
	if o.Goid == raw.Goid {
		o = m.Before
	}
	site := w.siteOf(o.Cookie)
	if o.Goid == 0 || o.Goid == raw.Goid || o.At > raw.At || raw.At-o.At > crashWindow || site.Op == "" {
		return access{}, false, nil
	}
	a := access{goid: o.Goid, goPC: o.GoPc, at: o.At, site: site, lacked: "the agent kept none of this access"}
	if o.Stack >= 0 {
		var stack [64]uint64
		if err := w.p.access.Stacks.Lookup(uint32(o.Stack), &stack); err == nil {
			n := 0
			for n < len(stack) && stack[n] != 0 {
				n++
			}
			a.stack, a.cut = stack[:n:n], n == len(stack)
			if n > 0 && o.Caller != 0 {
				a.stack = slices.Insert(a.stack, 1, o.Caller)
			}
		}
	}
	return a, true, nil
}
