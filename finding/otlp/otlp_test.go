package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/mapsan/mapsan/finding"
)

func sample() *finding.Finding {
	f := &finding.Finding{
		Schema: finding.Schema, Engine: finding.Agent, Grade: finding.Proved,
		Map: finding.Map{Type: "map[string]int", Expr: "counts", Name: "main.counts", Kind: finding.Global},
		Resource: finding.Resource{ServiceName: "cart", Namespace: "eu", PodUID: "p", ContainerID: "c", HostName: "h",
			BuildID: "b", Revision: "r", GoVersion: "go1.26.8", PID: 42, Main: "example.com/cart"},
		Trace: finding.Trace{TraceID: strings.Repeat("ab", 16), SpanID: strings.Repeat("cd", 8)},
	}
	f.Map.Missing.Miss("decl", "not looked at")
	f.Map.Missing.Miss("addr", "not looked at")
	for i, op := range []finding.Op{finding.Assign, finding.Lookup} {
		p := &f.Parties[i]
		p.Access.Op = op
		p.Access.Expr = "counts"
		p.Access.Site = finding.Position{File: "/src/cart.go", Line: 10 + i}
		p.Goroutine = finding.Goroutine{ID: uint64(7 + i), State: "running"}
		p.Goroutine.Missing.Miss("origin", "not looked at")
		p.Stack = []finding.Frame{{Func: "main.count", File: "/src/cart.go", Line: 10 + i}}
	}
	f.Rule = finding.RuleFor(finding.Assign, finding.Lookup)
	return f
}

// receiver is a collector that keeps what it is sent.
type receiver struct {
	mu   sync.Mutex
	sent []*logs.ResourceLogs
	auth string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body := req.Body
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	b, err := io.ReadAll(body)
	var got collector.ExportLogsServiceRequest
	if err = errors.Join(err, proto.Unmarshal(b, &got)); err != nil || req.URL.Path != "/v1/logs" {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, got.ResourceLogs...)
	r.auth = req.Header.Get("Authorization")
	out, _ := proto.Marshal(&collector.ExportLogsServiceResponse{})
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.Write(out)
}

func values(all []*common.KeyValue) map[string]any {
	m := map[string]any{}
	for _, kv := range all {
		switch v := kv.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			m[kv.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			m[kv.Key] = v.IntValue
		}
	}
	return m
}

// TestSend: a collector gets the whole of a finding, whose it is, and its span.
func TestSend(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20s3cret")
	var r receiver
	srv := httptest.NewServer(&r)
	defer srv.Close()
	e, err := New(srv.URL+"/", "1.2.3", func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	f, at := sample(), time.Unix(1_700_000_000, 5)
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	e.Send(f, at)
	other := sample()
	other.Resource.ServiceName, other.Grade = "shop", finding.Guessed
	e.Send(other, at)
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(r.sent) != 2 {
		t.Fatalf("%d resources were sent, not 2", len(r.sent))
	}
	if r.auth != "Bearer s3cret" {
		t.Error("the header of the environment was not sent")
	}
	// Resources of one request come in any order.
	slices.SortFunc(r.sent, func(a, b *logs.ResourceLogs) int {
		name := func(r *logs.ResourceLogs) string { return values(r.Resource.Attributes)["service.name"].(string) }
		return strings.Compare(name(a), name(b))
	})
	for i, want := range []string{"cart", "shop"} {
		got := values(r.sent[i].Resource.Attributes)
		if diff := cmp.Diff(map[string]any{
			"service.name": want, "service.namespace": "eu", "k8s.pod.uid": "p", "container.id": "c", "host.name": "h",
			"vcs.ref.head.revision": "r", "process.runtime.version": "go1.26.8", "process.executable.build_id.go": "b", "process.pid": int64(42),
		}, got); diff != "" {
			t.Error(diff)
		}
	}
	rec := r.sent[0].ScopeLogs[0].LogRecords[0]
	attrs := values(rec.Attributes)
	js, err := finding.Decode([]byte(attrs["mapsan.finding"].(string)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, js); diff != "" {
		t.Errorf("the finding changed on its way:\n%s", diff)
	}
	delete(attrs, "mapsan.finding")
	if diff := cmp.Diff(map[string]any{
		"mapsan.rule": f.Rule, "mapsan.engine": "agent", "mapsan.grade": "proved", "mapsan.fingerprint": f.Fingerprint(),
		"mapsan.map.name": "example.com/cart.counts", "mapsan.map.type": "map[string]int",
		"code.function.name": "main.count", "code.file.path": "/src/cart.go", "code.line.number": int64(10),
	}, attrs); diff != "" {
		t.Error(diff)
	}
	if rec.EventName != EventName || rec.TimeUnixNano != uint64(at.UnixNano()) || rec.SeverityNumber != logs.SeverityNumber_SEVERITY_NUMBER_ERROR {
		t.Errorf("the record is %v", rec)
	}
	if hex.EncodeToString(rec.TraceId) != f.Trace.TraceID || hex.EncodeToString(rec.SpanId) != f.Trace.SpanID {
		t.Errorf("trace %x, span %x", rec.TraceId, rec.SpanId)
	}
	if got := r.sent[1].ScopeLogs[0].LogRecords[0].SeverityNumber; got != logs.SeverityNumber_SEVERITY_NUMBER_WARN {
		t.Errorf("a guess has severity %v", got)
	}
	if body := rec.Body.GetStringValue(); !strings.Contains(body, "counts") || strings.Contains(body, "\n") {
		t.Errorf("the body is %q", body)
	}
}

// TestInvalidStrings: a process may call itself anything, and so may an executable its
// functions; the finding is sent, and so are those beside it.
func TestInvalidStrings(t *testing.T) {
	var r receiver
	srv := httptest.NewServer(&r)
	defer srv.Close()
	e, err := New(srv.URL, "1", func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	const bad = "a\xffb"
	f := sample()
	f.Resource = finding.Resource{ServiceName: bad, Namespace: bad, PodUID: bad, ContainerID: bad, HostName: bad,
		BuildID: bad, Revision: bad, GoVersion: bad, Main: bad}
	f.Map.Name, f.Map.Type, f.Map.Expr = bad, bad, bad
	f.Parties[0].Stack[0].Func, f.Parties[0].Stack[0].File, f.Parties[0].Access.Site.File = bad, bad, bad
	e.Send(f, time.Now())
	e.Send(sample(), time.Now())
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(r.sent) != 2 {
		t.Errorf("%d resources were sent, not 2", len(r.sent))
	}
}

// TestDropped: what the queue has no room for is counted.
func TestDropped(t *testing.T) {
	t.Setenv("OTEL_BLRP_MAX_QUEUE_SIZE", "4")
	t.Setenv("OTEL_BLRP_SCHEDULE_DELAY", "10")
	asked, answer := make(chan struct{}, 100), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-answer
	}))
	defer srv.Close()
	e, err := New(srv.URL, "1", func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	e.Send(sample(), time.Now())
	<-asked
	for range 10 {
		e.Send(sample(), time.Now())
	}
	close(answer)
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := e.Dropped(); n != 6 {
		t.Errorf("%d findings of 10 were dropped, with room for 4", n)
	}
}

// TestCollectorFails: it is said once, without the password, and Close does not hang.
func TestCollectorFails(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "full", http.StatusInsufficientStorage) }))
	defer srv.Close()
	var said []string
	e, err := New(strings.Replace(srv.URL, "http://", "http://me:s3cret@", 1), "1", func(err error) { said = append(said, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	e.Send(sample(), time.Now())
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	closed := e.Close(ctx)
	if closed == nil && len(said) == 0 {
		t.Error("nobody says that the finding was not sent")
	}
	for _, s := range append(said, errors.Join(errors.New(""), closed).Error()) {
		if strings.Contains(s, "s3cret") {
			t.Errorf("the password is in %q", s)
		}
	}
}

func TestURLs(t *testing.T) {
	for _, bad := range []string{"", "127.0.0.1:4318", "ftp://h", "http://", "http://u:s3cret@h:bad"} {
		if _, err := New(bad, "", nil); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLimited(t *testing.T) {
	var b bytes.Buffer
	l := &limited{each: time.Hour, tell: func(err error) { b.WriteString(err.Error()) }}
	l.Handle(errors.New("1"))
	l.Handle(errors.New("2"))
	l.next = time.Now()
	l.Handle(errors.New("3"))
	if b.String() != "13" {
		t.Errorf("told %q", b.String())
	}
}
