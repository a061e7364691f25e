// Command eval crashes programs for real, explains each crash, and prints how often
// the answer is the truth that is written with each program.
//
//	go run ./explain/eval -n 1000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/mapsan/mapsan/crashlog"
	"github.com/mapsan/mapsan/explain"
)

func main() {
	n := flag.Int("n", 1000, "number of crashes")
	part := flag.String("run", "", "only the programs whose name holds `text`")
	verbose := flag.Bool("v", false, "print each crash that was not explained in full")
	cores := flag.Bool("cores", false, "explain cores, too: takes room below the temporary directory")
	keep := flag.String("keep", "", "write each log to `directory`")
	flag.Parse()
	ok, err := evaluate(context.Background(), *n, *part, *verbose, *cores, *keep)
	if err != nil {
		fmt.Fprintf(os.Stderr, "eval: %v\n", err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(2)
	}
}

// evaluate reports whether every goal was met.
func evaluate(ctx context.Context, n int, part string, verbose, cores bool, keep string) (bool, error) {
	all, err := programs(part)
	if err != nil {
		return false, err
	}
	if len(all) == 0 {
		return false, fmt.Errorf("no program's name holds %q", part)
	}
	tmp, err := os.MkdirTemp("", "mapsan-eval-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(tmp)
	m := newMeasures(cores)
	vs := variants(cores)
	each := max(1, (n+len(all)*len(vs)-1)/(len(all)*len(vs)))
	began := time.Now()
	crashes, without := 0, 0
	var explaining time.Duration
	for _, p := range all {
		dir := filepath.Join(tmp, p.name)
		if err := p.lay(dir); err != nil {
			return false, err
		}
		forms := map[string]*built{}
		for _, form := range []string{"ww", "rw"} {
			if forms[form], err = build(ctx, dir, form); err != nil {
				return false, fmt.Errorf("%s, form %s: %w", p.name, form, err)
			}
		}
		for _, v := range vs {
			for i := range each {
				c, text, opts, err := forms[v.form].crash(ctx, v)
				if errors.Is(err, errNoCrash) {
					without++
					fmt.Fprintf(os.Stderr, "eval: %s %s %s %s: %v\n", p.name, v.form, v.rest, v.level, err)
					continue
				}
				if err != nil {
					return false, fmt.Errorf("%s: %w", p.name, err)
				}
				crashes++
				if keep != "" {
					name := fmt.Sprintf("%s_%s_%s_%s_%d.txt", p.name, v.form, v.rest, v.level, i)
					if err := os.WriteFile(filepath.Join(keep, name), text, 0o644); err != nil {
						return false, err
					}
				}
				t := time.Now()
				opts.Index = forms[v.form].index
				r := explain.Crash(c, opts)
				if err := r.Finding().Validate(); err != nil {
					return false, fmt.Errorf("%s: the finding is not valid: %w", p.name, err)
				}
				explaining += time.Since(t)
				d := judge(p, v, r)
				m.add(v, d)
				if v.level != "core" {
					if err := withoutSource(m, p, v, c, forms[v.form], verbose); err != nil {
						return false, err
					}
				}
				if verbose && (d.rank != 1 || !d.mapNamed || !d.noticed) {
					fmt.Print(missed(p, v, d, r))
				}
			}
		}
		for _, b := range forms {
			b.close()
		}
		os.RemoveAll(dir)
	}
	fmt.Printf("%d crashes of %d programs, %s, %s/%s; %d runs did not crash; %.0f s, of which explaining took %.1f s\n\n",
		crashes, len(all), runtime.Version(), runtime.GOOS, runtime.GOARCH, without, time.Since(began).Seconds(), explaining.Seconds())
	m.print(os.Stdout)
	return m.met(), nil
}

// withoutSource explains the crash from the executable alone, and from a stripped
// one; and with the source, which the executable must not contradict.
func withoutSource(m *measures, p *program, v variant, c *crashlog.Crash, b *built, verbose bool) error {
	for _, of := range []struct {
		key  string
		opts explain.Options
	}{
		{"bin", explain.Options{Binary: b.whole}},
		{"bare", explain.Options{Binary: b.bare}},
		{"both", explain.Options{Binary: b.whole, Index: b.index}},
	} {
		r := explain.Crash(c, of.opts)
		if err := r.Finding().Validate(); err != nil {
			return fmt.Errorf("%s, %s: the finding is not valid: %w", p.name, of.key, err)
		}
		d := judge(p, v, r)
		m.addBinary(of.key, v, d)
		if verbose && (!d.mapNamed || of.key == "bin" && d.rank != 1) {
			fmt.Printf("[%s] %s%s", of.key, r.NoBinary, missed(p, v, d, r))
		}
	}
	return nil
}
