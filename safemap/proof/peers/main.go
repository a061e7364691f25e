// Command peers makes the histories of command linear with other maps and prints
// a table of what was illegal.
//
//	go run ./peers -for 10s
//
// "per key" are histories of which each key is checked by itself; "Range as a
// snapshot" are histories where one call of Range is taken for a look at all keys
// at one moment, which none of these maps promises. Other problems are what needs
// no order to be wrong: a key that only one goroutine changes and that it does
// not find, a Range that misses or repeats such a key, a Len that is not the
// number of keys when nobody works on the map.
//
// Each map runs in a process of its own, for it may crash or never come back.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/mapsan/mapsan/safemap/proof/drive"
)

func main() {
	o := options{out: os.Stdout}
	flag.DurationVar(&o.spell, "for", 10*time.Second, "time for each kind of histories of a map")
	flag.IntVar(&o.histories, "histories", 0, "end after so many histories; 0 for no end")
	flag.DurationVar(&o.limit, "limit", time.Minute, "time after which a map hangs, beyond -for")
	flag.Uint64Var(&o.seed, "seed", 1, "what the goroutines do follows from it")
	maps := flag.String("maps", strings.Join(drive.Maps, ","), "the maps")
	flag.Parse()
	o.maps = strings.Split(*maps, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if _, err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}
