//go:build amd64 || arm64

package agent

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/mapsan/mapsan/finding"
)

var evalRuns = flag.Int("eval", 0, "measure for EVALUATION.md, with so many runs of each kind")

// TestEvaluate measures what EVALUATION.md says of attach; it fails only where a
// must is clearly missed.
//
//	go test ./agent -run Evaluate -eval 20 -v -timeout 2h
func TestEvaluate(t *testing.T) {
	if *evalRuns == 0 {
		t.Skip("it measures, for half an hour: -eval 20")
	}
	able(t)
	t.Run("caught", func(t *testing.T) { evalCaught(t) })
	t.Run("busy", func(t *testing.T) { evalCaught(t, "busy") })
	t.Run("deaths", evalDeaths)
	t.Run("focus/cost", evalFocusCost)
	t.Run("focus/caught", evalFocusCaught)
	t.Run("focus/deaths", evalFocusDeaths)
}

// evalCaught: how often a race is found before the runtime's own crash.
func evalCaught(t *testing.T, manner ...string) {
	path := build(t, "racy")
	runs := max(1, *evalRuns/5)
	var took []time.Duration
	all := 0
	for _, shape := range racy {
		caught := 0
		for range runs {
			all++
			p := start(t, path, append([]string{shape, "30s"}, manner...)...)
			began := time.Now()
			found, _ := watch(t, p, 25*time.Second, true, Options{})
			p.kill()
			if proved(found) {
				caught++
				took = append(took, time.Since(began))
			}
		}
		t.Logf("%-16s %d of %d", shape, caught, runs)
	}
	slices.Sort(took)
	if len(took) == 0 {
		t.Fatal("nothing was caught")
	}
	t.Logf("caught before the crash: %d of %d (%.1f %%), median %v, 95th percentile %v", len(took), all, 100*float64(len(took))/float64(all),
		took[len(took)/2].Round(time.Millisecond), took[len(took)*95/100].Round(time.Millisecond))
}

// evalDeaths: how often the runtime stops a racing program with and without
// watching, in turn.
func evalDeaths(t *testing.T) {
	path := build(t, "racy")
	const limit = 4 * time.Second
	var deaths [2]int
	var lived [2]time.Duration
	for range *evalRuns {
		for _, shape := range []string{"field-string", "iterate", "large"} {
			for attached := range 2 {
				p := start(t, path, shape, "60s")
				w, err := Attach(p.pid, Options{})
				if err != nil {
					t.Fatal(err)
				}
				p.begin()
				began := time.Now()
				if attached == 1 {
					ctx, stop := context.WithTimeout(t.Context(), limit)
					if err := w.Watch(ctx); err != nil && !errors.Is(err, ErrGone) {
						t.Error(err)
					}
					stop()
				} else {
					for !w.gone() && time.Since(began) < limit {
						time.Sleep(time.Millisecond)
					}
				}
				lived[attached] += time.Since(began)
				if w.gone() {
					deaths[attached]++
				}
				w.Close()
				p.kill()
			}
		}
	}
	var rate, spread [2]float64
	for i, name := range []string{"alone", "attached"} {
		rate[i] = float64(deaths[i]) / lived[i].Seconds()
		spread[i] = 1.96 * math.Sqrt(float64(max(deaths[i], 1))) / lived[i].Seconds()
		t.Logf("%-8s %d deaths in %.0f s: %.3f a second (95 %%: %.3f to %.3f)", name, deaths[i], lived[i].Seconds(),
			rate[i], max(0, rate[i]-spread[i]), rate[i]+spread[i])
	}
	if rate[1]-spread[1] > rate[0]+spread[0] {
		t.Error("programs that are watched die more often")
	}
}

// evalFocusCost: what a write costs on a map that is not in focus, and on one that is.
func evalFocusCost(t *testing.T) {
	path := build(t, "focus")
	arms := []string{"alone", "focus on another map", "attached"}
	took := make([][2][]float64, len(arms))
	for range *evalRuns {
		for arm := range arms {
			cmd := exec.Command(path, "cost", "4s")
			out, err1 := cmd.StdoutPipe()
			in, err2 := cmd.StdinPipe()
			if err := errors.Join(err1, err2, cmd.Start()); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			if !lines.Scan() || lines.Text() != "ready" {
				t.Fatalf("it says %q", lines.Text())
			}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan Status, 1)
			if arm == 0 {
				done <- Status{}
			} else {
				o := Options{Budget: 100}
				if arm == 1 {
					o.Focus = []*finding.Finding{words}
				}
				w, err := Attach(cmd.Process.Pid, o)
				if err != nil {
					t.Fatal(err)
				}
				go func() {
					w.Watch(ctx)
					w.Close()
					done <- w.Status()
				}()
			}
			in.Write([]byte("\n"))
			var other, own float64
			if lines.Scan() {
				fmt.Sscan(lines.Text(), &other, &own)
			}
			cmd.Wait()
			stop()
			st := <-done
			if st.Watching < st.Elapsed*9/10 || own == 0 {
				t.Errorf("%s: watched for %v of %v; it says %q", arms[arm], st.Watching, st.Elapsed, lines.Text())
			}
			took[arm][0] = append(took[arm][0], other)
			took[arm][1] = append(took[arm][1], own)
		}
	}
	for arm, name := range arms {
		for i := range took[arm] {
			slices.Sort(took[arm][i])
		}
		n := len(took[arm][0]) / 2
		t.Logf("%-21s another map %.1f ns a write, the map in focus %.1f ns", name, took[arm][0][n], took[arm][1][n])
	}
}

// evalFocusCaught: as evalCaught, of the programs of TestFocusCatches.
func evalFocusCaught(t *testing.T) {
	path := build(t, "focus")
	runs := max(1, *evalRuns/2)
	var took []time.Duration
	all := 0
	for _, c := range focused {
		caught := 0
		for range runs {
			all++
			p := start(t, path, c.shape, "60s")
			var began time.Time
			st := focusing(t, p, Options{Focus: []*finding.Finding{c.of}}, func(w *Watcher) bool {
				if began.IsZero() && w.status.Focus[0].How == c.how {
					began = time.Now()
					p.begin()
				}
				return w.status.Conflicts > 0
			})
			p.kill()
			if st.Conflicts > 0 {
				caught++
				took = append(took, time.Since(began))
			}
		}
		t.Logf("%-16s %d of %d", c.shape, caught, runs)
	}
	slices.Sort(took)
	if len(took) == 0 {
		t.Fatal("nothing was caught")
	}
	t.Logf("caught: %d of %d, median %v", len(took), all, took[len(took)/2].Round(time.Millisecond))
}

// evalFocusDeaths: as evalDeaths.
func evalFocusDeaths(t *testing.T) {
	path := build(t, "focus")
	const limit = 4 * time.Second
	var deaths [2]int
	var lived [2]time.Duration
	for range *evalRuns {
		for _, c := range focused[:3] {
			for arm := range 2 {
				p := start(t, path, c.shape, "60s")
				w, err := Attach(p.pid, Options{Focus: []*finding.Finding{c.of}})
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(t.Context())
				var racing time.Time
				begin := func() { racing = time.Now(); p.begin() }
				p.begin()
				if arm == 0 {
					time.Sleep(time.Second)
					begin()
					for !w.gone() && time.Since(racing) < limit {
						time.Sleep(time.Millisecond)
					}
				} else {
					w.o.Tick = func(st Status) {
						if racing.IsZero() && st.Focus[0].How == ByWatchpoint {
							begin()
						} else if !racing.IsZero() && time.Since(racing) > limit {
							stop()
						}
					}
					if err := w.Watch(ctx); err != nil && !errors.Is(err, ErrGone) {
						t.Error(err)
					}
				}
				stop()
				lived[arm] += time.Since(racing)
				if w.gone() {
					deaths[arm]++
				}
				w.Close()
				p.kill()
			}
		}
	}
	for i, name := range []string{"alone", "focus"} {
		rate := float64(deaths[i]) / lived[i].Seconds()
		spread := 1.96 * math.Sqrt(float64(max(deaths[i], 1))) / lived[i].Seconds()
		t.Logf("%-8s %d deaths in %.0f s: %.3f a second (95 %%: %.3f to %.3f)", name, deaths[i], lived[i].Seconds(), rate, max(0, rate-spread), rate+spread)
	}
}
