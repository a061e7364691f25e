// Package sched runs goroutines one at a time, in an order that follows from a
// seed.
//
// The packages atomic, sync and runtime below it stand in for those of the
// standard library, in a copy of the code under test. Each operation of theirs
// is a step: before it, the scheduler may let another task go on. What happens
// between two steps happens at once; so all interleavings of a program that
// communicates by these packages alone can come up, and none of one that races.
// Reordering by the processor cannot: Go's atomics have none to see.
//
// Goroutines that are not tasks, such as those of finalizers, and everything
// while no schedule runs, pass through to the standard library.
package sched

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// A Config determines a schedule, for tasks that are determined themselves.
type Config struct {
	Strategy Strategy
	Explorer *Explorer // in place of a strategy
	Seed     uint64
	Length   int  // steps to expect: where PCT places its change points
	MaxSteps int  // 0: 100,000
	Trace    bool // record each step
}

// A Fault is a way in which a schedule does not come to its end.
type Fault string

const (
	Deadlock Fault = "deadlock"   // every task waits
	Endless  Fault = "step limit" // tasks go on and on
	Panic    Fault = "panic"
)

// A Result tells how a schedule went. After a Fault the tasks that were not done
// stay as they are for ever, with what they hold.
type Result struct {
	Steps  int
	Hash   uint64 // of all choices and steps: equal schedules have equal ones
	Fault  Fault
	Detail string // of the fault
	Trace  []Entry
}

// An Entry is a step of a task, and where the code under test takes it.
type Entry struct {
	Task  int
	Op    Op
	Place string
}

type task struct {
	id       int
	g        atomic.Uintptr // read by goroutines that are no tasks, too
	resume   func() (struct{}, bool)
	yield    func(struct{}) bool
	done     bool
	extra    bool        // started by a task: the schedule does not wait for it for ever
	waiting  func() bool // reports whether it can go on; nil when it can
	tired    bool        // it would do nothing but try again
	priority int
	steps    int
}

type run struct {
	Config
	rng      *rand.Rand
	tasks    []*task
	current  atomic.Pointer[task] // the one that runs; nil while the scheduler decides
	next     *task
	can      []*task // those that can go on, for pick
	strategy strategy
	row      int // steps that one task took without a pause
	result   Result
}

var (
	active atomic.Pointer[run]
	epoch  atomic.Uint64
)

// Epoch tells schedules apart: what must not last from one to the next, such as
// what a pool holds, is dropped when it changes.
func Epoch() uint64 { return epoch.Load() }

// Run runs the tasks to their end. Only one Run can be under way.
func Run(c Config, tasks ...func()) Result {
	if c.MaxSteps == 0 {
		c.MaxSteps = 100_000
	}
	r := &run{Config: c, rng: rand.New(rand.NewPCG(c.Seed, 0)), result: Result{Hash: 14695981039346656037}}
	if c.Explorer != nil {
		r.strategy = c.Explorer.open(r)
	} else {
		r.strategy = c.Strategy.open(r)
	}
	epoch.Add(1)
	if !active.CompareAndSwap(nil, r) {
		panic("sched: a schedule runs already")
	}
	defer active.Store(nil)
	for _, f := range tasks {
		r.start(f, false)
	}
	r.next = r.pick(nil)
	for r.next != nil && r.result.Fault == "" {
		t := r.next
		r.current.Store(t)
		_, more := t.resume()
		r.current.Store(nil)
		if !more {
			t.done = true
			r.next = r.pick(nil)
		}
	}
	return r.result
}

func (r *run) start(f func(), extra bool) *task {
	t := &task{id: len(r.tasks), extra: extra}
	r.strategy.enter(t)
	t.resume, _ = iter.Pull(func(yield func(struct{}) bool) {
		t.g.Store(getg())
		t.yield = yield
		defer func() {
			if p := recover(); p != nil {
				stack := make([]byte, 8192)
				r.fail(Panic, fmt.Sprintf("task %d: %v\n%s", t.id, p, stack[:runtime.Stack(stack, false)]))
			}
		}()
		f()
	})
	r.tasks = append(r.tasks, t)
	return t
}

func (r *run) fail(f Fault, detail string) {
	if r.result.Fault == "" {
		r.result.Fault, r.result.Detail = f, detail
	}
}

// self returns the calling task, or nil.
func self() (*run, *task) {
	r := active.Load()
	if r == nil {
		return nil, nil
	}
	t := r.current.Load()
	if t == nil || t.g.Load() != getg() {
		return nil, nil
	}
	return r, t
}

// Step lets the scheduler choose who goes on, and reports whether the caller is
// a task.
func Step(op Op) bool {
	r, t := self()
	if t == nil {
		return false
	}
	r.result.Steps++
	t.steps++
	if r.result.Steps > r.MaxSteps {
		r.end(t)
	}
	// A loop that waits by looking has the processor as long as it wants, where
	// priorities decide; what it waits for must come all the same.
	if r.row++; r.row > 500 {
		t.tired = true
		r.strategy.lower(t)
		r.row = 0
	}
	r.let(t, r.pick(t))
	// Now it happens, and not when it was announced.
	if r.Trace {
		r.result.Trace = append(r.result.Trace, Entry{t.id, op, place()})
	}
	r.result.Hash = (r.result.Hash ^ uint64(t.id)<<8 ^ uint64(op)) * 1099511628211
	return true
}

// Taken returns how many steps the schedule that runs has taken.
func Taken() int {
	if r := active.Load(); r != nil {
		return r.result.Steps
	}
	return 0
}

// end stops a schedule that takes too many steps, unless all that was asked for
// is done.
func (r *run) end(t *task) {
	for _, u := range r.tasks {
		if !u.extra && !u.done {
			r.fail(Endless, fmt.Sprintf("more than %d steps; task %d runs", r.MaxSteps, t.id))
		}
	}
	r.next = nil
	t.yield(struct{}{})
}

// let makes next go on in t's place.
func (r *run) let(t, next *task) {
	if next == t {
		return
	}
	r.row = 0
	r.next = next
	t.yield(struct{}{})
}

// Task is the number of the calling task, 0 for others.
func Task() int {
	if _, t := self(); t != nil {
		return t.id
	}
	return 0
}

// Wait makes the calling task, if it is one, wait until ready reports true.
// Nothing else may happen in ready.
func Wait(ready func() bool) {
	if r, t := self(); t != nil {
		t.waiting = ready
		r.let(t, r.pick(t))
	}
}

// Lower says that the calling task cannot go on before others have done
// something: it failed to get a lock, or asked for others to run.
func Lower() {
	if r, t := self(); t != nil {
		t.tired = true
		r.strategy.lower(t)
	}
}

// Go starts a goroutine: a task if the caller is one. A schedule is at its end
// when the tasks given to Run are done and these are, too, or only wait.
func Go(f func()) {
	if r, t := self(); t != nil {
		r.start(f, true)
		return
	}
	go f()
}

// pick chooses among the tasks that can go on. There is nil to choose when all
// is done, or nobody can: then the schedule has failed.
func (r *run) pick(t *task) *task {
	for range 20 {
		r.can = r.can[:0]
		asked := false // somebody waits who was given to Run
		for _, u := range r.tasks {
			if u.done {
				continue
			}
			if u.waiting == nil || u.waiting() {
				r.can = append(r.can, u)
			} else if !u.extra {
				asked = true
			}
		}
		if len(r.can) > 0 {
			next := r.strategy.pick(t)
			for _, u := range r.can {
				u.tired = false
			}
			next.waiting = nil
			return next
		}
		if !asked {
			return nil
		}
		// A goroutine that is no task may have what they wait for.
		time.Sleep(100 * time.Microsecond)
	}
	var waiting []string
	for _, u := range r.tasks {
		if !u.done {
			waiting = append(waiting, fmt.Sprint(u.id))
		}
	}
	r.fail(Deadlock, "tasks that wait: "+strings.Join(waiting, ", "))
	return nil
}

func place() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.Contains(f.Function, "/proof/sched.") && !strings.Contains(f.Function, "/proof/sched/") {
			file := f.File[strings.LastIndexByte(f.File, '/')+1:]
			return fmt.Sprintf("%s:%d %s", file, f.Line, f.Function[strings.LastIndexByte(f.Function, '/')+1:])
		}
		if !more {
			return ""
		}
	}
}
