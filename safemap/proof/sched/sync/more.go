package sync

import (
	"sync"
	"sync/atomic"

	"github.com/mapsan/mapsan/safemap/proof/sched"
)

// A Cond wakes who waited longest, like the real one.
type Cond struct {
	L Locker

	mu      sync.Mutex
	waiters []*waiter // guarded by mu
}

type waiter struct {
	woken atomic.Bool
	wake  chan struct{} // for one that is no task
}

func NewCond(l Locker) *Cond { return &Cond{L: l} }

func (c *Cond) Wait() {
	task := sched.Step(sched.CondWait)
	w := &waiter{wake: make(chan struct{})}
	c.mu.Lock()
	c.waiters = append(c.waiters, w)
	c.mu.Unlock()
	c.L.Unlock()
	if task {
		for !w.woken.Load() {
			sched.Wait(w.woken.Load)
		}
	} else {
		<-w.wake
	}
	c.L.Lock()
}

func (c *Cond) Signal()    { c.signal(1) }
func (c *Cond) Broadcast() { c.signal(-1) }

func (c *Cond) signal(n int) {
	sched.Step(sched.CondSignal)
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; n != 0 && len(c.waiters) > 0; n-- {
		w := c.waiters[0]
		c.waiters = c.waiters[1:]
		w.woken.Store(true)
		close(w.wake)
	}
}

// A WaitGroup counts twice: the real one is for goroutines that are not scheduled.
type WaitGroup struct {
	wg sync.WaitGroup
	n  atomic.Int64
}

func (w *WaitGroup) Add(delta int) {
	sched.Step(sched.GroupAdd)
	w.n.Add(int64(delta))
	w.wg.Add(delta)
}

func (w *WaitGroup) Done() { w.Add(-1) }

func (w *WaitGroup) Wait() {
	if !sched.Step(sched.GroupWait) {
		w.wg.Wait()
		return
	}
	for w.n.Load() > 0 {
		sched.Wait(func() bool { return w.n.Load() == 0 })
	}
}

func (w *WaitGroup) Go(f func()) {
	w.Add(1)
	sched.Go(func() {
		defer w.Done()
		f()
	})
}

// A Once lets those that come second wait for the first, as the real one does.
type Once struct {
	done atomic.Bool
	m    Mutex
}

func (o *Once) Do(f func()) {
	sched.Step(sched.Once)
	if o.done.Load() {
		return
	}
	o.m.Lock()
	defer o.m.Unlock()
	if !o.done.Load() {
		defer o.done.Store(true)
		f()
	}
}

// OnceFunc does not repeat a panic, unlike the original.
func OnceFunc(f func()) func() {
	var once Once
	return func() { once.Do(f) }
}

func OnceValue[T any](f func() T) func() T {
	var once Once
	var v T
	return func() T {
		once.Do(func() { v = f() })
		return v
	}
}

func OnceValues[T, U any](f func() (T, U)) func() (T, U) {
	var once Once
	var v T
	var u U
	return func() (T, U) {
		once.Do(func() { v, u = f() })
		return v, u
	}
}

// A Pool gives back what was put last, and begins empty in each schedule: what
// the real one does depends on processors and on the garbage collector.
type Pool struct {
	New func() any

	mu    sync.Mutex
	items []any  // guarded by mu
	epoch uint64 // guarded by mu
}

func (p *Pool) Get() any {
	sched.Step(sched.PoolGet)
	if v := p.pop(); v != nil || p.New == nil {
		return v
	}
	return p.New()
}

func (p *Pool) pop() any {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin()
	if len(p.items) == 0 {
		return nil
	}
	v := p.items[len(p.items)-1]
	p.items = p.items[:len(p.items)-1]
	return v
}

func (p *Pool) begin() {
	if e := sched.Epoch(); e != p.epoch {
		p.items, p.epoch = nil, e
	}
}

func (p *Pool) Put(v any) {
	sched.Step(sched.PoolPut)
	if v == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin()
	p.items = append(p.items, v)
}
