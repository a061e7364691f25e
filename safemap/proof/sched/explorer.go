package sched

// An Explorer goes through all schedules of a program in which tasks that could
// go on are interrupted at most Bound times in all; where a task waits, or is
// done, each of the others may come next. Few interruptions show most defects
// (Musuvathi and Qadeer, 2007), and of a small program these are few enough to
// see all of them.
//
//	e := &Explorer{Bound: 2}
//	for e.Next() {
//		Run(Config{Explorer: e}, ...) // the same program each time
//	}
type Explorer struct {
	Bound int

	path    []branch // the choices of the schedule, where there are several
	began   bool
	r       *run
	at      int // in path
	used    int // interruptions
	differs bool
}

type branch struct{ choice, of int }

// Next prepares the next schedule, and reports false when there is none.
func (e *Explorer) Next() bool {
	if !e.began {
		e.began = true
		return true
	}
	// What was not reached belongs to a program that is not the same.
	e.differs = e.differs || e.at < len(e.path)
	for len(e.path) > 0 {
		last := &e.path[len(e.path)-1]
		if last.choice++; last.choice < last.of {
			return true
		}
		e.path = e.path[:len(e.path)-1]
	}
	return false
}

// Differs reports whether the program was not the same each time, so that not
// all was seen.
func (e *Explorer) Differs() bool { return e.differs }

func (e *Explorer) open(r *run) strategy {
	e.r, e.at, e.used = r, 0, 0
	return e
}

func (e *Explorer) enter(*task) {}
func (e *Explorer) lower(*task) {}

func (e *Explorer) pick(last *task) *task {
	var options [16]*task
	list := options[:0]
	goesOn := false
	for _, t := range e.r.can {
		if t == last && !t.tired {
			goesOn = true
			list = append(list, t) // comes first: no interruption
		}
	}
	// At its first step a task has done nothing: who comes in between could as
	// well have begun before it.
	if !goesOn || e.used < e.Bound && last.steps > 1 {
		for _, t := range e.r.can {
			if t != last {
				list = append(list, t)
			}
		}
	}
	if len(list) == 0 {
		return last // tired, and alone
	}
	next := list[e.choose(len(list))]
	if goesOn && next != last {
		e.used++
	}
	return next
}

func (e *Explorer) choose(of int) int {
	if of == 1 {
		return 0
	}
	if e.at == len(e.path) {
		e.path = append(e.path, branch{0, of})
	}
	b := e.path[e.at]
	e.at++
	if b.of != of {
		e.differs = true
		return 0
	}
	return b.choice
}
