package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/corefile"
	"github.com/mapsan/mapsan/explain"
)

func newExplainCore(std Streams) *cobra.Command {
	var fl explainFlags
	var traceback bool
	cmd := &cobra.Command{
		Use:   "core CORE BINARY",
		Short: "explain the core dump of a crash",
		Long: `explain the core dump of a crash by concurrent map use.

A core holds what a log does not: the stacks of goroutines that ran on other threads, the
frames that a traceback hides, and who still holds the map. BINARY is the executable that
wrote it, with its debug information. To have cores: ulimit -c unlimited, GOTRACEBACK=crash.`,
		Example: "  mapsan explain core -src ~/src/shop core ./shop",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			fl.files = named(fl.named)
			return runExplainCore(cmd.Context(), std, fl, traceback, args[0], args[1])
		},
	}
	fl.add(cmd)
	cmd.Flags().BoolVar(&traceback, "traceback", false, "print what the process would have printed at GOTRACEBACK=system, and stop")
	return cmd
}

func runExplainCore(ctx context.Context, std Streams, fl explainFlags, traceback bool, core, binary string) error {
	p, err := corefile.Open(core, binary)
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	defer p.Close()
	gs, err := p.Goroutines()
	if err != nil {
		if len(gs) == 0 {
			return fmt.Errorf("explain: %w", err)
		}
		fmt.Fprintf(std.Err, "mapsan: explain: %v\n", err)
	}
	if traceback {
		return p.Traceback(std.Out, gs, p.Conflict(gs))
	}
	opts := explain.Options{Source: core}
	crashes, err := explain.FromCore(p, gs, &opts)
	if err != nil {
		return fmt.Errorf("explain core %s: %w", core, err)
	}
	return explainCrashes(ctx, std, fl, opts, crashes)
}
