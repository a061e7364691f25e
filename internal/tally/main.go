// Command tally reads go test -json, shows what failed and how each package
// went, and ends with the skips by reason and one line of totals.
//
//	go test -json ./... | go run ./internal/tally
package main

import (
	"fmt"
	"os"
)

func main() {
	t := newTally(os.Stdout)
	if err := t.read(os.Stdin); err != nil {
		fmt.Fprintf(os.Stderr, "tally: reading the tests' events: %v\n", err)
		os.Exit(1)
	}
	t.close()
	if t.failed() {
		os.Exit(1)
	}
}
