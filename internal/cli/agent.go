package cli

import (
	"fmt"
	"path"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/agent"
	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/finding/render"
)

type agentFlags struct {
	attachFlags
	atOnce int
	match  string
}

func newAgent(std Streams) *cobra.Command {
	var fl agentFlags
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "catch map races in every Go process of the machine, without rebuilding them",
		Long: `catch map races in every Go process of the machine, without rebuilding them.

Does what mapsan attach does with every Go process that it can see, as they come and go.
All together they cost no more than -budget; -at-once of them are watched at a time, and
take turns of a minute where there are more. Findings say which service, pod and container
they are of: by OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES in the process's environment
(nothing else of it is kept), by its control group, or by the program's name.

Needs what attach needs. In a container: the host's process ids (hostPID) and its
capabilities. Ends after -for, or by ctrl-C; exit status 66 when races were found.`,
		Example: "  mapsan agent\n  mapsan agent -json >>findings.jsonl\n  mapsan agent -otlp http://127.0.0.1:4318",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := path.Match(fl.match, ""); err != nil {
				return fmt.Errorf("agent -match %s: %w", fl.match, err)
			}
			if err := agent.Confine(); err != nil {
				return fmt.Errorf("agent: %w", err)
			}
			keepRunning()
			ctx, stop := fl.until(cmd.Context())
			defer stop()
			c, err := newCatches(std, fl.sinks, mapRaces)
			if err != nil {
				return fmt.Errorf("agent: %w", err)
			}
			v := newAgentView(c)
			o := agent.MachineOptions{
				Budget: fl.budget, Delay: fl.delay, AtOnce: fl.atOnce,
				Found: c.found, Came: v.came, Left: v.left, Tick: v.tick,
			}
			if fl.match != "" {
				o.Match = func(r finding.Resource) bool {
					ok, _ := path.Match(fl.match, r.ServiceName)
					return ok
				}
			}
			err = agent.WatchMachine(ctx, o)
			v.end()
			return c.close("agent", err)
		},
	}
	fl.add(cmd)
	cmd.Flags().IntVar(&fl.atOnce, "at-once", 8, "watch so `many` processes at a time")
	cmd.Flags().StringVar(&fl.match, "match", "", "watch only services whose name is like `PATTERN`, as 'cart-*'")
	return cmd
}

// service is how a process is called, which may call itself anything.
func service(p agent.Process) string {
	name := p.Resource.ServiceName
	if p.Resource.Namespace != "" {
		name = p.Resource.Namespace + "/" + name
	}
	return render.OneLine(name)
}
