package sanitizer

import (
	"errors"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/toolchain"
)

func TestRefuseFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-race ./...":             "-race",
		"-v -msan":                "-msan",
		"--asan=true":             "-asan",
		"-compiler gccgo":         "gccgo",
		"-race=false ./...":       "",
		"-run race":               "",
		"-compiler=gc":            "",
		"./... -args -race":       "",
		"-ldflags=-race -v ./...": "",
	} {
		err := refuseFlags("test", Flags("test", strings.Fields(args)))
		switch {
		case want == "" && err != nil:
			t.Errorf("go test %s: refused: %v", args, err)
		case want != "" && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want)):
			t.Errorf("go test %s: %v, want it refused for %s", args, err, want)
		}
	}
}

func TestRefuseTarget(t *testing.T) {
	for _, test := range []struct {
		goos, goarch, experiment string
		refused                  bool
	}{
		{"linux", "amd64", "", false},
		{"linux", "arm64", "aliastypeparams", false},
		{"windows", "amd64", "", false},
		{"darwin", "arm64", "swissmap", false},
		{"linux", "386", "", true},
		{"js", "wasm", "", true},
		{"linux", "amd64", "foo,noswissmap", true},
	} {
		err := refuseTarget(toolchain.Toolchain{GOOS: test.goos, GOARCH: test.goarch, GOEXPERIMENT: test.experiment})
		if errors.Is(err, ErrRefused) != test.refused {
			t.Errorf("%s/%s GOEXPERIMENT=%s: %v, want refused: %v", test.goos, test.goarch, test.experiment, err, test.refused)
		}
	}
}
