package explain

import (
	"cmp"
	"fmt"
	"go/token"
	"strings"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/finding"
)

// Finding is the conflict with the likeliest other side. A crash of which nothing
// but the message is known is a finding, too.
func (r *Report) Finding() *finding.Finding {
	if len(r.Others) == 0 {
		return r.with(Candidate{Side: Side{Op: finding.Write, Frame: -1}, Grade: finding.Guessed})
	}
	return r.with(r.Others[0])
}

// Findings are the conflicts with each candidate, the likeliest first.
func (r *Report) Findings() []*finding.Finding {
	if len(r.Others) == 0 {
		return []*finding.Finding{r.Finding()}
	}
	var out []*finding.Finding
	for _, c := range r.Others {
		out = append(out, r.with(c))
	}
	return out
}

func (r *Report) with(c Candidate) *finding.Finding {
	f := &finding.Finding{Schema: finding.Schema, Engine: finding.Explain, Grade: r.grade(c)}
	f.Map = r.theMap()
	f.Parties[0] = r.party(r.Noticed, nil)
	f.Parties[1] = r.party(c.Side, c.Start)
	f.Rule = finding.RuleFor(f.Parties[0].Access.Op, f.Parties[1].Access.Op)
	f.Evidence.Log = r.log(c)
	f.Evidence.Path = append([]string{r.chain()}, r.Path()...)
	f.Fixes = finding.Suggest(f)
	return f
}

// grade is that of the pair: no better than that of the map, unless the header's
// address proves that both sides mean one map.
func (r *Report) grade(c Candidate) finding.Grade {
	if c.Grade == finding.Proved {
		return c.Grade
	}
	if r.MapGrade == "" {
		return finding.Guessed
	}
	return worse(c.Grade, r.MapGrade)
}

func (r *Report) theMap() finding.Map {
	var m finding.Map
	if a := r.Map; a != nil {
		m = finding.Map{Expr: a.Expr, Name: a.Name, Kind: finding.MapKind(a.Kind), Declared: a.Declared, Guards: a.Guards,
			Decl: position(a.Decl)}
		if r.Noticed.Site != nil && r.Noticed.Site.Expr != "" && len(r.Noticed.Site.Maps) == 1 {
			m.Expr = r.Noticed.Site.Expr
		}
		switch {
		case a.Type == "" && r.use != nil:
			m.Missing.Miss("type", "the executable does not tell it")
		case a.Type == "":
			m.Missing.Miss("type", "the source does not tell it at the declaration")
		case a.Generic:
			m.Missing.Miss("type", "it is declared with type parameters: %s", a.Declared)
		default:
			m.Type = a.Type
		}
		if m.Name == "" {
			m.Missing.Miss("name", "%s", r.noMap())
		}
		if m.Expr == "" {
			m.Missing.Miss("expr", "%s", cmp.Or(r.unnamed, "the executable does not have the source's words"))
		}
		if m.Decl.IsZero() && r.use != nil {
			m.Missing.Miss("decl", "the executable does not tell it")
		} else if m.Decl.IsZero() {
			m.Missing.Miss("decl", "it is declared outside of the source that was read")
		}
	} else {
		for _, field := range []string{"type", "expr", "name", "decl"} {
			m.Missing.Miss(field, "%s", r.noMap())
		}
	}
	m.Addr = finding.Addr(r.Noticed.Header)
	if m.Addr == 0 {
		m.Missing.Miss("addr", "the log does not have it; GOTRACEBACK=system prints it")
	}
	return m
}

// noMap says why the map has no name.
func (r *Report) noMap() string {
	switch n := &r.Noticed; {
	case r.unnamed != "":
		return r.unnamed
	case r.opts.Index == nil:
		return cmp.Or(r.opts.NoIndex, "no source was read; name its directory by -src")
	case n.Goroutine == nil:
		return "the log shows no goroutine"
	case n.Frame < 0:
		return "the stack has no frame of the program"
	default:
		f := n.Goroutine.Frames[n.Frame]
		return fmt.Sprintf("the source has no such map operation at %s:%d; it may be of another version, or the code of a dependency", base(f.File), f.Line)
	}
}

func (r *Report) party(s Side, start *access.Start) finding.Party {
	p := finding.Party{Access: finding.Access{Op: s.Op}}
	if s.Site != nil {
		p.Access.Expr, p.Access.Site = s.Site.Expr, position(s.Site.Pos)
		for _, l := range s.Site.Locks {
			p.Locks = append(p.Locks, finding.Lock{Expr: cmp.Or(l.Expr, l.Name), Shared: l.Shared, Inferred: true, Site: position(l.Pos)})
		}
	}
	if p.Access.Expr == "" {
		why := r.noMap()
		if r.use != nil {
			why = cmp.Or(r.unnamed, "the executable does not have the source's words")
		}
		p.Access.Missing.Miss("expr", "%s", why)
	}
	g := s.Goroutine
	if g == nil {
		r.unseenParty(&p, s, start)
		return p
	}
	p.Goroutine = finding.Goroutine{ID: g.ID, State: g.State, Main: g.ID == 1 && g.CreatedBy == nil}
	if g.ID == 0 {
		p.Goroutine.Missing.Miss("id", "the log does not have it")
	}
	if cb := g.CreatedBy; cb != nil {
		p.Goroutine.Origin = []finding.Frame{frame(cb)}
	} else if !p.Goroutine.Main {
		p.Goroutine.Missing.Miss("origin", "the log does not have it")
	}
	p.Stack = frames(g.Frames[inRuntime(g.Frames):])
	p.Partial = g.Elided != 0
	if len(p.Stack) == 0 {
		p.Missing.Miss("stack", "%s", noStack(g, r.Crash))
	}
	return p
}

// inRuntime counts the frames of the map's implementation at the top of a stack: a
// party's stack begins where the map is used.
func inRuntime(frames []crashlog.Frame) int {
	for i := range frames {
		switch finding.PackagePath(frames[i].Func) {
		case "runtime", "internal/runtime/maps":
		default:
			return i
		}
	}
	return 0
}

func noStack(g *crashlog.Goroutine, c *crashlog.Crash) string {
	switch {
	case g.StackUnavailable:
		return "it ran on another thread when the log was printed"
	case c.Truncated:
		return "the log ends before it"
	}
	return "the log does not have it"
}

// unseenParty fills in a side that the log does not show.
func (r *Report) unseenParty(p *finding.Party, s Side, start *access.Start) {
	p.Goroutine.Missing.Miss("id", "the log does not show this goroutine")
	why := "the log does not show it"
	switch {
	case r.Crash.Level == crashlog.LevelNone:
		why = "the log shows no goroutine: it was printed with GOTRACEBACK=none"
	case len(r.Crash.Goroutines) == 1:
		why = "the log shows one goroutine only; with GOTRACEBACK=all the runtime prints the others"
	case r.Crash.Truncated:
		why = "the log ends before it"
	case len(r.Crash.Goroutines) > 1:
		why = "no goroutine of the log is seen to get there; it may have ended before the log was printed"
	}
	p.Missing.Miss("stack", "%s", why)
	switch {
	case start != nil && start.Kind == access.ByMain:
		p.Goroutine.Main = true
		p.Goroutine.ID = 1
		p.Goroutine.Missing.Found("id")
	case start != nil && start.Spawn != nil:
		fn := start.Spawn.Via
		if start.Spawn.Func != nil {
			fn = start.Spawn.Func.Name
		}
		p.Goroutine.Origin = []finding.Frame{{Func: fn, File: start.Spawn.Pos.Filename, Line: start.Spawn.Pos.Line}}
	default:
		p.Goroutine.Missing.Miss("origin", "the source does not tell who starts it")
	}
	if s.Site != nil {
		// The stack is not known, its innermost function is.
		p.Missing.Found("stack")
		p.Stack = []finding.Frame{{Func: s.Site.Func.Name, File: s.Site.Pos.Filename, Line: s.Site.Pos.Line}}
		p.Partial = true
	}
}

func position(p token.Position) finding.Position {
	if p.Filename == "" {
		return finding.Position{}
	}
	return finding.Position{File: p.Filename, Line: p.Line, Column: p.Column}
}

func frame(f *crashlog.Frame) finding.Frame {
	return finding.Frame{Func: cmp.Or(f.Func, "?"), File: f.File, Line: max(f.Line, 0), Offset: f.Offset}
}

// maxFrames bounds the frames of a side that are taken over.
const maxFrames = 200

func frames(in []crashlog.Frame) []finding.Frame {
	var out []finding.Frame
	for i := range in {
		if i == maxFrames {
			break
		}
		out = append(out, frame(&in[i]))
	}
	return out
}

// log is what of the log the finding rests on.
func (r *Report) log(c Candidate) *finding.Log {
	l := &finding.Log{Source: r.opts.Source, Line: int(r.Crash.Line)}
	l.Lines = append(l.Lines, cmp.Or(message(r.Crash), "(the message is not in the log)"))
	for _, g := range []*crashlog.Goroutine{r.Noticed.Goroutine, c.Goroutine} {
		if g == nil {
			continue
		}
		head := fmt.Sprintf("goroutine %d [%s]", g.ID, g.State)
		if g.WaitMinutes > 0 {
			head = fmt.Sprintf("goroutine %d [%s, %d minutes]", g.ID, g.State, g.WaitMinutes)
		}
		if g.StackUnavailable {
			head += ", stack unavailable"
		}
		l.Lines = append(l.Lines, fmt.Sprintf("%s (line %d)", head, g.Line))
	}
	return l
}

func message(c *crashlog.Crash) string {
	if c.Message == "" {
		return ""
	}
	return "fatal error: " + strings.TrimSpace(c.Message)
}
