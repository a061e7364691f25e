//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"
)

type options struct {
	blocks      int
	times       [phases]time.Duration
	connections int
	budget      float64
	server      string
	mapsan      string
}

// The rounds of a block.
const (
	alone = iota
	again // alone too
	watched
	arms
)

// A window is what was seen in one phase of a round.
type window struct {
	Took     time.Duration // by the clock
	Messages int
	Median   time.Duration // of the time that a message took
	P99      time.Duration
	Server   time.Duration // processor time of the server
	Mapsan   time.Duration // and of mapsan
}

// A round is a part of a server's life, with mapsan or without it.
type round struct {
	Windows [phases]window
	Account account // of a round that is watched
}

// results are all rounds, in blocks.
type results struct {
	Command      string
	Budget       float64
	Rate         float64 // of the open load, messages a second
	Closed, Open [][arms]round
}

// measure does all rounds. The kinds of load take turns too. With an error come the
// blocks that were whole.
func (o *options) measure(ctx context.Context) (*results, error) {
	res := &results{Budget: o.budget}
	// What the server can do is found out by rounds that count for nothing else.
	const guess, tries = 50_000, 3
	var rates []float64
	short := *o
	short.times = [phases]time.Duration{warming: time.Second, steady: time.Second}
	for i := range tries {
		progress("finding out what the server can do, %d of %d", i+1, tries)
		b, err := short.block(ctx, []int{alone}, 0, guess, 0)
		if err != nil {
			return res, err
		}
		rates = append(rates, b[alone].Windows[steady].rate())
	}
	most := slices.Max(rates)
	res.Rate = median(rates) / 2
	for b := range o.blocks {
		for kind, blocks := range []*[][arms]round{&res.Closed, &res.Open} {
			perSecond := []float64{0, res.Rate}[kind]
			progress("block %d of %d, %s", b+1, o.blocks, []string{"closed", "open"}[kind])
			block, err := o.block(ctx, rand.Perm(arms), perSecond, most, uint64(b))
			if err != nil {
				return res, fmt.Errorf("block %d: %w", b+1, err)
			}
			*blocks = append(*blocks, block)
		}
	}
	progress("")
	return res, nil
}

// block does rounds of one server, in this order; the load is open if perSecond is not 0.
func (o *options) block(ctx context.Context, order []int, perSecond, most float64, seed uint64) (b [arms]round, err error) {
	runtime.GC() // of the block before: while there is load, nothing is collected
	server, addr, err := o.startServer()
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, server.stop(syscall.SIGTERM)) }()
	l, err := newLoad(addr, o.connections, most, o.times)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	l.deadline(o.times)
	if perSecond > 0 {
		l.open(perSecond, seed)
	} else {
		l.closed()
	}
	running := true
	defer func() {
		if running {
			err = errors.Join(err, l.stop())
		}
	}()
	if err := l.pass(ctx, warming, o.times[warming]); err != nil {
		return b, err
	}
	for n, arm := range order {
		if b[arm], err = o.round(ctx, l, n, arm, server); err != nil {
			return b, err
		}
	}
	running = false
	if err := l.stop(); err != nil {
		return b, err
	}
	for n, arm := range order {
		for _, phase := range []int{starting, steady} {
			b[arm].Windows[phase].latencies(l, part(n, phase))
		}
	}
	return b, nil
}

// round does the n-th one of a server.
func (o *options) round(ctx context.Context, l *load, n, arm int, server *process) (r round, err error) {
	var a *attached
	if arm == watched {
		if a, err = o.attach(server.cmd.Process.Pid); err != nil {
			return r, err
		}
		defer func() {
			if a != nil {
				err = errors.Join(err, a.stop(os.Kill), fmt.Errorf("mapsan attach says: %q", a.stderr.text.String()))
			}
		}()
	}
	for _, phase := range []int{starting, steady} {
		if r.Windows[phase], err = o.window(ctx, l, part(n, phase), server, a); err != nil {
			return r, err
		}
	}
	l.begin(part(n, ending))
	if a != nil {
		ending := a
		a = nil
		if r.Account, err = ending.end(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// window lets a phase pass and takes the processor times of it. The start takes
// until mapsan watches, if that is longer.
func (o *options) window(ctx context.Context, l *load, part int, server *process, a *attached) (w window, err error) {
	phase := phaseOf(part)
	times := func() (s, m time.Duration, err error) {
		s, err = server.used()
		if a != nil && err == nil {
			m, err = a.used()
		}
		return s, m, err
	}
	began := now()
	server0, mapsan0, err := times()
	if err != nil {
		return w, err
	}
	if phase == starting {
		mapsan0 = 0 // what it did before belongs to the start
	}
	if err := l.pass(ctx, part, o.times[phase]); err != nil {
		return w, err
	}
	if phase == starting && a != nil {
		if err := l.until(ctx, a.watches); err != nil {
			return w, err
		}
	}
	server1, mapsan1, err := times()
	return window{Took: now() - began, Server: server1 - server0, Mapsan: mapsan1 - mapsan0}, err
}

// latencies adds what the clients saw; they have stopped.
func (w *window) latencies(l *load, part int) {
	var all []time.Duration
	for n := range l.took {
		all = append(all, l.took[n][part]...)
	}
	slices.Sort(all)
	w.Messages = len(all)
	if len(all) > 0 {
		w.Median, w.P99 = all[len(all)/2], all[len(all)*99/100]
	}
}

// rate is messages a second.
func (w window) rate() float64 { return float64(w.Messages) / w.Took.Seconds() }

// perMessage is the server's processor time of one message, in ns.
func (w window) perMessage() float64 { return float64(w.Server) / float64(w.Messages) }

// both is the start and what follows. Latencies are not added up.
func (r round) both() window {
	a, b := r.Windows[starting], r.Windows[steady]
	return window{Took: a.Took + b.Took, Messages: a.Messages + b.Messages, Server: a.Server + b.Server, Mapsan: a.Mapsan + b.Mapsan}
}
