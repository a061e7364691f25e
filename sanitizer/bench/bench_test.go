package main

import (
	"math"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got := parse(`goos: linux
BenchmarkMapRead/int-2         	   10000	        15.94 ns/op
BenchmarkWith_Allocs           	     100	   1234 ns/op	  16 B/op	 1 allocs/op
BenchmarkNoisy-2
something that it prints
      50	  99.5 ns/op
PASS
`)
	want := map[string]reading{
		"BenchmarkMapRead/int": {10000, 15.94}, "BenchmarkWith_Allocs": {100, 1234}, "BenchmarkNoisy": {50, 99.5},
	}
	if len(got) != len(want) {
		t.Errorf("parse = %v, want %v", got, want)
	}
	for name, r := range want {
		if got[name] != r {
			t.Errorf("%s = %v, want %v", name, got[name], r)
		}
	}
}

func TestExactly(t *testing.T) {
	if got := exactly("BenchmarkAtomic/Add,_parallel"); got != "^BenchmarkAtomic$/^Add,_parallel$" {
		t.Errorf("exactly = %s", got)
	}
}

func TestStats(t *testing.T) {
	if m := median([]float64{5, 1, 3}); m != 3 {
		t.Errorf("median of three = %v", m)
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("median of four = %v", m)
	}
	if g := geomean([]float64{1, 4, math.NaN()}); g != 2 {
		t.Errorf("geomean = %v", g)
	}
	if !math.IsNaN(median(nil)) || !math.IsNaN(geomean(nil)) {
		t.Error("nothing has a median or a mean")
	}
}

func TestTables(t *testing.T) {
	x := &series{suite: "micro", name: "BenchmarkMutex", micro: true}
	x.ns = [modes][]float64{{10, 12, 11}, {30, 31, 32}, {100}}
	x.bytes = [modes][]float64{{1}, {1}, {2}}
	y := &series{suite: "sync", name: "BenchmarkOnce"}
	y.ns, y.bytes = x.ns, x.bytes
	out := markdown([]*series{x, y}, nil, "a machine", "the command", 3)
	for _, want := range []string{
		"| uncontended Lock and Unlock | +20.0 ns | +10 ns | **missed** |",
		"| resident memory of the suites, geometric mean | 1.00x | 1.15x | met |",
		"| sync | 1 | 2.82x | 9.09x | 1.00x | 2.00x | Once 2.82x |",
		"| micro | Mutex | 11.0 ns | 31.0 ns | 2.82x | 100.0 ns | 9.09x |",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the tables lack %q:\n%s", want, out)
		}
	}
	begin, end := marks("tables")
	doc, err := replace("# B\n"+begin+"old\n"+end+"rest\n", "tables", out)
	if err != nil || strings.Contains(doc, "old") || !strings.Contains(doc, "the command") || !strings.HasSuffix(doc, "rest\n") {
		t.Errorf("replace: %v\n%s", err, doc)
	}
	if _, err := replace(begin+end, "profile", out); err == nil {
		t.Error("a document without marks is replaced")
	}
}

func TestSumParts(t *testing.T) {
	got, err := sumParts(`File: ms.test
Showing nodes accounting for 10s, 100% of 10s total
      flat  flat%   sum%        cum   cum%
     1.20s 12.00% 12.00%      2.00s 20.00%  internal/runtime/mapsan.PutStack
     0.50s  5.00% 17.00%      0.50s  5.00%  internal/runtime/mapsan.(*G).Release
     0.30s  3.00% 20.00%      0.30s  3.00%  internal/runtime/mapsan.(*G).ReleaseFast
     0.20s  2.00% 22.00%      0.20s  2.00%  runtime.mapsanSweep
     0.10s  1.00% 23.00%      0.10s  1.00%  sync/atomic.StoreUintptr (inline)
     5.00s 50.00% 73.00%      9.00s 90.00%  encoding/json.Marshal
     2.70s 27.00%   100%      2.70s 27.00%  runtime.mallocgc
`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{12, 2, 0, 5, 4} {
		if got[i] != want {
			t.Errorf("%s = %v%%, want %v%%", parts[i].name, got[i], want)
		}
	}
	if _, err := sumParts("no profile"); err == nil {
		t.Error("an empty profile has shares")
	}
}
