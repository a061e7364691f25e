// Package otlp sends findings to an OpenTelemetry collector, as log records by
// OTLP over HTTP.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/mapsan/mapsan/finding"
	"github.com/mapsan/mapsan/finding/render"
)

// EventName is that of the records.
const EventName = "mapsan.finding"

// Exporter sends findings in the background. A queue of 2048 bounds what waits for
// a collector that does not answer.
type Exporter struct {
	queue   *sdk.BatchProcessor
	version string
	queued  atomic.Int64
	taken   *taker
}

// taker counts the records that come out of the queue: the SDK tells nobody how many it
// throws away when that is full.
type taker struct {
	sdk.Exporter
	n atomic.Int64
}

func (t *taker) Export(ctx context.Context, records []sdk.Record) error {
	t.n.Add(int64(len(records)))
	return t.Exporter.Export(ctx, records)
}

// New prepares to send to a collector. base is what OTEL_EXPORTER_OTLP_ENDPOINT has,
// an http or https URL without /v1/logs; a user in it is not sent. Headers, certificates
// and the like are taken from OpenTelemetry's variables in the environment. failed is
// called for what could not be sent, at most once a minute; Send may call it too.
//
// The SDK adds what OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say of this process
// to the resource of each finding. Who sends findings of others unsets them before.
func New(base, version string, failed func(error)) (*Exporter, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, errors.New("not a URL") // which err would repeat, with its password
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("not the URL of a collector: it must be as http://127.0.0.1:4318")
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/v1/logs"
	u.User, u.RawQuery, u.Fragment = nil, "", "" // are not sent, and may be secret
	to, err := otlploghttp.New(context.Background(), otlploghttp.WithEndpointURL(u.String()))
	if err != nil {
		return nil, err
	}
	otel.SetErrorHandler(&limited{each: time.Minute, tell: func(err error) {
		failed(fmt.Errorf("send findings to %s: %w", u, err))
	}})
	t := &taker{Exporter: to}
	return &Exporter{queue: sdk.NewBatchProcessor(t), version: version, taken: t}, nil
}

// Send queues a finding that was made at some time.
func (e *Exporter) Send(f *finding.Finding, at time.Time) {
	e.queued.Add(1)
	ctx := context.Background()
	if span, ok := spanOf(f.Trace); ok {
		ctx = trace.ContextWithSpanContext(ctx, span)
	}
	// A provider belongs to one resource; it holds nothing that has to be closed.
	p := sdk.NewLoggerProvider(sdk.WithProcessor(e.queue), sdk.WithResource(resource.NewSchemaless(resourceOf(f)...)))
	p.Logger("github.com/mapsan/mapsan", log.WithInstrumentationVersion(e.version)).Emit(ctx, record(f, at))
}

// Close sends what waits, until ctx ends.
func (e *Exporter) Close(ctx context.Context) error { return e.queue.Shutdown(ctx) }

// Dropped says, after Close, how many findings it did not try to send: they found the
// queue full, or ctx ended before their turn. failed tells of those that it tried to.
func (e *Exporter) Dropped() int { return int(e.queued.Load() - e.taken.n.Load()) }

// record is the log record of a finding. Its attributes are to search by; the
// whole of it is in mapsan.finding, in its JSON form.
func record(f *finding.Finding, at time.Time) log.Record {
	var r log.Record
	r.SetTimestamp(at)
	r.SetEventName(EventName)
	r.SetSeverity(log.SeverityWarn)
	if f.Grade == finding.Proved || f.Grade == finding.Shown {
		r.SetSeverity(log.SeverityError)
	}
	r.SetSeverityText(r.Severity().String())
	r.SetBody(attribute.StringValue(valid(render.Summary(f, render.Options{}))))
	set := func(key, value string) {
		if value != "" {
			r.AddAttributes(attribute.String(key, valid(value)))
		}
	}
	set("mapsan.rule", f.Rule)
	set("mapsan.engine", string(f.Engine))
	set("mapsan.grade", string(f.Grade))
	set("mapsan.fingerprint", f.Fingerprint())
	set("mapsan.map.name", f.MapName())
	set("mapsan.map.type", f.Map.Type)
	if site, ok := f.Parties[0].Site(); ok {
		set("code.function.name", site.Func)
		set("code.file.path", site.File)
		if site.Line > 0 {
			r.AddAttributes(attribute.Int("code.line.number", site.Line))
		}
	}
	if whole, err := finding.Encode(f); err == nil { // a finding that is not valid is told of by its summary
		set("mapsan.finding", string(whole))
	}
	return r
}

func resourceOf(f *finding.Finding) []attribute.KeyValue {
	r := &f.Resource
	var all []attribute.KeyValue
	for _, kv := range [][2]string{
		{"service.name", r.ServiceName}, {"service.namespace", r.Namespace}, {"k8s.pod.uid", r.PodUID},
		{"container.id", r.ContainerID}, {"host.name", r.HostName}, {"vcs.ref.head.revision", r.Revision},
		{"process.runtime.version", r.GoVersion}, {"process.executable.build_id.go", r.BuildID},
	} {
		if kv[1] != "" {
			all = append(all, attribute.String(kv[0], valid(kv[1])))
		}
	}
	if r.PID != 0 {
		all = append(all, attribute.Int("process.pid", r.PID))
	}
	return all
}

// valid is s as UTF-8: the encoding has no other strings, and one of them would lose
// every finding that is sent with it.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// spanOf is the span that the goroutine worked for, if the finding says it.
func spanOf(t finding.Trace) (trace.SpanContext, bool) {
	id, err1 := trace.TraceIDFromHex(t.TraceID)
	span, err2 := trace.SpanIDFromHex(t.SpanID)
	if err1 != nil || err2 != nil {
		return trace.SpanContext{}, false
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: span, Remote: true}), true
}

// limited tells of the first error, and then of one in a while.
type limited struct {
	each time.Duration
	tell func(error)

	mu   sync.Mutex
	next time.Time
}

func (l *limited) Handle(err error) {
	l.mu.Lock()
	now := time.Now()
	quiet := now.Before(l.next)
	if !quiet {
		l.next = now.Add(l.each)
	}
	l.mu.Unlock()
	if !quiet {
		l.tell(err)
	}
}
