//go:build amd64 || arm64

package kmaps

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"github.com/mapsan/mapsan/finding"
)

// lookEvery is how often the tables are read, and the ring at least.
const lookEvery = 250 * time.Millisecond

// Watcher watches the maps of the kernel.
type Watcher struct {
	p        *probes
	o        Options
	status   Status
	began    time.Time
	symbols  []symbol
	lacked   string // why there are no symbols
	programs programs
	stacks   map[int32][]frame
	told     map[int32]bool // which of them the programs know to be of programs
	words    map[uint32]int // of maps' values, see info
	trial    *trial
	spending spending
	// How long the kernel has left out no program at an entry, and at a lookup.
	entries, lookups steady
}

// Try loads the programs and sets them for a moment. It returns how many functions of
// the kernel's can be watched, and which are not there. The error is a [*Lack]
// where a facility is missing.
func Try() (functions int, absent []string, err error) {
	w, err := Load(Options{})
	if err != nil {
		return 0, nil, err
	}
	if err := w.p.attach(); err != nil {
		return 0, nil, errors.Join(lookAround().after(err), w.Close())
	}
	return len(w.p.hooks), w.p.absent, w.Close()
}

// Load loads the programs. They are not set yet.
func Load(o Options) (*Watcher, error) {
	if o.Window == 0 {
		o.Window = 100 * time.Millisecond
	}
	if o.Window < 10*time.Microsecond || o.Window > 10*time.Minute {
		return nil, fmt.Errorf("window of %v: it must be from 10µs to 10m", o.Window)
	}
	if o.Budget == 0 {
		o.Budget = 10
	}
	if !(o.Budget >= 0.1 && o.Budget <= 1000) {
		return nil, fmt.Errorf("budget of %v %%: it must be from 0.1 to 1000", o.Budget)
	}
	f := lookAround()
	if lack := f.before(); lack != nil {
		return nil, lack
	}
	p, err := load(o.Window)
	if err != nil {
		return nil, f.after(err)
	}
	w := &Watcher{p: p, o: o, stacks: map[int32][]frame{}, told: map[int32]bool{}, words: map[uint32]int{}}
	w.status.Functions, w.status.Absent = len(p.hooks), p.absent
	w.status.Dismissed = map[string]uint64{}
	own, err := p.ids()
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	w.programs.own = own
	if err := w.readSymbols(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return w, nil
}

func (w *Watcher) readSymbols() error {
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return fmt.Errorf("read kernel symbols: %w", err)
	}
	defer f.Close()
	w.symbols, err = readSymbols(f)
	if errors.Is(err, errHidden) {
		w.lacked = err.Error()
		return nil
	}
	return err
}

// Status is how it went so far.
func (w *Watcher) Status() Status {
	st := w.status
	st.Dismissed = maps.Clone(st.Dismissed)
	return st
}

// Close removes what was set.
func (w *Watcher) Close() error { return w.p.close() }

// Watch watches until ctx ends, which is no error, or until it costs too much, which
// is an [*Overspent].
func (w *Watcher) Watch(ctx context.Context) (err error) {
	r, err := ringbuf.NewReader(w.p.c.Maps["conflicts"])
	if err != nil {
		return fmt.Errorf("read the ring of conflicts: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	r.SetDeadline(time.Unix(1, 0)) // what there is, without waiting for more
	if err := w.set(); err != nil {
		return errors.Join(err, w.p.remove())
	}
	w.began = time.Now()
	if w.o.Ready != nil {
		w.o.Ready(w.Status())
	}
	for {
		select {
		case <-ctx.Done():
			w.status.Elapsed = time.Since(w.began)
			// What happened until now is still told.
			return errors.Join(w.p.remove(), w.look(r))
		case <-time.After(lookEvery):
		}
		w.status.Elapsed = time.Since(w.began)
		if err := w.look(r); err != nil {
			return errors.Join(err, w.p.remove())
		}
		if w.o.Tick != nil {
			w.o.Tick(w.Status())
		}
		if err := w.spending.over(w.status.Elapsed, w.status.Operations); err != nil {
			return errors.Join(err, w.p.remove(), w.look(r))
		}
	}
}

// set sets the programs, and measures what that costs.
func (w *Watcher) set() error {
	t, err := newTrial()
	if err != nil {
		return err
	}
	defer t.m.Close()
	if err := w.p.attach(); err != nil {
		return lookAround().after(err)
	}
	w.trial = t
	w.status.Cost, err = t.cost()
	w.spending = spending{cost: w.status.Cost, budget: w.o.Budget}
	return err
}

// look reads what there is.
func (w *Watcher) look(r *ringbuf.Reader) error {
	sent, err := w.drain(r)
	if err != nil {
		return fmt.Errorf("read the ring of conflicts: %w", err)
	}
	// Later than what was sent: what is still the same was the same then.
	missed, err := w.p.misses()
	if err != nil {
		return err
	}
	now := now()
	w.entries.look(missed.entries, now)
	w.lookups.look(missed.lookups, now)
	if err := w.refresh(); err != nil {
		return fmt.Errorf("list the eBPF programs: %w", err)
	}
	if err := w.tables(); err != nil {
		return err
	}
	w.status.Missed = missed.all
	for i := range sent {
		w.candidate(&sent[i])
	}
	return nil
}

// now is the time by the kernel's clock, in ns.
func now() uint64 {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) // it cannot fail
	return uint64(t.Nano())
}

// drain reads at most what the ring holds at once. More may come as fast as it is read.
func (w *Watcher) drain(r *ringbuf.Reader) ([]kmapsConflict, error) {
	var out []kmapsConflict
	for range r.BufferSize() / binary.Size(kmapsConflict{}) {
		rec, err := r.Read()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return nil, err
		}
		var c kmapsConflict
		if _, err := binary.Decode(rec.RawSample, binary.LittleEndian, &c); err != nil {
			return nil, fmt.Errorf("%d bytes: %w", len(rec.RawSample), err)
		}
		out = append(out, c)
	}
	return out, nil
}

// refresh looks for other programs, and forgets the stacks that they give another meaning.
func (w *Watcher) refresh() error {
	err := w.programs.refresh()
	switch {
	case w.programs.replaced:
		clear(w.stacks)
	case w.programs.added:
		maps.DeleteFunc(w.stacks, func(_ int32, s []frame) bool {
			_, _, ok := actorOf(s)
			return !ok
		})
	}
	return err
}

func (w *Watcher) candidate(raw *kmapsConflict) {
	c := &conflict{
		lost: raw.Lost != 0, index: raw.Index, key: raw.Key, readAt: raw.ReadAt,
		entriesSince: w.entries.since, lookupsSince: w.lookups.since,
		m: info{
			id: raw.Map.Id, typ: raw.Map.Type, keySize: raw.Map.KeySize, valueSize: raw.Map.ValueSize,
			maxEntries: raw.Map.MaxEntries, name: name(raw.Map.Name[:]),
		},
		self: w.operation(&raw.Self), other: w.operation(&raw.Other),
	}
	if !c.lost {
		c.m.words = w.wordsOf(&raw.Map)
	}
	if kind, program, ok := actorOf(w.stack(int32(raw.ReadStack))); ok && c.lost {
		c.reader = finding.Actor{Kind: kind, Program: program.name, ProgramID: program.program}
	}
	reason, f := judge(c)
	switch {
	case reason != "":
		w.status.Dismissed[reason]++
	case w.o.Found != nil:
		w.o.Found(f)
	}
}

// wordsOf is asked once for each map.
func (w *Watcher) wordsOf(m *kmapsDescribed) int {
	n, ok := w.words[m.Id]
	if !ok {
		if known, err := words(m.Id, m.ValueSize); err == nil {
			n = max(1, known)
		}
		w.words[m.Id] = n
	}
	return n
}

func (w *Watcher) operation(raw *kmapsParty) operation {
	o := operation{begin: raw.Begin, end: raw.End, flags: raw.Flags, op: op(raw.Kind)}
	o.actor = finding.Actor{PID: int(raw.Tgid), Thread: int(raw.Tid), Command: name(raw.Comm[:]), CPU: int(raw.Cpu)}
	stack := w.stack(raw.Stack)
	kind, program, ok := actorOf(stack)
	o.known = ok
	o.actor.Kind, o.actor.Program, o.actor.ProgramID = kind, program.name, program.program
	o.stack = shown(stack)
	if len(o.stack) == 0 {
		o.why = w.unknown(raw.Stack, stack)
	}
	return o
}

func op(kind uint32) finding.Op {
	switch kind {
	case 1:
		return finding.Lookup
	case 3:
		return finding.Delete
	}
	return finding.Assign
}

// stack resolves a stack that the programs kept. The kernel keeps each under its
// number until the end.
func (w *Watcher) stack(id int32) []frame {
	if id < 0 {
		return nil
	}
	if s, ok := w.stacks[id]; ok {
		return s
	}
	var addrs [12]uint64
	if err := w.p.c.Maps["stacks"].Lookup(uint32(id), &addrs); err != nil {
		return nil
	}
	var out []frame
	for _, a := range addrs {
		if a == 0 {
			break
		}
		if f, ok := w.programs.find(a); ok {
			out = append(out, f)
		} else if name, ok := find(w.symbols, a); ok {
			out = append(out, frame{name: name})
		} else {
			out = append(out, frame{})
		}
	}
	w.stacks[id] = out
	return out
}

// unknown says why it is not known who made an access.
func (w *Watcher) unknown(id int32, stack []frame) string {
	switch {
	case id == -int32(unix.EEXIST):
		return "the kernel kept no stack: another one has its place"
	case id < 0:
		return fmt.Sprintf("the kernel kept no stack: %v", unix.Errno(-id))
	case w.lacked != "":
		return w.lacked
	case w.programs.hidden:
		return "the kernel does not say which program's code it is: CAP_SYS_ADMIN is missing, or net.core.bpf_jit_harden is set"
	}
	for _, f := range stack {
		if !f.own && f.name != "" {
			return "neither an eBPF program nor the system call: from the kernel's " + f.name
		}
	}
	return "the code on its stack is gone, or of no function that is known"
}

// name is a C string.
func name(b []int8) string {
	var out []byte
	for _, c := range b {
		if c == 0 {
			break
		}
		out = append(out, byte(c))
	}
	return string(out)
}

// tables reads who touched what.
func (w *Watcher) tables() error {
	var all []Map
	err := entries(w.p, "maps", func(m *kmapsMap) {
		if m.Ready == 1 && m.Is.Id != w.trial.id {
			i := info{typ: m.Is.Type}
			all = append(all, Map{
				ID: m.Is.Id, Name: name(m.Is.Name[:]), Type: i.typeName(),
				KeySize: m.Is.KeySize, ValueSize: m.Is.ValueSize, MaxEntries: m.Is.MaxEntries, Overlaps: m.Overlaps,
			})
		}
	})
	if err != nil {
		return err
	}
	var touches []touch
	var byProgram []int32
	var ours uint64 // operations
	err = entries(w.p, "touches", func(t *kmapsTouch) {
		if t.Ready == 0 {
			return
		}
		if t.Map == w.trial.id {
			ours += t.Count
			return
		}
		stack := w.stack(t.Stack)
		if countedOutside(stack) {
			return
		}
		kind, program, ok := actorOf(stack)
		by := identity{m: t.Map, kind: kind}
		switch {
		case !ok:
			by.unknown = w.unknown(t.Stack, stack)
		case kind == finding.Program:
			by.program, by.programID = program.name, program.program
			byProgram = append(byProgram, t.Stack)
		default:
			by.pid, by.command = int(t.Tgid), name(t.Comm[:])
		}
		touches = append(touches, touch{by: by, op: op(t.Kind), count: t.Count, cpus: slices.Clone(t.Cpus[:])})
	})
	if err != nil {
		return err
	}
	w.status.Maps = gather(all, touches)
	if err := w.tellPrograms(byProgram); err != nil {
		return err
	}
	var n kmapsCounts
	if err := w.p.c.Variables["totals"].Get(&n); err != nil {
		return fmt.Errorf("read the counters: %w", err)
	}
	w.status.Totals = Totals{
		Operations: n.Operations - ours, Uncounted: n.Uncounted, Unmapped: n.Unmapped, LongKeys: n.LongKeys, NoStack: n.NoStack,
		Contended: n.Contended, Untracked: n.Untracked, Dropped: n.Dropped, Unsent: n.Unsent,
	}
	return nil
}
