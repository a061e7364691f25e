package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/kmaps"
)

type kmapsFlags struct {
	sinks
	limit  time.Duration
	every  time.Duration
	window time.Duration
	budget float64
}

func newKmaps(std Streams) *cobra.Command {
	var fl kmapsFlags
	cmd := &cobra.Command{
		Use:   "kmaps",
		Short: "watch the kernel's BPF maps: who touches which, and updates that are torn or lost",
		Long: `watch the kernel's BPF maps: who touches which, and updates that are torn or lost.

eBPF programs at the entry and the return of the kernel's map functions tell which
processes and eBPF programs look into, update and delete from which map, on which
processors. Two updates of one array element at once are shown as proved: its value may be
half of each. An update made after another one that the same thread or program run did not
see, within -window of its lookup, is shown: that other one may be lost.

What an operation on a map costs more is measured at the start. Where all of them cost more
than -budget for a second, the programs are removed and mapsan ends with an error.
Otherwise nothing is delayed. Keys are hashed, values are never read. Not seen: what a
program writes through a pointer that a lookup returned, its lookups in arrays, and
memory-mapped arrays.

Needs Linux 5.17 with type information (BTF), a kernel that lets tracing programs load, and
root, or CAP_BPF and CAP_PERFMON, with CAP_SYSLOG to name functions, and CAP_SYS_ADMIN to name
programs and to know values' types, without which nothing is proved; mapsan doctor tries
whether it works. Ends after -for, or by ctrl-C; exit status 66 when conflicts were found.`,
		Example: "  mapsan kmaps -for 30s\n  mapsan kmaps -json -every 10s >kmaps.jsonl",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return watchKernel(cmd.Context(), std, fl)
		},
	}
	fl.add(cmd)
	f := cmd.Flags()
	f.Lookup("json").Usage = "print findings, and at the end each map, as JSON lines"
	f.DurationVar(&fl.limit, "for", 0, "end after so `long`")
	f.DurationVar(&fl.every, "every", 0, "print the maps so `often`, not only at the end")
	f.Float64Var(&fl.budget, "budget", 10, "end when watching costs more, in `percent` of one processor, from 0.1 to 1000")
	f.DurationVar(&fl.window, "window", 100*time.Millisecond, "how `long` ago a lookup may be for an update to be made from it")
	return cmd
}

func watchKernel(ctx context.Context, std Streams, fl kmapsFlags) error {
	if fl.limit < 0 || fl.every < 0 {
		return fmt.Errorf("kmaps: -for and -every may not be negative")
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second ctrl-C kills
	c, err := newCatches(std, fl.sinks, [2]string{"conflict", "conflicts"})
	if err != nil {
		return fmt.Errorf("kmaps: %w", err)
	}
	c.enough = stop
	v := newKmapsView(c, fl.every)
	began := false
	ready := func(st kmaps.Status) {
		began = true
		v.ready(st)
		if fl.limit > 0 {
			time.AfterFunc(fl.limit, stop)
		}
	}
	w, err := kmaps.Load(kmaps.Options{Window: fl.window, Budget: fl.budget, Found: v.conflict, Tick: v.tick, Ready: ready})
	if err != nil {
		return fmt.Errorf("kmaps: %w", err)
	}
	err = errors.Join(w.Watch(ctx), w.Close())
	if !began {
		return fmt.Errorf("kmaps: %w", err)
	}
	v.end(w.Status())
	return c.close("kmaps", err)
}
