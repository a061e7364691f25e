package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

type options struct {
	cells  *regexp.Regexp // nil for all
	quick  bool
	maps   []string // nil for all
	rounds int
	time   time.Duration // of one reading
	most   int           // entries; for tests
}

// selected returns the jobs to do.
func (o options) selected() []job {
	return slices.DeleteFunc(jobs(), func(j job) bool {
		if o.cells == nil {
			return o.quick && !j.quick
		}
		return !slices.ContainsFunc(j.rows, func(r row) bool { return o.cells.MatchString(r.name) })
	})
}

// A turn is one job of one map.
type turn struct {
	job job
	of  string
}

// measure does the jobs of one group in rounds, each turn by do, which hands
// each reading on. In a round all jobs and maps come in a new random order, so
// that what else the machine does falls on all alike.
func (o options) measure(jobs []job, res *results, do func(request, func(reading)) error) {
	failed := map[string]bool{}
	for round := range o.rounds {
		var turns []turn
		for _, j := range jobs {
			for _, m := range j.maps {
				if (o.maps == nil || slices.Contains(o.maps, m)) && (j.rounds == 0 || round < j.rounds) && !failed[j.name+" "+m] {
					turns = append(turns, turn{j, m})
				}
			}
		}
		rand.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
		for i, t := range turns {
			progress("%s, round %d of %d, %d of %d: %s of %s", t.job.group, round+1, o.rounds, i+1, len(turns), t.job.name, t.of)
			req := request{Job: t.job.name, Map: t.of, Seed: uint64(round + 1), Time: o.time, Most: o.most}
			var complaint string
			seen := map[string]bool{}
			err := do(req, func(r reading) {
				if r.Failed != "" {
					complaint = r.Failed
				} else if l := res.line(r.Row); l != nil {
					l.Maps[t.of] = append(l.Maps[t.of], r.Value)
					seen[r.Row] = true
				}
			})
			if err != nil && complaint == "" {
				complaint = err.Error()
			}
			if complaint == "" {
				continue
			}
			failed[t.job.name+" "+t.of] = true // and would again
			for _, r := range t.job.rows {
				if !seen[r.name] {
					res.line(r.name).Failed[t.of] = complaint
				}
			}
		}
	}
	progress("")
}

// spawn does a turn in a process of its own: no map runs in the memory that
// another has used, and each round throws the dice anew for the seeds of hash
// functions and the addresses of all things.
func spawn(ctx context.Context, req request, got func(reading)) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the benchmark itself: %w", err)
	}
	data, err := json.Marshal(req)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, unitWord, string(data))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", req.Job, err)
	}
	readAll(stdout, got)
	if err := cmd.Wait(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return fmt.Errorf("crashed: %s (%w)", first, err)
	}
	return nil
}

// unitWord is the first argument of a process that is to do one turn; the
// second is its request.
const unitWord = "unit"

// runRequest does the turn that the arguments ask for.
func runRequest(arg string) error {
	var req request
	if err := json.Unmarshal([]byte(arg), &req); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	return runUnit(req, os.Stdout, func() { os.Exit(3) })
}

func readAll(r io.Reader, got func(reading)) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var x reading
		if json.Unmarshal(lines.Bytes(), &x) == nil {
			got(x)
		}
	}
}

// progress says on a terminal what is being done.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}
