package finding

import (
	"cmp"
	"fmt"
	"path"
	"strings"
)

// Suggest derives ways out from what the finding says about the map, its
// parties and the locks declared beside it. The best comes first.
func Suggest(f *Finding) []Fix {
	s := suggestion{f: f, expr: cmp.Or(f.Map.Expr, "the map")}
	s.base, s.name = splitExpr(f.Map.Expr)
	var fixes []Fix
	switch {
	case len(f.Map.Guards) > 0:
		fixes = append(fixes, s.useGuard(f.Map.Guards[0]))
	case f.Map.Kind == Field:
		fixes = append(fixes, s.newFieldGuard())
	case f.Map.Kind == Global:
		fixes = append(fixes, s.newGlobalGuard())
	case f.Map.Kind == Local, f.Map.Kind == Captured, f.Map.Kind == Parameter:
		fixes = append(fixes, s.newLocalGuard(), Fix{
			Title: "or give each goroutine a map of its own",
			Text: "When the goroutines only collect results, let each fill its own map and merge the maps after all have ended " +
				"(sync.WaitGroup.Wait orders what they did before what follows).",
		})
	default:
		fixes = append(fixes, Fix{
			Title: "guard " + s.expr + " with one sync.RWMutex",
			Text:  s.sentence("the mutex") + " Every other use of the map needs it too.",
		})
	}
	if x, ok := s.copyForReader(); ok {
		fixes = append(fixes, x)
	}
	if f.Map.Kind == Field || f.Map.Kind == Global {
		fixes = append(fixes, s.safemap())
	}
	return fixes
}

type suggestion struct {
	f                *Finding
	expr, base, name string
}

// useGuard proposes the lock that the map's struct or package already has.
func (s suggestion) useGuard(guard string) Fix {
	field, typ, named := strings.Cut(guard, " ")
	lock := field
	if !named {
		lock, typ = s.base, field // an embedded lock is used through its struct
	} else if s.f.Map.Kind == Field && s.base != "" {
		lock = s.base + "." + field
	}
	rw := strings.HasSuffix(typ, "RWMutex")
	var holds, lacks []*Party
	for i := range s.f.Parties {
		p := &s.f.Parties[i]
		l, ok := lockNamed(p, lock)
		switch {
		case !ok:
			lacks = append(lacks, p)
		case l.Shared && p.Access.Op.IsWrite():
			return Fix{
				Title: "take " + lock + ".Lock, not RLock, to modify " + s.expr,
				Text: fmt.Sprintf("%s modifies the map under %s.RLock, which lets readers and other such writers in at the same time.",
					s.place(p), l.Expr),
				Code: l.Expr + ".Lock()\ndefer " + l.Expr + ".Unlock()",
			}
		default:
			holds = append(holds, p)
		}
	}
	switch {
	case len(holds) == 0:
		return Fix{Title: "hold " + lock + " at both accesses", Text: s.locked(lock, rw, lacks), Code: s.code(lock, rw, lacks)}
	case len(lacks) == 0:
		return Fix{
			Title: "hold the same lock at both accesses",
			Text: fmt.Sprintf("By the source both sides hold a lock named %s, and yet nothing orders them: "+
				"it is not one lock (a copy of the struct, or two values that share the map).", lock),
		}
	case s.place(holds[0]) == s.place(lacks[0]):
		return Fix{Title: "hold " + lock + " at both accesses", Text: s.locked(lock, rw, lacks), Code: s.code(lock, rw, lacks)}
	}
	return Fix{
		Title: fmt.Sprintf("hold %s at %s too", lock, placeOnly(s.place(lacks[0]))),
		Text:  fmt.Sprintf("%s holds %s, the other side does not. %s", s.place(holds[0]), lock, s.locked(lock, rw, lacks)),
		Code:  s.code(lock, rw, lacks),
	}
}

// lockNamed finds a lock among those that the party held, by its last name:
// one struct's lock is s.mu here and st.mu there.
func lockNamed(p *Party, lock string) (Lock, bool) {
	_, name := splitExpr(lock)
	for _, l := range p.Locks {
		if _, n := splitExpr(l.Expr); n == name {
			return l, true
		}
	}
	return Lock{}, false
}

func (s suggestion) both() []*Party { return []*Party{&s.f.Parties[0], &s.f.Parties[1]} }

func (s suggestion) newFieldGuard() Fix {
	owner := "the struct"
	if parts := strings.Split(s.f.Map.Name, "."); len(parts) >= 2 {
		owner = parts[len(parts)-2]
	}
	lock := cmp.Or(s.base, "s") + ".mu"
	return Fix{
		Title: fmt.Sprintf("guard %s with a sync.RWMutex in %s", cmp.Or(s.name, "the field"), owner),
		Text:  s.locked(lock, true, s.both()) + " Every other use of the field needs it too.",
		Code: fmt.Sprintf("type %s struct {\n\tmu sync.RWMutex // guards %s\n\t%s %s\n}\n\n%s", owner, cmp.Or(s.name, "the map"),
			cmp.Or(s.name, "m"), cmp.Or(s.f.Map.Declared, s.f.Map.Type, "map[K]V"), s.code(lock, true, s.both())),
	}
}

func (s suggestion) newGlobalGuard() Fix {
	lock := cmp.Or(s.name, "m") + "Mu"
	return Fix{
		Title: fmt.Sprintf("guard %s with a sync.RWMutex beside it", s.expr),
		Text:  s.locked(lock, true, s.both()) + " Every other use of the variable needs it too.",
		Code:  fmt.Sprintf("var %s sync.RWMutex // guards %s\n\n%s", lock, cmp.Or(s.name, "m"), s.code(lock, true, s.both())),
	}
}

func (s suggestion) newLocalGuard() Fix {
	return Fix{
		Title: fmt.Sprintf("guard %s with a mutex declared beside it", s.expr),
		Text:  s.locked("mu", false, s.both()),
		Code:  fmt.Sprintf("var mu sync.Mutex // guards %s\n\n%s", s.expr, s.code("mu", false, s.both())),
	}
}

// safemap proposes the map that needs no lock.
func (s suggestion) safemap() Fix {
	decl := cmp.Or(s.name, "m") + " safemap.Map[K, V]"
	if k, v, ok := splitMapType(cmp.Or(s.f.Map.Declared, s.f.Map.Type)); ok {
		decl = fmt.Sprintf("%s safemap.Map[%s, %s]", cmp.Or(s.name, "m"), k, v)
	}
	if s.f.Map.Kind == Global {
		decl = "var " + decl
	}
	return Fix{
		Title: "or make it a safemap.Map",
		Text: "It needs no lock around each use, its reads take none at all, and its Snapshot is one instant of the whole map. " +
			"Changes of two keys together are for safemap.Locked. sync.Map does without a new import, slower and without types.",
		Code: "import \"github.com/mapsan/mapsan/safemap\"\n\n" + decl + " // ready for use without make",
	}
}

// splitMapType cuts "map[[2]int]string" into "[2]int" and "string".
func splitMapType(typ string) (key, value string, ok bool) {
	rest, ok := strings.CutPrefix(typ, "map[")
	if !ok {
		return "", "", false
	}
	depth := 1
	for i, r := range rest {
		switch r {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return rest[:i], rest[i+1:], rest[:i] != "" && rest[i+1:] != ""
			}
		}
	}
	return "", "", false
}

// copyForReader proposes a copy where a library walks the map: a lock held
// around an encoder is held for as long as its writer takes.
func (s suggestion) copyForReader() (Fix, bool) {
	for i := range s.f.Parties {
		p := &s.f.Parties[i]
		if len(p.Stack) == 0 || p.Access.Op.IsWrite() {
			continue
		}
		path := PackagePath(p.Stack[0].Func)
		if !InReader(p.Stack[0].Func) || path == "maps" || path == "slices" || path == "iter" {
			continue
		}
		expr := cmp.Or(p.Access.Expr, s.expr)
		return Fix{
			Title: fmt.Sprintf("or hand a copy to the code that reads it by reflection (%s)", s.place(p)),
			Text: fmt.Sprintf("maps.Clone(%s) under the lock, then work on the clone without it. What the values point to is still shared.",
				expr),
		}, true
	}
	return Fix{}, false
}

// locked says which side takes the lock how.
func (s suggestion) locked(lock string, rw bool, parties []*Party) string {
	var parts []string
	for _, p := range parties {
		how := lock + ".Lock"
		if rw && !p.Access.Op.IsWrite() {
			how = lock + ".RLock"
		}
		parts = append(parts, how+" at "+s.place(p))
	}
	if len(parts) == 1 || parts[0] == parts[1] {
		return "Take " + parts[0] + "."
	}
	return "Take " + parts[0] + " and " + parts[1] + "."
}

func (s suggestion) sentence(lock string) string {
	a, b := s.place(&s.f.Parties[0]), s.place(&s.f.Parties[1])
	if a == b {
		return "Take " + lock + " at " + a + "."
	}
	return "Take " + lock + " at " + a + " and at " + b + "."
}

func (s suggestion) place(p *Party) string {
	site, ok := p.Site()
	pos := p.Place()
	if pos.IsZero() {
		return "its access"
	}
	at := fmt.Sprintf("%s:%d", path.Base(strings.ReplaceAll(pos.File, `\`, "/")), pos.Line)
	if ok {
		at += " in " + ShortFunc(site.Func)
	}
	return at
}

// code sketches the two sides.
func (s suggestion) code(lock string, rw bool, parties []*Party) string {
	var sides []string
	for _, p := range parties {
		l, u := "Lock", "Unlock"
		if rw && !p.Access.Op.IsWrite() {
			l, u = "RLock", "RUnlock"
		}
		side := fmt.Sprintf("%s.%s() // %s\n%s\n%s.%s()", lock, l, placeOnly(s.place(p)), s.sketch(p), lock, u)
		if len(sides) == 0 || sides[0] != side {
			sides = append(sides, side)
		}
	}
	return strings.Join(sides, "\n\n")
}

func placeOnly(place string) string {
	at, _, _ := strings.Cut(place, " in ")
	return at
}

func (s suggestion) sketch(p *Party) string {
	m := cmp.Or(p.Access.Expr, s.f.Map.Expr, "m")
	switch p.Access.Op {
	case Lookup, Read:
		return "v := " + m + "[key]"
	case Len:
		return "n := len(" + m + ")"
	case Iterate:
		return "for k, v := range " + m + " { ... }"
	case Clone:
		return "c := maps.Clone(" + m + ")"
	case Delete:
		return "delete(" + m + ", key)"
	case Clear:
		return "clear(" + m + ")"
	}
	return m + "[key] = v"
}

// splitExpr cuts "s.store.sessions" into "s.store" and "sessions".
func splitExpr(expr string) (base, name string) {
	i := strings.LastIndexByte(expr, '.')
	if i < 0 {
		return "", expr
	}
	return expr[:i], expr[i+1:]
}
