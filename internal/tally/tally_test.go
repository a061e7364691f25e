package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func run(t *testing.T, events string) (*tally, string) {
	t.Helper()
	var out strings.Builder
	ta := newTally(&out)
	if err := ta.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	ta.close()
	return ta, out.String()
}

func TestTally(t *testing.T) {
	ta, got := run(t, `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"quiet\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: no gcc: install it\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`)
	want := "ok  \tp\t0.1s\nskipped 1: no gcc: install it (TestB)\n1 passed, 0 failed, 1 skipped\n"
	if d := cmp.Diff(want, got); d != "" || ta.failed() {
		t.Errorf("failed: %v, output differs (-want +got):\n%s", ta.failed(), d)
	}
}

func TestTallyFailure(t *testing.T) {
	ta, got := run(t, `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`)
	want := "--- FAIL: p TestA\n    a_test.go:3: wrong\nFAIL\tp\t0.1s\n0 passed, 1 failed, 0 skipped\n"
	if d := cmp.Diff(want, got); d != "" || !ta.failed() {
		t.Errorf("failed: %v, output differs (-want +got):\n%s", ta.failed(), d)
	}
}

func TestTallyBroken(t *testing.T) {
	ta, got := run(t, `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: syntax error\n"}
not json
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p"}
`)
	want := "p.go:1: syntax error\nnot json\nFAIL\tp [build failed]\n0 passed, 1 failed, 0 skipped\n"
	if d := cmp.Diff(want, got); d != "" || !ta.failed() {
		t.Errorf("failed: %v, output differs (-want +got):\n%s", ta.failed(), d)
	}
}

func TestTallyNothing(t *testing.T) {
	if ta, _ := run(t, ""); !ta.failed() {
		t.Error("a run without a test is no failure")
	}
}
