package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/sanitizer"
)

const outputFlags = `
Flags of mapsan, all others are the go command's:
  -findings FILE   write the findings as JSON lines
  -sarif FILE      write the findings as SARIF 2.1.0
  -html FILE       write the findings as one HTML page
`

func newTest(std Streams) *cobra.Command {
	return verb(std, "test", "run tests on the sanitizing toolchain, as go test", `
A test that races on a map fails and both sides of the race are printed; other
tests go on. -json is the go command's own: its stream stays as it is.
Flags of the test binary that are called like mapsan's come after -args.
Exit status: 66 when races were found, else the go command's.
`+outputFlags, "mapsan test -run TestLogin ./...")
}

func newRun(std Streams) *cobra.Command {
	return verb(std, "run", "compile and run a program on the sanitizing toolchain, as go run", `
The program's reports are read from its stderr; its stdin and stdout are its own.
mapsan's flags come before the package.
Exit status: 66 when races were found, else the go command's.
`+outputFlags, "mapsan run -html races.html ./examples/sessions")
}

func newBuild(std Streams) *cobra.Command {
	return verb(std, "build", "compile with the sanitizing toolchain, as go build", `
The program prints a report on stderr for each race and then exits with status 66.
The variable MAPSAN sets its options, as GORACE does for -race:
  log_path=stderr|stdout|FILE  where reports go (FILE.<pid>)
  exitcode=66                  status of a program that raced
  halt_on_error=1              end at the first race
  history=4                    synchronisations kept for each goroutine; 0 for none
  strip_path_prefix=PREFIX     cut off file names in reports
  atexit_sleep_ms=0            wait before the end
`, "mapsan build -o server ./cmd/server && MAPSAN=halt_on_error=1 ./server")
}

// verb makes a command that is one of the go command's, which reads the flags
// itself.
func verb(std Streams, name, short, long, example string) *cobra.Command {
	return &cobra.Command{
		Use:                   name + " [go " + name + "'s flags and arguments]",
		Short:                 short,
		Long:                  short + ".\n" + long,
		Example:               "  " + example,
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && slices.Contains([]string{"-h", "-help", "--help"}, args[0]) {
				return cmd.Help()
			}
			return goVerb(cmd, std, name, args)
		},
	}
}

func newGo(std Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "go VERB [arguments]",
		Short: "run any verb of the sanitizing toolchain's go command",
		Long: `run any verb of the sanitizing toolchain's go command.

'mapsan go env GOROOT' prints where the patched toolchain is; GOROOT and GOCACHE of
'mapsan go env' make any other tool use it. 'mapsan go install' installs programs
that carry the detector.`,
		Example:               "  mapsan go list -deps ./...",
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("go: no verb; see 'mapsan go -h'")
			}
			if slices.Contains([]string{"-h", "-help", "--help"}, args[0]) {
				return cmd.Help()
			}
			return goVerb(cmd, std, args[0], args[1:])
		},
	}
}

func goVerb(cmd *cobra.Command, std Streams, verb string, args []string) error {
	watched := verb == "test" || verb == "run"
	var files outputs
	if watched {
		var err error
		if files, args, err = takeOutputs(verb, args); err != nil {
			return err
		}
	}
	out := newPrinter(std)
	prog := newProgress(std.Err)
	opts := sanitizer.Options{
		Stdin:    std.In,
		Stdout:   std.Out,
		Stderr:   std.Err,
		Found:    out.found,
		Ready:    out.ready,
		Progress: prog.step,
	}
	res, err := sanitizer.Run(cmd.Context(), verb, args, opts)
	prog.end()
	if watched && (err == nil || res.Total > 0) {
		// What was found is kept, whatever became of the run.
		out.summary(res)
		err = errors.Join(err, files.write(res.Findings, out.opts))
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", verb, err)
	case res.Total > 0:
		return exitError(exitFindings)
	case res.Status != 0:
		return exitError(res.Status)
	}
	return nil
}
