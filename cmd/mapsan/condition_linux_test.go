package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// condition decides the conditions of scripts beyond testscript's own.
func condition(t *testing.T, name string) (bool, error) {
	if version, ok := strings.CutPrefix(name, "toolchain:"); ok {
		cmd := exec.Command("go", "version")
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+version, "GOPROXY=off")
		out, err := cmd.Output()
		return err == nil && strings.Contains(string(out), version), nil
	}
	switch name {
	case "heavy":
		return os.Getenv("MAPSAN_HEAVY") != "", nil
	case "root":
		return os.Getuid() == 0, nil
	case "attach":
		return can("attach")
	case "kmaps":
		return can("kmaps")
	case "mount":
		dir := t.TempDir()
		if syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m") != nil {
			return false, nil
		}
		return true, syscall.Unmount(dir, 0)
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// can asks mapsan doctor.
func can(name string) (bool, error) {
	out, err := exec.Command("mapsan", "doctor", "-json").Output()
	var checks []struct{ Name, State string }
	if jsonErr := json.Unmarshal(out, &checks); jsonErr != nil {
		return false, errors.Join(err, jsonErr)
	}
	return slices.ContainsFunc(checks, func(c struct{ Name, State string }) bool {
		return c.Name == name && c.State == "ok"
	}), nil
}

// status runs a command and requires its exit status: status 66 mapsan test .
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command...")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("usage: status N command...: %v", err)
	}
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// mount mounts a small file system on a directory until the script ends:
// mount DIR size=20m, or mount DIR ro.
func mount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mount DIR size=N|ro")
	}
	dir := ts.MkAbs(args[0])
	var flags uintptr
	data := args[1]
	if data == "ro" {
		flags, data = syscall.MS_RDONLY, ""
	}
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", flags, data))
	ts.Defer(func() { syscall.Unmount(dir, 0) })
}

// killed runs a command until it has said the words on stderr and then kills
// it: killed WORDS command...
func killed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: killed WORDS command...")
	}
	exe, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := exec.Command(exe, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "MAPSAN_CACHE="+ts.Getenv("MAPSAN_CACHE"), "GOTOOLCHAIN=local")
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	said := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if said = strings.Contains(lines.Text(), args[0]); said {
			break
		}
	}
	time.Sleep(time.Second) // into the work
	cmd.Process.Kill()
	cmd.Wait()
	if !said {
		ts.Fatalf("it ended without saying %q", args[0])
	}
}
