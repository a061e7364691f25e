package crashlog

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHeader(t *testing.T) {
	for _, test := range []struct {
		line string
		want Goroutine
	}{
		{"goroutine 1 [running]:", Goroutine{ID: 1, State: "running", MID: -1}},
		{"goroutine 18446744073709551615 [idle]:", Goroutine{ID: 1<<64 - 1, State: "idle", MID: -1}},
		{"goroutine 5 gp=0xc000002700 m=nil [GC worker (idle)]:", Goroutine{ID: 5, State: "GC worker (idle)", MID: -1, G: 0xc000002700}},
		{"goroutine 0 gp=0x57a1c0 m=0 mp=0x57b000 [idle]:", Goroutine{State: "idle", G: 0x57a1c0, M: 0x57b000}},
		{"goroutine 5 [chan receive (nil chan), 12 minutes, locked to thread]:", Goroutine{ID: 5, State: "chan receive (nil chan)", WaitMinutes: 12, LockedToThread: true, MID: -1}},
		{"goroutine 9 [select (durable), synctest bubble 3]:", Goroutine{ID: 9, State: "select (durable)", Bubble: 3, MID: -1}},
		{"goroutine 9 [sleep (scan) (durable), synctest bubble 3]:", Goroutine{ID: 9, State: "sleep (durable)", Scan: true, Bubble: 3, MID: -1}},
		{"goroutine 9 [synctest.Wait, synctest group 8]:", Goroutine{ID: 9, State: "synctest.Wait", Bubble: 8, MID: -1}}, // Go 1.24
		{"goroutine 9 [chan send (leaked) (scan)]:", Goroutine{ID: 9, State: "chan send", Leaked: true, Scan: true, MID: -1}},
		{"goroutine 9 [???]:", Goroutine{ID: 9, State: "???", MID: -1}},
		{`goroutine 7 [running labels:{"n": "a", "worker": "ingest"}]:`, Goroutine{ID: 7, State: "running", MID: -1, Labels: map[string]string{"n": "a", "worker": "ingest"}}},
		{`goroutine 7 [IO wait, 3 minutes, locked to thread labels:{"]:": "}]:\\"}]:`, Goroutine{ID: 7, State: "IO wait", WaitMinutes: 3, LockedToThread: true, MID: -1, Labels: map[string]string{"]:": `}]:\`}}},
		{`goroutine 7 [running] {n: a, worker: "in take"}:`, Goroutine{ID: 7, State: "running", MID: -1, Labels: map[string]string{"n": "a", "worker": "in take"}}},
		{`goroutine 7 [running] {"a, b": "x}: {", "c\"d": "\n\r\t\\\x00\x7f\u00e9\U0001f600\xff", e: , : f}:`, Goroutine{
			ID: 7, State: "running", MID: -1,
			Labels: map[string]string{"a, b": "x}: {", `c"d`: "\n\r\t\\\x00\x7f\u00e9\U0001f600\xff", "e": "", "": "f"},
		}},
	} {
		var g Goroutine
		if !parseHeader([]byte(test.line), &g, &words{}) {
			t.Errorf("%s: not read", test.line)
			continue
		}
		if d := cmp.Diff(test.want, g); d != "" {
			t.Errorf("%s: differs (-want +got):\n%s", test.line, d)
		}
	}
}

func TestNoHeader(t *testing.T) {
	for _, line := range []string{
		"goroutine 1 [running]", "goroutine 1 [running:", "goroutine [running]:", "goroutine 1  [running]:", "goroutine -1 [running]:",
		"goroutine 1 []:", "goroutine 1 [running]: exit", "goroutine 1 [see {below}]:", "goroutine 18446744073709551616 [idle]:",
		"goroutine 1 [running, for 3 minutes]:", "goroutine 1 [running, x minutes]:", "goroutine 1 gp= m=nil [idle]:", "goroutine 1 gp=0x1 m=3 [idle]:",
		`goroutine 7 [running labels:{"n": "a"]:`, `goroutine 7 [running labels:{n: a}]:`, `goroutine 7 [running] {}:`, `goroutine 7 [running] {n: "a}:`,
		`goroutine 7 [running] {n: "\q"}:`, `goroutine 7 [running] {n: "\u12"}:`, `goroutine 7 [running] {n: a}`, " goroutine 1 [running]:",
	} {
		var g Goroutine
		if parseHeader([]byte(line), &g, &words{}) {
			t.Errorf("%s: read as %+v", line, g)
		}
	}
}

func TestCall(t *testing.T) {
	w := func(v uint64) Arg { return Arg{Word: v} }
	stale := func(v uint64) Arg { return Arg{Kind: ArgStale, Word: v} }
	is := func(k ArgKind) Arg { return Arg{Kind: k} }
	for _, test := range []struct {
		line    string
		name    string
		inlined bool
		args    []Arg
		kind    callKind
	}{
		{"main.main()", "main.main", false, nil, goCall},
		{"main.f(...)", "main.f", true, nil, goCall},
		{"main.(*T[...]).f(0x1, 0x2?)", "main.(*T[...]).f", false, []Arg{w(1), stale(2)}, goCall},
		{"runtime.goexit({})", "runtime.goexit", false, []Arg{is(ArgOpen), is(ArgClose)}, goCall},
		{"main.f({{0x1, _}, 0xffffffffffffffff?}, 0x0, ...)", "main.f", false, []Arg{is(ArgOpen), is(ArgOpen), w(1), is(ArgTooFar), is(ArgClose), stale(1<<64 - 1), is(ArgClose), w(0), is(ArgMore)}, goCall},
		{"main.f({...}, {0x1, ...})", "main.f", false, []Arg{is(ArgOpen), is(ArgMore), is(ArgClose), is(ArgOpen), w(1), is(ArgMore), is(ArgClose)}, goCall},
		{"panic({0x1?, 0x2?})", "panic", false, []Arg{is(ArgOpen), stale(1), stale(2), is(ArgClose)}, goCall},
		{"net/http.HandlerFunc.ServeHTTP(0x1)", "net/http.HandlerFunc.ServeHTTP", false, []Arg{w(1)}, goCall},
		{"non-Go function", "non-Go function", false, nil, cCall},
		{"std::map::find", "std::map::find", false, nil, cCall},
		{"main.f(1)", "", false, nil, notCall},
		{"main.f(0x1", "", false, nil, notCall},
		{"main.f(0x1,0x2)", "", false, nil, notCall},
		{"main.f(0x1, )", "", false, nil, notCall},
		{"main.f({0x1)", "", false, nil, notCall},
		{"main.f(0x1})", "", false, nil, notCall},
		{"main.f(0x1 0x2)", "", false, nil, notCall},
		{"main.f(0x11111111111111111)", "", false, nil, notCall},
		{"(0x1)", "", false, nil, notCall},
		{"at com.example.Shop.get(Shop.java:17)", "", false, nil, notCall},
		{"\tmain.f(0x1)", "", false, nil, notCall},
	} {
		name, inlined, args, kind := parseCall([]byte(test.line), nil)
		if kind != test.kind {
			t.Errorf("%s: kind %d, want %d", test.line, kind, test.kind)
			continue
		}
		if string(name) != test.name || inlined != test.inlined || (len(args) > 0 || len(test.args) > 0) && !cmp.Equal(args, test.args) {
			t.Errorf("%s: %q %v %v, want %q %v %v", test.line, name, inlined, args, test.name, test.inlined, test.args)
		}
	}
}

func TestPlace(t *testing.T) {
	for _, test := range []struct {
		line string
		want place // without indented
		file string
	}{
		{"\t/src/x.go:12 +0x1d", place{line: 12, offset: 0x1d, hasOffset: true}, "/src/x.go"},
		{"\t/src/x.go:12", place{line: 12}, "/src/x.go"},
		{"\t/usr/lib/go/asm_amd64.s:1264 +0x1 fp=0xc000bf9fe8 sp=0xc000bf9fe0 pc=0x480d21", place{line: 1264, offset: 1, hasOffset: true, fp: 0xc000bf9fe8, sp: 0xc000bf9fe0, pc: 0x480d21}, "/usr/lib/go/asm_amd64.s"},
		{`	C:/my src/x y.go:7 +0x1`, place{line: 7, offset: 1, hasOffset: true}, "C:/my src/x y.go"},
		{"        /src/x.go:12 +0x1d", place{line: 12, offset: 0x1d, hasOffset: true}, "/src/x.go"},
		{"#011/src/x.go:12", place{line: 12}, "/src/x.go"},
		{`\t/src/x.go:12`, place{line: 12}, "/src/x.go"},
		{"/src/x.go:12 +0x1d", place{line: 12, offset: 0x1d, hasOffset: true}, "/src/x.go"},
		{"\t<autogenerated>:1 +0x1d", place{line: 1, offset: 0x1d, hasOffset: true}, "<autogenerated>"},
		{"\t/src/x.c:12 pc=0x480d21", place{line: 12, pc: 0x480d21}, "/src/x.c"},
		{"\tpc=0x480d21", place{pc: 0x480d21}, ""},
	} {
		p, ok := parsePlace([]byte(test.line))
		file := string(p.file)
		p.file, p.indented = nil, false
		if !ok || file != test.file || !cmp.Equal(p, test.want, cmp.AllowUnexported(place{})) {
			t.Errorf("%q: %v %q %+v, want %q %+v", test.line, ok, file, p, test.file, test.want)
		}
	}
	for _, line := range []string{
		"", "\t", "\t/src/x.go", "\t/src/x.go:", "\t/src/x.go:12 +", "\t/src/x.go:12 +0x", "\t/src/x.go:12 +0x1 fp=0x1", "\t/src/x.go:12 +0x1 fp=0x1 sp=0x2",
		"\t/src/x.go:-1", "\t:12", "took: 12", "\tat Shop.java", "\t/src/x.go:12345678901",
	} {
		if p, ok := parsePlace([]byte(line)); ok {
			t.Errorf("%q: read as %+v", line, p)
		}
	}
}
