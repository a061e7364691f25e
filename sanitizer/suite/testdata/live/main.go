// Command live runs random programs under the sanitizer and compares what its
// runtime saw with the oracle.
//
// It is built by the suite together with package oracle, on a patched toolchain.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/mapsan/mapsan/sanitizer/suite/oracle"
)

func main() {
	n := flag.Int("n", 1000, "programs")
	seed := flag.Uint64("seed", 1, "seed of the first program")
	events := flag.Int("events", 60, "events of a program")
	hammer := flag.Duration("hammer", 0, "instead, run race-free programs in parallel for so long")
	litmus := flag.Int("litmus", 0, "instead, do pairs of operations at the same moment, so many times")
	flag.Parse()
	debug.SetGCPercent(20) // so that addresses are reused soon

	if *hammer > 0 {
		rounds, reports := runHammer(*seed, *hammer)
		fmt.Printf("hammer: %d rounds, %d races reported\n", rounds, reports)
		if reports > 0 {
			os.Exit(1)
		}
		return
	}
	if *litmus > 0 {
		if runLitmus(*seed, *litmus) > 0 {
			os.Exit(1)
		}
		return
	}
	start := time.Now()
	var sum tally
	for i := range *n {
		if i%500 == 0 {
			runtime.GOMAXPROCS(1 + i/500%4)
		}
		s := *seed + uint64(i)
		p := oracle.Generate(s, liveShape(s), *events)
		one := run(p)
		if one.bad > 0 {
			fmt.Printf("seed %d disagrees:\n%s", s, explain(p))
			os.Exit(1)
		}
		sum.add(one)
	}
	fmt.Printf("oracle: %d programs, %d accesses, %d races seen by both, %d repeats left out, no disagreement, %v\n",
		*n, sum.accesses, sum.races, sum.repeats, time.Since(start).Round(time.Millisecond))
}

// explain shrinks a program on which the runtime and the oracle disagree.
func explain(p *oracle.Program) string {
	small := oracle.Shrink(p, func(q *oracle.Program) bool {
		// A disagreement may depend on what the scheduler does.
		for range 3 {
			if run(q).bad > 0 {
				return true
			}
		}
		return false
	})
	for range 100 {
		if t := run(small); t.bad > 0 {
			return small.String() + t.first
		}
	}
	return small.String() + "the smaller program agrees now and then\n"
}
