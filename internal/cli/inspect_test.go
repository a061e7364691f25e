//go:build linux

package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// startLive runs the program that package inspect is tested with.
func startLive(t *testing.T) *exec.Cmd {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "live")
	build := exec.Command("go", "build", "-o", exe, ".")
	build.Dir = filepath.Join("..", "..", "inspect", "testdata", "live")
	build.Env = append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(exe)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if s := bufio.NewScanner(stdout); !s.Scan() || s.Text() != "ready" {
		t.Fatalf("it said %q", s.Text())
	}
	return cmd
}

func TestInspect(t *testing.T) {
	live := startLive(t)
	pid := strconv.Itoa(live.Process.Pid)
	inspect := func(args ...string) (status int, out, errs string) {
		var o, e bytes.Buffer
		status = Run(append([]string{"inspect"}, args...), Streams{In: strings.NewReader(""), Out: &o, Err: &e})
		return status, o.String(), e.String()
	}
	status, out, errs := inspect(pid)
	if strings.Contains(errs, "not permitted") {
		t.Skip(errs)
	}
	if status != exitNothing || errs != "" || !strings.Contains(out, "main.deleted map[int]int") || strings.Contains(out, "\x1b") {
		t.Errorf("status %d, %s%s", status, out, errs)
	}
	var v struct {
		PID  int
		Maps []struct {
			Name string
			Used int
		}
	}
	_, out, _ = inspect("-json", "-no-stop", pid)
	if err := json.Unmarshal([]byte(out), &v); err != nil || v.PID != live.Process.Pid || len(v.Maps) < 8 {
		t.Errorf("%v, %+v", err, v)
	}
	svg := filepath.Join(t.TempDir(), "map.svg")
	_, out, errs = inspect("-map", "deleted", "-svg", svg, pid)
	if drawn, err := os.ReadFile(svg); err != nil || !bytes.Contains(drawn, []byte("</svg>")) || !strings.Contains(out, "table 0  depth ") {
		t.Errorf("%v, %s%s", err, out, errs)
	}
	for _, bad := range []struct {
		args []string
		says string
	}{
		{[]string{"-map", "nosuch", pid}, "no such map"},
		{[]string{"-map", "peers", pid}, "2 maps are called that"},
		{[]string{"-svg", svg, pid}, "name it by -map"},
		{[]string{"-every", "0s", pid}, "-every"},
		{[]string{filepath.Join(t.TempDir(), "nocore")}, "no such file"},
		{[]string{svg}, "is no core dump"},
		{[]string{"-watch", svg}, "leave out -watch"},
		{[]string{"0"}, "no such process"},
	} {
		status, out, errs := inspect(bad.args...)
		if status != exitFailed || out != "" || !strings.Contains(errs, bad.says) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: status %d, %q, %q", bad.args, status, out, errs)
		}
	}
}

// endAfter calls end when so many views were written to it.
type endAfter struct {
	bytes.Buffer
	views int
	end   func()
}

func (e *endAfter) Write(b []byte) (int, error) {
	n, err := e.Buffer.Write(b)
	if bytes.Count(e.Bytes(), []byte(" map operation")) >= e.views && e.end != nil {
		e.end()
		e.end = nil
	}
	return n, err
}

// TestInspectWatch watches until the process ends.
func TestInspectWatch(t *testing.T) {
	live := startLive(t)
	out := &endAfter{views: 3, end: func() { live.Process.Kill(); live.Process.Wait() }}
	var errs bytes.Buffer
	status := Run([]string{"inspect", "-watch", "-every", "20ms", strconv.Itoa(live.Process.Pid)}, Streams{In: strings.NewReader(""), Out: out, Err: &errs})
	if strings.Contains(errs.String(), "not permitted") {
		t.Skip(errs.String())
	}
	if status != exitNothing || !strings.Contains(errs.String(), "has ended") {
		t.Errorf("status %d, %s, %s", status, out, errs.String())
	}
}
