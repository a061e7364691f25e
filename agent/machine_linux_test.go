//go:build amd64 || arm64

package agent

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mapsan/mapsan/finding"
)

// seen is what a machine's agent told.
type seen struct {
	mu    sync.Mutex
	came  []Process
	left  []Process
	found []*finding.Finding
	now   map[int]Process
	scans int
	name  string // of the services that are watched
}

// patrol watches the machine's processes of this test until its step is over. What
// others test beside it is not to be disturbed.
func patrol(t *testing.T, o MachineOptions, step func(s *seen)) {
	t.Helper()
	able(t)
	s := &seen{}
	s.name = fmt.Sprintf("%s-%d", t.Name(), os.Getpid())
	t.Setenv("OTEL_SERVICE_NAME", s.name)
	o.Match = func(r finding.Resource) bool { return r.ServiceName == s.name }
	o.Every = 50 * time.Millisecond
	o.Found = func(f *finding.Finding) { s.mu.Lock(); s.found = append(s.found, f); s.mu.Unlock() }
	o.Came = func(p Process) { s.mu.Lock(); s.came = append(s.came, p); s.mu.Unlock() }
	o.Left = func(p Process) { s.mu.Lock(); s.left = append(s.left, p); s.mu.Unlock() }
	o.Tick = func(all []Process) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.now = map[int]Process{}
		s.scans++
		for _, p := range all {
			s.now[p.Resource.PID] = p
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- WatchMachine(ctx, o) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	step(s)
}

// until waits until f holds of what was told.
func (s *seen) until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if s.holds(f) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// holds lets f end the test.
func (s *seen) holds(f func() bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}

func about(all []Process, pid int) (Process, bool) {
	i := slices.IndexFunc(all, func(p Process) bool { return p.Resource.PID == pid })
	if i < 0 {
		return Process{}, false
	}
	return all[i], true
}

// TestMachine: processes are found, watched and left, a race in one is caught, and
// one that has none is not accused.
func TestMachine(t *testing.T) {
	racy, correct := build(t, "racy"), build(t, "correct")
	patrol(t, MachineOptions{Budget: 40}, func(s *seen) {
		calm := start(t, correct, "mutex", "10m")
		calm.begin()
		s.until(t, "the calm one uses its map", func() bool { return s.now[calm.pid].Status.Hits > 0 })
		t.Setenv("OTEL_SERVICE_NAME", "another")
		other := start(t, correct, "mutex", "10m")
		s.mu.Lock()
		if p, _ := about(s.came, calm.pid); p.Resource.GoVersion == "" || p.Resource.BuildID == "" {
			t.Errorf("its resource is %+v", p.Resource)
		}
		s.mu.Unlock()
		t.Setenv("OTEL_SERVICE_NAME", s.name)
		caught := func() bool {
			return slices.ContainsFunc(s.found, func(f *finding.Finding) bool { return f.Grade == finding.Proved })
		}
		for range tries { // the runtime may be first
			p := start(t, racy, "half-locked", "20s")
			s.until(t, "the racy one is watched", func() bool { return s.now[p.pid].State == Watched })
			p.begin()
			s.until(t, "a finding, or the end", func() bool { _, gone := about(s.left, p.pid); return caught() || gone })
			p.kill()
			s.mu.Lock()
			done := caught()
			s.mu.Unlock()
			if done {
				break
			}
		}
		calm.kill()
		s.until(t, "the calm one has left", func() bool { _, ok := about(s.left, calm.pid); return ok })
		s.mu.Lock()
		defer s.mu.Unlock()
		if !caught() {
			t.Error("no race was caught")
		}
		for _, f := range s.found {
			if err := f.Validate(); err != nil {
				t.Error(err)
			}
			if f.Resource.PID == calm.pid {
				t.Errorf("a false alarm: %+v", f)
			}
		}
		if p, _ := about(s.left, calm.pid); p.State != Ended || p.Status.Hits == 0 || p.Turns != 1 {
			t.Errorf("what is said of it at the end: %+v", p)
		}
		if _, ok := about(s.came, other.pid); ok {
			t.Error("one that does not match is watched")
		}
	})
}

// TestMachineTakesTurns: where more are there than may be watched at once, none is
// left out, and no more are watched.
func TestMachineTakesTurns(t *testing.T) {
	path := build(t, "correct")
	patrol(t, MachineOptions{Budget: 40, AtOnce: 1, Turn: time.Second}, func(s *seen) {
		var all []started
		for range 3 {
			p := start(t, path, "mutex", "10m")
			p.begin()
			all = append(all, p)
		}
		s.until(t, "each has had a turn", func() bool {
			watched := 0
			for _, p := range s.now {
				if p.State == Watched {
					watched++
				}
			}
			if watched > 1 {
				t.Fatalf("%d are watched at once", watched)
			}
			for _, p := range all {
				if s.now[p.pid].Turns == 0 || s.now[p.pid].Status.Hits == 0 {
					return false
				}
			}
			return true
		})
	})
}

// TestMachineSeesWhatBecomesOfProcesses: a shell that becomes a Go program, one that
// cannot be watched, and one that is no Go program.
func TestMachineSeesWhatBecomesOfProcesses(t *testing.T) {
	path := build(t, "correct")
	t.Setenv("GOARCH", "386")
	small := build(t, "correct", "-trimpath") // by which the cache of builds tells it apart
	patrol(t, MachineOptions{Budget: 40}, func(s *seen) {
		shell := exec.Command("sh", "-c", `read line; exec "$0" mutex 10m`, path)
		in, err := shell.StdinPipe()
		if err == nil {
			err = shell.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { shell.Process.Kill(); shell.Wait() })
		var from int
		s.holds(func() bool { from = s.scans; return true })
		// The first one finds it, and it is looked at after the second.
		s.until(t, "a few scans", func() bool { return s.scans > from+5 })
		s.holds(func() bool {
			if _, ok := about(s.came, shell.Process.Pid); ok {
				t.Error("a shell is taken for a Go program")
			}
			return true
		})
		if _, err := in.Write([]byte("\n\n")); err != nil {
			t.Fatal(err)
		}
		s.until(t, "it became a Go program that uses a map", func() bool { return s.now[shell.Process.Pid].Status.Hits > 0 })
		other := start(t, small, "mutex", "10m")
		s.until(t, "one for another processor is refused", func() bool {
			p, ok := about(s.came, other.pid)
			return ok && p.State == Refused && strings.Contains(p.Why, "64-bit")
		})
	})
}

func TestMachineOptions(t *testing.T) {
	for _, o := range []MachineOptions{{AtOnce: 65}, {AtOnce: -1}, {Turn: time.Millisecond}, {Budget: 101}, {Delay: time.Second}} {
		if err := WatchMachine(t.Context(), o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
