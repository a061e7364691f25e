package agent

import (
	"fmt"
	"time"

	"github.com/mapsan/mapsan/finding"
)

// MachineOptions say how the Go processes of a machine are watched. The zero value
// has the defaults.
type MachineOptions struct {
	// Budget is how much of one processor watching may cost, in percent, for all
	// processes together; 0 is 1.
	Budget float64
	// Delay is how long an access is held; 0 is 50 µs.
	Delay time.Duration
	// AtOnce is how many processes are watched at a time; 0 is 8. Others wait for
	// their turn.
	AtOnce int
	// Turn is how long a process is watched while others wait; 0 is a minute. One
	// that uses no map in the first twelfth of it gives way then.
	Turn time.Duration
	// Every is how often processes are looked for, which must be there twice; 0 is
	// a second.
	Every time.Duration
	// Match, if not nil, says which Go processes are watched.
	Match func(finding.Resource) bool
	// Found is called for each conflict, by one goroutine at a time.
	Found func(*finding.Finding)
	// Came and Left, if not nil, are called for each Go process that appears and
	// ends. Came also tells of those that cannot be watched.
	Came, Left func(Process)
	// Tick, if not nil, is called now and then with all Go processes.
	Tick func([]Process)
}

func (o *MachineOptions) complete() (Options, error) {
	if o.AtOnce == 0 {
		o.AtOnce = 8
	}
	if o.Turn == 0 {
		o.Turn = time.Minute
	}
	if o.Every == 0 {
		o.Every = time.Second
	}
	each := Options{Budget: o.Budget, Delay: o.Delay}
	switch {
	case o.AtOnce < 1 || o.AtOnce > 64:
		return each, fmt.Errorf("%d processes at once: it must be from 1 to 64", o.AtOnce)
	case o.Turn < time.Second:
		return each, fmt.Errorf("turn of %v: it must be a second or more", o.Turn)
	}
	return each, each.complete()
}

// State is what an agent does with a process.
type State string

// The states.
const (
	Watched State = "watched"
	Waiting State = "waiting" // for its turn
	Refused State = "refused" // Why says why
	Ended   State = "ended"
)

// Process is a Go process of the machine.
type Process struct {
	Resource finding.Resource
	State    State
	Why      string
	Status   Status // the sum of all turns
	Turns    int
	Found    int // conflicts that were shown of it
}
