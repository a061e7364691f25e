package agent

import (
	"cmp"
	"strings"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

// access is one side of a conflict, as the probe saw it.
type access struct {
	site   Site
	goid   uint64
	at     uint64   // when it came, by the kernel's clock in ns; 0 where nobody asks
	goPC   uint64   // of the go statement; 0 where it could not be read
	stack  []uint64 // the probe's address, then return addresses
	cut    bool     // the stack goes on
	lacked string   // why there is none
}

// conflict is two accesses of one map that were under way at once.
type conflict struct {
	addr    uint64
	overlap int64     // ns, 0 where none was seen
	sides   [2]access // the one that came second first
}

// describe makes the finding of a conflict. bias is what the process adds to the
// addresses of bin.
func describe(c conflict, bin *binfo.File, bias uint64) *finding.Finding {
	a, b := finding.Op(c.sides[0].site.Op), finding.Op(c.sides[1].site.Op)
	f := &finding.Finding{
		Schema: finding.Schema, Rule: finding.RuleFor(a, b), Engine: finding.Agent, Grade: finding.Proved,
		Map: finding.Map{Addr: finding.Addr(c.addr)},
	}
	if c.overlap > 0 {
		f.Evidence.Overlap = &finding.Overlap{Nanoseconds: c.overlap}
	}
	for i, s := range c.sides {
		f.Parties[i] = party(s, bin, bias, &f.Map)
	}
	m := &f.Map
	if m.Type == "" {
		m.Missing.Miss("type", "the code at the accesses does not say it")
	}
	for field, absent := range map[string]bool{"expr": m.Expr == "", "name": m.Name == ""} {
		if absent {
			m.Missing.Miss(field, "the executable's code and debug information do not say it")
		}
	}
	m.Missing.Miss("decl", "the source was not looked at")
	f.Fixes = finding.Suggest(f)
	return f
}

// party describes one side, and adds what it tells of the map.
func party(s access, bin *binfo.File, bias uint64, m *finding.Map) finding.Party {
	p := finding.Party{
		Access:    finding.Access{Op: finding.Op(s.site.Op)},
		Goroutine: finding.Goroutine{ID: s.goid, State: "running"},
		Partial:   s.cut,
	}
	for i, pc := range s.stack {
		pc -= bias
		if i > 0 {
			pc-- // into the call
		}
		p.Stack = append(p.Stack, frames(bin, pc)...)
	}
	for len(p.Stack) > 0 && inRuntime(p.Stack[0].Func) {
		p.Stack = p.Stack[1:]
	}
	if n := len(p.Stack); n > 0 && p.Stack[n-1].Func == "runtime.goexit" {
		p.Stack = p.Stack[:n-1]
	}
	if len(p.Stack) == 0 {
		p.Missing.Miss("stack", "%s", cmp.Or(s.lacked, "its frames are in no function of the executable"))
	}
	for i := 1; i < len(s.stack); i++ {
		// The first call from outside of the runtime says what the map is.
		site, err := bin.Call(s.stack[i] - bias)
		if err != nil || inRuntime(site.Func) {
			continue
		}
		if m.Type == "" {
			m.Type = site.Type
		}
		if m.Name == "" {
			m.Name, m.Kind = site.Map.Name, finding.MapKind(site.Map.Kind)
		}
		p.Access.Expr = site.Map.Expr
		if m.Expr == "" {
			m.Expr = site.Map.Expr
		}
		if len(site.Frames) > 0 {
			p.Access.Site = finding.Position{File: site.Frames[0].File, Line: site.Frames[0].Line}
		}
		break
	}
	if p.Access.Expr == "" {
		p.Access.Missing.Miss("expr", "the executable's code and debug information do not say it")
	}
	if s.goid == 1 {
		p.Goroutine.Main = true
	} else if s.goPC != 0 {
		p.Goroutine.Origin = frames(bin, s.goPC-bias-1)
		p.Goroutine.OriginPartial = true
	}
	if !p.Goroutine.Main && len(p.Goroutine.Origin) == 0 {
		p.Goroutine.Missing.Miss("origin", "where it was started could not be read")
	}
	return p
}

func frames(bin *binfo.File, pc uint64) []finding.Frame {
	var out []finding.Frame
	for _, f := range bin.Frames(pc) {
		g := finding.Frame{Func: f.Func, File: f.File, Line: f.Line}
		if fn, ok := bin.FuncAt(pc); ok && !f.Inlined {
			g.Offset = pc + 1 - fn.Entry
		}
		out = append(out, g)
	}
	return out
}

// inRuntime reports whether a function is of the runtime's map code, or where that
// ends the process.
func inRuntime(fn string) bool {
	return fn == "runtime.fatal" || strings.HasPrefix(fn, "runtime.map") || strings.HasPrefix(fn, "internal/runtime/maps.")
}
