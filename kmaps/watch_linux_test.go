//go:build amd64 || arm64

package kmaps

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
)

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
