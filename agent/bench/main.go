//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context) (err error) {
	var o options
	flag.IntVar(&o.blocks, "blocks", 20, "how many `blocks` of three rounds, of each kind of load")
	flag.DurationVar(&o.times[steady], "time", 4*time.Second, "how `long` a round is measured once mapsan has settled down")
	flag.DurationVar(&o.times[starting], "start", 2*time.Second, "how `long` it has for that")
	flag.IntVar(&o.connections, "connections", 16, "how many `clients` there are")
	flag.Float64Var(&o.budget, "budget", 1, "mapsan's budget, in `percent` of a processor")
	raw := flag.String("json", "", "write all rounds to this `file`")
	check := flag.Bool("check", false, "fail where a goal is missed")
	flag.Parse()
	o.times[warming] = time.Second
	// The load must not stop for a collection: all that it records has its room before.
	debug.SetGCPercent(-1)

	dir, err := os.MkdirTemp("", "mapsan-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := o.build(ctx, dir); err != nil {
		return err
	}
	res, failed := o.measure(ctx)
	if len(res.Open) == 0 {
		return failed
	}
	res.Command = strings.TrimSpace("go run ./agent/bench " + strings.Join(os.Args[1:], " "))
	if *raw != "" {
		b, err := json.Marshal(res)
		if err != nil {
			return err
		}
		if err := os.WriteFile(*raw, b, 0o666); err != nil {
			return err
		}
	}
	table, missed := res.markdown()
	fmt.Print(table)
	if failed == nil && *check && missed > 0 {
		return fmt.Errorf("%d of the goals missed", missed)
	}
	return failed
}
