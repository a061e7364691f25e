package explain

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// entries are the runtime's functions that an operation is compiled to; each has
// forms for short keys beside it.
var entries = map[finding.Op]string{
	finding.Lookup: "runtime.mapaccess1 or mapaccess2", finding.Read: "runtime.mapaccess1 or mapaccess2",
	finding.Iterate: "runtime.mapIterNext", finding.Clone: "runtime.mapclone",
	finding.Assign: "runtime.mapassign", finding.Write: "runtime.mapassign or mapdelete",
	finding.Delete: "runtime.mapdelete", finding.Clear: "runtime.mapclear",
}

// Path tells how the program came from the operation to its end, one step each.
func (r *Report) Path() []string {
	op := r.Noticed.Op
	swiss := r.swiss()
	entry := entries[op]
	if !swiss && op == finding.Iterate {
		entry = "runtime.mapiternext"
	}
	steps := []string{fmt.Sprintf("%s in %s: the map's header has a flag that a modification sets while it is under way (%s), and it was set",
		entry, r.place(), flagName(swiss))}
	if op.IsWrite() {
		steps = append(steps, "a modification tests it twice: when it begins, and when it takes its own mark back and finds it gone")
	} else {
		steps = append(steps, "a reader tests it and sets nothing: two readers never meet, and a writer that begins while a reader is inside is not seen")
	}
	if swiss {
		steps = append(steps, fmt.Sprintf("internal/runtime/maps.fatal(%q), which is runtime.maps_fatal", messageFor(r.Crash, op)))
	}
	return append(steps,
		"runtime.fatal: on the system stack it prints the message; no panic is made, so that recover and deferred functions have no part in it",
		"runtime.fatalthrow(throwTypeUser): dopanic_m prints "+r.printed()+"; a user's error shows no runtime frames",
		"exit(2), or with GOTRACEBACK=crash abort by SIGABRT, which leaves a core")
}

// swiss reports whether the log is of the maps of Go 1.24 and later.
func (r *Report) swiss() bool {
	for _, g := range r.Crash.Goroutines {
		for i := range g.Frames {
			if strings.HasPrefix(g.Frames[i].Func, "internal/runtime/maps.") {
				return true
			}
		}
	}
	return false
}

func flagName(swiss bool) string {
	if swiss {
		return "maps.Map.writing"
	}
	return "hashWriting in hmap.flags"
}

func messageFor(c *crashlog.Crash, op finding.Op) string {
	switch {
	case c.Message != "":
		return c.Message
	case op.IsWrite():
		return "concurrent map writes"
	}
	return "concurrent map read and map write"
}

func (r *Report) place() string {
	n := &r.Noticed
	if n.Goroutine == nil || n.Frame < 0 || n.Frame >= len(n.Goroutine.Frames) {
		return "the goroutine that noticed"
	}
	f := n.Goroutine.Frames[n.Frame]
	return fmt.Sprintf("%s (%s:%d)", finding.ShortFunc(f.Func), base(f.File), f.Line)
}

func (r *Report) printed() string {
	switch n := len(r.Crash.Goroutines); {
	case n == 0:
		return "no goroutine at level none"
	case n == 1:
		return "this goroutine alone, the default from Go 1.26"
	}
	return "this goroutine, then all others"
}

// Next says what to set so that the next crash tells more than this one did.
func (r *Report) Next() []string {
	var out []string
	c := r.Crash
	if c.Total <= 1 && c.Level != crashlog.LevelNone && !c.Truncated {
		out = append(out, "GOTRACEBACK=all (or debug.SetTraceback(\"all\")): from Go 1.26 a fatal error prints one goroutine by default; the other side is among the others")
	}
	if c.Level == crashlog.LevelNone {
		out = append(out, "GOTRACEBACK=all instead of none: without stacks nothing names the map")
	}
	if c.Truncated {
		out = append(out, "debug.SetCrashOutput(file, debug.CrashOptions{}) in main, from Go 1.23: the whole text goes to a file of its own, which no log shipper cuts")
	} else if c.Total <= 1 {
		out = append(out, "debug.SetCrashOutput, from Go 1.23, keeps the longer text apart from the program's own log")
	}
	if r.Noticed.Header == 0 {
		out = append(out, "GOTRACEBACK=system: the frames of the map functions carry the header's address, which proves that two sides mean one map")
	}
	out = append(out, "GOTRACEBACK=crash and ulimit -c unlimited: a core has every goroutine's stack and the map itself, also of a writer that was elsewhere by then",
		"mapsan test ./...: reports the race without the crash, with both stacks, in any run that reaches both sides")
	if r.opts.Index == nil && r.use == nil {
		out = append(out, "-bin FILE: the executable that crashed names the map and those who write it, without source")
	}
	if r.opts.Index == nil {
		out = append(out, "-src DIR: with the source, the map and those who write it get names")
	}
	return out
}

// Doubts say where the answer may be wrong.
func (r *Report) Doubts() []string {
	var out []string
	n := &r.Noticed
	if r.MapGrade == finding.Guessed && r.Map != nil && r.use == nil && len(r.notes) == 0 && n.Goroutine != nil && n.Frame >= 0 {
		f := n.Goroutine.Frames[n.Frame]
		out = append(out, fmt.Sprintf("%s:%d has no such operation in the source that was read, its function has: the source may be of another version", base(f.File), f.Line))
	}
	for _, m := range r.Maps {
		out = append(out, fmt.Sprintf("the same line has an operation on %s (%s), too", m.Name, cmp.Or(m.Declared, "a map")))
	}
	if r.Map != nil && r.Map.Name != "" && len(r.Others) > 0 && r.Others[0].Grade != finding.Proved {
		switch r.Map.Kind {
		case "field", "element", "parameter", "local":
			out = append(out, fmt.Sprintf("maps are told apart by the variable, not by the instance: both sides use %s, of one %s or of two", r.Map.Name, owner(r.Map.Name)))
		}
	}
	if len(r.Crash.Detecting()) > 1 {
		out = append(out, "several threads died at the same time; the first is taken for the one that noticed")
	}
	if r.NoBinary != "" {
		out = append(out, "the executable is not that of the log and was not used: "+r.NoBinary)
	}
	out = append(out, r.notes...)
	return append(out, r.Crash.Notes...)
}

func owner(name string) string {
	short := finding.ShortFunc(name)
	if i := strings.LastIndexByte(short, '.'); i > 0 {
		return short[:i]
	}
	return short
}
