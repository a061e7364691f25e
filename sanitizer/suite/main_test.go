package suite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

var mapsan command.Mapsan

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "mapsan-suite-")
		if err != nil {
			fmt.Fprintln(os.Stderr, "suite:", err)
			return 1
		}
		defer os.RemoveAll(dir)
		if mapsan, err = command.Build(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, "suite:", err)
			return 1
		}
		return m.Run()
	}())
}

var heavy = os.Getenv("MAPSAN_HEAVY") != ""

// worldwide: whole suites of the library and of modules are run too.
var worldwide = os.Getenv("MAPSAN_WORLD") != ""

func needWorld(t *testing.T) {
	t.Helper()
	if !worldwide {
		t.Skip("takes a quarter of an hour: scripts/test.sh -world, or MAPSAN_WORLD=1, runs it")
	}
}

// thorough reports whether m is to be tested at length: the first of the
// toolchains, in a heavy run.
func thorough(m command.Mapsan) bool {
	first, _, _ := strings.Cut(os.Getenv("MAPSAN_SUITE_TOOLCHAINS"), ",")
	return heavy && m.Toolchain == first
}

// eachToolchain runs test for the toolchains that are to be tested.
func eachToolchain(t *testing.T, test func(t *testing.T, m command.Mapsan)) {
	list := os.Getenv("MAPSAN_SUITE_TOOLCHAINS")
	if list == "" {
		test(t, mapsan)
		return
	}
	for _, name := range strings.Split(list, ",") {
		t.Run(name, func(t *testing.T) { test(t, command.Mapsan{Bin: mapsan.Bin, Toolchain: name}) })
	}
}

func testdata(t *testing.T, elem ...string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join(append([]string{"testdata"}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// within returns a context that ends after d, or a little before the test does.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
