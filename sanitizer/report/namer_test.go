package report

import (
	"bufio"
	"go/build"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/finding"
)

const shop = "testdata/shop"

// frame makes a frame from "func@label": the label is a comment in a fixture.
func frame(t *testing.T, pkg, at string) finding.Frame {
	t.Helper()
	fn, label, ok := strings.Cut(at, "@")
	if !ok {
		t.Fatalf("frame %q has no label", at)
	}
	files, err := filepath.Glob(filepath.Join(shop, pkg, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		sc := bufio.NewScanner(file)
		for n := 1; sc.Scan(); n++ {
			if strings.HasSuffix(sc.Text(), "// @"+label) {
				abs, err := filepath.Abs(name)
				if err != nil {
					t.Fatal(err)
				}
				return finding.Frame{Func: "example.com/shop/" + pkg + "." + fn, File: abs, Line: n, Offset: 1}
			}
		}
	}
	t.Fatalf("no line of %s ends with // @%s", pkg, label)
	return finding.Frame{}
}

// std is a frame of the standard library, whose source is not looked at.
func std(fn string) finding.Frame {
	return finding.Frame{Func: fn, File: "/nowhere/src/" + finding.PackagePath(fn) + "/x.go", Line: 10}
}

// party makes a side whose stack is given innermost first; names without a
// label are of the standard library, those after "go" are of the origin.
func party(t *testing.T, pkg string, op finding.Op, stack string) finding.Party {
	t.Helper()
	p := finding.Party{Access: finding.Access{Op: op}, Goroutine: finding.Goroutine{ID: 1}}
	to := &p.Stack
	for _, at := range strings.Fields(stack) {
		switch {
		case at == "go":
			to = &p.Goroutine.Origin
		case strings.Contains(at, "@"):
			*to = append(*to, frame(t, pkg, at))
		default:
			*to = append(*to, std(at))
		}
	}
	p.Access.Missing.Miss("expr", "not looked for")
	if len(p.Goroutine.Origin) == 0 {
		p.Goroutine.Missing.Miss("origin", "not made up")
	}
	return p
}

// other is a side of which nothing can be said, so that the first decides.
func other() finding.Party {
	p := finding.Party{Access: finding.Access{Op: finding.Assign}, Goroutine: finding.Goroutine{ID: 2}}
	p.Access.Missing.Miss("expr", "not looked for")
	p.Missing.Miss("stack", "not made up")
	p.Goroutine.Missing.Miss("origin", "not made up")
	return p
}

func race(typ string, a, b finding.Party) *finding.Finding {
	f := &finding.Finding{
		Schema: finding.Schema, Engine: finding.Sanitizer, Grade: finding.Proved,
		Map:     finding.Map{Type: typ, Addr: 1},
		Parties: [2]finding.Party{a, b},
		Rule:    finding.RuleFor(a.Access.Op, b.Access.Op),
	}
	for _, field := range []string{"expr", "name", "decl"} {
		f.Map.Missing.Miss(field, "not looked for")
	}
	if typ == "" {
		f.Map.Missing.Miss("type", "not made up")
	}
	return f
}

var sharedNamer = NewNamer(NamerOptions{})

func TestName(t *testing.T) {
	const ints = "map[string]int"
	cases := []struct {
		pkg   string
		op    finding.Op
		typ   string
		stack string

		expr   string // of the map; "" when it must stay unnamed
		name   string // without "example.com/shop/"
		kind   finding.MapKind
		reason string // a part of why there is none
	}{
		{pkg: "field", op: finding.Assign, typ: "map[string]*field.Session", stack: "(*Store).Put@put", expr: "s.sessions", name: "field.Store.sessions", kind: finding.Field},
		{pkg: "field", op: finding.Lookup, typ: "map[string]*field.Session", stack: "(*Store).Get@get", expr: "s.sessions", name: "field.Store.sessions", kind: finding.Field},
		{pkg: "field", op: finding.Delete, typ: "map[string]*field.Session", stack: "(*Store).Drop@drop", expr: "s.sessions", name: "field.Store.sessions", kind: finding.Field},
		{pkg: "field", op: finding.Iterate, typ: "map[string]*field.Session", stack: "(*Store).All@all", expr: "s.sessions", name: "field.Store.sessions", kind: finding.Field},
		{pkg: "field", op: finding.Clear, stack: "(*Store).Reset@reset", expr: "s.sessions", name: "field.Store.sessions", kind: finding.Field},
		{pkg: "field", op: finding.Clear, stack: "(*Store).Reset@clear", expr: "s.sessions", name: "field.Store.sessions", kind: finding.Field},
		{pkg: "field", op: finding.Clear, stack: "(*Store).All@all", reason: "no such map operation"},
		{pkg: "field", op: finding.Len, stack: "(*Store).Len@len", expr: "s.sessions", name: "field.Store.sessions", kind: finding.Field},
		{pkg: "field", op: finding.Assign, stack: "(*Store).Get@get", reason: "has no such map operation (write (assign))"},
		{pkg: "field", op: finding.Write, stack: "(*Store).Drop@drop", expr: "s.sessions", name: "field.Store.sessions", kind: finding.Field},
		{pkg: "field", op: finding.Read, stack: "(*Store).Drop@drop", reason: "no such map operation"},
		{pkg: "field", op: finding.Lookup, typ: "map[string]int", stack: "(*Store).Get@get", reason: "no map of this type"},
		{pkg: "field", op: finding.Assign, typ: ints, stack: "(*Server).Hit@hit", expr: "s.hits", name: "field.counters.hits", kind: finding.Field},
		{pkg: "field", op: finding.Lookup, typ: ints, stack: "(*Server).Hit@hit", expr: "s.hits", name: "field.counters.hits", kind: finding.Field},
		{pkg: "field", op: finding.Lookup, typ: ints, stack: "(*Server).Limit@limit", expr: "s.limits.perUser", name: "field.Server.limits.perUser", kind: finding.Field},
		{pkg: "field", op: finding.Lookup, typ: ints, stack: "Limit@globalLimit", expr: "server.limits.perUser", name: "field.Server.limits.perUser", kind: finding.Field},

		{pkg: "global", op: finding.Assign, typ: "map[string][]uint8", stack: "Put@put", expr: "cache", name: "global.cache", kind: finding.Global},
		{pkg: "global", op: finding.Lookup, typ: "map[int]string", stack: "Name@name", expr: "names", name: "global.names", kind: finding.Global},
		{pkg: "global", op: finding.Assign, typ: ints, stack: "Shadow@shadow", expr: "cache", name: "global.Shadow.cache", kind: finding.Local},
		{pkg: "global", op: finding.Lookup, stack: "glob..func1@literal", expr: "cache", name: "global.cache", kind: finding.Global},

		{pkg: "captured", op: finding.Assign, typ: ints, stack: "Count.func1@write", expr: "counts", name: "captured.Count.counts", kind: finding.Captured},
		{pkg: "captured", op: finding.Len, typ: ints, stack: "Count@read", expr: "counts", name: "captured.Count.counts", kind: finding.Local},
		{pkg: "captured", op: finding.Assign, typ: ints, stack: "Own.func1@own", expr: "counts", name: "captured.Own.counts", kind: finding.Local},

		{pkg: "alias", op: finding.Assign, typ: "map[string]bool", stack: "(*Store).Add@add", expr: "s.byUser[user]", name: "alias.Store.byUser[]", kind: finding.Element},
		{pkg: "alias", op: finding.Assign, typ: "map[string]bool", stack: "(*Store).Either@either", expr: "ids", name: "alias.(*Store).Either.ids", kind: finding.Local},
		{pkg: "alias", op: finding.Assign, typ: ints, stack: "(*Store).Bump@bump", expr: "s.shards[...]", name: "alias.Store.shards[]", kind: finding.Element},
		{pkg: "alias", op: finding.Assign, typ: ints, stack: "(*Store).Own@fresh", expr: "fresh", name: "alias.(*Store).Own.fresh", kind: finding.Local},

		{pkg: "parameter", op: finding.Assign, typ: ints, stack: "bump@bump (*Store).Hit@hit", expr: "s.counts", name: "parameter.Store.counts", kind: finding.Field},
		{pkg: "parameter", op: finding.Assign, typ: ints, stack: "bump@bump twice@twice (*Store).HitTwice@hitTwice", expr: "s.counts", name: "parameter.Store.counts", kind: finding.Field},
		{pkg: "parameter", op: finding.Assign, typ: ints, stack: "bump@bump", expr: "m", name: "parameter.bump.m", kind: finding.Parameter},
		{pkg: "parameter", op: finding.Assign, typ: ints, stack: "bump@bump go (*Store).Start@start", expr: "s.counts", name: "parameter.Store.counts", kind: finding.Field},
		{pkg: "parameter", op: finding.Assign, typ: ints, stack: "(*Store).StartLiteral.func1@literal go (*Store).StartLiteral@startLiteral", expr: "s.counts", name: "parameter.Store.counts", kind: finding.Field},
		{pkg: "parameter", op: finding.Assign, typ: ints, stack: "captureOf.func1@capture go captureOf@captureGo (*Store).Literal@captureCall", expr: "s.counts", name: "parameter.Store.counts", kind: finding.Field},
		{pkg: "parameter", op: finding.Assign, typ: ints, stack: "captureOf.func1@capture", expr: "m", name: "parameter.captureOf.m", kind: finding.Captured},
		{pkg: "parameter", op: finding.Assign, typ: "parameter.Counts", stack: "Counts.Hit@method Hit@methodCall", expr: "total", name: "parameter.total", kind: finding.Global},
		{pkg: "parameter", op: finding.Lookup, typ: ints, stack: "get@getParam (*Pair).Both@both", expr: "m", name: "parameter.get.m", kind: finding.Parameter},

		{pkg: "reader", op: finding.Iterate, typ: ints, stack: "reflect.(*MapIter).Next encoding/json.mapEncoder.encode encoding/json.Marshal (*Server).JSON@marshal", expr: "s.state.Sessions", name: "reader.State.Sessions", kind: finding.Field},
		{pkg: "reader", op: finding.Iterate, typ: "map[string]string", stack: "reflect.(*MapIter).Next encoding/json.Marshal (*Server).JSON@marshal", expr: "s.state.Labels", name: "reader.State.Labels", kind: finding.Field},
		{pkg: "reader", op: finding.Iterate, typ: "map[string]bool", stack: "reflect.(*MapIter).Next encoding/json.Marshal (*Server).JSON@marshal", expr: "s.state.Nested[].Tags", name: "reader.Inner.Tags", kind: finding.Field},
		{pkg: "reader", op: finding.Iterate, typ: "map[int]int", stack: "reflect.(*MapIter).Next encoding/json.Marshal (*Server).JSON@marshal", reason: "hands json.Marshal no such map"},
		{pkg: "reader", op: finding.Iterate, typ: ints, stack: "reflect.(*MapIter).Next encoding/json.Marshal (*Server).Direct@direct", expr: "s.plain", name: "reader.Server.plain", kind: finding.Field},
		{pkg: "reader", op: finding.Iterate, typ: ints, stack: "reflect.(*MapIter).Next encoding/json.(*Encoder).Encode (*Server).Encode@encode", expr: "s.state.Sessions", name: "reader.State.Sessions", kind: finding.Field},
		{pkg: "reader", op: finding.Iterate, typ: ints, stack: "internal/fmtsort.Sort fmt.(*pp).printValue fmt.Println (*Server).Print@print", expr: "s.plain", name: "reader.Server.plain", kind: finding.Field},
		{pkg: "reader", op: finding.Clone, typ: ints, stack: "maps.Clone[...] (*Server).Clone@clone", expr: "s.plain", name: "reader.Server.plain", kind: finding.Field},
		{pkg: "reader", op: finding.Clone, typ: ints, stack: "(*Server).Clone@clone", expr: "s.plain", name: "reader.Server.plain", kind: finding.Field},
		{pkg: "reader", op: finding.Assign, typ: ints, stack: "maps.Copy[...] (*Server).Copy@copy", expr: "s.plain", name: "reader.Server.plain", kind: finding.Field},
		{pkg: "reader", op: finding.Iterate, typ: ints, stack: "maps.Copy[...] (*Server).Copy@copy", expr: "s.state.Sessions", name: "reader.State.Sessions", kind: finding.Field},
		{pkg: "reader", op: finding.Iterate, typ: ints, stack: "maps.Keys[...].func1 slices.AppendSeq[...] slices.Sorted[...] (*Server).Keys@keys", expr: "s.plain", name: "reader.Server.plain", kind: finding.Field},
		{pkg: "reader", op: finding.Iterate, typ: ints, stack: "maps.Keys[...].func1 (*Server).Range@range", expr: "s.plain", name: "reader.Server.plain", kind: finding.Field},
		{pkg: "reader", op: finding.Lookup, typ: ints, stack: "reflect.Value.MapIndex (*Server).Reflect@reflect", expr: "s.plain", name: "reader.Server.plain", kind: finding.Field},
		{pkg: "reader", op: finding.Iterate, typ: ints, stack: "encoding/json.Marshal (*Twin).JSON@twin", reason: "2 maps that it may be: t.A, t.B"},
		{pkg: "reader", op: finding.Len, typ: ints, stack: "reflect.Value.Len reflect.DeepEqual (*Server).Equal@equal", expr: "s.plain", name: "reader.Server.plain", kind: finding.Field},
		{pkg: "reader", op: finding.Assign, typ: ints, stack: "reflect.Value.SetMapIndex Made@made", expr: "v", name: "reader.Made.v", kind: finding.Local},
		{pkg: "reader", op: finding.Len, stack: "encoding/json.Marshal (*One).JSON@one", expr: "o.Tags", name: "reader.One.Tags", kind: finding.Field},
		{pkg: "reader", op: finding.Len, stack: "encoding/json.Marshal (*Twin).JSON@twin", reason: "2 maps that it may be: t.A, t.B"},

		{pkg: "ambiguous", op: finding.Lookup, typ: ints, stack: "(*T).Sum@sum", reason: "uses 2 maps that it may be: t.a, t.b"},
		{pkg: "ambiguous", op: finding.Lookup, typ: ints, stack: "(*T).Same@same", expr: "t.a", name: "ambiguous.T.a", kind: finding.Field},
		{pkg: "ambiguous", op: finding.Lookup, typ: ints, stack: "(*T).ByType@byType", expr: "t.a", name: "ambiguous.T.a", kind: finding.Field},
		{pkg: "ambiguous", op: finding.Lookup, typ: "map[string]string", stack: "(*T).ByType@byType", expr: "t.names", name: "ambiguous.T.names", kind: finding.Field},
		{pkg: "ambiguous", op: finding.Lookup, stack: "(*T).ByType@byType", reason: "2 maps that it may be: t.a, t.names"},
		{pkg: "ambiguous", op: finding.Assign, typ: ints, stack: "(*T).Set@set", expr: "t.b", name: "ambiguous.T.b", kind: finding.Field},
		{pkg: "ambiguous", op: finding.Lookup, typ: ints, stack: "(*T).Set@set", expr: "t.a", name: "ambiguous.T.a", kind: finding.Field},
		{pkg: "ambiguous", op: finding.Lookup, typ: ints, stack: "(*T).Slice@slice", reason: "no map of this type"},

		{pkg: "generic", op: finding.Assign, typ: ints, stack: "(*Cache[...]).Put@put", expr: "c.items", name: "generic.Cache.items", kind: finding.Field},
		{pkg: "generic", op: finding.Assign, typ: ints, stack: "Merge[...]@assign (*Use).Merge@call", expr: "u.m", name: "generic.Use.m", kind: finding.Field},
		{pkg: "generic", op: finding.Iterate, typ: ints, stack: "Merge[...]@iterate (*Use).Merge@call", expr: "other", name: "generic.(*Use).Merge.other", kind: finding.Parameter},

		{pkg: "imported", op: finding.Assign, typ: ints, stack: "(*Shop).Take@take", expr: "s.shelf.Items", name: "inventory.Shelf.Items", kind: finding.Field},
		{pkg: "imported", op: finding.Lookup, typ: ints, stack: "Price@price", expr: "inventory.Prices", name: "inventory.Prices", kind: finding.Global},
		{pkg: "imported", op: finding.Lookup, typ: ints, stack: "Local@local", expr: "shelf.Items", name: "inventory.Shelf.Items", kind: finding.Field},
		{pkg: "imported", op: finding.Assign, typ: "url.Values", stack: "Form@form", expr: "r.Form", name: "net/http.Request.Form", kind: finding.Field},
		{pkg: "imported", op: finding.Lookup, typ: "url.Values", stack: "Form@form", expr: "v", name: "imported.Form.v", kind: finding.Parameter},
		{pkg: "imported", op: finding.Iterate, typ: "url.Values", stack: "Convert@plain", expr: "m", name: "imported.Convert.m", kind: finding.Parameter},

		{pkg: "changed", op: finding.Assign, typ: ints, stack: "(*T).Set@moved", reason: "changed since the build"},
		{pkg: "changed", op: finding.Lookup, typ: ints, stack: "(*T).Get@get", expr: "t.m", name: "changed.T.m", kind: finding.Field},
		{pkg: "changed", op: finding.Lookup, typ: ints, stack: "(*T).Unknown@unknown", expr: "t.x.Map", reason: "could not be told from the source"},

		{pkg: "lines", op: finding.Assign, typ: ints, stack: "(*T).Multi@multi", expr: "t.m", name: "lines.T.m", kind: finding.Field},
		{pkg: "lines", op: finding.Lookup, typ: ints, stack: "(*T).CommaOK@commaOK", expr: "t.m", name: "lines.T.m", kind: finding.Field},
		{pkg: "lines", op: finding.Assign, typ: ints, stack: "(*T).Inner@inner", expr: "t.inner[key]", name: "lines.T.inner[]", kind: finding.Element},
		{pkg: "lines", op: finding.Lookup, typ: "map[string]map[string]int", stack: "(*T).Inner@inner", expr: "t.inner", name: "lines.T.inner", kind: finding.Field},
		{pkg: "lines", op: finding.Assign, typ: ints, stack: "(*T).OpAssign@opAssign", expr: "t.m", name: "lines.T.m", kind: finding.Field},
		{pkg: "lines", op: finding.Assign, typ: ints, stack: "(*T).RangeInto@rangeInto", expr: "t.m", name: "lines.T.m", kind: finding.Field},
		{pkg: "lines", op: finding.Iterate, stack: "(*T).Header@rangeHeader", expr: "t.m", name: "lines.T.m", kind: finding.Field},
		{pkg: "lines", op: finding.Lookup, typ: "map[int]int", stack: "(*T).Header@rangeBody", expr: "t.other", name: "lines.T.other", kind: finding.Field},
		{pkg: "lines", op: finding.Iterate, stack: "(*T).Header@rangeBody", reason: "no such map operation"},
		{pkg: "lines", op: finding.Delete, stack: "(*T).Deferred.deferwrap1@deferred", expr: "t.m", name: "lines.T.m", kind: finding.Field},
		{pkg: "lines", op: finding.Lookup, stack: "(*T).Paren@paren", expr: "t.m", name: "lines.T.m", kind: finding.Field},
		{pkg: "lines", op: finding.Assign, stack: "(*T).TwoLiterals.func1@twoLiterals", expr: "t.m", name: "lines.T.m", kind: finding.Field},
		{pkg: "lines", op: finding.Assign, typ: ints, stack: "(*T).TwoLiterals.func2@twoLiterals", expr: "u.inner[key]", name: "lines.T.inner[]", kind: finding.Element},
		{pkg: "lines", op: finding.Assign, stack: "(*T).TwoLiterals.func2@twoLiterals", reason: "2 maps that it may be: u.inner[key], t.inner"},
		{pkg: "lines", op: finding.Assign, typ: ints, stack: "(*T).Made@made", expr: "t.m", name: "lines.T.m", kind: finding.Field},
		{pkg: "lines", op: finding.Assign, typ: ints, stack: "(*T).MadeEmpty@madeEmpty", reason: "no such map operation"},

		{pkg: "element", op: finding.Assign, typ: ints, stack: "(*T).Shard@shard", expr: "t.shards[i]", name: "element.T.shards[]", kind: finding.Element},
		{pkg: "element", op: finding.Assign, typ: ints, stack: "(*T).Pointer@pointer", expr: "*t.p", name: "element.T.p", kind: finding.Field},
		{pkg: "element", op: finding.Lookup, typ: ints, stack: "(*T).Assert@assert", expr: "t.any.(map[string]int)", name: "element.T.any", kind: finding.Field},
		{pkg: "element", op: finding.Lookup, typ: ints, stack: "Result@result", expr: "load()", name: "element.load()", kind: finding.Result},
		{pkg: "element", op: finding.Assign, typ: ints, stack: "Value@value", expr: "value()", name: "element.Value.value()", kind: finding.Result},
		{pkg: "element", op: finding.Lookup, typ: ints, stack: "Literal@literal", expr: "map[string]int{…}", reason: "names no variable"},
	}
	for _, c := range cases {
		label := c.stack[strings.IndexByte(c.stack, '@')+1:]
		label, _, _ = strings.Cut(label, " ")
		t.Run(c.pkg+"/"+label+"/"+string(c.op), func(t *testing.T) {
			f := race(c.typ, party(t, c.pkg, c.op, c.stack), other())
			sharedNamer.Name(f)
			if err := f.Validate(); err != nil {
				t.Errorf("the named finding is not valid: %v", err)
			}
			m := &f.Map
			if m.Expr != c.expr {
				t.Errorf("expression %q, want %q (missing: %v)", m.Expr, c.expr, m.Missing)
			}
			if name := strings.TrimPrefix(m.Name, "example.com/shop/"); name != c.name {
				t.Errorf("name %q, want %q (missing: %v)", name, c.name, m.Missing)
			}
			if m.Kind != c.kind {
				t.Errorf("kind %q, want %q", m.Kind, c.kind)
			}
			if got := m.Missing["name"]; !strings.Contains(got, c.reason) || c.name == "" && got == "" {
				t.Errorf("no name because %q, want %q", got, c.reason)
			}
		})
	}
}

func TestNameDeclaration(t *testing.T) {
	cases := []struct {
		pkg, stack string
		op         finding.Op
		declared   string
		guards     string
		line       string // that the declaration stands on
	}{
		{"field", "(*Store).Put@put", finding.Assign, "map[string]*Session", "mu sync.RWMutex,other sync.Mutex", "sessions map[string]*Session"},
		{"field", "(*Server).Hit@hit", finding.Assign, "map[string]int", "sync.Mutex", "hits map[string]int"},
		{"global", "Put@put", finding.Assign, "map[string][]byte", "cacheMu sync.Mutex", "cache   = map[string][]byte{}"},
		{"global", "Name@name", finding.Lookup, "map[int]string", "", "var names map[int]string"},
		{"captured", "Count.func1@write", finding.Assign, "map[string]int", "mu sync.Mutex", "counts := map[string]int{}"},
		{"captured", "Own.func1@own", finding.Assign, "map[string]int", "", "counts := map[string]int{}"},
		{"imported", "(*Shop).Take@take", finding.Assign, "map[string]int", "sync.RWMutex", "Items map[string]int"},
	}
	for _, c := range cases {
		t.Run(c.pkg+"/"+c.stack, func(t *testing.T) {
			f := race("", party(t, c.pkg, c.op, c.stack), other())
			sharedNamer.Name(f)
			if f.Map.Declared != c.declared {
				t.Errorf("declared %q, want %q", f.Map.Declared, c.declared)
			}
			if got := strings.Join(f.Map.Guards, ","); got != c.guards {
				t.Errorf("guards %q, want %q", got, c.guards)
			}
			data, err := os.ReadFile(f.Map.Decl.File)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Split(string(data), "\n")[f.Map.Decl.Line-1]; !strings.Contains(got, c.line) {
				t.Errorf("declared at %v: %q, want %q", f.Map.Decl, got, c.line)
			}
		})
	}
}

// The other side settles which of two maps on a line is meant.
func TestNameByOtherParty(t *testing.T) {
	f := race("map[string]int", party(t, "reader", finding.Iterate, "encoding/json.Marshal (*Twin).JSON@twin"),
		party(t, "reader", finding.Assign, "(*Twin).Set@twinB"))
	sharedNamer.Name(f)
	if f.Map.Name != "example.com/shop/reader.Twin.B" || f.Parties[0].Access.Expr != "t.B" || f.Parties[1].Access.Expr != "t.B" {
		t.Errorf("named %q, %q and %q; want Twin.B, t.B and t.B", f.Map.Name, f.Parties[0].Access.Expr, f.Parties[1].Access.Expr)
	}
}

// What the runtime did not know of the type, one side's source tells the other.
func TestNameTypeFromOtherParty(t *testing.T) {
	f := race("", party(t, "reader", finding.Len, "reflect.Value.Len encoding/json.Marshal (*Server).JSON@marshal"),
		party(t, "reader", finding.Assign, "maps.Copy[...] (*Server).Copy@copy"))
	sharedNamer.Name(f)
	if err := f.Validate(); err != nil {
		t.Error(err)
	}
	if f.Map.Type != "map[string]int" || f.Parties[0].Access.Expr != "s.state.Sessions" {
		t.Errorf("type %q, party 0 names %q (missing %v); want map[string]int and s.state.Sessions",
			f.Map.Type, f.Parties[0].Access.Expr, f.Parties[0].Access.Missing)
	}
}

func TestNameLocks(t *testing.T) {
	cases := []struct {
		stack string
		want  string // "" for none, "R" before those held for reading
	}{
		{"(*T).Held@held", "t.mu"},
		{"(*T).Released@released", ""},
		{"(*T).Shared@shared", "R t.mu"},
		{"(*T).inner@inner", ""},
		{"(*T).inner@inner (*T).Caller@caller", "t.mu"},
		{"(*T).Branch@branchHeld", "t.mu"},
		{"(*T).Branch@branchOther", ""},
		{"(*T).Branch@caseHeld", "t.mu"},
		{"(*T).Branch@caseOther", ""},
		{"(*T).Literal.func1@literal", ""},
	}
	for _, c := range cases {
		t.Run(c.stack, func(t *testing.T) {
			f := race("map[string]int", party(t, "locks", finding.Assign, c.stack), other())
			sharedNamer.Name(f)
			var got []string
			for _, l := range f.Parties[0].Locks {
				if l.Shared {
					got = append(got, "R "+l.Expr)
				} else {
					got = append(got, l.Expr)
				}
			}
			if s := strings.Join(got, ","); s != c.want {
				t.Errorf("held %q, want %q", s, c.want)
			}
		})
	}
}

func TestNameAbsentSource(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.go")
	if err := os.WriteFile(broken, []byte("package broken\n\nfunc F(m map[string]int) int {\n\treturn m[\"a\"\n}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "binary.go")
	if err := os.WriteFile(binary, []byte("\x00\x01"), 0o666); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, file string
		line       int
		expr, want string
	}{
		{"absent", filepath.Join(dir, "gone.go"), 3, "", "is not here"},
		{"no file", "", 0, "", "names no file"},
		{"directory", dir, 3, "", "no source file"},
		{"not Go", binary, 1, "", "does not parse"},
		{"beyond the end", broken, 3000, "", "is in no function"},
		{"broken but readable", broken, 4, "m", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := other()
			p.Access.Op = finding.Lookup
			p.Missing = nil
			p.Stack = []finding.Frame{{Func: "example.com/x.F", File: c.file, Line: c.line}}
			f := race("map[string]int", p, other())
			Name(f, NamerOptions{Dir: dir})
			if err := f.Validate(); err != nil {
				t.Error(err)
			}
			if f.Map.Expr != c.expr || !strings.Contains(f.Map.Missing["expr"], c.want) {
				t.Errorf("expression %q, missing %v; want %q, %q", f.Map.Expr, f.Map.Missing, c.expr, c.want)
			}
		})
	}
}

// An http.Header is accessed far inside of the standard library: the name stands
// three calls further out.
func TestNameThroughStd(t *testing.T) {
	root := build.Default.GOROOT
	line := func(file, text string) (string, int) {
		path := filepath.Join(root, "src", filepath.FromSlash(file))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Skipf("this toolchain has no sources: %v", err)
		}
		before, _, ok := strings.Cut(string(data), text)
		if !ok {
			t.Fatalf("%s has no %q", path, text)
		}
		return path, strings.Count(before, "\n") + 1
	}
	p := party(t, "imported", finding.Assign, "Tag@header")
	file, n := line("net/textproto/header.go", "= []string{value}")
	outer, m := line("net/http/header.go", "textproto.MIMEHeader(h).Set(key, value)")
	p.Stack = append([]finding.Frame{
		{Func: "net/textproto.MIMEHeader.Set", File: file, Line: n},
		{Func: "net/http.Header.Set", File: outer, Line: m},
	}, p.Stack...)
	f := race("textproto.MIMEHeader", p, other())
	Name(f, NamerOptions{})
	if f.Map.Expr != "w.Header()" || f.Map.Kind != finding.Result || f.Map.Name != "net/http.ResponseWriter.Header()" {
		t.Errorf("named %q, %q (%s), missing %v; want w.Header()", f.Map.Expr, f.Map.Name, f.Map.Kind, f.Map.Missing)
	}
	if f.Parties[0].Access.Expr != "h" {
		t.Errorf("the access is to %q, want h", f.Parties[0].Access.Expr)
	}
}

// A program built with -trimpath names files by import path.
func TestNameTrimpath(t *testing.T) {
	abs, err := filepath.Abs(shop)
	if err != nil {
		t.Fatal(err)
	}
	p := party(t, "field", finding.Lookup, "(*Store).Get@get")
	for _, file := range []string{"example.com/shop/field/field.go", "field/field.go", "/field/field.go"} {
		p.Stack[0].File = file
		f := race("map[string]*field.Session", p, other())
		Name(f, NamerOptions{Dir: abs})
		if f.Map.Expr != "s.sessions" {
			t.Errorf("%s: expression %q, want s.sessions (missing %v)", file, f.Map.Expr, f.Map.Missing)
		}
	}
}

// In a program package main is called main, in its test by its import path.
func TestNameMainPath(t *testing.T) {
	const typ = "map[string]*main.Session"
	p := party(t, "program", finding.Lookup, "(*Store).Get@get")
	p.Stack[0].Func = "main.(*Store).Get"
	f := race(typ, p, other())
	sharedNamer.Name(f)
	if f.Resource.Main != "example.com/shop/program" || f.Map.Name != "main.Store.sessions" {
		t.Errorf("main is %q and the map %q, want example.com/shop/program and main.Store.sessions", f.Resource.Main, f.Map.Name)
	}
	g := race(typ, party(t, "program", finding.Lookup, "(*Store).Get@get"), other())
	sharedNamer.Name(g)
	if f.Fingerprint() != g.Fingerprint() {
		t.Error("the program and its test differ in fingerprint")
	}
}

func TestNameIsFast(t *testing.T) {
	const limit = 100 * time.Millisecond
	best := time.Hour
	for range 5 { // other work on the machine may disturb some
		f := race("map[string]int", party(t, "imported", finding.Assign, "(*Shop).Take@take"), party(t, "imported", finding.Lookup, "Local@local"))
		start := time.Now()
		Name(f, NamerOptions{})
		best = min(best, time.Since(start))
	}
	if best > limit {
		t.Errorf("naming takes %v without a cache, want less than %v", best, limit)
	}
}
