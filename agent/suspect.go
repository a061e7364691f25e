package agent

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

// maxSuspects is how many maps focus watches: a processor has four debug registers.
const maxSuspects = 4

// suspect is a map that findings name, as the executable has it.
type suspect struct {
	name     string
	findings []*finding.Finding
	sites    []Site // the calls of operations on it, and what else such a party passes
	variable uint64 // in the file's addresses, where the map is a package variable; else 0
	why      string // no watchpoint is set: why
	insides  int    // watches that ended because they trapped with the flag set
}

// suspects groups findings by the map. What is beyond the fourth map is left out, and
// counted.
func suspects(findings []*finding.Finding) (out []*suspect, left int) {
	known := map[string]*suspect{}
	for _, f := range findings {
		id := cmp.Or(f.Map.Name, f.Fingerprint())
		s := known[id]
		if s == nil {
			name := cmp.Or(f.Map.Name, f.Map.Expr, f.Map.Type)
			if p, ok := f.Parties[0].Site(); ok && name == "" {
				name = "the map in " + finding.ShortFunc(p.Func)
			}
			s = &suspect{name: cmp.Or(name, "a map without a name")}
			known[id] = s
			if len(out) == maxSuspects {
				left++
				continue
			}
			out = append(out, s)
		}
		s.findings = append(s.findings, f)
	}
	return out, left
}

// mapCall is a call of a map operation that a probe can be set at.
type mapCall struct {
	*binfo.Site
	site Site
}

// callNear is the instruction of a direct call on amd64. The kernel emulates it.
const callNear = 0xe8

// mapCalls finds the calls outside of the runtime.
func mapCalls(f *binfo.File) ([]mapCall, error) {
	var out []mapCall
	for fn := range f.Funcs() {
		if strings.HasPrefix(fn.Name, "runtime.") || strings.HasPrefix(fn.Name, "internal/runtime/maps.") {
			continue
		}
		code, err := f.Code(fn)
		if err != nil {
			return nil, fmt.Errorf("function %s: %w", fn.Name, err)
		}
		for s := range code.MapCalls() {
			_, _, header, iterator, ok := binfo.OpOf(s.Callee)
			i, found := code.At(s.PC)
			if !ok || !found || code.Insts[i].Bytes()[0] != callNear || max(header, iterator) < 0 {
				continue
			}
			site := Site{Func: fn.Name, Op: s.Op, PC: s.PC, Return: s.Return, Arg: header}
			if header < 0 {
				site.Arg, site.Iterator = iterator, true
			}
			if site.Arg <= 2 {
				out = append(out, mapCall{s, site})
			}
		}
	}
	return out, nil
}

// locate finds the calls of a suspect's operations, and its variable.
func (s *suspect) locate(f *binfo.File, calls []mapCall) error {
	types, names := map[string]bool{}, map[string]bool{}
	add := func(c mapCall, watched bool) {
		site := c.site
		site.Watched = watched
		if !slices.ContainsFunc(s.sites, func(t Site) bool { return t.PC == site.PC }) {
			s.sites = append(s.sites, site)
		}
		if !watched && c.Type != "" {
			types[c.Type] = true
		}
		if !watched && isNamed(c) {
			names[c.Map.Name] = true
		}
	}
	for _, g := range s.findings {
		if g.Map.Type != "" {
			types[g.Map.Type] = true
		}
		for _, c := range calls {
			if g.Map.Name != "" && c.Map.Name == g.Map.Name {
				add(c, false)
			}
		}
		for i := range g.Parties {
			own, others := partyCalls(g, &g.Parties[i], calls)
			for _, c := range own {
				add(c, false)
			}
			for _, c := range others {
				add(c, true)
			}
		}
	}
	s.findVariable(f, calls)
	if s.variable == 0 && !slices.ContainsFunc(s.sites, func(t Site) bool { return !t.Watched }) {
		return fmt.Errorf("%s: the executable has no operation of its findings: they may be of another program, or all in packages that work on any map", s.name)
	}
	s.cleared(types, names, calls)
	return nil
}

// partyCalls are the calls that a party may have been in: of its function, at its
// line where one is there, and those in packages that work on any map it is handed.
func partyCalls(g *finding.Finding, p *finding.Party, calls []mapCall) (own, others []mapCall) {
	site, ok := p.Site()
	if !ok {
		return nil, nil
	}
	at := site.Position()
	if p.Access.Site.Line > 0 {
		at = p.Access.Site
	}
	var exact []mapCall
	for _, c := range calls {
		if !sameOp(p.Access.Op, c.Op) {
			continue
		}
		for _, f := range p.Stack {
			if f.Func == site.Func {
				break
			}
			if within(c, f.Func) != nil {
				others = append(others, c)
			}
		}
		f := within(c, site.Func)
		if f == nil || otherMap(g, c) {
			continue
		}
		own = append(own, c)
		if f.Line == at.Line && filepath.Base(f.File) == filepath.Base(at.File) {
			exact = append(exact, c)
		}
	}
	if len(exact) > 0 {
		own = exact
	}
	return own, others
}

func within(c mapCall, fn string) *binfo.Frame {
	for i, f := range c.Frames {
		if plain(f.Func) == plain(fn) {
			return &c.Frames[i]
		}
	}
	return nil
}

// plain is a function's name without its type arguments, which are written in ways.
func plain(fn string) string {
	before, rest, ok := strings.Cut(fn, "[")
	end := strings.LastIndexByte(rest, ']')
	if !ok || end < 0 {
		return fn
	}
	return before + rest[end+1:]
}

func sameOp(a finding.Op, b binfo.Op) bool {
	switch a {
	case finding.Read:
		return !b.IsWrite()
	case finding.Write:
		return b.IsWrite()
	}
	return a == finding.Op(b)
}

// otherMap reports whether a call is on another map than the finding's, for certain.
func otherMap(g *finding.Finding, c mapCall) bool {
	if g.Map.Type != "" && c.Type != "" && g.Map.Type != c.Type {
		return true
	}
	return isNamed(c) && g.Map.Name != "" && c.Map.Name != g.Map.Name
}

// isNamed reports whether a call tells the map by what it is for the whole program.
func isNamed(c mapCall) bool {
	return c.Map.Name != "" && (c.Map.Kind == binfo.Global || c.Map.Kind == binfo.FieldOf)
}

// findVariable sets the variable, if all calls that load the map from a constant address
// agree on it. Where none does, the name of a package variable is looked up.
func (s *suspect) findVariable(f *binfo.File, calls []mapCall) {
	found := map[uint64]bool{}
	for _, t := range s.sites {
		i := slices.IndexFunc(calls, func(c mapCall) bool { return c.site.PC == t.PC })
		if v := calls[i].Map.Value; !t.Watched && v != nil && v.Kind == binfo.Loaded && v.Size == 8 && v.X.Kind == binfo.Const {
			found[uint64(v.X.N+v.N)] = true
		}
	}
	if len(found) == 1 {
		for addr := range found {
			s.variable = addr
		}
		return
	}
	globals, err := f.Globals()
	if err != nil || len(found) > 0 {
		return
	}
	for _, v := range globals {
		if v.Name == s.name && v.Type.Kind == binfo.KindMap {
			s.variable = v.Addr
		}
	}
}

// cleared finds out whether the program clears such a map, by its type, or its name where
// both are known by that. Clear sets a new seed while
// the writing flag is set: a watchpoint would trap there.
func (s *suspect) cleared(types, names map[string]bool, calls []mapCall) {
	for _, c := range calls {
		if c.Op != binfo.Clear || finding.InReader(c.Func) || isNamed(c) && len(names) > 0 && !names[c.Map.Name] {
			continue
		}
		if c.Type == "" || len(types) == 0 || types[c.Type] {
			s.why = "the program clears such a map, in " + finding.ShortFunc(c.Func) + ", and sets its seed while the map's writing flag is set"
			return
		}
	}
}

// locateAll leaves the suspects that are in the executable; the others' reasons.
func locateAll(f *binfo.File, all []*suspect) (found []*suspect, missing []string, err error) {
	calls, err := mapCalls(f)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range all {
		if err := s.locate(f, calls); err != nil {
			missing = append(missing, err.Error())
			continue
		}
		found = append(found, s)
	}
	if len(found) == 0 {
		return nil, nil, errors.New("focus: " + strings.Join(missing, "; "))
	}
	return found, missing, nil
}
