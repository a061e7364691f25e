package agent

import (
	"errors"
	"fmt"
	"time"

	"github.com/mapsan/mapsan/finding"
)

// Options say how a process is watched. The zero value has the defaults.
type Options struct {
	// Budget is how much of one processor watching may cost, in percent;
	// 0 is 1.
	Budget float64
	// Delay is how long an access is held; 0 is 50 µs.
	Delay time.Duration
	// Focus, if not empty, are findings of the maps to watch, four at most; other maps
	// are not watched then.
	Focus []*finding.Finding
	// Ready, if not nil, is called once, when the probes are first set. As Tick, it must
	// not wait for anything.
	Ready func()
	// Found is called for each conflict, by one goroutine at a time. It may take long:
	// conflicts that find no room meanwhile are counted.
	Found func(*finding.Finding)
	// Tick, if not nil, is called now and then by what holds the budget, which goes on
	// when it returns: it must not wait, for a terminal least of all.
	Tick func(Status)

	single bool          // a probe for each site, as before Linux 6.6
	seldom bool          // Tick need not be called often
	from   *purse        // what Budget is paid from, if others are too
	forget time.Duration // how often maps and stacks are; 0 is forgetEvery
}

func (o *Options) complete() error {
	if o.Budget == 0 {
		o.Budget = 1
	}
	if o.Delay == 0 {
		o.Delay = 50 * time.Microsecond
	}
	if o.forget == 0 {
		o.forget = forgetEvery
	}
	switch {
	case o.Budget < 0.01 || o.Budget > 100:
		return fmt.Errorf("budget of %v %%: it must be from 0.01 to 100", o.Budget)
	case o.Delay < 10*time.Microsecond || o.Delay > time.Millisecond:
		return fmt.Errorf("delay of %v: it must be from 10µs to 1ms", o.Delay)
	}
	return nil
}

// forgetEvery is how often maps and stacks are forgotten: a few races of each map are
// shown meanwhile, and the stacks of a few thousand places.
const forgetEvery = 10 * time.Minute

// gap is the time between two delays: in one process they may use half of what is spent.
// Where several are paid from one purse it is not divided, or one that is alone would
// hardly be delayed: delays are charged as all else is.
func (o *Options) gap() time.Duration {
	return time.Duration(float64(o.Delay) / (spentPart * o.Budget / 100 / 2))
}

// Status is how watching goes.
type Status struct {
	PID      int           `json:"pid"`
	Sites    int           `json:"sites"`
	Set      bool          `json:"set"` // the probes are set at the moment
	Elapsed  time.Duration `json:"elapsed"`
	Watching time.Duration `json:"watching"` // of Elapsed, while the probes were set
	Cost     time.Duration `json:"cost"`     // processor time that this has cost, estimated
	Costs
	// Crash is the message with which the runtime ended the process because of a map.
	Crash string `json:"crash,omitempty"`
	// Focus says how each suspected map is watched, Unfound why others are not.
	Focus   []Suspect `json:"focus,omitempty"`
	Unfound []string  `json:"unfound,omitempty"`
	// Unknown says why there is no finding of the crash.
	Unknown string `json:"unknown,omitempty"`
	Totals
}

// plus is the status after another turn.
func (s Status) plus(t Status) Status {
	t.Elapsed += s.Elapsed
	t.Watching += s.Watching
	t.Cost += s.Cost
	t.Totals = s.Totals.Plus(t.Totals)
	return t
}

// Plus is the sum.
func (s Totals) Plus(t Totals) Totals {
	t.Hits += s.Hits
	t.Near += s.Near
	t.Kept += s.Kept
	t.Delays += s.Delays
	t.Delayed += s.Delayed
	t.Cut += s.Cut
	t.Conflicts += s.Conflicts
	t.Dropped += s.Dropped
	t.Traps += s.Traps
	t.Strange += s.Strange
	return t
}

// Costs are what the target's goroutines pay, measured on this machine.
type Costs struct {
	Hit   time.Duration `json:"hit_cost"`   // for an access that comes by a probe
	Stack time.Duration `json:"stack_cost"` // more, if its stack is kept
	// Trap is for one that a watchpoint stops; 0 without watchpoints.
	Trap time.Duration `json:"trap_cost,omitempty"`
}

// Suspect is one map of Focus.
type Suspect struct {
	Map   string         `json:"map"` // as the findings name it
	How   How            `json:"how"`
	Why   string         `json:"why,omitempty"` // there is no watchpoint
	Addrs []finding.Addr `json:"addrs,omitempty"`
}

// How says how a suspected map is watched.
type How string

// The ways.
const (
	ByWatchpoint How = "watchpoint"
	ByCalls      How = "calls"  // by probes at the calls that the findings know
	Sought       How = "sought" // it is not known where it is yet
)

// ErrGone is what Watch returns when the process has ended.
var ErrGone = errors.New("the process has ended")

// Totals count what the probes did since they were first set.
type Totals struct {
	Hits      uint64        `json:"hits"`      // accesses that came by a probe
	Traps     uint64        `json:"traps"`     // that a watchpoint stopped
	Strange   uint64        `json:"strange"`   // traps in code that is no operation's beginning, as the collector's
	Near      uint64        `json:"near"`      // accesses shortly after one of another goroutine that conflicts
	Kept      uint64        `json:"kept"`      // of these, writes whose stack was kept
	Delays    uint64        `json:"delays"`    // accesses that were held
	Delayed   time.Duration `json:"delayed"`   // in all
	Cut       uint64        `json:"cut"`       // delays that ended early, for the scheduler
	Conflicts uint64        `json:"conflicts"` // met while one was held
	Dropped   uint64        `json:"dropped"`   // conflicts that found no room
}
