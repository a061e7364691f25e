package finding

import (
	"fmt"
	"slices"
)

// Bounds of a finding's parts: far above what any program shows, low enough
// that a hostile one costs its reader nothing.
const (
	maxString = 64 << 10
	maxFrames = 1024
	maxSync   = 4096
	maxFixes  = 64
	maxLines  = 10000
	maxSeen   = 1000
)

// Validate reports the first thing that is wrong with f.
func (f *Finding) Validate() error {
	if f.Schema != Schema {
		return fmt.Errorf("schema is %d, want %d", f.Schema, Schema)
	}
	if _, ok := RuleByCode(f.Rule); !ok {
		return fmt.Errorf("unknown rule %.40q", f.Rule)
	}
	if !oneOf(f.Engine, Engines()) {
		return fmt.Errorf("unknown engine %.40q", f.Engine)
	}
	if !oneOf(f.Grade, Grades()) {
		return fmt.Errorf("unknown grade %.40q", f.Grade)
	}
	if err := f.Map.validate(); err != nil {
		return fmt.Errorf("map: %w", err)
	}
	for i := range f.Parties {
		if err := f.Parties[i].validate(); err != nil {
			return fmt.Errorf("party %d: %w", i, err)
		}
	}
	if err := f.validateKernel(); err != nil {
		return err
	}
	if err := f.Evidence.validate(); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	r := f.Resource
	if err := checkMissing(r); err != nil {
		return fmt.Errorf("resource: %w", err)
	}
	if r.PID < 0 {
		return fmt.Errorf("resource: process id %d is negative", r.PID)
	}
	if err := short(r.ServiceName, r.Namespace, r.PodUID, r.ContainerID, r.HostName, r.BuildID, r.Revision, r.GoVersion, r.Package, r.Test, r.Main,
		f.Trace.TraceID, f.Trace.SpanID); err != nil {
		return err
	}
	if len(f.Fixes) > maxFixes {
		return fmt.Errorf("%d fixes are more than the %d allowed", len(f.Fixes), maxFixes)
	}
	for i, x := range f.Fixes {
		if x.Title == "" {
			return fmt.Errorf("fix %d: no title", i)
		}
		if err := short(x.Title, x.Text, x.Code); err != nil {
			return fmt.Errorf("fix %d: %w", i, err)
		}
	}
	return nil
}

func (m *Map) validate() error {
	if err := checkMissing(*m); err != nil {
		return err
	}
	if m.Kind != "" && !oneOf(m.Kind, Kinds()) {
		return fmt.Errorf("unknown kind %.40q", m.Kind)
	}
	if err := m.Decl.validate(); err != nil {
		return err
	}
	if len(m.Guards) > maxFixes {
		return fmt.Errorf("%d guards are more than the %d allowed", len(m.Guards), maxFixes)
	}
	return short(slices.Concat([]string{m.Type, m.Expr, m.Name, m.Declared}, m.Guards)...)
}

func (p *Party) validate() error {
	if !oneOf(p.Access.Op, Ops()) {
		return fmt.Errorf("unknown operation %.40q", string(p.Access.Op))
	}
	if err := checkMissing(*p); err != nil {
		return err
	}
	if err := checkMissing(p.Access); err != nil {
		return fmt.Errorf("access: %w", err)
	}
	if err := checkMissing(p.Goroutine); err != nil {
		return fmt.Errorf("goroutine: %w", err)
	}
	g := &p.Goroutine
	if len(g.Origin) == 0 && !g.Main && !g.Runtime && g.Missing["origin"] == "" {
		return fmt.Errorf("goroutine: \"origin\" is absent without a reason in \"missing\"")
	}
	if len(p.Locks) > maxFixes {
		return fmt.Errorf("%d locks are more than the %d allowed", len(p.Locks), maxFixes)
	}
	if err := short(p.Access.Expr, g.State); err != nil {
		return err
	}
	for _, l := range p.Locks {
		if err := short(l.Expr); err != nil {
			return err
		}
		if err := l.Site.validate(); err != nil {
			return err
		}
	}
	if err := p.Access.Site.validate(); err != nil {
		return err
	}
	for _, stack := range [][]Frame{p.Stack, g.Origin} {
		if len(stack) > maxFrames {
			return fmt.Errorf("%d frames are more than the %d allowed", len(stack), maxFrames)
		}
		for i, fr := range stack {
			if fr.Func == "" {
				return fmt.Errorf("frame %d has no function", i)
			}
			if fr.Line < 0 {
				return fmt.Errorf("frame %d: line %d is negative", i, fr.Line)
			}
			if err := short(fr.Func, fr.File); err != nil {
				return fmt.Errorf("frame %d: %w", i, err)
			}
		}
	}
	return nil
}

func (e *Evidence) validate() error {
	if err := checkMissing(*e); err != nil {
		return err
	}
	if c := e.Clocks; c != nil {
		if c.Known.Goroutine != c.Previous.Goroutine {
			return fmt.Errorf("clocks: known is of goroutine %d, previous of %d", c.Known.Goroutine, c.Previous.Goroutine)
		}
		if c.Known.Time >= c.Previous.Time {
			return fmt.Errorf("clocks: time %d is known and covers time %d, so this is no race", c.Known.Time, c.Previous.Time)
		}
	}
	if len(e.Sync) > maxSync {
		return fmt.Errorf("%d synchronisations are more than the %d allowed", len(e.Sync), maxSync)
	}
	for i, s := range e.Sync {
		if !isWord(s.Kind) {
			return fmt.Errorf("synchronisation %d: kind %.40q is not a word", i, s.Kind)
		}
		if err := s.Site.validate(); err != nil {
			return fmt.Errorf("synchronisation %d: %w", i, err)
		}
	}
	for _, l := range [][]string{e.Seen, e.Path} {
		if len(l) > maxSeen {
			return fmt.Errorf("%d lines are more than the %d allowed", len(l), maxSeen)
		}
		if err := short(l...); err != nil {
			return err
		}
	}
	if e.Count < 0 {
		return fmt.Errorf("count %d is negative", e.Count)
	}
	if s := e.Schedule; s != nil {
		if s.Seed == "" {
			return fmt.Errorf("schedule: no seed")
		}
		if err := short(s.Seed, s.Strategy); err != nil {
			return fmt.Errorf("schedule: %w", err)
		}
	}
	if o := e.Overlap; o != nil && o.Nanoseconds < 0 {
		return fmt.Errorf("overlap: %d ns is negative", o.Nanoseconds)
	}
	if l := e.Log; l != nil {
		if len(l.Lines) == 0 || len(l.Lines) > maxLines {
			return fmt.Errorf("log: %d lines, want 1 to %d", len(l.Lines), maxLines)
		}
		if err := short(l.Lines...); err != nil {
			return fmt.Errorf("log: %w", err)
		}
	}
	return nil
}

func (p Position) validate() error {
	if p.IsZero() {
		return nil
	}
	if p.File == "" || p.Line < 0 || p.Column < 0 {
		return fmt.Errorf("position %.80q line %d column %d is not a place", p.File, p.Line, p.Column)
	}
	return short(p.File)
}

func short(all ...string) error {
	for _, s := range all {
		if len(s) > maxString {
			return fmt.Errorf("a text of %d bytes is longer than the %d allowed", len(s), maxString)
		}
	}
	return nil
}

// isWord reports whether s can be the name of a synchronisation: lower-case
// letters and inner hyphens, so that renderers need not fear it.
func isWord(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for i, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c != '-' || i == 0) {
			return false
		}
	}
	return true
}
