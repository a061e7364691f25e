package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTakeOutputs(t *testing.T) {
	for _, test := range []struct {
		verb, args string
		files      outputs
		rest       string
	}{
		{"test", "-v ./...", outputs{}, "-v ./..."},
		{"test", "-sarif a -v ./... -html=b --findings c", outputs{"sarif": "a", "html": "b", "findings": "c"}, "-v ./..."},
		{"test", "-sarif a -sarif b .", outputs{"sarif": "b"}, "."},
		{"test", ". -args -sarif x", outputs{}, ". -args -sarif x"},
		{"test", "-run -html .", outputs{}, "-run -html ."},
		{"test", "-html=true .", outputs{"html": "true"}, "."},
		{"run", "-html a . -sarif x", outputs{"html": "a"}, ". -sarif x"},
	} {
		files, rest, err := takeOutputs(test.verb, strings.Fields(test.args))
		if err != nil {
			t.Errorf("%s %s: %v", test.verb, test.args, err)
			continue
		}
		if d := cmp.Diff(test.files, files); d != "" {
			t.Errorf("%s %s: files differ (-want +got):\n%s", test.verb, test.args, d)
		}
		if d := cmp.Diff(test.rest, strings.Join(rest, " ")); d != "" {
			t.Errorf("%s %s: the go command's arguments differ (-want +got):\n%s", test.verb, test.args, d)
		}
	}
}

func TestTakeOutputsBad(t *testing.T) {
	for _, args := range []string{". -sarif", "-sarif= .", "-html=no/such/place/x ."} {
		if _, _, err := takeOutputs("test", strings.Fields(args)); err == nil {
			t.Errorf("test %s: no error", args)
		}
	}
}

func TestWriteWhole(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("half way")
	err := writeWhole(name, func(w io.Writer) error {
		io.WriteString(w, "ne")
		return failed
	})
	if b, _ := os.ReadFile(name); !errors.Is(err, failed) || string(b) != "old" {
		t.Errorf("a failed write gave %v and left %q", err, b)
	}
	err = writeWhole(name, func(w io.Writer) error {
		_, err := io.WriteString(w, "new")
		return err
	})
	fi, statErr := os.Stat(name)
	if b, _ := os.ReadFile(name); err != nil || string(b) != "new" || statErr != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("a write gave %v and %q, mode %v", err, b, fi.Mode())
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files are there, want 1", len(entries))
	}
	if err := writeWhole(os.DevNull, func(io.Writer) error { return nil }); err != nil {
		t.Errorf("writing to a device: %v", err)
	}
}
