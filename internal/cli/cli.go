// Package cli is the mapsan command: it reads arguments, calls the engines and
// shows on the terminal what they return.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/finding/render"
)

// Exit statuses, the same for every verb. A go command that fails without a
// finding keeps its own.
const (
	exitNothing  = 0
	exitFailed   = 1
	exitFindings = 66
)

// exitError ends the command with a status and no further message.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Main runs the command with the process's streams and returns its exit status.
func Main(args []string) int {
	return Run(args, Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// Streams are what the command reads and writes.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Run runs the command and returns its exit status. An error is one line on
// Err.
func Run(args []string, std Streams) int {
	root := newRoot(std)
	root.SetArgs(longFlags(args))
	err := root.ExecuteContext(context.Background())
	var exit exitError
	switch {
	case err == nil:
		return exitNothing
	case errors.As(err, &exit):
		return int(exit)
	}
	fmt.Fprintf(std.Err, "mapsan: %s\n", oneLine(err))
	return exitFailed
}

// longFlags lets mapsan's own verbs take -json for --json, as the go command's
// do; the go verbs read their flags themselves.
func longFlags(args []string) []string {
	if len(args) == 0 || slices.Contains([]string{"test", "run", "build", "go", "completion", "__complete"}, args[0]) {
		return args
	}
	out := slices.Clone(args)
	for i, a := range out {
		if a == "--" || args[0] == "run-attached" && i > 0 && beginsCommand(out[i-1], a) {
			break
		}
		if len(a) > 2 && a[0] == '-' && a[1] != '-' {
			out[i] = "-" + a
		}
	}
	return out
}

// beginsCommand reports whether an argument of run-attached is the program: what
// follows belongs to it.
func beginsCommand(before, arg string) bool {
	value := strings.HasPrefix(before, "--") && !strings.Contains(before, "=") && before != "--json" && before != "--help"
	return !strings.HasPrefix(arg, "-") && !value
}

// oneLine keeps an error to its line, whoever wrote it, and whatever it quotes.
func oneLine(err error) string {
	return render.OneLine(strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), "\n", "; ")), " "))
}

func newRoot(std Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "mapsan",
		Short: "finds, proves and explains concurrent misuse of Go maps",
		Long: `MapSan finds, proves and explains concurrent misuse of Go maps.

mapsan test, build and run are the go command's verbs and take its flags. They use
a patched copy of the Go toolchain that go.mod selects, prepared once in a cache.`,
		Example:       "  mapsan test ./...",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see '%s -h'", err, cmd.CommandPath())
	})
	root.AddCommand(newTest(std), newRun(std), newBuild(std), newGo(std), newExplain(std), newInspect(std), newAttach(std), newRunAttached(std), newAgent(std), newKmaps(std), newAnatomy(std), newDoctor(std), newVersion(std))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}
