//go:build amd64 || arm64

package kmaps

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/internal/guest"
)

// guestEnv says in a guest that fentry must load there.
const guestEnv = "MAPSAN_GUEST"

// TestGuests runs this package's tests with other kernels, which need not be able to
// do what this machine's is not allowed to.
func TestGuests(t *testing.T) {
	if os.Getenv(guestEnv) != "" {
		t.Skip("this is the guest")
	}
	kernels := guest.Kernels(t, "amd64")
	root := t.TempDir()
	guest.Build(t, "amd64", "", "test", "-c", "-o", filepath.Join(root, "kmaps.test"), ".")
	tests := []guest.Command{{Env: []string{guestEnv + "=1"}, Args: []string{"/kmaps.test", "-test.v", "-test.timeout=14m"}}}
	for version, kernel := range kernels {
		for option, skips := range map[string]string{
			"": "^(TestObjectIsCurrent|TestGuests)$",
			// Nothing else than telling why can be tested then.
			"lockdown=confidentiality": "",
		} {
			t.Run(strings.TrimSpace(version+" "+option), func(t *testing.T) {
				g := guest.Guest{Arch: "amd64", Kernel: kernel, Root: root, Option: option, Limit: 15 * time.Minute}
				commands := tests
				if option != "" {
					commands = []guest.Command{{Env: tests[0].Env, Args: append(tests[0].Args[:3:3], "-test.run=^(TestFacilities|TestFacts)$")}}
				}
				out := g.Run(t, commands, skips)
				for line := range strings.Lines(out) {
					if strings.Contains(line, "operations were seen") {
						t.Log(line)
					}
				}
			})
		}
	}
}

// TestFacilities: in a guest, whose kernel has all of them, watching is refused in the
// lockdown mode that forbids it, by name, and in no other.
func TestFacilities(t *testing.T) {
	f := lookAround()
	if os.Getenv(guestEnv) == "" {
		t.Skip("what another kernel allows is not known")
	}
	functions, absent, err := Try()
	if f.lockdown != "confidentiality" {
		if err != nil || functions != len(hooks) || len(absent) > 0 {
			t.Errorf("%d functions, without %v: %v", functions, absent, err)
		}
		return
	}
	var lack *Lack
	if !errors.As(err, &lack) || !strings.Contains(lack.What, "lockdown mode is confidentiality") {
		t.Errorf("in mode confidentiality: %v", err)
	}
}
