//go:build amd64 || arm64

package agent

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"

	"github.com/mapsan/mapsan/finding"
)

// able skips where the kernel does not let us load programs.
func able(t *testing.T) {
	t.Helper()
	if _, err := measure(); errors.Is(err, os.ErrPermission) || errors.Is(err, ebpf.ErrNotSupported) {
		t.Skipf("probes cannot be set here: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
}

var built sync.Map

// build builds a program of testdata, once for each set of flags.
func build(t *testing.T, name string, flags ...string) string {
	t.Helper()
	if dir := os.Getenv("MAPSAN_AGENT_PROGRAMS"); dir != "" {
		return filepath.Join(dir, name) // built elsewhere: a guest has no go command
	}
	id := os.Getenv("GOTOOLCHAIN") + os.Getenv("GOARCH") + name + strings.Join(flags, " ")
	once, _ := built.LoadOrStore(id, sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp("", "mapsan-agent-")
		if err != nil {
			return "", err
		}
		dirs = append(dirs, dir)
		out := filepath.Join(dir, name)
		cmd := exec.Command("go", append(append([]string{"build", "-o", out}, flags...), "./"+name)...)
		cmd.Dir = "testdata"
		if b, err := cmd.CombinedOutput(); err != nil {
			return "", errors.New(string(b))
		}
		return out, nil
	}))
	path, err := once.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var dirs []string // written by tests one after the other

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		f.Value.Set("12") // what is parallel here waits for minutes
	}
	code := m.Run()
	for _, d := range dirs {
		os.RemoveAll(d)
	}
	os.Exit(code)
}

// started is a program of testdata that waits for a byte before it begins.
type started struct {
	pid         int
	begin, kill func()
}

// start runs a program until it says that it is ready.
func start(t *testing.T, path string, args ...string) started {
	t.Helper()
	cmd := exec.Command(path, args...)
	out, err1 := cmd.StdoutPipe()
	in, err2 := cmd.StdinPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	kill := func() { cmd.Process.Kill(); cmd.Wait() }
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%s says %q, %v", path, line, err)
	}
	return started{cmd.Process.Pid, func() { in.Write([]byte("\n")) }, kill}
}

// watch watches a program for so long, or with first until the first finding. The
// program begins when the probes are there to be set.
func watch(t *testing.T, p started, limit time.Duration, first bool, o Options) ([]*finding.Finding, Status) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var found []*finding.Finding
	o.Found = func(f *finding.Finding) {
		found = append(found, f)
		if first {
			stop()
		}
	}
	// Until then nothing is watched, and a slow machine takes its time.
	o.Ready = func() { time.AfterFunc(limit, stop) }
	w, err := Attach(p.pid, o)
	if err != nil {
		t.Fatal(err)
	}
	p.begin()
	if err := w.Watch(ctx); err != nil && !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	return found, w.Status()
}

// proved reports whether a race was caught in the act first. What an agent tells of a
// crash may lack a stack.
func proved(found []*finding.Finding) bool {
	return len(found) > 0 && found[0].Grade == finding.Proved
}

// eager holds more often and longer than the default: a test is not to wait for its
// luck, nor for two goroutines to run at once on a loaded machine.
var eager = Options{Budget: 20, Delay: 500 * time.Microsecond}

// tries is how often a race is tried to be caught: whether it is at once is a matter of
// luck, and more so where the processors are busy.
const tries = 8

// inGuest: an emulated machine is slower than a budget allows for, and runs two
// goroutines at once for shorter times.
var inGuest = os.Getenv("MAPSAN_KERNEL") != ""

// oldGuest: its kernel has no link for all probes, and watchpoints cannot be used.
var oldGuest = strings.HasPrefix(os.Getenv("MAPSAN_KERNEL"), "6.1.")

func init() {
	if inGuest {
		eager.Budget, eager.Delay = 100, time.Millisecond
		patient.Budget = 100
	}
}

var racy = []string{
	"global-string", "field-int", "field-string", "struct-key", "write-write", "iterate", "delete", "delete-only", "clear",
	"reflect-set", "reflect-get", "reflect-iterate", "large", "growth", "clone", "json", "interface-key", "uint32-key",
	"pointer-key", "nested", "element", "generic", "half-locked",
}

// TestRacyProgramsAreCaught: each, before the runtime stops it, at least once in
// so many tries; how often at the first try is a matter of luck, and printed. What the
// default budget comes to, TestEvaluate measures.
func TestRacyProgramsAreCaught(t *testing.T) {
	able(t)
	path := build(t, "racy")
	var first []time.Duration
	all := 0
	for _, shape := range racy {
		t.Run(shape, func(t *testing.T) {
			all++
			for try := range tries {
				p := start(t, path, shape, "20s")
				began := time.Now()
				found, st := watch(t, p, 10*time.Second, true, eager)
				p.kill()
				if !proved(found) {
					t.Logf("nothing was caught: %+v", st)
					continue
				}
				took := time.Since(began)
				if try == 0 {
					first = append(first, took)
				}
				f := found[0]
				if err := f.Validate(); err != nil {
					t.Error(err)
				}
				t.Logf("%v: %s, %s and %s of %s %s", took.Round(time.Millisecond), f.Rule,
					f.Parties[0].Access.Op, f.Parties[1].Access.Op, f.Map.Type, f.Map.Name)
				return
			}
			t.Errorf("not caught in %d runs", tries)
		})
	}
	slices.Sort(first)
	if len(first) > 0 {
		t.Logf("%d of %d caught at the first try, in %v at the median", len(first), all, first[len(first)/2].Round(time.Millisecond))
	}
}

var correct = []string{
	"mutex", "rwmutex", "channel", "copy-on-write", "sharded", "pooled", "sync.Map", "single", "churn", "goroutines", "read-only", "stopped",
}

// TestCorrectProgramsAreSilent: what is ordered is never taken for a race.
func TestCorrectProgramsAreSilent(t *testing.T) {
	able(t)
	path := build(t, "correct")
	limit := 2 * time.Second
	var o Options
	switch {
	case inGuest:
		limit, o = 6*time.Second, eager
	case os.Getenv("MAPSAN_WORLD") != "":
		limit, o = 10*time.Minute, eager
	case os.Getenv("MAPSAN_HEAVY") != "":
		limit, o = time.Minute, eager
	}
	for _, shape := range correct {
		t.Run(shape, func(t *testing.T) {
			if limit >= time.Minute {
				t.Parallel()
			}
			p := start(t, path, shape, "20m")
			found, st := watch(t, p, limit, false, o)
			for _, f := range found {
				b, err := finding.Encode(f)
				t.Errorf("a false alarm: %s, %v", b, err)
			}
			if st.Hits == 0 {
				t.Error("no access came by a probe")
			}
			t.Logf("%d operations, %d near, %d delays, watched for %v of %v, which cost %v", st.Hits, st.Near, st.Delays,
				st.Watching.Round(time.Millisecond), st.Elapsed.Round(time.Millisecond), st.Cost.Round(time.Millisecond))
		})
	}
}
