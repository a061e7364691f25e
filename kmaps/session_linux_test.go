//go:build amd64 || arm64

package kmaps

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"

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
