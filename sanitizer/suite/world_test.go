package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/sanitizer/report"
	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// TestStandardLibrary runs suites of the standard library, unmodified.
func TestStandardLibrary(t *testing.T) {
	packages := []string{"context", "encoding/json", "log/slog", "text/template"}
	if worldwide {
		packages = append(packages, "sync", "database/sql", "go/types", "net/http", "os/exec", "testing", "time",
			"net/http/httptest", "net/rpc", "net/http/httputil", "expvar", "encoding/gob", "reflect", "maps",
			"sync/atomic", "testing/synctest", "html/template", "internal/singleflight", "mime", "net/textproto", "log", "os/signal")
	}
	// A module of the toolchain's own Go version: an older one would choose older GODEBUG settings.
	dir := t.TempDir()
	if _, err := command.Output(mapsan.Plain(t.Context(), dir, "mod", "init", "world")); err != nil {
		t.Fatal(err)
	}
	for _, pkg := range packages {
		t.Run(pkg, func(t *testing.T) { world(t, pkg, dir, pkg) })
	}
}

// modules are in wide use, use maps from many goroutines, and have tests that need no network.
var modules = []struct {
	module   string
	packages []string
}{
	{"github.com/gin-gonic/gin@v1.12.0", []string{"./..."}},
	{"github.com/spf13/viper@v1.21.0", []string{"./..."}},
	{"go.uber.org/zap@v1.28.0", []string{"./..."}},
	{"github.com/prometheus/client_golang@v1.25.0", []string{"./prometheus/..."}},
	{"k8s.io/client-go@v0.37.2", []string{"./tools/cache/...", "./util/workqueue/...", "./util/flowcontrol/...", "./tools/record/..."}},
	{"google.golang.org/grpc@v1.85.0", []string{"./internal/transport/...", "./balancer/...", "./internal/resolver/...", "./stats/...", "./metadata/..."}},
}

// TestModules runs the tests of modules from the proxy, unmodified.
func TestModules(t *testing.T) {
	needWorld(t)
	for _, m := range modules {
		path, _, _ := strings.Cut(m.module, "@")
		t.Run(path, func(t *testing.T) {
			out, err := command.Output(mapsan.Plain(t.Context(), t.TempDir(), "mod", "download", "-json", m.module))
			if err != nil {
				t.Skipf("no module proxy: %v", err)
			}
			var got struct{ Dir string }
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := copyTree(dir, got.Dir); err != nil {
				t.Fatal(err)
			}
			world(t, path, dir, m.packages...)
		})
	}
}

// copyTree copies a module out of the cache, whose files cannot be written.
func copyTree(dst, src string) error {
	return filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o777)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o666)
	})
}

// world runs tests under the sanitizer. They must pass as they do without it,
// and each finding must be known.
func world(t *testing.T, name, dir string, packages ...string) {
	ctx := within(t, 9*time.Minute)
	start := time.Now()
	got, err := goTest(ctx, mapsan.Go, dir, packages)
	if err != nil {
		t.Fatal(err)
	}
	known := knownFindings(t, name)
	for _, f := range got.findings {
		if verdict, ok := known[f.Fingerprint()]; !ok || verdict != "true" {
			t.Errorf("finding %s in %s %s is not known to be true\n%s", f.Fingerprint(), f.Resource.Package, f.Resource.Test, brief(f))
		}
	}
	failed := got.failed
	if len(failed) > 0 {
		// What fails without the sanitizer as well, or passes the second time, is not ours.
		plain, err := goTest(ctx, mapsan.Plain, dir, packages)
		if err != nil {
			t.Fatal(err)
		}
		for test := range plain.failed {
			delete(failed, test)
		}
		if len(failed) > 0 {
			again, err := goTest(ctx, mapsan.Go, dir, packages)
			if err != nil {
				t.Fatal(err)
			}
			for test, output := range failed {
				if again.failed[test] != "" {
					t.Errorf("%s fails under the sanitizer only:\n%.4000s", test, output)
				} else {
					t.Logf("%s failed once and passed then", test)
				}
			}
		}
		t.Logf("%d tests fail without the sanitizer as well", len(plain.failed))
	}
	if got.passed == 0 {
		t.Errorf("no test ran:\n%.4000s", got.stderr)
	}
	t.Logf("%d tests passed, %d findings, %v", got.passed, len(got.findings), time.Since(start).Round(time.Second))
}

// knownFindings reads the verdicts on the findings in a package or module, by fingerprint.
func knownFindings(t *testing.T, name string) map[string]string {
	t.Helper()
	file := testdata(t, "known", strings.ReplaceAll(name, "/", "-")+".txt")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	known := map[string]string{}
	for _, line := range lines(t, file) {
		f := strings.Fields(line)
		if len(f) < 3 || f[1] != "true" && f[1] != "false" {
			t.Fatalf("%s: %q is not a fingerprint, true or false, and an argument", file, line)
		}
		known[f[0]] = f[1]
	}
	return known
}

// A testRun is what go test -json told.
type testRun struct {
	passed   int
	failed   map[string]string // output by test
	findings []*finding.Finding
	stderr   string
}

type goCommand func(ctx context.Context, dir string, args ...string) *exec.Cmd

func goTest(ctx context.Context, command goCommand, dir string, packages []string) (*testRun, error) {
	cmd := command(ctx, dir, append([]string{"test", "-json", "-count=1", "-timeout=8m"}, packages...)...)
	r := &testRun{failed: map[string]string{}}
	var events, stderr bytes.Buffer
	f := report.NewJSONFilter(&events, func(found *finding.Finding) { r.findings = append(r.findings, found) })
	cmd.Stdout, cmd.Stderr = f, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: out of time", strings.Join(cmd.Args, " "))
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	r.stderr = stderr.String()
	return r, r.read(&events)
}

func (r *testRun) read(events io.Reader) error {
	output := map[string]string{}
	var failed []string
	for d := json.NewDecoder(events); ; {
		var e struct{ Action, Package, Test, Output string }
		if err := d.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			return fmt.Errorf("read the output of go test -json: %w", err)
		}
		test := e.Package + "." + e.Test
		switch e.Action {
		case "output":
			output[test] += e.Output
		case "pass":
			if e.Test != "" {
				r.passed++
			}
		case "fail":
			failed = append(failed, test)
		}
	}
	for _, test := range failed {
		// A package fails because one of its tests does, unless none did.
		inner := slices.ContainsFunc(failed, func(other string) bool { return other != test && strings.HasPrefix(other, test) })
		if !inner || !strings.HasSuffix(test, ".") {
			r.failed[test] = "failed\n" + output[test]
		}
	}
	return nil
}
