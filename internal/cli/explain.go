package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/access"
	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/explain"
	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/finding/render"
)

type explainFlags struct {
	json  bool
	src   string
	bin   string
	tests bool
	files outputs
	named map[string]*string
}

func newExplain(std Streams) *cobra.Command {
	var fl explainFlags
	cmd := &cobra.Command{
		Use:   "explain [FILE|-]...",
		Short: "say what a crash by concurrent map use was about: the map, both sides, the fix",
		Long: `say what a crash by concurrent map use was about: the map, both sides, the fix.

Reads a log of any program, whatever stands before its lines, and finds in it each
'fatal error: concurrent map ...' of Go 1.20 and later. With the program's source (-src,
or the module of the current directory) it names the map and ranks those who may have
been the other side, also when the log shows one goroutine only. With the executable that
crashed (-bin) it does so without source, and holds the source against it.
It also reads reports of the race detector (go test -race) and findings of mapsan test
(-findings): of several files, what is of one conflict becomes one finding. Races of
variables other than maps are passed over.
Every statement is proved, shown, inferred or guessed, and says so.
Exit status: 66 when a conflict was found, 0 when none, 1 when it could not work.`,
		Example: "  mapsan explain -src ~/src/shop crash.log\n  mapsan explain -bin ./shop crash.log\n  kubectl logs --previous shop-0 | mapsan explain\n  mapsan explain crash.log race.log findings.jsonl",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExplain(cmd.Context(), std, fl, args)
		},
	}
	cmd.AddCommand(newExplainCore(std))
	cmd.Flags().StringVar(&fl.bin, "bin", "", "the `executable` that crashed: it names the map without source")
	fl.add(cmd)
	return cmd
}

// add gives cmd the flags of explain.
func (fl *explainFlags) add(cmd *cobra.Command) {
	jsonFlag(cmd, &fl.json)
	cmd.Flags().StringVar(&fl.src, "src", "", "`directory` of the program's source; - for none")
	cmd.Flags().BoolVar(&fl.tests, "tests", false, "read the source of tests, too, when a test crashed")
	fl.named = addOutputFlags(cmd)
}

func runExplain(ctx context.Context, std Streams, fl explainFlags, names []string) error {
	fl.files = named(fl.named)
	if len(names) == 0 {
		names = []string{"-"}
	}
	var all []*source
	for _, name := range names {
		s, err := readEvidence(std, name)
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	return explainSources(ctx, std, fl, explain.Options{}, all)
}

// explainCrashes explains what was read from opts.Source.
func explainCrashes(ctx context.Context, std Streams, fl explainFlags, opts explain.Options, crashes []*crashlog.Crash) (err error) {
	return explainSources(ctx, std, fl, opts, []*source{{name: opts.Source, crashes: crashes}})
}

// explainSources explains what was read, one conflict at a time.
func explainSources(ctx context.Context, std Streams, fl explainFlags, opts explain.Options, all []*source) (err error) {
	for _, s := range all {
		if s.others > 0 {
			fmt.Fprintf(std.Err, "mapsan: explain %s: %s passed over\n", s.name, countRaces(s.others))
		}
		if s.empty() {
			fmt.Fprintf(std.Err, "mapsan: explain %s: no crash by concurrent map use in it\n", s.name)
		}
	}
	if fl.bin != "" {
		if opts.Binary, err = binfo.Open(fl.bin); err != nil {
			return fmt.Errorf("explain -bin: %w", err)
		}
		defer opts.Binary.Close()
	}
	if crashes := stacks(all); len(crashes) > 0 {
		opts.Index, opts.NoIndex, err = readSourceTree(ctx, fl, crashes)
		if err != nil {
			return err
		}
		if opts.Index == nil && opts.Binary == nil {
			fmt.Fprintf(std.Err, "mapsan: explain: %s\n", opts.NoIndex)
		}
	}
	seen := sightings(all, opts)
	for _, s := range seen {
		if s.Crash != nil && s.Crash.NoBinary != "" {
			fmt.Fprintf(std.Err, "mapsan: explain -bin %s: not the executable of this log: %s; name the one that crashed\n", fl.bin, s.Crash.NoBinary)
		}
	}
	ro := renderOptions("")
	var found []*finding.Finding
	for _, c := range explain.Merge(seen) {
		found = append(found, c.Finding)
		if fl.json {
			err = c.JSON(std.Out)
		} else if err = render.Text(std.Out, c.Finding, forTerminal(ro, std.Out)); err == nil {
			err = c.Text(std.Out)
		}
		if err != nil {
			return fmt.Errorf("explain: write: %w", err)
		}
	}
	if err := fl.files.write(found, ro); err != nil || len(found) == 0 {
		return err
	}
	return exitError(exitFindings)
}

// readSourceTree indexes the source that -src names, or that of the current
// directory. Without -src it is no error if there is none.
func readSourceTree(ctx context.Context, fl explainFlags, crashes []*crashlog.Crash) (*access.Index, string, error) {
	if fl.src == "-" {
		return nil, "the source was not read (-src -); the map and its other users stay without names", nil
	}
	x, err := access.Load(ctx, access.Config{Dir: cmp.Or(fl.src, "."), Tests: fl.tests || inTest(crashes)})
	switch {
	case err == nil && holdsSome(x, crashes):
		return x, "", nil
	case fl.src != "" && err != nil:
		return nil, "", fmt.Errorf("explain -src: %w", err)
	case fl.src != "":
		return x, "", nil
	case err != nil:
		return nil, "no source here to join the log with; name the program's directory by -src", nil
	}
	return nil, "the source here has none of the functions in the log; name the program's directory by -src", nil
}

// inTest reports whether a goroutine of a test is in the log.
func inTest(crashes []*crashlog.Crash) bool {
	for _, c := range crashes {
		for _, g := range c.Goroutines {
			for i := range g.Frames {
				if finding.PackagePath(g.Frames[i].Func) == "testing" {
					return true
				}
			}
		}
	}
	return false
}

// holdsSome reports whether the source has a function of the stacks.
func holdsSome(x *access.Index, crashes []*crashlog.Crash) bool {
	for _, c := range crashes {
		for _, g := range c.Goroutines {
			for i := range g.Frames {
				f := &g.Frames[i]
				if x.FuncAt(f.File, f.Line, f.Func) != nil {
					return true
				}
			}
		}
	}
	return false
}
