//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// The phases of a round; the first one is of the server, before its rounds.
const (
	warming = iota
	starting
	steady
	ending
	phases
)

// parts are all phases of a server's life, in order.
const parts = 1 + arms*(phases-1)

// part is a phase of the server's n-th round.
func part(n, phase int) int { return n*(phases-1) + phase }

func phaseOf(part int) int {
	if part == warming {
		return warming
	}
	return 1 + (part-1)%(phases-1)
}

// A load is a server's clients, and what they saw. Times are from a common start.
type load struct {
	clients []*client
	part    atomic.Int32 // parts: stop sending
	began   [parts]atomic.Int64
	stopped atomic.Int64 // when, 0 until then
	took    [][parts][]time.Duration
	sent    []uint64 // by client
	once    sync.Once
	failed  chan struct{} // closed with the first failure
	err     error
	done    sync.WaitGroup
}

// now is the clock of all times here.
func now() time.Duration {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail: the clock exists
	return time.Duration(ts.Nano())
}

// newLoad connects the clients. most is how many messages a second are recorded
// without the memory for them being made during the measurement.
func newLoad(addr string, clients int, most float64, times [phases]time.Duration) (*load, error) {
	l := &load{failed: make(chan struct{}), took: make([][parts][]time.Duration, clients), sent: make([]uint64, clients)}
	for n := range clients {
		c, err := newClient(addr, n)
		if err != nil {
			return nil, errors.Join(err, l.close())
		}
		l.clients = append(l.clients, c)
		for p := range parts {
			room := make([]time.Duration, int(1.5*most*times[phaseOf(p)].Seconds()/float64(clients))+100)
			clear(room) // touched, so that the pages are there
			l.took[n][p] = room[:0]
		}
	}
	return l, nil
}

func (l *load) close() error {
	var errs []error
	for _, c := range l.clients {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

func (l *load) fail(err error) {
	l.once.Do(func() {
		l.err = err
		close(l.failed)
	})
}

// record keeps how long a message took, with the part in which it began: one that
// comes late is late for the part that kept it waiting.
func (l *load) record(n int, began time.Duration) {
	p := parts - 1
	for at := l.began[p].Load(); p > 0 && (at == 0 || int64(began) < at); at = l.began[p].Load() {
		p--
	}
	l.took[n][p] = append(l.took[n][p], now()-began)
}

// deadline is when a message that did not come back is lost.
func (l *load) deadline(times [phases]time.Duration) {
	end := time.Now().Add(slack)
	for p := range parts {
		end = end.Add(times[phaseOf(p)])
	}
	for _, c := range l.clients {
		c.conn.SetDeadline(end)
	}
}

// closed lets each client send when its last message came back.
func (l *load) closed() {
	for n, c := range l.clients {
		l.done.Go(func() {
			for i := uint64(1); l.part.Load() < parts; i++ {
				began := now()
				if err := c.send(began, i); err != nil {
					l.fail(fmt.Errorf("client %d: send message %d: %w", n, i, err))
					return
				}
				l.sent[n]++
				if _, err := c.receive(); err != nil {
					l.fail(fmt.Errorf("client %d: wait for message %d: %w", n, i, err))
					return
				}
				l.record(n, began)
			}
		})
	}
}

// open sends so many messages a second at random moments, by one client after the
// other. What the moments are depends on the seed alone.
func (l *load) open(perSecond float64, seed uint64) {
	var stopped atomic.Bool
	for n, c := range l.clients {
		l.done.Go(func() {
			for {
				began, err := c.receive()
				switch {
				case err == nil:
					l.record(n, began)
				case stopped.Load() && errors.Is(err, os.ErrDeadlineExceeded):
					return
				default:
					l.fail(fmt.Errorf("client %d: wait for message %d: %w", n, c.arrived.Load()+1, err))
					return
				}
			}
		})
	}
	l.done.Go(func() {
		lockThread()
		defer runtime.UnlockOSThread()
		r := rand.New(rand.NewPCG(seed, 0))
		next := now()
		for i := uint64(0); ; i++ {
			next += time.Duration(r.ExpFloat64() / perSecond * float64(time.Second))
			// What is late to be sent is sent all the same.
			if end := l.stopped.Load(); end != 0 && int64(next) > end {
				break
			}
			if err := sleepUntil(next); err != nil {
				l.fail(err)
				break
			}
			n := int(i % uint64(len(l.clients)))
			if err := l.clients[n].send(next, i/uint64(len(l.clients))+1); err != nil {
				l.fail(fmt.Errorf("client %d: send: %w", n, err))
				break
			}
			l.sent[n]++
		}
		stopped.Store(true)
		// What is under way by now arrives, or is missed in the end.
		end := time.Now().Add(slack / 2)
		for n, c := range l.clients {
			for c.arrived.Load() < l.sent[n] && time.Now().Before(end) {
				time.Sleep(time.Millisecond)
			}
			c.conn.SetReadDeadline(time.Now())
		}
	})
}

// lockThread makes this thread the goroutine's own, and wakes it as exactly as the
// kernel can.
func lockThread() {
	runtime.LockOSThread()
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // without it, it wakes 50 µs later
}

// sleepUntil is not Go's sleep, which is up to a millisecond late where nothing else
// is going on.
func sleepUntil(t time.Duration) error {
	ts := unix.NsecToTimespec(int64(t))
	for {
		err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// begin begins a part.
func (l *load) begin(part int) {
	l.began[part].Store(int64(now()))
	l.part.Store(int32(part))
}

// pass lets time pass in a part.
func (l *load) pass(ctx context.Context, part int, d time.Duration) error {
	l.begin(part)
	return wait(ctx, l, time.After(d))
}

// wait waits for it, as long as the load works.
func wait[T any](ctx context.Context, l *load, it <-chan T) error {
	select {
	case <-it:
		return nil
	case <-l.failed:
		return l.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// slack is for what takes longer than it should.
const slack = 20 * time.Second

// until stays in a part until mapsan watches.
func (l *load) until(ctx context.Context, watches <-chan struct{}) error {
	ctx, stop := context.WithTimeoutCause(ctx, slack/2, fmt.Errorf("mapsan does not watch within %v", slack/2))
	defer stop()
	return wait(ctx, l, watches)
}

// stop stops sending and waits for what is under way. A message that did not
// come back is an error.
func (l *load) stop() error {
	l.stopped.Store(int64(now()))
	l.part.Store(parts)
	l.done.Wait()
	if l.err != nil {
		return l.err
	}
	for n, c := range l.clients {
		if arrived := c.arrived.Load(); arrived != l.sent[n] {
			return fmt.Errorf("client %d: %d of %d messages came back", n, arrived, l.sent[n])
		}
	}
	return nil
}
