package crashlog

import "slices"

// Crash is one death of a program.
type Crash struct {
	// Message is the text behind "fatal error: " or "panic: "; empty when the
	// log begins behind it.
	Message string
	// Also holds the messages of further threads that died at the same time.
	Also  []string
	Cause Cause
	Level Level
	// Line and EndLine are the first and last line of the crash in the input,
	// counted from 1.
	Line, EndLine int64
	// Prefix is what stands before each line of the crash, as it stands
	// before the first.
	Prefix string

	// Goroutines are in the order of the log. Those beyond Options.Keep are
	// here only if they matter or no other has their stack: see Same.
	Goroutines []*Goroutine
	// Total counts the goroutines of the log, Dropped those of them that are
	// neither in Goroutines nor counted by the Same of one that is.
	Total, Dropped int

	// Truncated says that the text ends before the crash does.
	Truncated bool
	// Notes say what could not be read, and why.
	Notes []string
}

// Cause is what a program died of.
type Cause string

// The causes. The runtime's messages that name each are in message.go.
const (
	// CauseUnknown: the message is not in the log, or cut off.
	CauseUnknown Cause = ""
	// CauseWriteWrite: "concurrent map writes".
	CauseWriteWrite Cause = "write-write"
	// CauseReadWrite: "concurrent map read and map write".
	CauseReadWrite Cause = "read-write"
	// CauseIterateWrite: "concurrent map iteration and map write".
	CauseIterateWrite Cause = "iterate-write"
	// CauseCloneWrite: "concurrent map clone and map write".
	CauseCloneWrite Cause = "clone-write"
	// CauseCorrupt: "small map with no empty slot (concurrent map writes?)".
	CauseCorrupt Cause = "corrupt"
	// CauseOther: not the concurrent use of a map.
	CauseOther Cause = "other"
)

// IsMap reports whether the runtime blames the concurrent use of a map.
func (c Cause) IsMap() bool { return c != CauseUnknown && c != CauseOther }

// Level is the GOTRACEBACK level that a crash was printed at.
type Level string

// The levels, as far as the text can tell them apart.
const (
	LevelUnknown Level = ""
	// LevelNone: no goroutine is printed.
	LevelNone Level = "none"
	// LevelSingle: only goroutines that crashed are printed.
	LevelSingle Level = "single"
	// LevelAll: all of the user's goroutines. Up to Go 1.25 a fatal error
	// prints them at level single, too.
	LevelAll Level = "all"
	// LevelSystem: the runtime's frames and goroutines, too. The text of level
	// crash is the same unless a signal handler added to it.
	LevelSystem Level = "system"
	LevelCrash  Level = "crash"
)

// Detecting returns the goroutines that found the map in use: the one printed
// first, and those of further threads that died at the same time.
func (c *Crash) Detecting() []*Goroutine {
	return c.filter(func(g *Goroutine) bool { return g.Detecting })
}

// InMap returns the other goroutines with a map operation among their frames.
func (c *Crash) InMap() []*Goroutine {
	return c.filter(func(g *Goroutine) bool {
		return !g.Detecting && c.Operation(g).Frame >= 0
	})
}

// Unavailable returns the goroutines that ran on another thread, so that their
// stacks could not be printed: any of them may be the other side.
func (c *Crash) Unavailable() []*Goroutine {
	return c.filter(func(g *Goroutine) bool { return g.StackUnavailable })
}

func (c *Crash) filter(keep func(*Goroutine) bool) []*Goroutine {
	var out []*Goroutine
	for _, g := range c.Goroutines {
		if keep(g) {
			out = append(out, g)
		}
	}
	return out
}

// maxNotes bounds the notes of a log that is broken everywhere.
const maxNotes = 20

func (c *Crash) note(s string) {
	if len(c.Notes) < maxNotes && !slices.Contains(c.Notes, s) {
		c.Notes = append(c.Notes, s)
	}
}
