package main

import (
	"testing"

	"github.com/mapsan/mapsan/sanitizer/suite/oracle"
)

// FuzzOracle lets the fuzzer choose the seed and the size of the programs.
func FuzzOracle(f *testing.F) {
	f.Add(uint64(1), 60)
	f.Add(uint64(2), 300)
	f.Fuzz(func(t *testing.T, seed uint64, events int) {
		if events < 3 || events > 2000 {
			t.Skip("too short or too long")
		}
		p := oracle.Generate(seed, liveShape(seed), events)
		if run(p).bad > 0 {
			t.Fatalf("disagreement:\n%s", explain(p))
		}
	})
}
