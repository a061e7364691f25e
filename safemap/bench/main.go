package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

var errMissed = errors.New("a must is missed")

func main() {
	var err error
	if len(os.Args) == 3 && os.Args[1] == unitWord {
		err = runRequest(os.Args[2])
	} else {
		err = bench()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench() error {
	quick := flag.Bool("quick", false, "few cells, three short rounds: a look, two minutes")
	cells := flag.String("cells", "", "only the cells that match this regular expression, and what is measured with them")
	only := flag.String("maps", "", "only these maps, separated by commas")
	rounds := flag.Int("rounds", 7, "rounds")
	reading := flag.Duration("time", 50*time.Millisecond, "how long one reading takes")
	raw := flag.String("json", "", "write the readings of all rounds into this file")
	md := flag.String("md", "", "write the tables into this file, in Markdown")
	svg := flag.String("svg", "", "write charts into this directory")
	check := flag.Bool("check", false, "exit with status 1 if a must is missed")
	from := flag.String("from", "", "measure nothing, and take the readings that -json has written into this file")
	list := flag.Bool("list", false, "print the cells and their musts, and measure nothing")
	perf := flag.String("perf", "", "count the instructions of one operation of this cell, and measure nothing else")
	flag.Parse()

	o := options{quick: *quick, rounds: *rounds, time: *reading}
	if *quick {
		set := map[string]bool{}
		flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
		if !set["rounds"] {
			o.rounds = 3
		}
		if !set["time"] {
			o.time = 10 * time.Millisecond
		}
	}
	if *cells != "" {
		re, err := regexp.Compile(*cells)
		if err != nil {
			return fmt.Errorf("flag -cells: %w", err)
		}
		o.cells = re
	}
	if *only != "" {
		o.maps = strings.Split(*only, ",")
		for _, m := range o.maps {
			if !slices.Contains(mapNames, m) {
				return fmt.Errorf("flag -maps: no map is named %s; there are %s", m, strings.Join(mapNames, ", "))
			}
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *perf != "" {
		return countInstructions(ctx, *perf, o.maps)
	}
	if *from != "" {
		res, err := readResults(*from)
		if err != nil {
			return err
		}
		for _, g := range groups {
			if len(res.of(g.name)) > 0 {
				fmt.Println(res.text(g))
			}
		}
		return errors.Join(write(res, *raw, *md, *svg), verdictOf(res, *check))
	}
	chosen := o.selected()
	if len(chosen) == 0 {
		return fmt.Errorf("flag -cells: no cell matches %s; -list prints them", *cells)
	}
	if *list {
		printCells(chosen)
		return nil
	}
	res, err := run(ctx, o, chosen)
	if err != nil {
		return err
	}
	return errors.Join(write(res, *raw, *md, *svg), verdictOf(res, *check))
}

// run measures the chosen jobs and prints each table when it is complete.
func run(ctx context.Context, o options, chosen []job) (*results, error) {
	res := &results{
		Machine: machine(), Go: runtime.Version(), Rounds: o.rounds, Date: time.Now().Format("2006-01-02"), Load: load(), Peers: peers(),
		Command: strings.TrimSpace("go run . " + strings.Join(os.Args[1:], " ")),
	}
	for _, g := range groups {
		var js []job
		for _, j := range chosen {
			if j.group == g.name {
				js = append(js, j)
				res.add(j)
			}
		}
		if len(js) == 0 {
			continue
		}
		o.measure(js, res, func(req request, got func(reading)) error { return spawn(ctx, req, got) })
		if ctx.Err() != nil {
			return nil, errors.New("interrupted")
		}
		fmt.Println(res.text(g))
	}
	return res, nil
}

// write writes the files that were asked for.
func write(res *results, raw, md, svg string) error {
	if raw != "" {
		data, err := json.MarshalIndent(res, "", " ")
		if err != nil {
			return fmt.Errorf("write %s: %w", raw, err)
		}
		if err := os.WriteFile(raw, append(data, '\n'), 0o666); err != nil {
			return err
		}
	}
	if md != "" {
		if err := os.WriteFile(md, []byte(res.markdown()), 0o666); err != nil {
			return err
		}
	}
	if svg == "" {
		return nil
	}
	if err := os.MkdirAll(svg, 0o777); err != nil {
		return err
	}
	for name, chart := range res.charts() {
		if err := os.WriteFile(filepath.Join(svg, name+".svg"), []byte(chart), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// verdictOf says how many musts are met.
func verdictOf(res *results, check bool) error {
	missed, all := res.missed()
	if all == 0 {
		return nil
	}
	fmt.Printf("%d of %d musts are met\n", all-len(missed), all)
	for _, l := range missed {
		v := res.judge(l.row)
		fmt.Printf("  %s: %s, must be %s\n", l.Name, l.row.goal.said(v, l.Unit), l.row.goal.bound(l.Unit))
	}
	if check && len(missed) > 0 {
		return errMissed
	}
	return nil
}

func printCells(chosen []job) {
	for _, j := range chosen {
		for _, r := range j.rows {
			must := ""
			if r.goal != nil {
				must = r.goal.bound(r.unit)
			}
			fmt.Println(strings.TrimRight(fmt.Sprintf("%-28s %-50s %s", r.name, r.about, must), " "))
		}
	}
}

// leftOut names the maps that should be here and are not.
const leftOut = "Not measured: pb (MapOf, FlatMapOf) and cornelk/hashmap, which the module proxy did not serve. " +
	"pb had the fastest peer of many cells in earlier measurements, so ratios to the best peer would be less good with it."

// peers returns the modules of the maps, with the versions that were built in.
func peers() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	all := []string{"sync.Map", "RWMutex and map", "Mutex and map"}
	for _, m := range info.Deps {
		if m.Replace == nil && !strings.HasPrefix(m.Path, "golang.org/x/") {
			all = append(all, strings.TrimPrefix(m.Path, "github.com/")+" "+m.Version)
		}
	}
	return all
}

// machine describes where the numbers come from.
func machine() string {
	cpu := runtime.GOARCH
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				cpu = strings.TrimSpace(v)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s/%s", cpu, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// load returns the load average of the last minute, 0 if it can't be told.
func load() (l float64) {
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Sscan(string(data), &l)
	}
	return l
}
