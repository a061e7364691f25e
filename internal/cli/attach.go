package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mapsan/mapsan/agent"
	"github.com/mapsan/mapsan/finding"
)

type attachFlags struct {
	sinks
	limit  time.Duration
	delay  time.Duration
	budget float64
	focus  string
}

func newAttach(std Streams) *cobra.Command {
	var fl attachFlags
	cmd := &cobra.Command{
		Use:   "attach PID",
		Short: "catch map races in a process that runs, without rebuilding it",
		Long: `catch map races in a process that runs, without rebuilding it.

Probes are set at the runtime's map functions, by eBPF. Now and then one goroutine is held
for some microseconds at the entry of a map operation; another one that comes to a
conflicting operation on the same map meanwhile proves a race, and both are shown. What
this costs the process is measured and held within -budget.

With -focus only the maps of these findings are watched, four at most: by probes at the
calls that the findings know, where one goroutine is held, and by hardware watchpoints, that
see who comes from elsewhere meanwhile. Other maps cost nothing then.
Findings of any engine will do, and so does one that names the map and knows one side.

Lines of source are shown with -src DIR, of files below DIR: which files they are of, the
process's executable says.

Needs Linux 5.17 and root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE; mapsan doctor
tries whether it works. Ends with the process, after -for, or by ctrl-C; ctrl-Z does nothing.
Exit status 66 when races were found.`,
		Example: "  mapsan attach 4711\n  mapsan attach -for 1m -json 4711 >findings.jsonl\n  mapsan attach -focus findings.jsonl 4711",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pid, err := strconv.Atoi(args[0])
			if err != nil || pid <= 0 {
				return fmt.Errorf("attach: %q is no process id", args[0])
			}
			if err := agent.Confine(); err != nil { // it may start anew: before stdin is read
				return fmt.Errorf("attach: %w", err)
			}
			focus, err := fl.focused(std)
			if err != nil {
				return fmt.Errorf("attach: %w", err)
			}
			keepRunning()
			return watch(cmd.Context(), std, fl, focus, pid, nil)
		},
	}
	fl.add(cmd)
	fl.addFocus(cmd)
	return cmd
}

func newRunAttached(std Streams) *cobra.Command {
	var fl attachFlags
	cmd := &cobra.Command{
		Use:   "run-attached COMMAND [ARGUMENT]...",
		Short: "run a Go program, and catch map races in it without rebuilding it",
		Long: `run a Go program, and catch map races in it without rebuilding it.

As mapsan attach, from the program's first instruction on. Exit status: 66 when races were
found, else the program's. With -for, the program goes on unwatched after that time.`,
		Example: "  mapsan run-attached ./server -listen :8080",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runAttached(cmd.Context(), std, fl, args)
		},
	}
	fl.add(cmd)
	fl.addFocus(cmd)
	cmd.Flags().SetInterspersed(false) // the program's flags are its own
	return cmd
}

func (fl *attachFlags) add(cmd *cobra.Command) {
	fl.sinks.add(cmd)
	f := cmd.Flags()
	f.StringVar(&fl.src, "src", "", "show lines of source files below this `directory`, and of no others")
	f.DurationVar(&fl.limit, "for", 0, "end after so `long`")
	f.Float64Var(&fl.budget, "budget", 1, "what watching may cost, in `percent` of one processor")
	f.DurationVar(&fl.delay, "delay", 50*time.Microsecond, "how `long` an operation is held")
}

// addFocus is for those that watch one process.
func (fl *attachFlags) addFocus(cmd *cobra.Command) {
	cmd.Flags().StringVar(&fl.focus, "focus", "", "watch only the maps of the findings in this `file`: JSON lines; - is stdin")
}

// focused reads the findings of -focus.
func (fl *attachFlags) focused(std Streams) ([]*finding.Finding, error) {
	if fl.focus == "" {
		return nil, nil
	}
	var in io.Reader = std.In
	if fl.focus != "-" {
		f, err := os.Open(fl.focus)
		if err != nil {
			return nil, fmt.Errorf("-focus: %w", err)
		}
		defer f.Close()
		in = f
	}
	var all []*finding.Finding
	for f, err := range finding.Lines(in) {
		if err != nil {
			return nil, fmt.Errorf("-focus %s: %w", fl.focus, err)
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("-focus %s: there is no finding in it; mapsan test -findings and -json of other verbs write them", fl.focus)
	}
	return all, nil
}

// runAttached starts the program, and lets it run once the probes are set.
func runAttached(ctx context.Context, std Streams, fl attachFlags, args []string) error {
	if fl.focus == "-" {
		return errors.New("run-attached: -focus -: stdin is the program's: name a file")
	}
	focus, err := fl.focused(std)
	if err != nil {
		return fmt.Errorf("run-attached: %w", err)
	}
	p, err := agent.Adopted()
	if err == nil && p == nil {
		c := exec.Command(args[0], args[1:]...)
		c.Stdin, c.Stdout, c.Stderr = std.In, std.Out, std.Err
		p, err = agent.Start(c)
	}
	if err != nil {
		return fmt.Errorf("run-attached: %w", err)
	}
	if err := agent.Confine(); err != nil {
		return errors.Join(fmt.Errorf("run-attached: %w", err), p.Kill())
	}
	released := false
	watched := watch(ctx, std, fl, focus, p.Pid, func() {
		released = true
		err = p.Release()
	})
	var found exitError
	if !released || err != nil {
		p.Kill()
		p.Wait() // says that we killed it
		return errors.Join(watched, err)
	}
	if watched != nil && !errors.As(watched, &found) {
		fmt.Fprintf(std.Err, "mapsan: %s; the program goes on unwatched\n", oneLine(watched))
	}
	switch st, err := p.Wait(); {
	case errors.As(watched, &found):
		return found
	case err == nil && st.ExitCode() > 0:
		return exitError(st.ExitCode())
	case err == nil && !st.Success():
		return fmt.Errorf("run-attached: the program ended by %s", st)
	default:
		return err
	}
}

// watch watches a process until it ends, or the user has seen enough.
func watch(ctx context.Context, std Streams, fl attachFlags, focus []*finding.Finding, pid int, ready func()) error {
	ctx, stop := fl.until(ctx)
	defer stop()
	c, err := newCatches(std, fl.sinks, mapRaces)
	if err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	v := newAttachView(c)
	o := agent.Options{Budget: fl.budget, Delay: fl.delay, Focus: focus, Ready: ready, Found: c.found}
	if v.line.live {
		o.Tick = v.tick
	}
	w, err := agent.Attach(pid, o)
	if err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	v.begin(w.Status())
	err = w.Watch(ctx)
	err = errors.Join(err, w.Close())
	v.end(w.Status(), err)
	return c.close("attach", ignore(err, agent.ErrGone))
}

// until is a context that ends when the user has seen enough.
func (fl *attachFlags) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second ctrl-C kills
	if fl.limit <= 0 {
		return ctx, stop
	}
	ctx, cancel := context.WithTimeout(ctx, fl.limit)
	return ctx, func() { cancel(); stop() }
}

func ignore(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}
