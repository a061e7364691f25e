package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mapsan/mapsan/inspect"
)

type inspectFlags struct {
	json, watch, noStop, std bool
	every                    time.Duration
	expr, bin, svg           string
}

func newInspect(std Streams) *cobra.Command {
	var fl inspectFlags
	cmd := &cobra.Command{
		Use:   "inspect PID|CORE",
		Short: "show the maps of a process or core, and who is inside of them",
		Long: `show the maps of a process or core, and who is inside of them.

Maps are found from package variables, from the variables on goroutines' stacks, and
from map operations under way; names need the executable's debug information (-bin names
an unstripped copy). A live process is read while it runs, and stopped for some
milliseconds to see what its threads are doing; the output says for how long. Nothing
in it is changed.`,
		Example: "  mapsan inspect 4711\n  mapsan inspect -watch 4711\n  mapsan inspect -map Registry.peers 4711",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runInspect(cmd.Context(), std, fl, args[0])
		},
	}
	jsonFlag(cmd, &fl.json)
	f := cmd.Flags()
	f.BoolVar(&fl.watch, "watch", false, "look again and again, until the process ends")
	f.DurationVar(&fl.every, "every", 2*time.Second, "how `long` -watch waits in between")
	f.StringVar(&fl.expr, "map", "", "draw one map: its `name`, path or address")
	f.StringVar(&fl.svg, "svg", "", "draw the map of -map into `FILE`, as SVG")
	f.BoolVar(&fl.noStop, "no-stop", false, "do not stop the process: what its threads do at the moment is not seen")
	f.BoolVar(&fl.std, "std", false, "list the maps of the standard library, too")
	f.StringVar(&fl.bin, "bin", "", "`executable` of the process, if its own is stripped or gone")
	return cmd
}

func runInspect(ctx context.Context, std Streams, fl inspectFlags, what string) error {
	switch {
	case fl.svg != "" && fl.expr == "":
		return errors.New("inspect: -svg draws one map: name it by -map")
	case fl.every <= 0:
		return fmt.Errorf("inspect: -every %v: it must be more than nothing", fl.every)
	}
	p, err := openInspect(what, fl)
	if err != nil {
		return err
	}
	defer p.Close()
	for first := true; ; first = false {
		v, err := p.Look(fl.options())
		if err != nil {
			if !first && errors.Is(err, inspect.ErrGone) {
				fmt.Fprintf(std.Err, "mapsan: inspect: process %s has ended\n", what)
				return nil
			}
			return err
		}
		if !first && !isTerminal(std.Out) && !fl.json {
			fmt.Fprintln(std.Out)
		}
		if err := showView(std.Out, v, fl); err != nil {
			return err
		}
		if !fl.watch {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(fl.every):
		}
	}
}

func openInspect(what string, fl inspectFlags) (*inspect.Process, error) {
	pid, err := strconv.Atoi(what)
	if err == nil {
		return inspect.Attach(pid, fl.bin)
	}
	if fl.watch {
		return nil, errors.New("inspect: a core does not change: leave out -watch")
	}
	return inspect.OpenCore(what, fl.bin)
}

func (fl *inspectFlags) options() inspect.Options {
	o := inspect.Options{NoStop: fl.noStop, Std: fl.std}
	if fl.expr != "" {
		o.Std, o.Entries = true, 1<<16
	}
	return o
}

func showView(w io.Writer, v *inspect.View, fl inspectFlags) error {
	if fl.expr != "" {
		m, err := theMap(v, fl.expr)
		if err != nil {
			return err
		}
		v.Maps = []*inspect.Map{m}
		if fl.svg != "" {
			if err := os.WriteFile(fl.svg, m.SVG(), 0o666); err != nil {
				return fmt.Errorf("inspect -svg: %w", err)
			}
		}
	}
	if fl.json {
		return json.NewEncoder(w).Encode(v)
	}
	columns := 0
	if f, ok := w.(*os.File); ok && isTerminal(w) {
		columns, _, _ = term.GetSize(int(f.Fd()))
		if fl.watch {
			fmt.Fprint(w, "\x1b[H\x1b[2J")
		}
	}
	if fl.expr != "" {
		return v.Maps[0].Picture(w, columns)
	}
	return v.Text(w, columns)
}

// theMap returns the one map that an expression means.
func theMap(v *inspect.View, expr string) (*inspect.Map, error) {
	list := v.Find(expr)
	switch {
	case len(list) == 1:
		return list[0], nil
	case len(list) == 0:
		return nil, fmt.Errorf("inspect -map %s: no such map among the %d that were found; without -map they are listed", expr, len(v.Maps))
	}
	return nil, fmt.Errorf("inspect -map %s: %d maps are called that; the first by address are %s", expr, len(list), addresses(list))
}

func addresses(list []*inspect.Map) string {
	s := ""
	for i, m := range list[:min(len(list), 4)] {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%#x (%s)", m.Map.Addr, m.Path)
	}
	return s
}
