package finding

// Evidence is what the engine saw, in its own terms. What an engine does not
// deal in stays nil.
type Evidence struct {
	Clocks   *Clocks   `json:"clocks,omitempty"`
	Sync     []Sync    `json:"sync,omitempty"` // per goroutine in its own order, latest last
	Schedule *Schedule `json:"schedule,omitempty"`
	Overlap  *Overlap  `json:"overlap,omitempty"`
	Stale    *Stale    `json:"stale,omitempty"`
	Log      *Log      `json:"log,omitempty"`
	// Seen are the sources that saw the conflict, when several were read.
	Seen []string `json:"seen,omitempty"`
	// Path is how the program came from the operation to its end: in short, then
	// one step each.
	Path []string `json:"path,omitempty"`
	// Count is how often the finding was seen, when it was seen more than once.
	Count   int     `json:"count,omitempty"`
	Missing Missing `json:"missing,omitempty"`
}

// IsZero reports whether e says nothing.
func (e Evidence) IsZero() bool {
	return e.Clocks == nil && len(e.Sync) == 0 && e.Schedule == nil && e.Overlap == nil && e.Stale == nil &&
		e.Log == nil && len(e.Seen) == 0 && len(e.Path) == 0 && e.Count == 0 && len(e.Missing) == 0
}

// Epoch is a moment of one goroutine's own time.
type Epoch struct {
	Goroutine uint64 `json:"goroutine"`
	Time      uint64 `json:"time"`
}

// Clocks prove a race: Known.Time is smaller than Previous.Time, both of the
// same goroutine, so that nothing ordered the previous access before the
// current one.
type Clocks struct {
	Current  Epoch `json:"current"`  // the later access
	Known    Epoch `json:"known"`    // what its goroutine had learnt of the other
	Previous Epoch `json:"previous"` // the earlier access
}

// Sync is one synchronisation of a goroutine.
type Sync struct {
	Goroutine uint64 `json:"goroutine"`
	Kind      string `json:"kind"` // acquire, release, spawn
	Object    Addr   `json:"object,omitempty"`
	// Time is the goroutine's own time at a release, 0 when not known.
	Time uint64 `json:"time,omitempty"`
	// Learnt is the newest moment that the event taught, when it taught one.
	Learnt *Epoch   `json:"learnt,omitempty"`
	Site   Position `json:"site,omitzero"`
}

// Schedule replays the run that showed the finding.
type Schedule struct {
	Seed     string `json:"seed"`
	Strategy string `json:"strategy,omitempty"`
	Steps    int    `json:"steps,omitempty"`
}

// Overlap is how long both accesses were seen under way at once.
type Overlap struct {
	Nanoseconds int64 `json:"ns"`
}

// Log is the lines of a log that show the finding.
type Log struct {
	Source string   `json:"source,omitempty"`
	Line   int      `json:"line,omitempty"` // number of the first line
	Lines  []string `json:"lines"`
}
