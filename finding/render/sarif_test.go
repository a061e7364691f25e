package render

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mapsan/mapsan/finding"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sarifValidator is the schema that OASIS publishes, see testdata/sarif.
var sarifValidator = sync.OnceValues(func() (*jsonschema.Schema, error) {
	data, err := os.ReadFile(filepath.Join("testdata", "sarif", "sarif-schema-2.1.0.json"))
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(sarifSchema, doc); err != nil {
		return nil, err
	}
	return c.Compile(sarifSchema)
})

func checkSARIF(t *testing.T, log []byte) {
	t.Helper()
	schema, err := sarifValidator()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("not valid SARIF: %v\n%s", err, log)
	}
}

func sarifOf(t *testing.T, o Options, all ...*finding.Finding) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := SARIF(&b, all, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSARIFIsValid(t *testing.T) {
	for _, c := range []struct {
		name string
		all  []*finding.Finding
		o    Options
	}{
		{"none", nil, Options{}},
		{"one", []*finding.Finding{sample()}, options()},
		{"several", []*finding.Finding{sample(), bare(), other()}, options()},
		{"without options", []*finding.Finding{sample(), bare()}, Options{}},
		{"hostile", []*finding.Finding{hostile()}, options()},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkSARIF(t, sarifOf(t, c.o, c.all...))
		})
	}
}

// The check itself must be able to fail.
func TestSARIFCheckFails(t *testing.T) {
	schema, err := sarifValidator()
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{`"version": "2.1.0"`, `"version": "2.0.0"`},
		{`"level": "error",`, `"level": "bad",`},
		{`"startLine": 18`, `"startLine": 0`},
		{`"ruleId"`, `"ruleID"`},
	} {
		log := string(sarifOf(t, options(), sample()))
		if !strings.Contains(log, edit[0]) {
			t.Fatalf("the log has no %s", edit[0])
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(log, edit[0], edit[1], 1)))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(doc) == nil {
			t.Errorf("%s passes as valid", edit[1])
		}
	}
}

func TestSARIF(t *testing.T) {
	golden(t, "sample.sarif", sarifOf(t, options(), sample()))
}

func TestSARIFContent(t *testing.T) {
	var log sarifLog
	if err := json.Unmarshal(sarifOf(t, options(), sample(), bare()), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	r := run.Results[0]
	if rule := run.Tool.Driver.Rules[r.RuleIndex]; rule.ID != r.RuleID || r.RuleID != finding.ReadWrite {
		t.Errorf("rule %s at index %d is %s", r.RuleID, r.RuleIndex, rule.ID)
	}
	if got := r.Locations[0].Physical; got.Artifact.URI != "store.go" || got.Artifact.Base != rootBase || got.Region.StartLine != 18 {
		t.Errorf("location %+v, want line 18 of store.go below %s", got, rootBase)
	}
	if got := run.Bases[rootBase].URI; got != "file:///src/shop/" {
		t.Errorf("base %q, want file:///src/shop/", got)
	}
	if got := run.Bases[gorootBase].URI; got != "file:///usr/local/go/" {
		t.Errorf("base %q, want the GOROOT of the stack", got)
	}
	if got := r.Fingerprints["mapsan/v1"]; got != sample().Fingerprint() {
		t.Errorf("fingerprint %q", got)
	}
	threads := r.Flows[0].Threads
	if len(threads) != 2 || threads[0].ID != "the main goroutine" || threads[1].ID != "goroutine 8" {
		t.Fatalf("%d thread flows, want one for each party", len(threads))
	}
	last := threads[1].Locations[len(threads[1].Locations)-1]
	if last.Importance != "essential" || last.Order != 1 || last.Location.Physical.Region.StartLine != 14 {
		t.Errorf("the flow ends at %+v, want the earlier access", last)
	}
	if len(threads[1].Locations) != 4 {
		t.Errorf("%d steps, want the go statement and three frames", len(threads[1].Locations))
	}
	var related []string
	for _, l := range r.Related {
		related = append(related, l.Message.Text)
	}
	want := "The other access: write (assign) by goroutine 8.|S.sessions is declared here.|Goroutine 8 was started here."
	if got := strings.Join(related, "|"); !strings.EqualFold(got, want) {
		t.Errorf("related locations %q, want %q", got, want)
	}
	if b := run.Results[1]; len(b.Locations) != 0 || len(b.Flows) != 0 || b.Message.Text == "" {
		t.Errorf("a finding without stacks: %+v", b)
	}
}

func TestURIs(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"/a b/c.go", "file:///a%20b/c.go"},
		{"/a#?%.go", "file:///a%23%3F%25.go"},
		{`C:\x\y.go`, "file:///C:/x/y.go"},
		{"/a\xff.go", "file:///a%3F.go"},
	} {
		if got := fileURI(c.in); got != c.want {
			t.Errorf("fileURI(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	for _, c := range []struct{ in, want string }{
		{"a/b.go", "a/b.go"},
		{"a b.go", "a%20b.go"},
		{"javascript:x.go", "./javascript:x.go"},
		{"", "."},
	} {
		if got := relativeURI(c.in); got != c.want {
			t.Errorf("relativeURI(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}
