package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

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
	fl := explainFlags{files: outputs{}, named: map[string]*string{}}
	cmd := &cobra.Command{
		Use:   "explain [FILE|-]",
		Short: "say what a crash by concurrent map use was about: the map, both sides, the fix",
		Long: `say what a crash by concurrent map use was about: the map, both sides, the fix.

Reads a log of any program, whatever stands before its lines, and finds in it each
'fatal error: concurrent map ...' of Go 1.20 and later. With the program's source (-src,
or the module of the current directory) it names the map and ranks those who may have
been the other side, also when the log shows one goroutine only. With the executable that
crashed (-bin) it does so without source, and holds the source against it.
Every statement is proved, shown, inferred or guessed, and says so.
Exit status: 66 when such a crash was found, 0 when none, 1 when it could not work.`,
		Example: "  mapsan explain -src ~/src/shop crash.log\n  mapsan explain -bin ./shop crash.log\n  kubectl logs --previous shop-0 | mapsan explain",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExplain(cmd.Context(), std, fl, append(args, "-")[0])
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
	for name, what := range map[string]string{"findings": "JSON lines", "sarif": "SARIF 2.1.0", "html": "one HTML page"} {
		fl.named[name] = cmd.Flags().String(name, "", "write the findings as "+what+" to `FILE`")
	}
}

// outputFiles takes the files that the flags name.
func (fl *explainFlags) outputFiles() {
	for flag, file := range fl.named {
		if *file != "" {
			fl.files[flag] = *file
		}
	}
}

func runExplain(ctx context.Context, std Streams, fl explainFlags, name string) error {
	fl.outputFiles()
	crashes, err := readCrashes(std, name)
	if err != nil {
		return err
	}
	if name == "-" {
		name = "stdin"
	}
	return explainCrashes(ctx, std, fl, explain.Options{Source: name}, crashes)
}

// explainCrashes explains what was read from opts.Source.
func explainCrashes(ctx context.Context, std Streams, fl explainFlags, opts explain.Options, crashes []*crashlog.Crash) (err error) {
	if len(crashes) == 0 {
		if err := fl.files.write(nil, renderOptions("")); err != nil {
			return err
		}
		fmt.Fprintf(std.Err, "mapsan: explain %s: no crash by concurrent map use in it\n", opts.Source)
		return nil
	}
	if fl.bin != "" {
		if opts.Binary, err = binfo.Open(fl.bin); err != nil {
			return fmt.Errorf("explain -bin: %w", err)
		}
		defer opts.Binary.Close()
	}
	opts.Index, opts.NoIndex, err = readSourceTree(ctx, fl, crashes)
	if err != nil {
		return err
	}
	if opts.Index == nil && opts.Binary == nil {
		fmt.Fprintf(std.Err, "mapsan: explain: %s\n", opts.NoIndex)
	}
	ro := renderOptions("")
	var found []*finding.Finding
	for _, c := range crashes {
		r := explain.Crash(c, opts)
		if r.NoBinary != "" {
			fmt.Fprintf(std.Err, "mapsan: explain -bin %s: not the executable of this log: %s; name the one that crashed\n", fl.bin, r.NoBinary)
		}
		f := r.Finding()
		found = append(found, f)
		if fl.json {
			err = r.JSON(std.Out)
		} else if err = render.Text(std.Out, f, forTerminal(ro, std.Out)); err == nil {
			err = r.Text(std.Out)
		}
		if err != nil {
			return fmt.Errorf("explain %s: write: %w", opts.Source, err)
		}
	}
	if err := fl.files.write(found, ro); err != nil {
		return err
	}
	return exitError(exitFindings)
}

// readCrashes reads the log and keeps its crashes by concurrent map use.
func readCrashes(std Streams, name string) ([]*crashlog.Crash, error) {
	in := std.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("explain %s: no such file; name a log, or - for standard input", name)
			}
			return nil, fmt.Errorf("explain: %w", err)
		}
		defer f.Close()
		if fi, err := f.Stat(); err == nil && fi.IsDir() {
			return nil, fmt.Errorf("explain %s: it is a directory; name a log, and the source by -src", name)
		}
		in = f
	}
	var out []*crashlog.Crash
	r := crashlog.NewReader(in, crashlog.Options{})
	for {
		c, err := r.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("explain %s: read: %w", name, err)
		}
		if c.Cause.IsMap() {
			out = append(out, c)
		}
	}
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
