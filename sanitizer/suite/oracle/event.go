package oracle

// A Kind is what an event does.
type Kind int

// The kinds. G is the goroutine that acts; Obj is the index of the object among
// those of its sort; Aux is told where it has a meaning.
const (
	Go  Kind = iota // starts goroutine Aux
	End             // G ends, which orders nothing

	Read  // reads map Obj by operation Aux
	Write // modifies map Obj by operation Aux

	Lock    // mutex Obj
	Unlock  // mutex Obj
	TryFail // a TryLock of mutex Obj that fails, which orders nothing

	WLock   // rwmutex Obj
	WUnlock // rwmutex Obj
	RLock   // rwmutex Obj
	RUnlock // rwmutex Obj

	Send       // channel Obj; to goroutine Aux when unbuffered
	Recv       // channel Obj; from goroutine Aux when unbuffered
	Close      // channel Obj
	RecvClosed // the receive of nothing from channel Obj
	Poll       // a receive from channel Obj that finds nothing and goes on, which orders nothing

	Load    // atomic Obj
	Store   // atomic Obj
	Swap    // atomic Obj
	Add     // atomic Obj
	CAS     // a compare-and-swap of atomic Obj that succeeds
	CASFail // a compare-and-swap of atomic Obj that fails

	GroupAdd  // adds one to wait group Obj
	GroupDone // wait group Obj
	GroupWait // wait group Obj

	OnceBegin // enters the function of once Obj
	OnceEnd   // leaves it
	OnceSkip  // finds once Obj done

	CondWait // releases mutex Obj and waits for condition Obj, whose lock it is
	Signal   // condition Obj; Aux is the goroutine that is woken, or -1
	CondWake // returns from CondWait with mutex Obj held

	Park // begins the operation of kind Aux on Obj, and has to wait

	kinds
)

// An Event is one step of one goroutine.
type Event struct {
	G    int
	Kind Kind
	Obj  int
	Aux  int
}

// Access reports whether e is a map access.
func (e Event) Access() bool { return e.Kind == Read || e.Kind == Write }

// sort returns the first of the kinds that are about the same sort of object as e.
func (e Event) sort() Kind {
	k := e.Kind
	if k == Park {
		k = Kind(e.Aux)
	}
	for _, first := range []Kind{Park, CondWait, OnceBegin, GroupAdd, Load, Send, WLock, Lock, Read} {
		if k >= first {
			return first
		}
	}
	return Go
}

// Values of Aux of a Read.
const (
	Lookup = iota
	LookupOK
	Len
	Iterate
	Clone
	Reads // how many there are
)

// Values of Aux of a Write.
const (
	Assign = iota
	OpAssign
	Delete
	Clear
	Writes // how many there are
)

// A Shape says which objects a program has.
type Shape struct {
	Goroutines int // at most
	Maps       int
	Mutexes    int
	RWMutexes  int
	Chans      []int // capacities
	Atomics    int
	Groups     int
	Onces      int
	Conds      int // condition i has mutex i as its lock
}

// DefaultShape has a few of everything.
func DefaultShape() Shape {
	return Shape{
		Goroutines: 5, Maps: 2, Mutexes: 2, RWMutexes: 1, Chans: []int{0, 1, 2},
		Atomics: 2, Groups: 1, Onces: 1, Conds: 1,
	}
}

// A Program is one interleaving of some goroutines.
type Program struct {
	Shape
	Events []Event
}
