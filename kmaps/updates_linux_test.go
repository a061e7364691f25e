//go:build amd64 || arm64

package kmaps

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"

	"github.com/mapsan/mapsan/finding"
)

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
