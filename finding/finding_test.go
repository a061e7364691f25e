package finding

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample is a finding with a bit of everything.
func sample() *Finding {
	return &Finding{
		Schema: Schema, Rule: ReadWrite, Engine: Sanitizer, Grade: Proved,
		Map: Map{
			Type: "map[string]*shop.Session", Expr: "s.sessions", Name: "example.com/shop.Store.sessions", Kind: Field,
			Declared: "map[string]*Session", Decl: Position{File: "/src/shop/store.go", Line: 12, Column: 2}, Addr: 0xc000012345,
			Guards: []string{"mu sync.RWMutex"},
		},
		Parties: [2]Party{
			{
				Access: Access{Op: Assign, Expr: "s.sessions", Site: Position{File: "/src/shop/store.go", Line: 41}},
				Goroutine: Goroutine{ID: 8, State: "running",
					Origin: []Frame{{Func: "main.main", File: "/src/shop/main.go", Line: 20, Offset: 0x44}}},
				Stack: []Frame{
					{Func: "example.com/shop.(*Store).Put", File: "/src/shop/store.go", Line: 41, Offset: 0x1a4},
					{Func: "main.main.func1", File: "/src/shop/main.go", Line: 20, Offset: 0x44},
				},
				Locks: []Lock{{Expr: "s.mu", Inferred: true, Site: Position{File: "/src/shop/store.go", Line: 40}}},
			},
			{
				Access:    Access{Op: Lookup, Expr: "s.sessions", Site: Position{File: "/src/shop/store.go", Line: 33}},
				Goroutine: Goroutine{ID: 1, State: "running", Main: true},
				Stack: []Frame{
					{Func: "example.com/shop.(*Store).Get", File: "/src/shop/store.go", Line: 33, Offset: 0x64},
					{Func: "main.main", File: "/src/shop/main.go", Line: 31, Offset: 0x64},
				},
			},
		},
		Evidence: Evidence{
			Clocks: &Clocks{Current: Epoch{8, 17}, Known: Epoch{1, 8}, Previous: Epoch{1, 9}},
			Sync: []Sync{
				{Goroutine: 8, Kind: "acquire", Object: 0xc000010000, Learnt: &Epoch{1, 8}, Site: Position{File: "/src/shop/store.go", Line: 40}},
				{Goroutine: 1, Kind: "release", Object: 0xc000010000, Time: 8},
			},
			Schedule: &Schedule{Seed: "5eed", Strategy: "pct", Steps: 12},
			Overlap:  &Overlap{Nanoseconds: 120},
			Log:      &Log{Source: "stderr", Line: 3, Lines: []string{"fatal error: concurrent map writes"}},
			Count:    2,
		},
		Resource: Resource{ServiceName: "shop", Namespace: "n", PodUID: "p-1", ContainerID: "c0", HostName: "h", BuildID: "b", Revision: "abc", GoVersion: "go1.26.8", PID: 4242,
			Package: "example.com/shop", Test: "TestShop", Main: "example.com/shop/cmd/shop", Missing: Missing{}},
		Trace: Trace{TraceID: "4bf9", SpanID: "00f0"},
		Fixes: []Fix{{Title: "hold s.mu", Text: "It is free.", Code: "s.mu.Lock()"}},
	}
}

func TestRoundTrip(t *testing.T) {
	f := sample()
	f.Resource.Missing = nil
	js, err := Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(js), "\n") {
		t.Error("the encoding is not one line")
	}
	got, err := Decode(js)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, got); diff != "" {
		t.Errorf("the finding came back changed (-want +got):\n%s", diff)
	}
}

// The names of the JSON form are a promise to those who store it.
func TestJSONForm(t *testing.T) {
	js, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"schema":1,"rule":"MS1002","engine":"sanitizer","grade":"proved","map":{"type":"map[string]*shop.Session","expr":"s.sessions"`,
		`"decl":{"file":"/src/shop/store.go","line":12,"column":2},"addr":"0x00c000012345"`,
		`"access":{"op":"assign","expr":"s.sessions","site":{`,
		`"goroutine":{"id":1,"state":"running","main":true}`,
		`"clocks":{"current":{"goroutine":8,"time":17},"known":{"goroutine":1,"time":8},"previous":{"goroutine":1,"time":9}}`,
		`"overlap":{"ns":120}`,
		`"service.name":"shop","k8s.pod.uid":"p-1"`,
		`"fixes":[{"title":"hold s.mu","text":"It is free.","code":"s.mu.Lock()"}]`,
	} {
		if !strings.Contains(string(js), want) {
			t.Errorf("the JSON form lacks %s:\n%s", want, js)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	good, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	edit := func(old, new string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("the sample has no %s", old)
		}
		return strings.Replace(string(good), old, new, 1)
	}
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", "unexpected end of JSON input"},
		{"not JSON", "hello", "invalid character 'h'"},
		{"not an object", "[]", "cannot unmarshal array"},
		{"null", "null", "not a finding"},
		{"another object", `{"a":1}`, "not a finding"},
		{"newer", edit(`"schema":1`, `"schema":7,"x":1`), "it has 7 and this mapsan reads up to 1; update mapsan"},
		{"older", edit(`"schema":1`, `"schema":0`), "schema is 0, want 1"},
		{"unknown field", edit(`"rule"`, `"colour":"red","rule"`), `unknown field "colour"`},
		{"unknown inner field", edit(`"op"`, `"colour":"red","op"`), `unknown field "colour"`},
		{"trailing data", string(good) + "{}", "invalid character '{' after top-level value"},
		{"unknown rule", edit("MS1002", "MS9999"), `unknown rule "MS9999"`},
		{"rule of another pair", edit("MS1002", "MS1001"), "rule MS1001 does not fit a write (assign) and a read (lookup)"},
		{"two reads", edit(`"assign"`, `"len"`), "does not fit"},
		{"unknown engine", edit(`"sanitizer"`, `"oracle"`), `unknown engine "oracle"`},
		{"unknown grade", edit(`"proved"`, `"sure"`), `unknown grade "sure"`},
		{"unknown operation", edit(`"assign"`, `"steal"`), `party 0: unknown operation "steal"`},
		{"unknown kind", edit(`"kind":"field"`, `"kind":"river"`), `map: unknown kind "river"`},
		{"absent without reason", edit(`"expr":"s.sessions",`, ``), `map: "expr" is absent without a reason`},
		{"empty reason", edit(`"expr":"s.sessions",`, `"missing":{"expr":""},`), `map: "expr" is missing for an empty reason`},
		{"there and missing", edit(`"guards"`, `"missing":{"expr":"lost"},"guards"`), `map: "expr" is there and said to be missing (lost)`},
		{"missing what is no field", edit(`"guards"`, `"missing":{"colour":"lost"},"guards"`), `map: "missing" names "colour"`},
		{"no origin", edit(`,"origin":[{"func":"main.main","file":"/src/shop/main.go","line":20,"offset":68}]`, ``), `party 0: goroutine: "origin" is absent without a reason`},
		{"bad address", edit("0x00c000012345", "c000"), `address "c000" is not of the form`},
		{"frame without function", edit(`"func":"main.main.func1"`, `"func":""`), "party 0: frame 1 has no function"},
		{"negative line", edit(`"line":41,"offset"`, `"line":-41,"offset"`), "frame 0: line -41 is negative"},
		{"position without file", edit(`"decl":{"file":"/src/shop/store.go"`, `"decl":{"file":""`), "is not a place"},
		{"clocks that show order", edit(`"known":{"goroutine":1,"time":8}`, `"known":{"goroutine":1,"time":9}`), "so this is no race"},
		{"clocks of three goroutines", edit(`"known":{"goroutine":1,`, `"known":{"goroutine":2,`), "clocks: known is of goroutine 2, previous of 1"},
		{"kind of synchronisation", edit(`"acquire"`, `"<b>"`), `kind "<b>" is not a word`},
		{"no seed", edit(`"5eed"`, `""`), "schedule: no seed"},
		{"negative overlap", edit(`"ns":120`, `"ns":-1`), "overlap: -1 ns is negative"},
		{"empty log", edit(`"lines":["fatal error: concurrent map writes"]`, `"lines":[]`), "log: 0 lines"},
		{"negative count", edit(`"count":2`, `"count":-2`), "count -2 is negative"},
		{"negative pid", edit(`"process.pid":4242`, `"process.pid":-1`), "process id -1 is negative"},
		{"fix without title", edit(`"title":"hold s.mu"`, `"title":""`), "fix 0: no title"},
		{"long text", edit(`"It is free."`, `"`+strings.Repeat("x", maxString+1)+`"`), "longer than the 65536 allowed"},
		{"too big", strings.Repeat(" ", MaxSize) + string(good), "more than the 4194304 allowed"},
		{"many frames", edit(`"origin":[`, `"origin":[`+strings.Repeat(`{"func":"f"},`, maxFrames)), "frames are more than the 1024 allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Decode([]byte(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if f != nil {
				t.Error("a finding beside the error")
			}
			if msg := err.Error(); strings.Contains(msg, "\n") || !strings.HasPrefix(msg, "decode finding: ") || len(msg) > 400 {
				t.Errorf("the error is not one clear line: %q", msg)
			}
			if got := errors.Is(err, ErrNewer); got != (c.name == "newer") {
				t.Errorf("errors.Is(%v, ErrNewer) = %v", err, got)
			}
		})
	}
}

func TestLines(t *testing.T) {
	js, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	in := string(js) + "\n\nnonsense\n" + string(js)
	var found int
	var errs []string
	for f, err := range Lines(strings.NewReader(in)) {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		if f.Rule == ReadWrite {
			found++
		}
	}
	if found != 2 || len(errs) != 1 || !strings.HasPrefix(errs[0], "line 3: decode finding: ") {
		t.Errorf("%d findings, errors %q; want 2 and one of line 3", found, errs)
	}
	for range Lines(strings.NewReader(in)) {
		break // the reader may stop early
	}
}

func TestLinesTooLong(t *testing.T) {
	n := 0
	for _, err := range Lines(strings.NewReader(strings.Repeat("x", MaxSize+10))) {
		n++
		if err == nil || !strings.Contains(err.Error(), "line 1: read findings:") {
			t.Errorf("error %v, want one of line 1", err)
		}
	}
	if n != 1 {
		t.Errorf("%d values, want 1", n)
	}
}

func TestMissing(t *testing.T) {
	var m Missing
	m.Miss("expr", "%s is not here", "store.go")
	m.Miss("expr", "a later reason")
	if m["expr"] != "store.go is not here" {
		t.Errorf("reason %q, want the first one", m["expr"])
	}
	m.Found("expr")
	if m != nil {
		t.Errorf("%v is left, want nothing", m)
	}
}

func TestOps(t *testing.T) {
	for _, o := range Ops() {
		if o.Verb() == "" || o.Class() != Read && o.Class() != Write || o.IsWrite() != (o.Class() == Write) {
			t.Errorf("%s: verb %q, class %q, write %v do not agree", o, o.Verb(), o.Class(), o.IsWrite())
		}
		if o.Verb() == "read" && o != Read {
			t.Errorf("%s has no verb of its own", o)
		}
	}
	if got := Assign.String() + ", " + Read.String(); got != "write (assign), read" {
		t.Errorf("String: %q", got)
	}
	for _, c := range []struct {
		a, b Op
		want string
	}{{Assign, Delete, WriteWrite}, {Clear, Len, ReadWrite}, {Clone, Assign, ReadWrite}, {Read, Write, ReadWrite}, {Lookup, Iterate, ""}} {
		if got := RuleFor(c.a, c.b); got != c.want {
			t.Errorf("RuleFor(%s, %s) = %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

func TestRules(t *testing.T) {
	last := ""
	for _, r := range Rules {
		if r.Code <= last || !strings.HasPrefix(r.Code, "MS") {
			t.Errorf("rule %q stands after %q", r.Code, last)
		}
		last = r.Code
		if r.Name == "" || r.Title == "" || r.Text == "" || r.Since == "" || r.Severity == "" {
			t.Errorf("rule %s is not documented in full", r.Code)
		}
		if got, ok := RuleByCode(r.Code); !ok || got != r {
			t.Errorf("RuleByCode(%s) = %v, %v", r.Code, got, ok)
		}
	}
	if _, ok := RuleByCode("MS0"); ok {
		t.Error("RuleByCode finds MS0")
	}
}

// What decodes is valid, encodes again, and comes back the same.
func FuzzDecode(f *testing.F) {
	js, err := Encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(js)
	f.Add([]byte(`{"schema":1}`))
	f.Add([]byte(`{"schema":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := Decode(data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("an error of several lines: %q", err)
			}
			return
		}
		again, err := Encode(x)
		if err != nil {
			t.Fatal(err)
		}
		y, err := Decode(again)
		if err != nil {
			t.Fatalf("%s\ndecodes, and not when encoded again: %v", again, err)
		}
		twice, err := Encode(y)
		if err != nil || string(twice) != string(again) || x.Fingerprint() != y.Fingerprint() {
			t.Fatalf("%s\nbecame\n%s", again, twice)
		}
	})
}
