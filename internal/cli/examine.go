package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/mapsan/mapsan/agent"
	"github.com/mapsan/mapsan/inspect"
	"github.com/mapsan/mapsan/kmaps"
	"github.com/mapsan/mapsan/sanitizer"
	"github.com/mapsan/mapsan/sanitizer/patches"
	"github.com/mapsan/mapsan/toolchain"
)

// cacheNeeds is what a patched toolchain takes while it is made, with its
// compiler's build.
const cacheNeeds = 400 << 20

// examine looks at this machine and directory.
func examine(ctx context.Context) []check {
	env := os.Environ()
	checks := []check{checkSystem()}
	tc, err := toolchain.Select(ctx, "", env)
	checks = append(checks, checkGo(tc, err))
	if err == nil {
		checks = append(checks, checkSettings(tc))
	}
	cache, cacheErr := toolchain.CacheDir(env)
	checks = append(checks, checkCache(cache, cacheErr))
	if err == nil && cacheErr == nil {
		checks = append(checks, checkPrepared(tc, cache))
	}
	return append(checks, checkCgo(env), checkArm64(), checkInspect(), checkAttach(), checkKernelMaps())
}

func checkSystem() check {
	c := check{Name: "system", State: good, Says: runtime.GOOS + "/" + runtime.GOARCH}
	if release := kernelRelease(); release != "" {
		c.Says += ", kernel " + release
	}
	if runtime.GOOS != "linux" {
		c.State = limited
		c.Do = "mapsan is tested on linux; programs for " + runtime.GOOS + " are built, not tested"
	}
	return c
}

func checkGo(tc toolchain.Toolchain, err error) check {
	c := check{Name: "go", State: good}
	if err == nil {
		c.Says = fmt.Sprintf("%s in %s", tc.Version, tc.GOROOT)
		_, err = patches.Set().For(tc.Version)
	}
	if err != nil {
		c.State, c.Says, c.Do = bad, oneLine(err), ""
		if errors.Is(err, toolchain.ErrUnsupportedGo) {
			c.Do = "set GOTOOLCHAIN, or the toolchain line of go.mod, to a version named above"
		}
	}
	return c
}

// checkSettings looks at what the environment and go env -w say.
func checkSettings(tc toolchain.Toolchain) check {
	c := check{Name: "settings", State: good, Says: "builds for " + tc.GOOS + "/" + tc.GOARCH}
	if err := sanitizer.Refused(tc); err != nil {
		c.State, c.Says = bad, oneLine(err)
	}
	return c
}

func checkCache(dir string, err error) check {
	c := check{Name: "cache", State: good, Says: dir}
	if err != nil {
		c.State, c.Says = bad, oneLine(err)
		return c
	}
	if err := tryWriting(dir); err != nil {
		c.State = bad
		c.Says = fmt.Sprintf("%s: cannot be written: %v", dir, err)
		c.Do = "set MAPSAN_CACHE to a directory that can be written"
		return c
	}
	if free, ok := freeSpace(existing(dir)); ok {
		c.Says += fmt.Sprintf(", %d MB free", free>>20)
		if free < cacheNeeds {
			c.State = limited
			c.Do = fmt.Sprintf("free %d MB, or set MAPSAN_CACHE to a directory with room: a toolchain that is not prepared yet cannot be", (cacheNeeds-free)>>20)
		}
	}
	return c
}

// tryWriting writes a file to dir and leaves nothing behind, not even dir.
func tryWriting(dir string) error {
	f, err := os.CreateTemp(existing(dir), ".mapsan-*")
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			return pe.Err
		}
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// existing is dir, or the nearest place above it that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

func checkPrepared(tc toolchain.Toolchain, cache string) check {
	c := check{Name: "toolchain", State: good}
	laid, err := toolchain.Find(tc, patches.Set(), cache)
	switch {
	case errors.Is(err, toolchain.ErrUnsupportedGo):
		c.State, c.Says = bad, "no patches for "+tc.Version
	case err != nil:
		c.State, c.Says = bad, oneLine(err)
	case laid.Root == "":
		c.Says = "not prepared yet for " + tc.Version + ": the first use takes about a minute"
	default:
		c.Says = "prepared: " + laid.Root
	}
	return c
}

func checkCgo(env []string) check {
	c := check{Name: "cgo", State: good}
	cc := toolchain.Getenv(env, "CC")
	if cc == "" {
		cc = "gcc"
	}
	path, err := exec.LookPath(strings.Fields(cc)[0])
	if err != nil {
		c.State = limited
		c.Says = "no C compiler (" + cc + "): packages with C code do not build; all else does"
		c.Do = "install gcc, or set CC"
		return c
	}
	c.Says = path
	return c
}

// checkInspect says which processes mapsan inspect can read.
func checkInspect() check {
	c := check{Name: "inspect", State: good, Says: "processes of this user"}
	switch scope := inspect.PtraceScope(); {
	case runtime.GOOS != "linux":
		c.State, c.Says = limited, "cores only: live processes can be read on linux"
	case scope == "3":
		c.State, c.Says = limited, "no process: kernel.yama.ptrace_scope is 3"
		c.Do = "that holds until the next boot; let the process die with GOTRACEBACK=crash and inspect its core"
	case os.Geteuid() == 0:
		c.Says = "all processes"
	case scope != "" && scope != "0":
		c.State, c.Says = limited, "only children of mapsan's own: kernel.yama.ptrace_scope is "+scope
		c.Do = "run mapsan inspect as root, or sysctl kernel.yama.ptrace_scope=0"
	}
	return c
}

// checkAttach tries what mapsan attach does, on mapsan itself.
func checkAttach() check {
	c := check{Name: "attach", State: good}
	how, costs, err := agent.Try()
	if err != nil {
		c.State, c.Says = limited, oneLine(err)
		return c
	}
	c.Says = fmt.Sprintf("%s; one map operation with a probe costs %d ns more", how, costs.Hit.Nanoseconds())
	if trap, err := agent.TryFocus(); err != nil {
		c.Says += "; -focus without watchpoints: " + oneLine(err)
	} else {
		c.Says += fmt.Sprintf(", one that a watchpoint of -focus stops %d µs", trap.Microseconds())
	}
	return c
}

// checkKernelMaps tries what mapsan kmaps does.
func checkKernelMaps() check {
	c := check{Name: "kmaps", State: good}
	functions, absent, err := kmaps.Try()
	var lack *kmaps.Lack
	switch {
	case errors.As(err, &lack):
		c.State, c.Says, c.Do = limited, oneLine(errors.New(lack.What)), lack.Do
		return c
	case err != nil:
		c.State, c.Says = limited, oneLine(err)
		return c
	}
	c.Says = fmt.Sprintf("tracing programs load: %d functions of the kernel's maps can be watched", functions)
	if len(absent) > 0 {
		c.Says += "; this kernel has no " + strings.Join(absent, ", ")
	}
	return c
}

func checkArm64() check {
	c := check{Name: "arm64", State: good}
	if runtime.GOARCH == "arm64" {
		c.Says = "native"
		return c
	}
	for _, name := range []string{"qemu-aarch64", "qemu-aarch64-static"} {
		if path, err := exec.LookPath(name); err == nil {
			c.Says = "builds, and runs here with -exec " + path
			return c
		}
	}
	c.State = limited
	c.Says = "builds; no qemu-aarch64 to run it here"
	c.Do = "install qemu-user"
	return c
}
