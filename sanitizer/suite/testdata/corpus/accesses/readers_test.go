package accesses

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	htmltemplate "html/template"
	"io"
	"log/slog"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"strings"
	"testing"
	"text/template"

	"corpus/order"
)

type payload struct {
	Tags  map[string]int
	Inner *payload `json:",omitempty"`
}

// A hidden reader is a call of the standard library that reads the maps that
// it finds in its argument.
var hiddenReaders = []struct {
	name string
	read func(p *payload)
}{
	{"json.Marshal", func(p *payload) { json.Marshal(p) }},
	{"json.Marshal of the map", func(p *payload) { json.Marshal(p.Tags) }},
	{"json.Encoder", func(p *payload) { json.NewEncoder(io.Discard).Encode(p) }},
	{"json.Marshal nested", func(p *payload) { json.Marshal(payload{Tags: map[string]int{}, Inner: p}) }},
	{"gob.Encoder", func(p *payload) { gob.NewEncoder(io.Discard).Encode(p) }},
	{"fmt.Sprint", func(p *payload) { use(fmt.Sprint(p.Tags)) }},
	{"fmt.Sprintf %v", func(p *payload) { use(fmt.Sprintf("%v", p)) }},
	{"fmt.Sprintf %+v", func(p *payload) { use(fmt.Sprintf("%+v", *p)) }},
	{"fmt.Sprintf %#v", func(p *payload) { use(fmt.Sprintf("%#v", *p)) }},
	{"slog text", func(p *payload) { slog.New(slog.NewTextHandler(io.Discard, nil)).Info("m", "tags", p.Tags) }},
	{"slog json", func(p *payload) { slog.New(slog.NewJSONHandler(io.Discard, nil)).Info("m", "tags", p.Tags) }},
	{"template range", func(p *payload) { execute(`{{range $k, $v := .Tags}}{{$k}}{{end}}`, p) }},
	{"template field", func(p *payload) { execute(`{{.Tags.a}}`, p) }},
	{"template index", func(p *payload) { execute(`{{index .Tags "a"}}`, p) }},
	{"template len", func(p *payload) { execute(`{{len .Tags}}`, p) }},
	{"template print", func(p *payload) { execute(`{{.Tags}}`, p) }},
	{"html template", func(p *payload) {
		htmltemplate.Must(htmltemplate.New("t").Parse(`<p>{{range .Tags}}{{.}}{{end}}</p>`)).Execute(io.Discard, p)
	}},
	{"html template script", func(p *payload) {
		htmltemplate.Must(htmltemplate.New("t").Parse(`<script>x = {{.Tags}}</script>`)).Execute(io.Discard, p)
	}},
}

func execute(text string, p *payload) {
	template.Must(template.New("t").Parse(text)).Execute(io.Discard, p)
}

// each: lookup|iterate|len/assign
func TestRace_Hidden_Reader(t *testing.T) {
	for _, r := range hiddenReaders {
		p := &payload{Tags: map[string]int{"a": 1}}
		t.Run(r.name, func(*testing.T) { order.Sequence(assign(p.Tags), func() { r.read(p) }) })
	}
}

// each: assign/lookup|iterate|len
func TestRace_Hidden_WriteAfterReader(t *testing.T) {
	for _, r := range hiddenReaders {
		p := &payload{Tags: map[string]int{"a": 1}}
		t.Run(r.name, func(*testing.T) { order.Sequence(func() { r.read(p) }, assign(p.Tags)) })
	}
}

func TestOK_Hidden_Readers(t *testing.T) {
	p := &payload{Tags: map[string]int{"a": 1}}
	var fs []func()
	for _, r := range hiddenReaders {
		fs = append(fs, func() { r.read(p) }, func() { r.read(p) })
	}
	order.Sequence(fs...)
}

func TestOK_Hidden_OwnPayloads(t *testing.T) {
	var fs []func()
	for _, r := range hiddenReaders {
		fs = append(fs, func() { r.read(&payload{Tags: map[string]int{"a": 1}}) })
	}
	order.Sequence(fs...)
}

// A hidden writer is a call that writes to the map it is given.
var hiddenWriters = []struct {
	name  string
	write func(m map[string][]string)
}{
	{"json.Unmarshal", func(m map[string][]string) { json.Unmarshal([]byte(`{"a": ["1"]}`), &m) }},
	{"json.Decoder", func(m map[string][]string) { json.NewDecoder(strings.NewReader(`{"a": ["1"]}`)).Decode(&m) }},
	{"gob.Decoder", func(m map[string][]string) {
		var b bytes.Buffer
		gob.NewEncoder(&b).Encode(map[string][]string{"a": {"1"}})
		gob.NewDecoder(&b).Decode(&m)
	}},
	{"http.Header.Set", func(m map[string][]string) { http.Header(m).Set("A", "1") }},
	{"http.Header.Add", func(m map[string][]string) { http.Header(m).Add("A", "1") }},
	{"textproto.MIMEHeader.Set", func(m map[string][]string) { textproto.MIMEHeader(m).Set("A", "1") }},
	{"url.Values.Set", func(m map[string][]string) { url.Values(m).Set("a", "1") }},
	{"url.Values.Add", func(m map[string][]string) { url.Values(m).Add("a", "1") }},
}

// each: assign/iterate
func TestRace_Hidden_Writer(t *testing.T) {
	for _, w := range hiddenWriters {
		m := map[string][]string{}
		t.Run(w.name, func(*testing.T) {
			order.Sequence(func() {
				for k := range m {
					use(k)
				}
			}, func() { w.write(m) })
		})
	}
}

// want: delete/lookup
func TestRace_Hidden_HeaderDel(t *testing.T) {
	h := http.Header{"A": {"1"}}
	order.Sequence(func() { use(h.Get("A")) }, func() { h.Del("A") })
}

// want: assign/clone|iterate|len
func TestRace_Hidden_HeaderClone(t *testing.T) {
	h := http.Header{"A": {"1"}}
	order.Sequence(func() { use(h.Clone()) }, func() { h.Set("A", "2") })
}

// Two requests that were given one header.
//
// want: assign/lookup
func TestRace_Hidden_SharedHeader(t *testing.T) {
	shared := http.Header{"A": {"1"}}
	a, b := http.Request{Header: shared}, http.Request{Header: shared}
	order.Sequence(func() { use(a.UserAgent()) }, func() { b.Header.Set("B", "1") })
}

func TestOK_Hidden_ClonedHeader(t *testing.T) {
	shared := http.Header{"A": {"1"}}
	set := func() { shared.Clone().Set("B", "1") }
	order.Sequence(set, set)
}

func TestOK_Hidden_Std(t *testing.T) {
	work := func() {
		os.Getenv("HOME")
		url.ParseQuery("a=1&b=2")
		json.Unmarshal([]byte(`{"a": {"b": [1, 2]}}`), new(any))
		var e bytes.Buffer
		gob.NewEncoder(&e).Encode(payload{Tags: map[string]int{"a": 1}})
		template.Must(template.New("t").Parse(`{{printf "%d" .}}`)).Execute(io.Discard, 1)
	}
	order.Sequence(work, work, work)
}
