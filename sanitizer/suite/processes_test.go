package suite

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/sanitizer/report"
	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

const (
	killed = -1 // by a signal
	anyway = -2 // any status
)

// A process is a run of one program of testdata/processes.
var processes = []struct {
	program string
	options string
	exit    int
	reports int      // on stderr
	has     []string // in this order, reports included
	lacks   string
}{
	{program: "quiet", lacks: "MAP RACE"},
	{program: "race", exit: 66, reports: 1},
	{program: "race", options: "exitcode=7", exit: 7, reports: 1},
	{program: "race", options: "exitcode=0", exit: 0, reports: 1},
	{program: "race", options: "history=0", exit: 66, reports: 1, lacks: "Synchronisation of"},
	{program: "race", options: "log_path=stdout", exit: 66, reports: 1},
	{program: "again", exit: 66, reports: 1},
	{program: "distinct", exit: 66, reports: 20},
	{program: "init", exit: 66, reports: 1},
	{program: "exit3", exit: 3, reports: 1},
	{program: "after", exit: 66, reports: 1, has: []string{"MAP RACE", "went on"}},
	{program: "after", options: "halt_on_error=1", exit: 66, reports: 1, lacks: "went on"},
	{program: "panic", exit: 2, reports: 1, has: []string{"MAP RACE", "panic: after the race", "goroutine "}},
	{program: "deadlock", exit: 2, reports: 1, has: []string{"MAP RACE", "fatal error: all goroutines are asleep"}},
	{program: "deep", exit: 66, reports: 1},
	{program: "writes", exit: 66, reports: 50},
	{program: "crash", exit: 2, reports: anyway, has: []string{"MAP RACE", "fatal error: concurrent map writes"}},
}

// TestProcesses looks at how programs end that raced, and at what they print.
func TestProcesses(t *testing.T) {
	eachToolchain(t, func(t *testing.T, m command.Mapsan) {
		bin := buildProcesses(t, m)
		for _, p := range processes {
			t.Run(strings.TrimSpace(p.program+" "+p.options), func(t *testing.T) {
				r := runProcess(within(t, time.Minute), t, bin, p.options, p.program)
				if r.exit != p.exit {
					t.Errorf("exit status %d, want %d", r.exit, p.exit)
				}
				if p.reports != anyway && len(r.findings) != p.reports {
					t.Errorf("%d reports, want %d", len(r.findings), p.reports)
				}
				rest := r.all
				for _, text := range p.has {
					_, after, found := strings.Cut(rest, text)
					if !found {
						t.Errorf("%q is not printed, or not in its place", text)
					}
					rest = after
				}
				if p.lacks != "" && strings.Contains(r.all, p.lacks) {
					t.Errorf("%q is printed", p.lacks)
				}
				if t.Failed() {
					t.Logf("%.6000s", r.all)
				}
			})
		}
		t.Run("log_path", func(t *testing.T) { testLogPath(t, bin) })
		t.Run("strip_path_prefix", func(t *testing.T) { testStrip(t, bin) })
		t.Run("killed", func(t *testing.T) { testKilled(t, bin) })
		t.Run("churn", func(t *testing.T) { testChurn(t, m, bin) })
	})
}

func buildProcesses(t *testing.T, m command.Mapsan) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "processes.exe")
	if _, err := command.Output(m.Go(t.Context(), testdata(t, "processes"), "build", "-o", bin, ".")); err != nil {
		t.Fatal(err)
	}
	return bin
}

type result struct {
	exit     int
	all      string // as it was printed
	rest     string // without the reports
	findings []*finding.Finding
}

func runProcess(ctx context.Context, t *testing.T, bin, options string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Env = append(os.Environ(), "MAPSAN="+options)
	var all, rest bytes.Buffer
	var r result
	f := report.NewFilter(&rest, func(found *finding.Finding) { r.findings = append(r.findings, found) })
	out := io.MultiWriter(&all, f)
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil || f.Broken > 0 {
		t.Errorf("%d report blocks are not whole (%v)\n%s", f.Broken, err, all.String())
	}
	r.exit, r.all, r.rest = cmd.ProcessState.ExitCode(), all.String(), rest.String()
	return r
}

// testLogPath wants the reports in a file whose name ends in the process id.
func testLogPath(t *testing.T, bin string) {
	dir := t.TempDir()
	r := runProcess(t.Context(), t, bin, "log_path="+filepath.Join(dir, "log"), "race")
	logs, err := filepath.Glob(filepath.Join(dir, "log.*"))
	if err != nil || len(logs) != 1 || r.exit != 66 || strings.Contains(r.all, "MAP RACE") {
		t.Fatalf("files %v, exit status %d, printed %q; want one file, 66 and nothing (%v)", logs, r.exit, r.all, err)
	}
	data, err := os.ReadFile(logs[0])
	if err != nil || !strings.Contains(string(data), "MAP RACE (pid="+strings.TrimPrefix(filepath.Ext(logs[0]), ".")) {
		t.Errorf("%s: %s (%v)", logs[0], data, err)
	}
	// A file that cannot be written must not swallow the report.
	r = runProcess(t.Context(), t, bin, "log_path="+filepath.Join(dir, "none", "log"), "race")
	if len(r.findings) != 1 || r.exit != 66 {
		t.Errorf("%d reports and exit status %d with a log_path that is not there\n%s", len(r.findings), r.exit, r.all)
	}
}

func testStrip(t *testing.T, bin string) {
	prefix := testdata(t, "processes") + string(filepath.Separator)
	r := runProcess(t.Context(), t, bin, "strip_path_prefix="+prefix, "race")
	if len(r.findings) != 1 || r.findings[0].Parties[0].Stack[0].File != "races.go" {
		t.Errorf("the file is not named races.go:\n%s", r.all)
	}
}

// testKilled wants the report of a process that is killed later.
func testKilled(t *testing.T, bin string) {
	cmd := exec.CommandContext(within(t, 20*time.Second), bin, "sleeper")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdout.Read(make([]byte, 1)) // it is asleep
	cmd.Process.Kill()
	cmd.Wait()
	if cmd.ProcessState.ExitCode() != killed || !strings.Contains(stderr.String(), "MAP RACE") {
		t.Errorf("status %v, printed:\n%s", cmd.ProcessState, stderr.String())
	}
}

// testChurn wants a program's memory to stay flat whose goroutines, maps and
// locks come and go.
func testChurn(t *testing.T, m command.Mapsan, bin string) {
	n := 300_000
	if thorough(m) {
		n = 10_000_000
	}
	r := runProcess(within(t, 5*time.Minute), t, bin, "", "churn", strconv.Itoa(n))
	var sizes []int
	for line := range strings.Lines(r.rest) {
		if f := strings.Fields(line); len(f) == 2 {
			mb, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, mb)
		}
	}
	if len(sizes) != 10 || r.exit != 0 {
		t.Fatalf("exit status %d:\n%s", r.exit, r.all)
	}
	if sizes[9] > sizes[2]+sizes[2]/4+8 {
		t.Errorf("resident memory grows: %v MiB after each tenth of %d goroutines", sizes, n)
	}
	t.Logf("resident memory after each tenth of %d goroutines: %v MiB", n, sizes)
}
