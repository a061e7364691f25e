package cli

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/internal/coredump"
)

// TestExplainCore lets a program die in each way and explains its core.
func TestExplainCore(t *testing.T) {
	src, err := filepath.Abs(filepath.Join("..", "..", "corefile", "testdata", "crash"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "crash")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = src
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	known := 0
	for _, how := range []string{"write-write", "write-write", "read-write", "busy", "busy"} {
		t.Run(how, func(t *testing.T) {
			d, err := coredump.Crash(t.Context(), t.TempDir(), binary, how)
			if errors.Is(err, coredump.ErrNoCore) {
				known++
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			code := Run([]string{"explain", "core", "-src", src, d.Core, binary}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
			if code != exitFindings {
				t.Fatalf("exit status %d\n%s%s", code, out.Bytes(), errs.Bytes())
			}
			text := strings.Join(strings.Fields(out.String()), " ") // lines are wrapped
			_, list, _ := strings.Cut(text, "The other side, the likeliest first: ")
			first, rest, _ := strings.Cut(list, " 2. goroutine")
			if !strings.Contains(text, "field peers of main.Registry") {
				t.Error("the map is not named")
			}
			// A reader that stopped at its first check may have saved nothing: then
			// the core does not tell which Registry it was.
			if !strings.Contains(list, "in the core, ") && !strings.Contains(list, "the same header") {
				if how == "write-write" || !strings.Contains(list, "main.writer, on its stack") {
					t.Errorf("it is not told which map it was, or who may have written it:\n%s", list)
				}
				return
			}
			known++
			if !strings.Contains(first, "main.(*Registry).Add") || !strings.Contains(first, "proved") && !strings.Contains(first, "shown") {
				t.Errorf("the other side is not shown to be the writer:\n%s", first)
			}
			if strings.Contains(first, "main.bystander") || !strings.Contains(rest, "nothing on its stack leads to the map") {
				t.Errorf("the bystander, who writes another Registry, is not told apart:\n%s", list)
			}
		})
	}
	if known == 0 && !t.Failed() {
		t.Error("no core told which map it was")
	}
}
