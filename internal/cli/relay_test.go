package cli

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mapsan/mapsan/agent"
	"github.com/mapsan/mapsan/finding"
)

// tap is a writer that can be shut: a terminal that is stopped, or a full pipe.
type tap struct {
	mu      sync.Mutex // held while it is shut
	waits   chan struct{}
	written strings.Builder
}

func newTap() *tap { return &tap{waits: make(chan struct{}, 1)} }

func (w *tap) Write(b []byte) (int, error) {
	select {
	case w.waits <- struct{}{}:
	default:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written.Write(b)
}

// shut makes writes wait until the result is called.
func (w *tap) shut() (open func()) {
	w.mu.Lock()
	select {
	case <-w.waits: // an earlier write
	default:
	}
	return w.mu.Unlock
}

func TestRelay(t *testing.T) {
	var lines []string
	begun, open := make(chan struct{}), make(chan struct{})
	r := newRelay(func(line string) {
		if len(lines) == 0 {
			close(begun)
			<-open
		}
		lines = append(lines, line)
	})
	drawn := make(chan int, 3)
	within(t, "a relay", func() {
		r.say("first")
		<-begun
		for i := range maxLines + 5 {
			r.say(fmt.Sprint("line ", i))
		}
		for i := range 3 {
			r.draw(func() { drawn <- i })
		}
	})
	close(open)
	if got := <-drawn; got != 2 {
		t.Errorf("state %d is drawn, not the newest", got)
	}
	r.end()
	if len(lines) != maxLines+2 || lines[maxLines] != fmt.Sprint("line ", maxLines-1) {
		t.Errorf("%d lines, the last ones %q", len(lines), lines[max(0, len(lines)-2):])
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "5 lines are left out") {
		t.Errorf("the last line is %q", last)
	}
	if len(drawn) > 0 {
		t.Error("an old state is drawn")
	}
}

// TestLoopDoesNotWait: who holds a process to its budget goes on while nothing can be written.
func TestLoopDoesNotWait(t *testing.T) {
	for _, where := range []string{"stdout", "stderr"} {
		t.Run(where, func(t *testing.T) {
			out, errs := newTap(), newTap()
			stalled := map[string]*tap{"stdout": out, "stderr": errs}[where]
			c, err := newCatches(Streams{Out: out, Err: errs}, sinks{json: true}, mapRaces)
			if err != nil {
				t.Fatal(err)
			}
			v := newAttachView(c)
			v.line.live = true
			v.begin(agent.Status{PID: 42})
			open := stalled.shut()
			found := make(chan struct{})
			if where == "stdout" {
				go func() { c.found(race(42)); close(found) }()
			} else {
				v.tick(agent.Status{PID: 42})
				close(found)
			}
			<-stalled.waits
			within(t, "tick", func() {
				for range 1000 {
					v.tick(agent.Status{PID: 42, Elapsed: time.Hour})
				}
			})
			open()
			<-found
			within(t, "end", func() { v.end(agent.Status{PID: 42}, agent.ErrGone) })
			if s := errs.written.String(); !strings.Contains(s, "mapsan: process 42 has ended\n") {
				t.Errorf("stderr is %q", s)
			}
		})
	}
}

// TestMachineLoopDoesNotWait: as processes come and go, too.
func TestMachineLoopDoesNotWait(t *testing.T) {
	errs := newTap()
	c, err := newCatches(Streams{Out: newTap(), Err: errs}, sinks{}, mapRaces)
	if err != nil {
		t.Fatal(err)
	}
	v := newAgentView(c)
	v.table.live = true
	open := errs.shut()
	v.came(process(1))
	<-errs.waits
	within(t, "the loop", func() {
		for pid := 2; pid < 100; pid++ {
			v.came(process(pid))
			v.tick([]agent.Process{process(1), process(pid)})
			v.left(process(pid))
		}
	})
	open()
	within(t, "end", v.end)
	lines := strings.Split(errs.written.String(), "\n")
	for _, want := range []string{"mapsan: process 1 (cart, go1.26.8) came", "mapsan: process 99 has ended"} {
		if !slices.ContainsFunc(lines, func(s string) bool { return strings.HasSuffix(s, want) }) {
			t.Errorf("no %q", want)
		}
	}
	if !strings.Contains(errs.written.String(), "of 99 processes in") {
		t.Errorf("the end is %q", lines[len(lines)-2:])
	}
}

func process(pid int) agent.Process {
	return agent.Process{
		Resource: finding.Resource{PID: pid, ServiceName: "cart", GoVersion: "go1.26.8"},
		State:    agent.Watched, Status: agent.Status{PID: pid},
	}
}
