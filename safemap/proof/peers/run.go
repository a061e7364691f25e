package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mapsan/mapsan/safemap/proof/child"
	"github.com/mapsan/mapsan/safemap/proof/drive"
	"github.com/mapsan/mapsan/safemap/proof/overlay"
)

type options struct {
	maps      []string
	spell     time.Duration
	histories int
	limit     time.Duration
	seed      uint64
	out       io.Writer
}

// A row is what was found in a map.
type row struct {
	name        string
	perKey      cell
	snapshot    cell
	firstOthers string // the first problem that needs no order
}

// A cell is what was found in one kind of histories.
type cell struct {
	outcome                     child.Outcome
	histories, illegal, problem int
	reason                      string // of a crash
}

func (c cell) String() string {
	switch c.outcome {
	case child.Crash:
		return "crashed: " + c.reason
	case child.Hang:
		return "did not end"
	}
	s := fmt.Sprintf("%d of %d illegal", c.illegal, c.histories)
	if c.problem > 0 {
		s += fmt.Sprintf(", %d other", c.problem)
	}
	return s
}

func run(ctx context.Context, o options) ([]row, error) {
	dir, err := os.MkdirTemp("", "safemap-peers-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "linear")
	if err := (overlay.Files{}).Build(ctx, "github.com/mapsan/mapsan/safemap/proof/linear", bin); err != nil {
		return nil, err
	}
	var rows []row
	for _, name := range o.maps {
		r := row{name: name}
		if r.perKey, err = one(ctx, o, bin, &r, drive.PerKey); err != nil {
			return nil, err
		}
		snapshots := drive.Grown
		if name == "safemap" {
			// It has a Snapshot, and promises more of it.
			snapshots = strings.Join([]string{drive.Whole, drive.Grown, drive.Batch, drive.Prefix}, ",")
		}
		if r.snapshot, err = one(ctx, o, bin, &r, snapshots); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "map\tper key\tRange as a snapshot")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%v\t%v\n", r.name, r.perKey, r.snapshot)
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.firstOthers != "" {
			fmt.Fprintf(o.out, "%s, other: %s\n", r.name, r.firstOthers)
		}
	}
	return rows, nil
}

var summary = regexp.MustCompile(`(\d+) histories of \d+ operations checked in \S+: (\d+) illegal, (\d+) with other problems`)

// one makes histories of the families, in a child.
func one(ctx context.Context, o options, bin string, r *row, families string) (cell, error) {
	args := []string{"-map=" + r.name, "-only=" + families, "-for=" + o.spell.String(), "-stop=0", "-page=",
		"-histories=" + strconv.Itoa(o.histories), "-seed=" + strconv.FormatUint(o.seed, 10)}
	outcome, out, err := child.Run(ctx, o.spell+o.limit, func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, bin, args...)
	})
	if err != nil {
		return cell{}, err
	}
	c := cell{outcome: outcome, reason: child.Reason(out)}
	if m := summary.FindStringSubmatch(out); m != nil {
		c.histories, _ = strconv.Atoi(m[1])
		c.illegal, _ = strconv.Atoi(m[2])
		c.problem, _ = strconv.Atoi(m[3])
	} else if outcome == child.Clean || outcome == child.Wrong || outcome == child.Broken {
		return c, fmt.Errorf("%s: linear did not say what it found:\n%s", r.name, out)
	}
	if c.problem > 0 && r.firstOthers == "" {
		for line := range strings.Lines(out) {
			if rest, ok := strings.CutPrefix(line, "  "); ok {
				r.firstOthers = strings.TrimSpace(rest)
				break
			}
		}
	}
	return c, nil
}
