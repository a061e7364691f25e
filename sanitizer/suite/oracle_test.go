package suite

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/sanitizer/suite/command"
)

// TestOracle compares the runtime with the naive detector on random programs,
// hammers it with race-free ones, and has operations happen at the same moment.
func TestOracle(t *testing.T) {
	eachToolchain(t, func(t *testing.T, m command.Mapsan) {
		programs, hammer, litmus := "5000", "3s", "1000"
		if thorough(m) {
			programs, hammer, litmus = "100000", "60s", "20000"
		}
		bin, _, err := m.BuildLive(t.Context(), ".", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		live(t, bin, "-n="+programs)
		live(t, bin, "-n=200", "-events=600", "-seed=1000000")
		live(t, bin, "-hammer="+hammer)
		live(t, bin, "-litmus="+litmus)
	})
}

func live(t *testing.T, bin string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(within(t, 9*time.Minute), bin, args...)
	logs := t.TempDir()
	cmd.Env = append(os.Environ(), "MAPSAN=exitcode=0 log_path="+filepath.Join(logs, "log"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("live %s: %v\n%s", strings.Join(args, " "), err, out)
		if reports, _ := filepath.Glob(filepath.Join(logs, "log.*")); len(reports) > 0 && strings.Contains(strings.Join(args, " "), "hammer") {
			data, _ := os.ReadFile(reports[0])
			t.Logf("the first of what it reported:\n%.8000s", data)
		}
		return
	}
	t.Logf("%s", strings.TrimSpace(string(out)))
}
