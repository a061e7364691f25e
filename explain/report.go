package explain

import (
	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// Options are what a crash is joined with.
type Options struct {
	// Index is that of the source; nil if there is none.
	Index *access.Index
	// NoIndex says why there is none, for the facts that are missing then.
	NoIndex string
	// Binary is the executable that crashed; nil if it is not at hand.
	Binary *binfo.File
	// Source names the log.
	Source string
	// Max bounds the candidates that are listed; 10 if zero.
	Max int
	// Header is the map's address and Holders are who had it, when a core
	// shows them.
	Header  uint64
	Holders []Holder

	_ struct{}
}

// Report is what is known of one crash.
type Report struct {
	Crash *crashlog.Crash
	// Map is the variable that holds the map; nil when it is not known.
	Map *access.Map
	// MapGrade is how well that is known: shown by one operation at the frame's
	// line, inferred when several fit, guessed when the line has none.
	MapGrade finding.Grade
	// Maps are further variables that the operation may be on.
	Maps []*access.Map
	// Noticed is the side that found the map in use.
	Noticed Side
	// Others are the candidates for the other side, the likeliest first.
	Others []Candidate

	// NoBinary says why the executable is not the log's, "" if it is or none was
	// given.
	NoBinary string

	opts Options
	// program and use are set when the map is known from the executable alone.
	program *program
	use     *mapUse
	unnamed string // why the executable does not name the map
	notes   []string
}

// Side is one side of the conflict.
type Side struct {
	// Goroutine is nil when the log does not show it.
	Goroutine *crashlog.Goroutine
	// Site is the operation in the source; nil when it is not known.
	Site *access.Site
	Op   finding.Op
	// Frame is the index, in the goroutine's frames, of the function that Site is
	// in or is reached from; -1 if none.
	Frame int
	// Header is the address of the map's header, 0 when it is not in the log.
	Header uint64
	// Holder is the first argument of the frame at the site, mostly the struct
	// that holds the map; 0 when it is not in the log.
	Holder uint64
}

// Candidate is what may be the other side.
type Candidate struct {
	Side
	Grade finding.Grade
	// Why says, in a sentence, what speaks for it.
	Why string
	// Like counts further goroutines of which the same is said.
	Like int
	// Path are the functions between the goroutine's frame and the site.
	Path []string
	// Start is where a goroutine that the log does not show begins.
	Start *access.Start

	score int
	round bool // a function on the stack goes round the site
}

// Func is the function that holds the candidate's operation, "" if unknown.
func (c *Candidate) Func() string {
	if c.Site != nil {
		return c.Site.Func.Name
	}
	if g := c.Goroutine; g != nil && c.Frame >= 0 && c.Frame < len(g.Frames) {
		return g.Frames[c.Frame].Func
	}
	return ""
}

// Crash explains one crash; nil if it is not of the concurrent use of a map.
func Crash(c *crashlog.Crash, o Options) *Report {
	if !c.Cause.IsMap() {
		return nil
	}
	if o.Max <= 0 {
		o.Max = 10
	}
	r := &Report{Crash: c, opts: o}
	r.notice()
	r.readBinary()
	r.shown()
	r.unseen()
	r.rank()
	return r
}
