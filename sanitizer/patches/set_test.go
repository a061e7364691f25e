package patches

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/mapsan/mapsan/toolchain"
)

// releases are the toolchains that the tests are run on, one of each minor version.
var releases = []string{"go1.25.5", "go1.26.8", "go1.27.3"}

// TestApply applies every edit to every Go version.
func TestApply(t *testing.T) {
	for _, version := range releases {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("go", "env", "GOROOT")
			cmd.Env = append(cmd.Environ(), "GOTOOLCHAIN="+version)
			out, err := cmd.Output()
			if err != nil {
				t.Skipf("no %s at hand: %v", version, err)
			}
			files, err := toolchain.Patched(strings.TrimSpace(string(out)), version, Set())
			if err != nil {
				t.Fatal(err)
			}
			if files["src/runtime/mapsan.go"] == "" || files["src/internal/runtime/mapsan/tree.go"] == "" {
				t.Error("the detector is not laid")
			}
		})
	}
}
