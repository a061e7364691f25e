//go:build amd64 || arm64

package agent

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mapsan/mapsan/internal/guest"
)

// TestGuests runs tests of this package with Debian's kernels, on both architectures:
// the older one has no link for all probes at once. On arm64 programs of every Go are
// watched, too; on amd64 TestBuilds does that here.
func TestGuests(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			kernels := guest.Kernels(t, arch)
			root := t.TempDir()
			guest.Build(t, arch, "", "test", "-c", "-o", filepath.Join(root, "agent.test"), ".")
			for _, program := range []string{"racy", "correct", "focus"} {
				guest.Build(t, arch, "", "build", "-C", "testdata", "-o", filepath.Join(root, program), "./"+program)
			}
			commands := []guest.Command{
				test("/", "^(TestKernel|TestStacks|TestNothingIsLeftBehind|TestOtherFatalErrors|TestKilledAgentLeavesNothing|TestOutOfMemoryLeavesNothing)$"),
				test("/", "^TestBothSidesOfACrash$/^write-write$"),
				test("/", "^TestRacyProgramsAreCaught$/^(field-int|delete|reflect-set|clone|json)$"),
				test("/", "^TestCorrectProgramsAreSilent$/^(mutex|channel|churn)$"),
			}
			if arch == "arm64" {
				for _, v := range otherGo(t) {
					guest.Build(t, arch, v, "build", "-C", "testdata", "-ldflags=-s -w", "-o", filepath.Join(root, v, "racy"), "./racy")
					commands = append(commands, test("/"+v, "^TestStacks$"))
				}
			}
			if arch == "amd64" { // which focus is for
				commands = append(commands,
					test("/", "^TestFocusCatches$/^(global|large|iterate|clear)$"),
					test("/", "^TestFocusIsSilent$/^(focus|correct)$/^(mutex|reuse|rwmutex)$"))
			}
			for version, kernel := range kernels {
				t.Run(version, func(t *testing.T) {
					todo := slices.Clone(commands)
					switch old := strings.HasPrefix(version, "6.1."); {
					case old && arch == "arm64":
						todo = todo[:1] // to emulate arm64 takes long
					case !old && arch == "amd64":
						todo = append(todo, test("/", "^(TestFocusCoversNewThreads|TestFocusWithoutRegisters|TestFocusStaysOutside|TestKilledFocusLeavesNothing)$"))
					}
					for i := range todo {
						todo[i].Env = append(todo[i].Env[:1:1], "MAPSAN_KERNEL="+version)
					}
					guest.Guest{Arch: arch, Kernel: kernel, Root: root, Limit: 20 * time.Minute}.Run(t, todo, "")
				})
			}
		})
	}
}

// test is a run of this package's tests in a guest.
func test(programs, tests string) guest.Command {
	return guest.Command{
		Env:  []string{"MAPSAN_AGENT_PROGRAMS=" + programs},
		Args: []string{"/agent.test", "-test.v", "-test.timeout=9m", "-test.run=" + tests},
	}
}

// otherGo are the toolchains to be had besides this module's.
func otherGo(t *testing.T) []string {
	var all []string
	for _, v := range []string{"go1.22.12", "go1.24.13", "go1.25.5", "go1.27.3"} {
		cmd := exec.Command("go", "version")
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+v)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Logf("%s cannot be had: %s", v, out)
			continue
		}
		all = append(all, v)
	}
	return all
}

// TestKernel: in a guest, the kernel is the one that was asked for, and probes are
// set as it can.
func TestKernel(t *testing.T) {
	version := os.Getenv("MAPSAN_KERNEL")
	if version == "" {
		t.Skip("for guests")
	}
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if got := strings.TrimSpace(string(b)); err != nil || got != version {
		t.Errorf("the kernel is %s, not %s: %v", got, version, err)
	}
	if haveMulti() == oldGuest {
		t.Errorf("one link for all probes: %v", haveMulti())
	}
	if runtime.GOARCH == "amd64" {
		if _, err := measureTrap(); oldGuest && !errors.Is(err, errLimit) || !oldGuest && err != nil {
			t.Errorf("watchpoints: %v", err)
		}
	}
	how, costs, err := Try()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s; a hit costs %v, a stack %v", how, costs.Hit, costs.Stack)
}
