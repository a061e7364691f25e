//go:build amd64 || arm64

package kmaps

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"

	"github.com/mapsan/mapsan/finding"
)

// patience bounds what a test waits for that must come at some time.
const patience = 2 * time.Minute

// watch is a watcher at work. Loading its programs takes seconds where the machine is
// emulated, so most tests share one; each has a map of its own.
type watch struct {
	w      *Watcher
	cancel context.CancelFunc
	ended  chan error

	mu     sync.Mutex
	found  []*finding.Finding
	status Status
	looks  int
}

func newWatch(window time.Duration) (*watch, error) {
	return newWatchWithin(window, 1000) // the tests' own operations are many
}

func newWatchWithin(window time.Duration, budget float64) (*watch, error) {
	wt := &watch{ended: make(chan error, 1)}
	ready := make(chan bool)
	w, err := Load(Options{
		Window: window, Budget: budget,
		Ready: func(Status) { close(ready) },
		Found: func(f *finding.Finding) {
			wt.mu.Lock()
			defer wt.mu.Unlock()
			wt.found = append(wt.found, f)
		},
		Tick: func(st Status) {
			wt.mu.Lock()
			defer wt.mu.Unlock()
			wt.status = st
			wt.looks++
		},
	})
	if err != nil {
		return nil, err
	}
	wt.w = w
	var ctx context.Context
	ctx, wt.cancel = context.WithCancel(context.Background())
	go func() {
		err := w.Watch(ctx)
		wt.ended <- errors.Join(err, w.Close())
	}()
	select {
	case <-ready:
		return wt, nil
	case err := <-wt.ended:
		return nil, err
	}
}

func (wt *watch) stop() error {
	wt.cancel()
	return <-wt.ended
}

var (
	sharing bool
	shared  = sync.OnceValues(func() (*watch, error) {
		sharing = true
		return newWatch(time.Minute)
	})
)

// session is what was found on one map.
type session struct {
	*watch
	t      *testing.T
	m      *ebpf.Map
	id     uint32
	before Totals // when it began
}

// watching makes a map that is watched, with a window that is long for a machine
// that is emulated.
func watching(t *testing.T, spec *ebpf.MapSpec) *session {
	t.Helper()
	wt, err := shared()
	var lack *Lack
	if errors.As(err, &lack) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return wt.over(t, spec)
}

func (wt *watch) over(t *testing.T, spec *ebpf.MapSpec) *session {
	t.Helper()
	m, err := ebpf.NewMap(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	id, err := mapID(m)
	if err != nil {
		t.Fatal(err)
	}
	s := &session{watch: wt, t: t, m: m, id: id}
	s.before = s.totals()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what was seen: %+v; of all maps: %+v, dismissed: %v", s.row(), s.totals(), s.dismissed())
		}
	})
	return s
}

// end is what was found, once all that was done until now has been read.
func (s *session) end() []*finding.Finding {
	s.t.Helper()
	s.mu.Lock()
	seen := s.looks
	s.mu.Unlock()
	limit := time.Now().Add(patience)
	for now := seen; now < seen+2; { // the next look may have begun before
		if time.Now().After(limit) {
			s.t.Fatal("nothing is read any more")
		}
		time.Sleep(10 * time.Millisecond)
		s.mu.Lock()
		now = s.looks
		s.mu.Unlock()
	}
	return s.snapshot()
}

func (s *session) snapshot() []*finding.Finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	var own []*finding.Finding
	for _, f := range s.found {
		if f.Map.Kernel.ID == s.id {
			own = append(own, f)
		}
	}
	return own
}

func (s *session) count() int { return len(s.snapshot()) }

// row is what is told of the map.
func (s *session) row() Map {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.status.Maps {
		if m.ID == s.id {
			return m
		}
	}
	return Map{}
}

func (s *session) totals() Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status.Totals
}

func (s *session) dismissed() map[string]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status.Dismissed
}

// silent wants nothing found, and operations to have been seen.
func (s *session) silent(least uint64) {
	s.t.Helper()
	for _, f := range s.end() {
		s.t.Errorf("reported %s: %s", f.Rule, summary(f))
	}
	var n uint64
	for _, u := range s.row().Users {
		n += u.operations()
	}
	s.t.Logf("%d operations were seen, %d of them beside another one on the key, none reported", n, s.row().Overlaps)
	if n < least {
		s.t.Errorf("%d operations were seen, want %d: the silence says nothing: %+v", n, least, s.row())
	}
	if n := s.totals(); n.Uncounted+n.Unmapped+n.Dropped > s.before.Uncounted+s.before.Unmapped+s.before.Dropped {
		s.t.Errorf("not all was seen: %+v, before %+v", n, s.before)
	}
}

func summary(f *finding.Finding) string {
	return fmt.Sprintf("%v and %v, stale %+v, overlap %+v", f.Parties[0].Actor, f.Parties[1].Actor, f.Evidence.Stale, f.Evidence.Overlap)
}

func array(size uint32) *ebpf.MapSpec {
	return &ebpf.MapSpec{Name: "victim_array", Type: ebpf.Array, KeySize: 4, ValueSize: size, MaxEntries: 8}
}

func hash(keySize uint32) *ebpf.MapSpec {
	return &ebpf.MapSpec{Name: "victim_hash", Type: ebpf.Hash, KeySize: keySize, ValueSize: 64, MaxEntries: 64}
}

// pair starts two victims on two processors.
func pair(t *testing.T, s *session) (a, b *victim) {
	t.Helper()
	lock := filepath.Join(t.TempDir(), "lock")
	return start(t, s.m, 0, lock), start(t, s.m, 1, lock)
}

// both lets both do the same until done says so, in rounds.
func both(t *testing.T, a, b *victim, op string, flags ebpf.MapUpdateFlags, done func(round int) bool) {
	t.Helper()
	limit := time.Now().Add(patience)
	for round := 0; !done(round); round++ {
		if time.Now().After(limit) {
			t.Fatalf("not after %d rounds and %s", round, patience)
		}
		a.begin(op, 1, flags, 2000)
		b.begin(op, 1, flags, 2000)
		a.wait()
		b.wait()
	}
}

func rounds(n int) func(int) bool { return func(round int) bool { return round >= n } }

// enough is for how many rounds, of 4,000 operations each, a correct use is watched.
const enough = 8

func TestTornArrayUpdate(t *testing.T) {
	s := watching(t, array(256))
	a, b := pair(t, s)
	both(t, a, b, "update", 0, func(int) bool { return s.count() > 0 })
	f := s.end()[0]
	if err := f.Validate(); err != nil {
		t.Error(err)
	}
	pids := []int{f.Parties[0].Actor.PID, f.Parties[1].Actor.PID}
	slices.Sort(pids)
	want := []int{a.pid, b.pid}
	slices.Sort(want)
	if f.Rule != finding.TornUpdate || f.Grade != finding.Proved || !slices.Equal(pids, want) {
		t.Errorf("%s %s: %s", f.Rule, f.Grade, summary(f))
	}
	if f.Map.Kernel.Key != "element 1" || f.Map.Name != "victim_array" || f.Evidence.Overlap.Nanoseconds < 0 {
		t.Errorf("%+v %+v", f.Map, f.Evidence)
	}
	if len(f.Parties[0].Stack) == 0 || f.Parties[0].Stack[0].Func != "array_map_update_elem" {
		t.Errorf("the stack is %v", f.Parties[0].Stack)
	}
}

// A value with a lock in it, updated under that lock.
func TestLockedArrayUpdate(t *testing.T) {
	spec := array(0)
	u32 := &btf.Int{Name: "unsigned int", Size: 4}
	spec.Key = u32
	spec.Value = &btf.Struct{Name: "value", Size: 256, Members: []btf.Member{
		{Name: "lock", Type: &btf.Struct{Name: "bpf_spin_lock", Size: 4, Members: []btf.Member{{Name: "val", Type: u32}}}},
		{Name: "data", Type: &btf.Array{Index: u32, Type: u32, Nelems: 63}, Offset: 32},
	}}
	spec.ValueSize = 256
	s := watching(t, spec)
	a, b := pair(t, s)
	both(t, a, b, "update", ebpf.UpdateLock, func(r int) bool { return r >= enough && s.row().Overlaps > 0 })
	s.silent(enough * 2 * 2000)
}

// TestWordBesideLock: of a lock and a word, only the word is copied, with the lock or
// without.
func TestWordBesideLock(t *testing.T) {
	u32, u64 := &btf.Int{Name: "unsigned int", Size: 4}, &btf.Int{Name: "unsigned long", Size: 8}
	spec := array(16)
	spec.Key = u32
	spec.Value = &btf.Struct{Name: "value", Size: 16, Members: []btf.Member{
		{Name: "lock", Type: &btf.Struct{Name: "bpf_spin_lock", Size: 4, Members: []btf.Member{{Name: "val", Type: u32}}}},
		{Name: "data", Type: u64, Offset: 64},
	}}
	s := watching(t, spec)
	a, b := pair(t, s)
	both(t, a, b, "update", 0, func(r int) bool { return r >= enough && s.row().Overlaps > 0 })
	s.silent(enough * 2 * 2000)
}

// TestMissedReturn: where the kernel leaves out a program at a return, as it does while
// somebody sets another one at the same function, the update is not taken to last until the
// thread's next one. Two processes that take turns are not reported.
func TestMissedReturn(t *testing.T) {
	watching(t, array(256)) // skips where it cannot be
	wt, err := newWatch(time.Second)
	if err != nil {
		t.Fatal(err)
	}
	s := wt.over(t, array(256))
	a, b := pair(t, s)
	at := slices.IndexFunc(wt.w.p.links, func(l link.Link) bool { return isAtReturn(t, wt.w.p, l) })
	if at < 0 {
		t.Fatal("no program is at the return of updates of arrays")
	}
	for range 10 {
		// Nobody updates meanwhile: an emulator of two processors is not to be trusted
		// with code that one of them changes and the other one executes.
		if err := wt.w.p.links[at].Close(); err != nil {
			t.Fatal(err)
		}
		a.do("lookup", 1, 0) // for this update, not for the later ones
		a.do("update", 1, 0)
		if wt.w.p.links[at], err = link.AttachTracing(link.TracingOptions{Program: wt.w.p.c.Programs[arrayReturn]}); err != nil {
			t.Fatal(err)
		}
		b.do("update", 1, 0)
		a.do("update", 1, 0)
		b.do("update", 1, 0)
		a.do("update", 1, 0)
	}
	s.silent(60)
	if n := s.row().Overlaps; n == 0 {
		t.Error("no return was missed")
	}
	if err := wt.stop(); err != nil {
		t.Error(err)
	}
}

// arrayReturn is the program at the return of updates of arrays.
const arrayReturn = "ends array_map_update_elem"

func isAtReturn(t *testing.T, p *probes, l link.Link) bool {
	t.Helper()
	of, err := l.Info()
	info, err2 := p.c.Programs[arrayReturn].Info()
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	id, _ := info.ID()
	return of.Program == id
}

func TestSmallArrayUpdate(t *testing.T) {
	s := watching(t, array(8))
	a, b := pair(t, s)
	both(t, a, b, "update", 0, func(r int) bool { return r >= enough && s.row().Overlaps > 0 })
	s.silent(enough * 2 * 2000)
}

func TestHashUpdates(t *testing.T) {
	s := watching(t, hash(4))
	a, b := pair(t, s)
	both(t, a, b, "update", 0, func(r int) bool { return r >= enough && s.row().Overlaps > 0 })
	s.silent(enough * 2 * 2000)
}

func TestPerCPU(t *testing.T) {
	for _, typ := range []ebpf.MapType{ebpf.PerCPUArray, ebpf.PerCPUHash} {
		t.Run(typ.String(), func(t *testing.T) {
			s := watching(t, &ebpf.MapSpec{Name: "victim_percpu", Type: typ, KeySize: 4, ValueSize: 64, MaxEntries: 8})
			a, b := pair(t, s)
			both(t, a, b, "add", 0, rounds(2))
			s.silent(2 * 2 * 2000)
		})
	}
}

func TestLostUpdates(t *testing.T) {
	for _, spec := range []*ebpf.MapSpec{array(64), hash(4), {Name: "victim_lru", Type: ebpf.LRUHash, KeySize: 4, ValueSize: 64, MaxEntries: 64}} {
		t.Run(spec.Type.String(), func(t *testing.T) {
			s := watching(t, spec)
			a, b := pair(t, s)
			both(t, a, b, "add", 0, func(int) bool {
				return slices.ContainsFunc(s.snapshot(), func(f *finding.Finding) bool { return f.Rule == finding.LostUpdate })
			})
		})
		t.Run(spec.Type.String()+" under a lock", func(t *testing.T) {
			s := watching(t, spec)
			a, b := pair(t, s)
			both(t, a, b, "locked", 0, rounds(enough/2))
			s.silent(enough / 2 * 2 * 2000 * 2)
		})
	}
}

// TestOrder goes through the orders of a read and two updates, step by step.
func TestOrder(t *testing.T) {
	const any, create, exist = ebpf.UpdateAny, ebpf.UpdateNoExist, ebpf.UpdateExist
	type steps func(a, b *victim)
	for _, test := range []struct {
		name string
		lost bool
		run  steps
	}{
		{"an update between", true, func(a, b *victim) {
			a.do("lookup", 1, 0)
			b.do("update", 1, any)
			a.do("update", 1, any)
		}},
		{"an update between, only where the key is", true, func(a, b *victim) {
			a.do("lookup", 1, 0)
			b.do("update", 1, any)
			a.do("update", 1, exist)
		}},
		{"a deletion between", true, func(a, b *victim) {
			a.do("lookup", 1, 0)
			b.do("delete", 1, 0)
			a.do("update", 1, any)
		}},
		{"a creation between", true, func(a, b *victim) {
			a.fail("lookup", 2, 0)
			b.do("update", 2, create)
			a.do("update", 2, any)
		}},
		{"none between", false, func(a, b *victim) {
			b.do("update", 1, any)
			a.do("lookup", 1, 0)
			a.do("update", 1, any)
		}},
		{"another look", false, func(a, b *victim) {
			a.do("lookup", 1, 0)
			b.do("update", 1, any)
			a.do("lookup", 1, 0)
			a.do("update", 1, any)
		}},
		{"of another key", false, func(a, b *victim) {
			a.do("lookup", 1, 0)
			b.do("update", 2, any)
			a.do("update", 1, any)
		}},
		{"one that failed", false, func(a, b *victim) {
			a.do("lookup", 1, 0)
			b.fail("update", 1, create)
			a.do("update", 1, any)
		}},
		{"creates only, and fails", false, func(a, b *victim) {
			a.fail("lookup", 2, 0)
			b.do("update", 2, any)
			a.fail("update", 2, create)
		}},
		{"creates only, and succeeds", false, func(a, b *victim) {
			a.do("lookup", 1, 0)
			b.do("delete", 1, 0)
			a.do("update", 1, create)
		}},
		{"its own", false, func(a, b *victim) {
			a.do("lookup", 1, 0)
			a.do("update", 1, any)
			a.do("update", 1, any)
		}},
		{"without a look", false, func(a, b *victim) {
			a.do("update", 1, any)
			b.do("update", 1, any)
			a.do("update", 1, any)
		}},
		{"a second update after one look", false, func(a, b *victim) {
			a.do("lookup", 1, 0)
			a.do("update", 1, any)
			b.do("update", 1, any)
			a.do("update", 1, any)
		}},
		{"the look is after the update", false, func(a, b *victim) {
			a.do("update", 1, any)
			b.do("update", 1, any)
			b.do("lookup", 1, 0)
			a.do("update", 1, any)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := watching(t, hash(4))
			a, b := pair(t, s)
			a.do("update", 1, any)
			test.run(a, b)
			found := s.end()
			if !test.lost {
				s.silent(1)
				return
			}
			if len(found) != 1 {
				t.Fatalf("%d findings, want 1", len(found))
			}
			f := found[0]
			if err := f.Validate(); err != nil {
				t.Error(err)
			}
			if f.Rule != finding.LostUpdate || f.Grade != finding.Shown || f.Parties[0].Actor.PID != a.pid || f.Parties[1].Actor.PID != b.pid {
				t.Errorf("%s %s: %s", f.Rule, f.Grade, summary(f))
			}
		})
	}
}

// TestWindow: a read is taken for the update's within the window, and not when it is older.
func TestWindow(t *testing.T) {
	if _, err := shared(); err != nil {
		watching(t, hash(4)) // skips, or fails
	}
	const window = 3 * time.Second // long for a machine that is emulated
	wt, err := newWatch(window)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := wt.stop(); err != nil {
			t.Error(err)
		}
	})
	for _, wait := range []time.Duration{0, window + time.Millisecond} {
		s := wt.over(t, hash(4))
		a, b := pair(t, s)
		a.do("update", 1, 0)
		a.do("lookup", 1, 0)
		b.do("update", 1, 0)
		time.Sleep(wait)
		a.do("update", 1, 0)
		if wait > 0 {
			s.silent(4)
		} else if n := len(s.end()); n != 1 {
			t.Errorf("%d findings within the window, want 1", n)
		}
	}
}

// TestBudget: what costs too much ends the watch, takes the programs off, and keeps what
// was found.
func TestBudget(t *testing.T) {
	watching(t, hash(4)) // skips where it cannot be
	before := ours(t)
	wt, err := newWatchWithin(time.Second, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	s := wt.over(t, array(256))
	a, b := pair(t, s)
	limit := time.Now().Add(patience)
	for ended := false; !ended; {
		if time.Now().After(limit) {
			t.Fatalf("it goes on after %s: %+v", patience, s.totals())
		}
		a.begin("update", 1, 0, 200)
		b.begin("update", 1, 0, 200)
		a.wait()
		b.wait()
		select {
		case err = <-wt.ended:
			ended = true
		case <-time.After(100 * time.Millisecond): // see TestMissedReturn
		}
	}
	var over *Overspent
	if !errors.As(err, &over) || strings.Contains(err.Error(), "\n") || over.percent() < 0.1 {
		t.Errorf("ended by %v", err)
	}
	t.Log(err)
	if n := ours(t); n != before {
		t.Errorf("%d programs are left", n-before)
	}
	if st := wt.w.Status(); st.Operations < 100 || st.Cost < leastCost {
		t.Errorf("it has seen %+v", st)
	}
}

// TestLongKeys: keys of 64 bytes are told apart, longer ones are only counted.
func TestLongKeys(t *testing.T) {
	for size, want := range map[uint32]int{64: 1, 65: 0} {
		s := watching(t, hash(size))
		a, b := pair(t, s)
		a.do("update", 1, 0)
		a.do("lookup", 1, 0)
		b.do("update", 1, 0)
		a.do("update", 1, 0)
		if found := s.end(); len(found) != want {
			t.Errorf("keys of %d bytes: %d findings, want %d", size, len(found), want)
		}
		if long := s.totals().LongKeys - s.before.LongKeys; (long > 0) != (want == 0) {
			t.Errorf("keys of %d bytes: %d of them long", size, long)
		}
	}
}

// updater is a program that updates key 1 of the map at each entry of a system call,
// and looks it up before if it is told to.
func updater(t *testing.T, m *ebpf.Map, look bool, flags ebpf.MapUpdateFlags) *ebpf.Program {
	t.Helper()
	size := int32(m.ValueSize())
	insns := asm.Instructions{
		asm.Mov.Imm(asm.R6, 1),
		asm.StoreMem(asm.RFP, -8, asm.R6, asm.DWord),
	}
	for at := int32(0); at < size; at += 8 {
		insns = append(insns, asm.StoreMem(asm.RFP, int16(-16-size+at), asm.R6, asm.DWord))
	}
	if look {
		insns = append(insns, asm.LoadMapPtr(asm.R1, m.FD()), asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -8), asm.FnMapLookupElem.Call())
	}
	insns = append(insns,
		asm.LoadMapPtr(asm.R1, m.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -8),
		asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, -16-size),
		asm.Mov.Imm(asm.R4, int32(flags)),
		asm.FnMapUpdateElem.Call(),
		asm.Mov.Imm(asm.R0, 0), asm.Return(),
	)
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "victim_updater", Type: ebpf.RawTracepoint, Instructions: insns, License: "GPL"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	l, err := link.AttachRawTracepoint(link.RawTracepointOptions{Name: "sys_enter", Program: p})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return p
}

// TestProgramIsNamed: a program that updates a map is told apart from the processes
// that it interrupts, and of the two sides of a conflict it is one.
func TestProgramIsNamed(t *testing.T) {
	s := watching(t, array(256))
	a := start(t, s.m, 0, filepath.Join(t.TempDir(), "lock"))
	other := start(t, s.m, 1, filepath.Join(t.TempDir(), "lock")) // makes system calls there
	p := updater(t, s.m, false, 0)
	info, err := p.Info()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := info.ID()
	limit := time.Now().Add(patience)
	with := func() *finding.Finding {
		for _, f := range s.snapshot() {
			if f.Parties[0].Actor.Kind != f.Parties[1].Actor.Kind {
				return f
			}
		}
		return nil
	}
	for with() == nil {
		if time.Now().After(limit) {
			t.Fatalf("no conflict of a process and the program after %s: %+v", patience, s.row())
		}
		// The program runs at the system calls of both.
		a.begin("update", 1, 0, 2000)
		other.begin("lookup", 1, 0, 2000)
		a.wait()
		other.wait()
	}
	s.end()
	for _, party := range with().Parties {
		if act := party.Actor; act.Kind == finding.Program && (act.Program != "victim_updater" || act.ProgramID != uint32(id)) {
			t.Errorf("the program is called %v, want id %d", act, id)
		}
	}
	var programs, processes []string
	for _, u := range s.row().Users {
		switch u.Kind {
		case finding.Program: // it runs wherever a system call is made
			both := slices.Contains(u.CPUs, 0) && slices.Contains(u.CPUs, 1)
			programs = append(programs, fmt.Sprint(u.Program, u.ProgramID, u.Updates > 2000, both))
		case finding.Process:
			processes = append(processes, fmt.Sprint(u.PID, u.Updates >= 2000, u.CPUs))
		default:
			t.Errorf("a user is not known: %s", u.Unknown)
		}
	}
	if want := fmt.Sprint("victim_updater", id, true, true); !slices.Contains(programs, want) || len(programs) != 1 {
		t.Errorf("the programs are %v, want %s", programs, want)
	}
	if want := fmt.Sprint(a.pid, true, []int{0}); !slices.Contains(processes, want) {
		t.Errorf("the processes are %v, want %s", processes, want)
	}
}

// TestLostByProgram: a program that looks for a key and puts it there loses what its
// run on the other processor put there meanwhile; not if it only creates.
func TestLostByProgram(t *testing.T) {
	for _, flags := range []ebpf.MapUpdateFlags{ebpf.UpdateAny, ebpf.UpdateNoExist} {
		s := watching(t, hash(4))
		a, b := pair(t, s)
		p := updater(t, s.m, true, flags)
		lost := func() int {
			return len(slices.DeleteFunc(s.snapshot(), func(f *finding.Finding) bool { return f.Parties[0].Actor.Kind != finding.Program }))
		}
		if flags == ebpf.UpdateAny {
			// The victims' own operations do not matter: each enters a system call.
			both(t, a, b, "lookup", 0, func(int) bool { return lost() > 0 })
		} else {
			both(t, a, b, "delete", 0, rounds(enough))
		}
		p.Close()
		s.end()
		if flags == ebpf.UpdateNoExist && lost() > 0 {
			t.Errorf("an update that only creates is reported: %s", summary(s.snapshot()[0]))
		}
		var looked uint64
		for _, u := range s.row().Users {
			if u.Kind == finding.Program && u.Program == "victim_updater" {
				looked += u.Lookups
			}
		}
		if looked < 1000 {
			t.Errorf("flags %d: %d lookups of the program were seen", flags, looked)
		}
	}
}

// BenchmarkUpdate is what a process pays for an update by the system call.
func BenchmarkUpdate(b *testing.B) {
	update := func(b *testing.B) {
		m, err := ebpf.NewMap(hash(4))
		if err != nil {
			b.Fatal(err)
		}
		defer m.Close()
		key, value := make([]byte, 4), make([]byte, 64)
		for b.Loop() {
			if err := m.Put(key, value); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("alone", update)
	b.Run("watched", func(b *testing.B) {
		wt, err := newWatch(time.Second)
		if err != nil {
			b.Skip(err)
		}
		update(b)
		if err := wt.stop(); err != nil {
			b.Error(err)
		}
	})
}

// TestOwnMapsAreLeftOut: what watching itself does to its maps is not told. It looks up
// stacks, as it did for every test before this one.
func TestOwnMapsAreLeftOut(t *testing.T) {
	s := watching(t, hash(4))
	if err := s.m.Put(make([]byte, 4), make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	s.end()
	if len(s.row().Users) != 1 {
		t.Errorf("the map that is watched has users %+v, want one", s.row().Users)
	}
	own := map[uint32]string{}
	for name, m := range s.w.p.c.Maps {
		info, err := m.Info()
		if err != nil {
			t.Fatal(err)
		}
		id, _ := info.ID()
		own[uint32(id)] = name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.status.Maps {
		if name, ok := own[m.ID]; ok {
			t.Errorf("our own map %s was touched by %+v", name, m.Users)
		}
	}
}

// ours counts the programs of this package's that are loaded on the machine.
func ours(t *testing.T) (n int) {
	t.Helper()
	names := map[string]bool{}
	for _, h := range hooks {
		for _, p := range h.programs {
			names[p] = true
		}
	}
	for id := ebpf.ProgramID(0); ; {
		next, err := ebpf.ProgramGetNextID(id)
		if errors.Is(err, os.ErrNotExist) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		id = next
		p, err := ebpf.NewProgramFromID(id)
		if err != nil {
			continue // it is gone
		}
		if info, err := p.Info(); err == nil && names[info.Name] {
			n++
		}
		p.Close()
	}
}

// TestKilledLeavesNothing: the kernel takes the programs off when their process is killed.
func TestKilledLeavesNothing(t *testing.T) {
	watching(t, hash(4)) // skips where it cannot be
	before := ours(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), victimEnv+"=watch")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	during := ours(t)
	cmd.Process.Kill()
	cmd.Wait()
	if line != "<nil>\n" || during <= before {
		t.Fatalf("the other watcher says %q, and has %d programs", line, during-before)
	}
	limit := time.Now().Add(patience)
	for ours(t) > before {
		if time.Now().After(limit) {
			t.Fatalf("%d programs are left", ours(t)-before)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
