package suite

import (
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// TestNearMisses runs the race-free half of the corpus again and again, on
// several numbers of processors and beside copies of itself: a clock that
// breaks under load would show here as a false alarm.
func TestNearMisses(t *testing.T) {
	eachToolchain(t, func(t *testing.T, m command.Mapsan) {
		count := 3
		if thorough(m) {
			count = 20
		}
		for _, pkg := range []string{"edges", "accesses"} {
			dir := testdata(t, "corpus", pkg)
			bin := buildTest(t, m, dir, ".")
			var wg sync.WaitGroup
			for range runtime.NumCPU() {
				wg.Go(func() {
					s, err := runTest(within(t, 9*time.Minute), m, bin, dir,
						"-test.run=^TestOK_", "-test.cpu=1,2,4,8", "-test.count="+strconv.Itoa(count))
					if err != nil {
						t.Error(err)
						return
					}
					for name, o := range s.tests {
						for _, f := range o.findings {
							t.Errorf("false alarm in %s:\n%s", name, brief(f))
						}
					}
					if s.exit != 0 {
						t.Errorf("%s: exit status %d\n%s", pkg, s.exit, failures(s.output))
					}
				})
			}
			wg.Wait()
		}
	})
}

// failures returns the lines around what failed in the output of go test.
func failures(output string) string {
	all := strings.Split(output, "\n")
	var out []string
	for i, line := range all {
		if strings.Contains(line, "--- FAIL") || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
			out = append(out, all[max(0, i-10):min(len(all), i+10)]...)
		}
	}
	return strings.Join(out, "\n")
}
