package inspect

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var buildDir string

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "inspect"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(buildDir)
	os.Exit(code)
}

// build builds the program of testdata, with a toolchain or "" for the local one.
func build(t testing.TB, toolchain string, flags ...string) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command: nothing to build programs with")
	}
	exe := filepath.Join(buildDir, fmt.Sprintf("live%s%s", toolchain, strings.Join(flags, "")))
	if _, err := os.Stat(exe); err == nil {
		return exe
	}
	cmd := exec.Command("go", append(append([]string{"build", "-o", exe}, flags...), ".")...)
	cmd.Dir = filepath.Join("testdata", "live")
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0", "GOTOOLCHAIN=local")
	if toolchain != "" {
		cmd.Env = append(cmd.Env, "GOTOOLCHAIN="+toolchain)
	}
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build (%s %v): %v\n%s", toolchain, flags, err, msg)
	}
	return exe
}

// program is a process of the tests' own.
type program struct {
	pid int
	out *bufio.Scanner
	end func()
}

// start runs a program until the test ends, and returns when it is ready.
func start(t testing.TB, exe string, args ...string) *program {
	t.Helper()
	cmd := exec.Command(exe, args...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{pid: cmd.Process.Pid, out: bufio.NewScanner(stdout)}
	ended := false
	p.end = func() {
		if !ended {
			ended = true
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	t.Cleanup(p.end)
	if !p.out.Scan() || p.out.Text() != "ready" {
		t.Fatalf("%s: it said %q, not that it was ready", exe, p.out.Text())
	}
	return p
}

func needHeavy(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("MAPSAN_HEAVY") == "" {
		t.Skip(why + ": set MAPSAN_HEAVY=1")
	}
}
