package toolchain

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeCommand makes a go command that answers go env with the script's output.
func fakeCommand(t *testing.T, script string) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return []string{"PATH=" + dir + string(filepath.ListSeparator) + "/usr/bin:/bin"}
}

func TestSelect(t *testing.T) {
	tc, err := Select(t.Context(), t.TempDir(), os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	if Minor(tc.Version) == "" || tc.HostOS == "" || tc.GOARCH == "" {
		t.Errorf("Select = %+v, want a release and its settings", tc)
	}
	if _, err := os.Stat(tc.Go()); err != nil {
		t.Errorf("the selected toolchain has no go command: %v", err)
	}
}

func TestSelectNoGo(t *testing.T) {
	_, err := Select(t.Context(), "", []string{"PATH=" + t.TempDir()})
	if !errors.Is(err, ErrNoGo) || !strings.Contains(err.Error(), "install Go") {
		t.Errorf("Select = %v, want ErrNoGo that says what to do", err)
	}
}

func TestSelectFails(t *testing.T) {
	env := fakeCommand(t, "echo 'go: errors parsing go.mod:' >&2\necho '/m/go.mod:3: invalid go version' >&2\nexit 1\n")
	_, err := Select(t.Context(), "", env)
	if err == nil || !strings.HasSuffix(err.Error(), "errors parsing go.mod: /m/go.mod:3: invalid go version") {
		t.Errorf("Select = %v, want the go command's own words on one line", err)
	}
}

// TestSelectInside: within a laid toolchain's environment the original is meant.
func TestSelectInside(t *testing.T) {
	tc := fakeGo(t, nil)
	laid := lay(t, tc, hooked, t.TempDir())
	env := fakeCommand(t, `echo '{"GOVERSION":"go1.26.8","GOROOT":"`+laid.Root+`"}'`)
	got, err := Select(t.Context(), "", env)
	if err != nil {
		t.Fatal(err)
	}
	if got.GOROOT != tc.GOROOT {
		t.Errorf("GOROOT is %s, want the original %s", got.GOROOT, tc.GOROOT)
	}
}
