package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// A check is one thing that mapsan doctor looked at.
type check struct {
	Name  string `json:"name"`
	State state  `json:"state"`
	Says  string `json:"says"`
	Do    string `json:"do,omitempty"` // what would help
}

type state string

const (
	good    state = "ok"
	limited state = "limited" // mapsan works, something else does not
	bad     state = "cannot"  // mapsan does not work
)

func newDoctor(std Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "say what this machine can and cannot do, and why",
		Long: `say what this machine can and cannot do, and why.

Looks at the Go toolchain of the current directory, the cache, and what the build
and the run of other targets need. Exit status: 1 when mapsan cannot work here.`,
		Example: "  mapsan doctor",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			checks := examine(cmd.Context())
			if asJSON {
				enc := json.NewEncoder(std.Out)
				enc.SetIndent("", "  ")
				if err := enc.Encode(checks); err != nil {
					return err
				}
			} else {
				fmt.Fprint(std.Out, table(checks))
			}
			for _, c := range checks {
				if c.State == bad {
					return exitError(exitFailed)
				}
			}
			return nil
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func jsonFlag(cmd *cobra.Command, p *bool) {
	cmd.Flags().BoolVar(p, "json", false, "print it as JSON")
}

func table(checks []check) string {
	var b strings.Builder
	for _, c := range checks {
		fmt.Fprintf(&b, "%-8s %-10s %s\n", c.State, c.Name, c.Says)
		if c.Do != "" {
			fmt.Fprintf(&b, "%-8s %-10s -> %s\n", "", "", c.Do)
		}
	}
	return b.String()
}
