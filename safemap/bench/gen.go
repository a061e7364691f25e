//go:build ignore

// Gen writes loops_gen.go.
package main

import (
	"fmt"
	"os"

	"github.com/mapsan/mapsan/safemap/bench/internal/loopgen"
)

func main() {
	source, err := loopgen.Source()
	if err == nil {
		err = os.WriteFile("loops_gen.go", source, 0o666)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
