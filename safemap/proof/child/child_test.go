package child

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	for _, test := range []struct {
		script string
		want   Outcome
	}{
		{"echo fine", Clean},
		{"echo wrong; exit 1", Wrong},
		{"echo shows nothing; exit 2", Broken},
		{"echo 'fatal error: concurrent map writes' >&2; exit 2", Crash},
		{"echo '--- FAIL: TestX'; exit 1", Wrong},
		{"echo 'panic: test timed out after 1s'; exit 1", Hang},
		{"echo 'FAIL x [build failed]'; exit 1", Broken},
		{"exec sleep 60", Hang},
	} {
		limit := time.Minute
		if test.want == Hang {
			limit = 300 * time.Millisecond
		}
		got, out, err := Run(t.Context(), limit, func(ctx context.Context) *exec.Cmd {
			return exec.CommandContext(ctx, "sh", "-c", test.script)
		})
		if got != test.want || err != nil {
			t.Errorf("%s: %s, want %s (%v)\n%s", test.script, got, test.want, err, strings.TrimSpace(out))
		}
	}
}
