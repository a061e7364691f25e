package sanitizer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlags(t *testing.T) {
	for _, test := range []struct{ verb, args, want string }{
		{"test", "-run X ./... -v", "run=X v=true"},
		{"test", "-run=X -json=false ./...", "run=X json=false"},
		{"test", "-v -run -v ./...", "v=true run=-v"},
		{"test", "./... -args -json", ""},
		{"test", "--json -- ./...", "json=true"},
		{"test", "-test.run X -sarif f ./...", "test.run=X sarif=f"},
		{"test", "-tags", "tags="},
		{"run", "-tags x ./cmd -json", "tags=x"},
		{"run", "-v a.go b.go -json", "v=true json=true"},
		{"run", "-sarif=f ./cmd -sarif=g", "sarif=f"},
		{"build", "-o out ./cmd -race", "o=out race=true"},
	} {
		var got []string
		for _, f := range Flags(test.verb, strings.Fields(test.args), "sarif") {
			got = append(got, f.Name+"="+f.Value)
		}
		if d := cmp.Diff(test.want, strings.Join(got, " ")); d != "" {
			t.Errorf("go %s %s: flags differ (-want +got):\n%s", test.verb, test.args, d)
		}
	}
}

func TestGoflags(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{"", ""},
		{"-mod=mod -json", "mod=mod json=true"},
		{`'-ldflags=-s -w' --race`, "ldflags=-s -w race=true"},
		{`"-tags=a"	-v`, "tags=a v=true"},
	} {
		var got []string
		for _, f := range goflags(test.value) {
			got = append(got, f.Name+"="+f.Value)
		}
		if d := cmp.Diff(test.want, strings.Join(got, " ")); d != "" {
			t.Errorf("GOFLAGS=%s: flags differ (-want +got):\n%s", test.value, d)
		}
	}
}
