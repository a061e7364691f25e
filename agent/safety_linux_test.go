//go:build amd64 || arm64

package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

// codeAt reads the bytes at the sites of a process.
func codeAt(t *testing.T, w *Watcher) []byte {
	t.Helper()
	return bytesAt(t, fmt.Sprintf("/proc/%d/mem", w.t.pid), w.t.sites, func(s Site) uint64 { return s.PC + w.t.bias })
}

// bytesAt reads four bytes of a file for each site.
func bytesAt(t *testing.T, path string, sites []Site, at func(Site) uint64) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []byte
	for _, s := range sites {
		b := make([]byte, 4)
		if _, err := f.ReadAt(b, int64(at(s))); err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

func TestNothingIsLeftBehind(t *testing.T) {
	able(t)
	p := start(t, build(t, "correct"), "mutex", "10m")
	w, err := Attach(p.pid, Options{Budget: 100})
	if err != nil {
		t.Fatal(err)
	}
	before := codeAt(t, w)
	file := bytesAt(t, w.t.path(), w.t.sites, func(s Site) uint64 { return s.Offset })
	if !slices.Equal(before, file) {
		t.Fatalf("the code at the sites is % x, not % x as in the file", before, file)
	}
	p.begin()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var during []byte
	w.o.Ready = func() {
		during = codeAt(t, w)
		time.AfterFunc(200*time.Millisecond, stop) // some operations come by
	}
	if err := w.Watch(ctx); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(during, before) {
		t.Error("the code was not changed while probes were set: this test sees nothing")
	}
	if after := codeAt(t, w); !slices.Equal(after, before) {
		t.Errorf("the code is % x afterwards, not % x", after, before)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// TestKilledAgentLeavesNothing kills a process of this test that has probes set.
func TestKilledAgentLeavesNothing(t *testing.T) {
	leavesNothing(t, func(agent *os.Process, _ io.Writer) { agent.Kill() })
}

// TestOutOfMemoryLeavesNothing: so does the kernel, for it has used up the memory of
// a whole machine.
func TestOutOfMemoryLeavesNothing(t *testing.T) {
	if !inGuest && os.Getenv("MAPSAN_AGENT_WATCH") == "" {
		t.Skip("for guests")
	}
	before := outOfMemory(t)
	leavesNothing(t, func(_ *os.Process, hungry io.Writer) { hungry.Write([]byte("\n")) })
	if outOfMemory(t) == before {
		t.Error("the kernel killed nobody for memory: this test sees nothing")
	}
}

// TestKilledWhileSetting kills a process of this test that sets and removes probes all
// the time. The kernel gives up on a probe that it is about to remove when the process is
// killed ("leaking uprobe"): who attaches next removes that, too.
func TestKilledWhileSetting(t *testing.T) {
	const toggle = "MAPSAN_AGENT_TOGGLE"
	if pid := os.Getenv(toggle); pid != "" {
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		w, err := Attach(n, Options{})
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("set\n")
		for err == nil {
			err = errors.Join(w.p.set(), w.p.remove())
		}
		t.Fatal(err)
	}
	p, w, before := untouched(t)
	left := 0
	for n := range 12 {
		child := exec.Command(os.Args[0], "-test.run", "^TestKilledWhileSetting$")
		child.Env = append(os.Environ(), fmt.Sprint(toggle, "=", p.pid))
		out, err := child.StdoutPipe()
		if err := errors.Join(err, child.Start()); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "set\n" {
			t.Errorf("the agent says %q, %v", line, err)
		}
		time.Sleep(time.Duration(n) * 7 * time.Millisecond) // somewhere within one of many rounds
		child.Process.Kill()
		child.Wait()
		if !slices.Equal(codeAt(t, w), before) {
			left++
		}
		if err := errors.Join(w.p.set(), w.p.remove()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(codeAt(t, w), before) {
			t.Fatal("the probes of who was killed are not removed by who comes next")
		}
	}
	t.Logf("%d of 12 left something", left)
	if w.gone() {
		t.Error("the program has ended")
	}
}

// untouched is a program that runs, a watcher to read its code by, which sets nothing, and
// that code.
func untouched(t *testing.T) (p started, w *Watcher, code []byte) {
	t.Helper()
	able(t)
	p = start(t, build(t, "correct"), "mutex", "10m")
	p.begin()
	w, err := Attach(p.pid, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return p, w, codeAt(t, w)
}

// outOfMemory is how many processes the kernel has killed for their memory.
func outOfMemory(t *testing.T) string {
	b, err := os.ReadFile("/proc/vmstat")
	_, after, ok := strings.Cut(string(b), "\noom_kill ")
	if err != nil || !ok {
		t.Fatalf("/proc/vmstat has no oom_kill: %v", err)
	}
	n, _, _ := strings.Cut(after, "\n")
	return n
}

// leavesNothing lets a process of the running test set probes, ends it, and looks for
// what is left of them. It uses up memory when it reads a byte.
func leavesNothing(t *testing.T, end func(agent *os.Process, hungry io.Writer)) {
	t.Helper()
	if pid := os.Getenv("MAPSAN_AGENT_WATCH"); pid != "" {
		watchForever(t, pid)
		return
	}
	p, w, before := untouched(t)
	child := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), fmt.Sprint("MAPSAN_AGENT_WATCH=", p.pid))
	in, err1 := child.StdinPipe()
	out, err2 := child.StdoutPipe()
	if err := errors.Join(err1, err2, child.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { child.Process.Kill() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "set\n" {
		t.Fatalf("the agent says %q, %v", line, err)
	}
	if slices.Equal(codeAt(t, w), before) {
		t.Error("the code was not changed while probes were set: this test sees nothing")
	}
	end(child.Process, in)
	if err := child.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the agent ended with %v", err)
	}
	eventually(t, "removed", func() bool { return slices.Equal(codeAt(t, w), before) })
}

// watchForever sets the probes of a process, says so, and waits to be killed.
func watchForever(t *testing.T, pid string) {
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Attach(n, Options{Budget: 100, Ready: func() {
		os.Stdout.WriteString("set\n")
		if n, _ := os.Stdin.Read(make([]byte, 1)); n == 0 {
			os.Exit(1) // the test is gone
		}
		// The first one that the kernel kills for it.
		if err := os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0); err != nil {
			t.Fatal(err)
		}
		for eaten := [][]byte{}; ; {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			eaten = append(eaten, b)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Fatal(w.Watch(context.Background()))
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the probes were not %s", what)
		}
	}
}

// TestTightLoop: the probes of a program that does nothing but use a map are
// removed as soon as the credit is used up. One by one this takes longer, but what the
// program is made to do is over as soon.
func TestTightLoop(t *testing.T) {
	able(t)
	path := build(t, "correct")
	for name, single := range map[string]bool{"as the kernel can": false, "one by one": true} {
		t.Run(name, func(t *testing.T) {
			p := start(t, path, "tight", "10m")
			p.begin()
			w, err := Attach(p.pid, Options{single: single})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			ctx, stop := context.WithTimeout(t.Context(), time.Second) // less than the budget needs for a second window
			defer stop()
			if err := w.Watch(ctx); err != nil {
				t.Fatal(err)
			}
			st := w.Status()
			t.Logf("%d operations, watched for %v of %v, which cost %v", st.Hits, st.Watching, st.Elapsed, st.Cost)
			// 100 ms is the promise; a loaded machine may be late to look.
			if used := time.Duration(st.Hits) * st.Hit; used > 300*time.Millisecond {
				t.Errorf("the loop was made to pay %v", used)
			}
			if w.p.multi && st.Watching > 300*time.Millisecond {
				t.Errorf("probes were set for %v", st.Watching)
			}
			if st.Elapsed < 500*time.Millisecond {
				t.Errorf("its account ends after %v", st.Elapsed)
			}
			if st.Hits == 0 {
				t.Error("no access came by a probe")
			}
		})
	}
}

// TestDelayEndsForTheScheduler: while the world is to be stopped nobody is held.
func TestDelayEndsForTheScheduler(t *testing.T) {
	able(t)
	p := start(t, build(t, "correct"), "stopped", "10m")
	p.begin()
	w, err := Attach(p.pid, Options{Budget: 50, Delay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	w.o.Tick = func(st Status) {
		if st.Cut >= 10 {
			stop()
		}
	}
	if err := w.Watch(ctx); err != nil {
		t.Fatal(err)
	}
	st := w.Status()
	t.Logf("%d of %d delays ended early, in %v", st.Cut, st.Delays, st.Elapsed)
	if st.Cut < 10 {
		t.Error("delays do not end when the scheduler asks")
	}
}

// TestBudgetIsHeld: what watching has cost, by its own account, is no more than the
// part of the budget that is spent and the credit that it begins with.
func TestBudgetIsHeld(t *testing.T) {
	able(t)
	p := start(t, build(t, "correct"), "mutex", "10m")
	_, st := watch(t, p, 4*time.Second, false, Options{Budget: 2})
	most := time.Duration(spentPart*0.02*float64(st.Elapsed)) + mostCredit
	t.Logf("cost %v of %v, at most %v", st.Cost, st.Elapsed, most)
	// One look at the counters may come late on a loaded machine.
	if st.Cost > most+4*mostCredit {
		t.Errorf("watching cost %v, not at most %v", st.Cost, most)
	}
}

// TestKernelSaysWhenTheCreditIsUsedUp: with nobody looking at the counters, a message
// comes once the limit is passed, and none before.
func TestKernelSaysWhenTheCreditIsUsedUp(t *testing.T) {
	p, costs := ofThis(t)
	r, err := ringbuf.NewReader(p.access.UsedUp)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := errors.Join(p.limit(time.Second), p.set()); err != nil {
		t.Fatal(err)
	}
	// said reports whether a message is there by now.
	said := func() bool {
		r.SetDeadline(time.Now())
		_, err := r.Read()
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		return err == nil
	}
	use := func(d time.Duration) { // as many operations as cost this much
		m := map[int]int{}
		for i := range int(d / costs.Hit) {
			m[i&7] = i
		}
	}
	use(20 * time.Millisecond)
	if said() {
		t.Error("a fiftieth of the limit is said to be all of it")
	}
	if err := p.limit(5 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	use(20 * time.Millisecond)
	if !said() {
		t.Error("four times the limit is not said to be too much")
	}
	if said() {
		t.Error("it is said twice")
	}
}

// ofThis loads the probes of this process.
func ofThis(t *testing.T) (*probes, Costs) {
	t.Helper()
	able(t)
	costs, err := measure()
	if err != nil {
		t.Fatal(err)
	}
	self, err := openTarget(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	var o Options
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	p, err := loadProbes(self, nil, o, costs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(p.close(), self.close()); err != nil {
			t.Error(err)
		}
	})
	return p, costs
}

// TestForget: from time to time what was remembered of maps goes, with their stacks.
func TestForget(t *testing.T) {
	p, _ := ofThis(t)
	kept := func() (maps, stacks int) {
		count := func(m *ebpf.Map) (n int) {
			key, err := m.NextKeyBytes(nil)
			for ; key != nil; key, err = m.NextKeyBytes(key) {
				n++
			}
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		return count(p.access.Maps), count(p.access.Stacks)
	}
	if err := p.set(); err != nil {
		t.Fatal(err)
	}
	m := map[int]int{}
	for i := range 100 {
		done := make(chan bool)
		go func() { m[i&7] = i; close(done) }()
		<-done
	}
	if err := p.remove(); err != nil {
		t.Fatal(err)
	}
	if maps, stacks := kept(); maps == 0 || stacks == 0 {
		t.Fatalf("%d maps and %d stacks are remembered: this test sees nothing", maps, stacks)
	}
	if err := p.forget(); err != nil {
		t.Fatal(err)
	}
	if maps, stacks := kept(); maps != 0 || stacks != 0 {
		t.Errorf("%d maps and %d stacks are still remembered", maps, stacks)
	}

	s := start(t, build(t, "correct"), "mutex", "10m")
	w, err := Attach(s.pid, Options{Budget: 100, forget: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s.begin()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	w.o.Tick = func(Status) {
		if w.forgot.Sub(w.began) > 200*time.Millisecond {
			stop()
		}
	}
	if err := errors.Join(w.Watch(ctx), w.Close()); err != nil {
		t.Fatal(err)
	}
	if w.forgot.Sub(w.began) < 200*time.Millisecond {
		t.Error("who watches does not forget")
	}
}
