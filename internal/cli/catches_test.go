package cli

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	logs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/mapsan/mapsan/finding"
)

// race is a finding in some process.
func race(pid int) *finding.Finding {
	f := &finding.Finding{
		Schema: finding.Schema, Engine: finding.Agent, Grade: finding.Proved,
		Rule:     finding.RuleFor(finding.Assign, finding.Lookup),
		Map:      finding.Map{Type: "map[string]int", Expr: "counts", Name: "main.counts", Kind: finding.Global},
		Resource: finding.Resource{ServiceName: "cart", PID: pid},
	}
	f.Map.Missing.Miss("decl", "not looked at")
	f.Map.Missing.Miss("addr", "not looked at")
	for i, op := range []finding.Op{finding.Assign, finding.Lookup} {
		p := &f.Parties[i]
		p.Access.Op, p.Access.Expr = op, "counts"
		p.Access.Site = finding.Position{File: "/src/cart.go", Line: 10 + i}
		p.Goroutine = finding.Goroutine{ID: uint64(7 + i), State: "running"}
		p.Goroutine.Missing.Miss("origin", "not looked at")
		p.Stack = []finding.Frame{{Func: "main.count", File: "/src/cart.go", Line: 10 + i}}
	}
	return f
}

// within fails the test when f takes too long, as it does in a deadlock.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s does not return", what)
	}
}

// collector keeps the resources of what it is sent.
type collector struct {
	url string

	mu   sync.Mutex
	sent []map[string]string
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	c.url = srv.URL
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b, err := io.ReadAll(req.Body)
	var got logs.ExportLogsServiceRequest
	if err = errors.Join(err, proto.Unmarshal(b, &got)); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range got.ResourceLogs {
		m := map[string]string{}
		for _, kv := range r.Resource.Attributes {
			m[kv.Key] = kv.Value.GetStringValue()
		}
		c.sent = append(c.sent, m)
	}
}

// TestResourceIsTheTargets: what the environment says of mapsan is said of no other process.
func TestResourceIsTheTargets(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.uid=mine,deployment.environment=mine,")
	t.Setenv("OTEL_SERVICE_NAME", "mapsan-agent")
	to := newCollector(t)
	var out, errs bytes.Buffer
	c, err := newCatches(Streams{Out: &out, Err: &errs}, sinks{otlp: to.url}, mapRaces)
	if err != nil {
		t.Fatal(err)
	}
	f := race(42)
	f.Resource.ServiceName = ""
	c.found(f)
	c.found(race(43))
	if err := c.close("agent", nil); err != exitError(exitFindings) {
		t.Error(err)
	}
	want := []map[string]string{{"process.pid": ""}, {"process.pid": "", "service.name": "cart"}}
	slices.SortFunc(to.sent, func(a, b map[string]string) int { return len(a) - len(b) })
	if diff := cmp.Diff(want, to.sent); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(errs.String(), "send findings") {
		t.Error(errs.String())
	}
}

// TestErrorWhileSending: the exporter tells of an error while a finding is handed to it.
func TestErrorWhileSending(t *testing.T) {
	var out, errs bytes.Buffer
	c, err := newCatches(Streams{Out: &out, Err: &errs}, sinks{otlp: newCollector(t).url}, mapRaces)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "a=b,") // which the SDK complains about
	within(t, "found", func() { c.found(race(42)) })
	within(t, "close", func() { c.close("attach", nil) })
	if !strings.Contains(errs.String(), "mapsan: send findings to") {
		t.Error("the exporter had no error to tell")
	}
}

// TestSourceIsAskedFor: a process that is watched may name any file, and none is shown
// unless it is below -src.
func TestSourceIsAskedFor(t *testing.T) {
	dir := t.TempDir()
	src, page := filepath.Join(dir, "src"), filepath.Join(dir, "page.html")
	for name, text := range map[string]string{"src/cart.go": "counts[0]++ // ours\n", "key": "s3cret\n"} {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for _, flag := range []string{"", src} {
		var out bytes.Buffer
		c, err := newCatches(Streams{Out: &out, Err: io.Discard}, sinks{src: flag, named: map[string]*string{"html": &page}}, mapRaces)
		if err != nil {
			t.Fatal(err)
		}
		f := race(42)
		for i, name := range []string{"src/cart.go", "key"} {
			p := &f.Parties[i]
			p.Access.Site = finding.Position{File: filepath.Join(dir, name), Line: 1}
			p.Stack[0].File, p.Stack[0].Line = p.Access.Site.File, 1
		}
		c.found(f)
		if err := c.close("attach", nil); err != exitError(exitFindings) {
			t.Fatal(err)
		}
		html, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for where, text := range map[string]string{"text": out.String(), "HTML": string(html)} {
			if strings.Contains(text, "s3cret") {
				t.Errorf("-src %q: the %s has a line of a file that is not below it", flag, where)
			}
			if strings.Contains(text, "// ours") != (flag != "") {
				t.Errorf("-src %q: the %s has source: %v", flag, where, flag == "")
			}
		}
	}
	if _, err := newCatches(Streams{}, sinks{src: filepath.Join(dir, "absent")}, mapRaces); err == nil {
		t.Error("-src of no directory is taken")
	}
}

// TestNumberOfAnother: the kernel gives a process's number to a later one, whose findings
// are others.
func TestNumberOfAnother(t *testing.T) {
	var out, errs bytes.Buffer
	c, err := newCatches(Streams{Out: &out, Err: &errs}, sinks{json: true}, mapRaces)
	if err != nil {
		t.Fatal(err)
	}
	v := newAgentView(c)
	for range 2 {
		c.found(race(42))
		c.found(race(42))
		v.left(process(42))
	}
	c.found(race(43))
	if n := len(c.times); n != 1 {
		t.Errorf("%d findings are remembered, not that of the process that is there", n)
	}
	v.end()
	if err := c.close("agent", nil); err != exitError(exitFindings) {
		t.Error(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 3 || !strings.Contains(errs.String(), "5 map races caught (3 distinct)") {
		t.Errorf("%d findings are shown; %s", n, errs.String())
	}
}

func TestPasswordIsNotPrinted(t *testing.T) {
	for _, url := range []string{
		"me:s3cret@collector:4318", "http://me:s3cret@collector:bad", "ftp://me:s3cret@collector", "http://me:s3@cret@collector:bad",
		"me:s3cret@", "//me:s3cret@collector", "http://me:s3cret%zz@collector",
	} {
		_, err := newCatches(Streams{}, sinks{otlp: url}, mapRaces)
		if err == nil || strings.Contains(err.Error(), "cret@") || strings.Contains(err.Error(), "s3") {
			t.Errorf("%q: %v", url, err)
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	defer srv.Close()
	var errs bytes.Buffer
	c, err := newCatches(Streams{Out: io.Discard, Err: &errs}, sinks{otlp: strings.Replace(srv.URL, "//", "//me:s3cret@", 1)}, mapRaces)
	if err != nil {
		t.Fatal(err)
	}
	c.found(race(42))
	err = c.close("attach", nil)
	if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(errs.String(), "s3cret") {
		t.Errorf("%v\n%s", err, errs.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// TestWriteFails: it is said when it happens, and once.
func TestWriteFails(t *testing.T) {
	var errs bytes.Buffer
	c, err := newCatches(Streams{Out: full{}, Err: &errs}, sinks{json: true}, mapRaces)
	if err != nil {
		t.Fatal(err)
	}
	for pid := range 3 {
		c.found(race(pid))
		if got := errs.String(); got != "mapsan: show a finding: disk full\n" {
			t.Errorf("finding %d: %q", pid, got)
		}
	}
	if err := c.close("attach", nil); err == nil || err.Error() != "attach: show a finding: disk full" {
		t.Error(err)
	}
}

// TestTooManyForFiles: who reads the files learns that they do not have all.
func TestTooManyForFiles(t *testing.T) {
	var errs bytes.Buffer
	lines := filepath.Join(t.TempDir(), "all.jsonl")
	c, err := newCatches(Streams{Out: io.Discard, Err: &errs}, sinks{named: map[string]*string{"findings": &lines}}, mapRaces)
	if err != nil {
		t.Fatal(err)
	}
	for range maxKept + 3 {
		c.keep(race(42))
	}
	if err := c.close("attach", nil); err != nil {
		t.Error(err)
	}
	if !strings.Contains(errs.String(), "mapsan: 3 findings are not in the files, which have the first 10000\n") {
		t.Error(errs.String())
	}
	if b, err := os.ReadFile(lines); err != nil || bytes.Count(b, []byte("\n")) != maxKept {
		t.Errorf("%d lines: %v", bytes.Count(b, []byte("\n")), err)
	}
}
