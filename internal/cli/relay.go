package cli

import "sync/atomic"

// Bounds on what waits to be written.
const (
	maxLines = 1000
	maxLine  = 1000 // characters
)

// relay writes, in a goroutine of its own, what an engine's loop has to tell. The loop
// holds a process to its budget: it may not wait for a terminal that is stopped, or for
// a pipe that is full. One goroutine calls the methods.
type relay struct {
	write func(line string)
	todo  chan func()
	lost  atomic.Int64 // lines and findings that found no room
	show  chan func()  // draws the newest state
	done  chan struct{}
}

func newRelay(write func(line string)) *relay {
	r := &relay{write: write, todo: make(chan func(), maxLines), show: make(chan func(), 1), done: make(chan struct{})}
	go r.run()
	return r
}

func (r *relay) run() {
	defer close(r.done)
	for {
		select {
		case do, more := <-r.todo:
			if !more {
				return
			}
			do()
			if len(r.todo) > 0 {
				continue
			}
			if n := r.lost.Swap(0); n > 0 {
				r.write(count(int(n), "line is", "lines are") + " left out: they came faster than they could be written")
			}
		case draw := <-r.show:
			draw()
		}
	}
}

// say has a line written, unless too many wait.
func (r *relay) say(line string) {
	line = cut(line, maxLine)
	r.do(func() { r.write(line) })
}

// do has something written in turn, unless too much waits.
func (r *relay) do(write func()) {
	select {
	case r.todo <- write:
	default:
		r.lost.Add(1)
	}
}

// draw has a state drawn, unless a newer one comes before that.
func (r *relay) draw(draw func()) {
	select {
	case <-r.show:
	default:
	}
	r.show <- draw
}

// end returns when the lines are written. States are drawn no more.
func (r *relay) end() {
	close(r.todo)
	<-r.done
}
