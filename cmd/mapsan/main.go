// Command mapsan finds, proves and explains concurrent misuse of Go maps.
package main

import (
	"os"

	"github.com/mapsan/mapsan/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
